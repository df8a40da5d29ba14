//! The environment variables and tunables that glibc reads, and what each release makes of their values.
//!
//! A setting passes three hands, and each is a file here. The loader finds it and reads its number (`loader`, `number`:
//! elf/dl-tunables.c, elf/dl-misc.c); malloc takes the number or refuses it (`apply`: malloc/malloc.c, `do_set_*`, called
//! by `ptmalloc_init`); and what nobody takes is compared with the names that were probably meant (`names`). `table` has
//! the names and bounds of elf/dl-tunables.list, a row for each tunable with its function in `apply`.
//!
//! The loader's rules changed in 2.39 (680c597e9c, f94446c38f) and a little in 2.40 (eb59c7b43d). What the tests expect was
//! asked of the libraries of Debian 11, 12, 13, sid and experimental.

mod apply;
mod loader;
#[cfg(test)]
mod loader_tests;
mod names;
mod number;
mod options;
mod set;
mod table;
#[cfg(test)]
mod tests;

use crate::params::Params;
use crate::version::Version;
use highwater_allocator::{Remark, Tone, Variable};
pub(crate) use options::mallopt;
pub use table::Tunable;

/// The parameters that the real allocator would use, and a remark on each variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The parameters the process starts with.
    pub params: Params,
    /// One remark or more for every variable.
    pub remarks: Vec<Remark>,
}

impl Settings {
    /// Reads an environment as the C library of a version does when a program starts.
    pub fn from_environment(version: Version, environment: &[Variable]) -> Self {
        let mut remarks = Remarks::default();
        let values = loader::load(version, environment, &mut remarks);
        let params = apply::apply(version, &values, &mut remarks);
        Self {
            params,
            remarks: remarks.said,
        }
    }
}

/// A number that the loader took for a tunable.
#[derive(Clone, Copy)]
struct Value {
    number: u64,
    /// Whether it came by the tunable's own environment variable.
    from_alias: bool,
}

/// The variable that holds tunables.
const TUNABLES: &str = "GLIBC_TUNABLES";

/// One value for each of [`Tunable::ALL`] that has one.
type Values = [Option<Value>; Tunable::ALL.len()];

/// The remarks, in the order in which they come up.
#[derive(Default)]
struct Remarks {
    said: Vec<Remark>,
    /// Whether what is said next is about a tunable in `GLIBC_TUNABLES`.
    in_tunables: bool,
}

impl Remarks {
    #[cold]
    fn say(&mut self, variable: &str, tone: Tone, text: impl Into<String>) {
        self.said.push(Remark {
            variable: shortened(variable).to_owned(),
            within: self.in_tunables.then(|| TUNABLES.to_owned()),
            tone,
            text: text.into(),
        });
    }

    /// Adds to the last remark.
    fn add(&mut self, text: &str) {
        if let Some(last) = self.said.last_mut() {
            last.text += text;
        }
    }
}

/// A typed text, short enough for a sentence.
fn shortened(text: &str) -> &str {
    match text.char_indices().nth(40) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
