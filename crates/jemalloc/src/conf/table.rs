//! The properties of an option, and how a key finds it.

use super::rows::ROWS;
use crate::options::Options;
use crate::version::Version;
use highwater_allocator::Tone;

/// How a value is read.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// true or false.
    Bool,
    /// One of these.
    Word(&'static [&'static str]),
    /// One of these or the beginning of one. These options also take the beginning of their own name.
    Beginning(&'static [&'static str]),
    /// The least, the most, and whether what lies outside is brought inside; refused if not.
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

/// What an option does here.
#[derive(Clone, Copy)]
pub(super) enum Effect {
    /// It sets what the model obeys: the texts for certain numbers, and the one for all others, with `@` for the number.
    Obeyed(fn(&mut Options, u64), &'static [Text], &'static str),
    /// It matters and is not modelled: the numbers that are as by default, and what it does.
    Unmodelled(&'static [u64], &'static str),
    /// It decides nothing that is shown here: why.
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
    /// An option that came with a release.
    pub(super) const fn since(self, since: Version) -> Self {
        Self { since, ..self }
    }

    /// An option that went with a release.
    pub(super) const fn until(self, until: Version) -> Self {
        Self { until, ..self }
    }

    /// Whether a release takes it.
    pub(super) fn is_in(&self, version: Version) -> bool {
        (self.since..=self.until).contains(&version)
    }

    /// Whether a number is the one that a release starts with.
    pub(super) fn is_default(
        &self,
        version: Version,
        set: fn(&mut Options, u64),
        number: u64,
    ) -> bool {
        let mut options = Options::of(version);
        let number = match self.name {
            "max_background_threads" if number >= 4096 => return false,
            _ => number,
        };
        set(&mut options, number);
        options == Options::of(version)
    }

    /// Whether it sets the same as another.
    pub(super) fn is(&self, other: &Row) -> bool {
        self.name == other.name || (self.is_tcache_max() && other.is_tcache_max())
    }

    fn is_tcache_max(&self) -> bool {
        self.name.ends_with("tcache_max")
    }
}

/// The options of a release.
pub(super) fn rows(version: Version) -> impl Iterator<Item = &'static Row> + Clone {
    ROWS.iter().filter(move |row| row.is_in(version))
}

/// The option of a release that a key names.
pub(super) fn find(version: Version, key: &str) -> Option<&'static Row> {
    // A few are compared over the length of the key only: the first in order is taken.
    rows(version).find(|row| {
        row.name == key
            || (matches!(row.kind, Kind::Beginning(_))
                && row.name != "thp"
                && row.name.starts_with(key))
    })
}
