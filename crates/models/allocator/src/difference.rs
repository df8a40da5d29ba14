//! Where the modelled releases of one allocator differ.

use serde::Serialize;

/// One thing in which releases of an allocator differ, and what a release does about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// What it is about, the same for all releases.
    pub title: &'static str,
    /// What this release does.
    pub text: &'static str,
    /// Where that is to be read: files and functions of the allocator.
    pub source: &'static str,
}

/// Something in which releases differ, and how a release's rules and defaults say what it does about it.
pub struct Topic<Rules, Defaults> {
    /// As [`Difference::title`].
    pub title: &'static str,
    /// As [`Difference::source`].
    pub source: &'static str,
    /// What a release does.
    pub text: fn(&Rules, &Defaults) -> &'static str,
}

impl<Rules, Defaults> Topic<Rules, Defaults> {
    /// What a release of these rules and defaults does.
    pub fn told(&self, rules: &Rules, defaults: &Defaults) -> Difference {
        Difference {
            title: self.title,
            text: (self.text)(rules, defaults),
            source: self.source,
        }
    }
}
