//! From where in the program calls were made, as far as a recording says.

/// A place in the program from which calls were made, with its callers: a name in [`Workload::sites`](crate::Workload::sites).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SiteId(u16);

impl SiteId {
    /// That of a call of which nothing is known.
    pub const UNKNOWN: Self = Self(0);

    /// Sites that are told apart; calls from others count as unknown.
    pub const MOST: usize = u16::MAX as usize;

    /// The site at a place among the names; unknown if there is no such number.
    pub fn at(place: usize) -> Self {
        let number = place.checked_add(1).and_then(|next| next.try_into().ok());
        Self(number.unwrap_or(0))
    }

    /// Its place among the names; `None` if it is unknown.
    #[inline]
    pub fn place(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }

    /// Its number, from 1; 0 if it is unknown.
    #[inline]
    pub fn number(self) -> u16 {
        self.0
    }

    /// The site with this number.
    #[inline]
    pub fn of_number(number: u16) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_sites_as_numbers_are_told_apart() {
        assert_eq!(SiteId::UNKNOWN.place(), None);
        assert_eq!(SiteId::at(0).place(), Some(0));
        assert_eq!(SiteId::at(SiteId::MOST - 1).place(), Some(SiteId::MOST - 1));
        assert_eq!(SiteId::at(SiteId::MOST), SiteId::UNKNOWN);
        assert_eq!(SiteId::at(usize::MAX), SiteId::UNKNOWN);
    }
}
