//! Which pages of a range something has touched: those that are resident or swapped out. And how many are resident.

use crate::system::{self, File};
use highwater_hwr::RunWriter;

/// The ways to ask the kernel, the best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// Linux 6.7 and newer; knows the page of zeros that reading makes present.
    Scan,
    /// An entry of 8 bytes a page, from `/proc/self/pagemap`.
    PageMap,
    /// A byte a page. Pages that are swapped out are missing.
    Core,
}

/// Answers for one or several ranges: the file of the page map, which is open while it lives.
pub(crate) struct Pages {
    file: Option<File>,
    way: Way,
    page: u64,
}

/// Runs of touched pages: 1 KiB holds some 300 runs.
pub(crate) type Touched = RunWriter<1024>;

impl Pages {
    /// Begins to ask in this way, or in a lesser one where the kernel lacks it.
    pub(crate) fn open(way: Way, page_size: u64) -> Self {
        let file = match way {
            Way::Core => None,
            _ => File::open(b"/proc/thread-self/pagemap\0").ok(),
        };
        Self {
            way: if file.is_some() { way } else { Way::Core },
            file,
            page: page_size,
        }
    }

    /// Returns the way that works.
    pub(crate) fn way(&self) -> Way {
        self.way
    }

    /// Returns the touched pages of a block, counted from the page with its first byte. `None` if no way works.
    pub(crate) fn of_block(&mut self, address: u64, size: u64) -> Option<Touched> {
        let begin = address / self.page * self.page;
        let end = address.checked_add(size.max(1))?;
        let end = end.checked_next_multiple_of(self.page)?;
        let mut touched = Touched::new();
        let page = self.page;
        self.walk(begin, end, true, |first, last| match first {
            None => touched = Touched::new(),
            Some(first) => touched.add((first - begin) / page, (last - begin) / page),
        })?;
        Some(touched)
    }

    /// Returns the resident bytes of whole pages. `None` if no way works.
    pub(crate) fn resident(&mut self, begin: u64, end: u64) -> Option<u64> {
        let mut bytes = 0;
        self.walk(begin, end, false, |first, last| match first {
            None => bytes = 0,
            Some(first) => bytes += last - first,
        })?;
        Some(bytes)
    }

    /// Hands over each run of pages that are resident, or swapped out if `swapped`: where it begins, and where it ends. No
    /// beginning means that all runs up to now are to be forgotten, because a way did not work to the end.
    fn walk(
        &mut self,
        begin: u64,
        end: u64,
        swapped: bool,
        mut run: impl FnMut(Option<u64>, u64),
    ) -> Option<()> {
        loop {
            let mut some = |first, last| run(Some(first), last);
            let found = match (self.way, &self.file) {
                (Way::Scan, Some(file)) => Self::scan(file, begin, end, swapped, &mut some),
                (Way::PageMap, Some(file)) => self.page_map(file, begin, end, swapped, &mut some),
                _ => self.core(begin, end, &mut some),
            };
            match (found, self.way) {
                (Some(()), _) => return Some(()),
                (None, Way::Scan) => self.way = Way::PageMap,
                (None, Way::PageMap) => self.way = Way::Core,
                (None, Way::Core) => return None,
            }
            run(None, 0);
        }
    }

    fn scan(
        file: &File,
        begin: u64,
        end: u64,
        swapped: bool,
        run: &mut impl FnMut(u64, u64),
    ) -> Option<()> {
        let mut regions = [[0_u64; 3]; 64];
        let mut at = begin;
        while at < end {
            let (found, next) = file.scan_pages(at, end, swapped, &mut regions)?;
            for [first, last, _] in regions.get(..found)? {
                run(*first, *last);
            }
            // The kernel stops early only where the regions do not suffice.
            if next <= at {
                return None;
            }
            at = next;
        }
        Some(())
    }

    fn page_map(
        &self,
        file: &File,
        begin: u64,
        end: u64,
        swapped: bool,
        run: &mut impl FnMut(u64, u64),
    ) -> Option<()> {
        const PRESENT: u64 = 1 << 63;
        const SWAPPED: u64 = 1 << 62;
        let wanted_flags = if swapped { PRESENT | SWAPPED } else { PRESENT };
        let mut entries = [[0_u8; 8]; 128];
        let mut at = begin;
        while at < end {
            let wanted = entries.len().min(((end - at) / self.page) as usize);
            let bytes = entries.as_flattened_mut().get_mut(..wanted * 8)?;
            if file.read_at(bytes, at / self.page * 8) != wanted * 8 {
                return None;
            }
            for entry in entries.get(..wanted)? {
                if u64::from_le_bytes(*entry) & wanted_flags != 0 {
                    run(at, at + self.page);
                }
                at += self.page;
            }
        }
        Some(())
    }

    fn core(&self, begin: u64, end: u64, run: &mut impl FnMut(u64, u64)) -> Option<()> {
        let mut flags = [0_u8; 1024];
        let mut at = begin;
        while at < end {
            let wanted = flags.len().min(((end - at) / self.page) as usize);
            let flags = flags.get_mut(..wanted)?;
            if !system::pages_in_core(at, wanted as u64 * self.page, flags) {
                return None;
            }
            for flag in flags {
                if *flag & 1 != 0 {
                    run(at, at + self.page);
                }
                at += self.page;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Pages, Way};

    /// Returns the touched pages of a new mapping of 3000 pages, of which some are written and the last is read.
    fn runs(way: Way) -> Option<Vec<(u64, u64)>> {
        const PAGE: usize = 4096;
        let length = 3000 * PAGE;
        let place = 0x5_0000_0000 + way as usize * 0x1_0000_0000;
        let begin = crate::system::map_wiped_on_fork(place, length).expect("a mapping");
        let write = |page: usize| {
            // SAFETY: the mapping has so many pages.
            unsafe { begin.add(page * PAGE + 5).write_volatile(1) }
        };
        [0, 7, 8, 9, 1025, 2500].into_iter().for_each(write);
        (0..200).for_each(|page| write(1200 + 4 * page));
        let mut pages = Pages::open(way, PAGE as u64);
        let found = pages.of_block(begin as u64 + 16, length as u64 - 100);
        crate::system::unmap(place, length);
        let mut found = found.expect("some way works");
        (pages.way() == way).then(|| found.finish().iter().collect())
    }

    #[test]
    fn every_way_finds_the_pages_that_were_written() {
        let core = runs(Way::Core).expect("it is there on any kernel");
        assert_eq!(core[..4], [(0, 1), (6, 3), (1015, 1), (174, 1)]);
        assert_eq!(core.iter().map(|run| run.1).sum::<u64>(), 206);
        assert_eq!(core.last(), Some(&(503, 1)));
        for way in [Way::Scan, Way::PageMap] {
            if let Some(runs) = runs(way) {
                assert_eq!(runs, core);
            }
        }
    }
}
