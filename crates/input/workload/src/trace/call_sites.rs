//! The call sites of a trace, by the numbers that its file gives them.

use super::error::Fault;
use crate::SiteId;
use highwater_allocator::{Bytes, Numbers, table_bytes, text_key};

/// What a site takes in memory besides its names.
const SITE_BYTES: u64 = 64;

/// The call sites that were read.
#[derive(Clone, Default)]
pub(super) struct CallSites {
    /// What each stands for; empty if only its number occurred.
    pub(super) names: Vec<Box<str>>,
    /// The files with code that names name.
    pub(super) modules: Vec<Box<str>>,
    /// The place of each among the names.
    places: Numbers,
    /// The place of each name, by its key.
    texts: Numbers,
    /// Bytes that they take.
    taken: u64,
}

impl CallSites {
    /// The site that has a number in the file, which is not 0; unknown where there are too many.
    #[inline]
    pub(super) fn of(&mut self, number: u64) -> SiteId {
        match self.places.get(number) {
            Some(place) => SiteId::at(place as usize),
            None => self.add(number),
        }
    }

    /// Returns about how many bytes a copy takes.
    pub(super) fn footprint(&self) -> Bytes {
        let tables = self.places.footprint() + self.texts.footprint();
        table_bytes(&self.names) + table_bytes(&self.modules) + tables + Bytes(self.taken)
    }

    #[cold]
    fn add(&mut self, number: u64) -> SiteId {
        let place = self.names.len();
        if place >= SiteId::MOST {
            return SiteId::UNKNOWN;
        }
        self.places.insert(number, place as u64);
        self.names.push(Box::default());
        SiteId::at(place)
    }

    /// Takes what the site with a number stands for. Names and numbers take at most `limit` bytes.
    pub(super) fn name(&mut self, number: u64, frames: &[u8], limit: u64) -> Result<(), Fault> {
        if frames.is_empty() {
            // Sites without a name are not the same for that.
            self.of(number);
            return self.take(frames, limit);
        }
        let key = text_key(frames);
        let same = self.texts.get(key).map(|place| place as usize);
        let same = same.filter(|place| self.names[*place].as_bytes() == frames);
        if let Some(place) = same
            && self.places.get(number).is_none()
        {
            // Tools tell places apart that have the same name.
            self.places.insert(number, place as u64);
            return Ok(());
        }
        let Some(place) = self.of(number).place() else {
            return Ok(());
        };
        self.take(frames, limit)?;
        self.names[place] = String::from_utf8_lossy(frames).into();
        self.texts.insert(key, place as u64);
        Ok(())
    }

    /// Takes a file with code. It counts towards the limit of the names.
    pub(super) fn module(&mut self, text: &[u8], limit: u64) -> Result<(), Fault> {
        self.take(text, limit)?;
        self.modules.push(String::from_utf8_lossy(text).into());
        Ok(())
    }

    fn take(&mut self, text: &[u8], limit: u64) -> Result<(), Fault> {
        self.taken += text.len() as u64 + SITE_BYTES;
        let what = "bytes of call sites";
        match self.taken > limit {
            true => Err(Fault::TooMuch { what, limit }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_may_be_named_before_or_after_it_occurs() {
        let mut sites = CallSites::default();
        let first = sites.of(u64::MAX);
        sites.name(7, b"read main", 1000).expect("it is short");
        sites.name(u64::MAX, b"serve", 1000).expect("it is short");
        assert_eq!((first, sites.of(7)), (SiteId::at(0), SiteId::at(1)));
        assert_eq!(sites.names, ["serve".into(), "read main".into()]);
    }

    #[test]
    fn sites_with_the_same_name_are_one() {
        let mut sites = CallSites::default();
        for number in [5, 6, 9] {
            sites
                .name(number, b"serve main", 1000)
                .expect("it is short");
        }
        assert_eq!([5, 6, 9].map(|number| sites.of(number)), [SiteId::at(0); 3]);
        assert_eq!(sites.names.len(), 1);
    }

    #[test]
    fn sites_without_a_name_stay_apart() {
        let mut sites = CallSites::default();
        for number in [5, 6] {
            sites.name(number, b"", 1000).expect("it is short");
        }
        assert_eq!(
            [5, 6].map(|number| sites.of(number)),
            [0, 1].map(SiteId::at)
        );
    }

    #[test]
    fn names_are_bounded_and_sites_beyond_the_most_are_unknown() {
        let mut sites = CallSites::default();
        let long = sites.name(1, &[b'a'; 100], 150);
        assert!(matches!(long, Err(Fault::TooMuch { limit: 150, .. })));
        let mut files = CallSites::default();
        files.module(&[b'a'; 80], 150).expect("it is short");
        let long = files.module(b"b", 150);
        assert!(matches!(long, Err(Fault::TooMuch { limit: 150, .. })));
        for number in 1..=SiteId::MOST as u64 {
            assert_ne!(sites.of(number), SiteId::UNKNOWN);
        }
        assert_eq!(sites.of(1 << 40), SiteId::UNKNOWN);
        sites
            .name(1 << 40, b"late", 1 << 20)
            .expect("it is passed over");
        assert_eq!(sites.names.len(), SiteId::MOST);
    }
}
