//! The properties of an option.

use crate::options::Options;
use crate::version::Version;
use highwater_allocator::Tone;
use std::borrow::Cow;

/// The limit of background threads where none is set. A number above 4095 means the usual 4
/// (src/background_thread.c, `background_thread_boot1`).
pub(super) const THREADS_UNSET: u32 = 4096;

/// The kind of an option's value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// true or false.
    Bool,
    /// One of these.
    Word(&'static [&'static str]),
    /// One of these or the beginning of one. These options also take the beginning of their own name.
    Beginning(&'static [&'static str]),
    /// The least, the most, and whether a number outside is brought inside; if not, it is refused.
    Unsigned(u64, u64, bool),
    /// The least and the most.
    Signed(i64, i64),
    /// A decimal fraction, and the most it may be.
    Ratio(u64),
    /// `from-to:count` with 1 to 64 for the count.
    Shards,
    /// `from-to:pages`.
    Slabs,
    /// `from-to:count`.
    Counts,
    /// Anything.
    Text,
}

impl Kind {
    pub(super) fn is_number(self) -> bool {
        matches!(self, Kind::Unsigned(..) | Kind::Signed(..))
    }
}

/// The effect of an option here.
#[derive(Clone, Copy)]
pub(super) enum Effect {
    /// It sets what the model obeys: how, the texts for certain numbers, and the text for any other number.
    Obeyed(
        fn(&mut Options, u64),
        &'static [Text],
        fn(i64) -> Cow<'static, str>,
    ),
    /// It matters and is not modelled: the numbers that are as by default, and its effect.
    Unmodelled(&'static [u64], &'static str),
    /// It decides nothing that is shown here: the reason.
    Idle(&'static str),
}

/// The number for which a text is meant, its tone, and the text.
pub(super) type Text = (i64, Tone, &'static str);

/// An option.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) effect: Effect,
    /// The first and the last modelled release that takes it.
    pub(super) since: Version,
    pub(super) until: Version,
}

impl Row {
    /// Makes it an option that came with a release.
    pub(super) const fn since(self, since: Version) -> Self {
        Self { since, ..self }
    }

    /// Makes it an option that went with a release.
    pub(super) const fn until(self, until: Version) -> Self {
        Self { until, ..self }
    }

    /// Returns whether a release takes it.
    pub(super) fn is_in(&self, version: Version) -> bool {
        (self.since..=self.until).contains(&version)
    }

    /// Returns whether a number is the one that a release starts with.
    pub(super) fn is_default(
        &self,
        version: Version,
        set: fn(&mut Options, u64),
        number: u64,
    ) -> bool {
        if self.name == "max_background_threads" && number >= u64::from(THREADS_UNSET) {
            return false;
        }
        let mut options = Options::of(version);
        set(&mut options, number);
        options == Options::of(version)
    }

    /// Returns whether it sets the same as another.
    pub(super) fn is(&self, other: &Row) -> bool {
        self.name == other.name || (self.is_tcache_max() && other.is_tcache_max())
    }

    fn is_tcache_max(&self) -> bool {
        self.name.ends_with("tcache_max")
    }
}
