//! What others quote of a process's memory: what it is charged for, and its working set.

use crate::peaks::Peaks;
use crate::space::Kernel;
use highwater_units::Bytes;

impl Kernel {
    /// Returns what a control group is charged for, as far as it is known here (`memory.current`): resident memory and page tables. A cap
    /// limits this.
    #[inline]
    pub fn charged(&self) -> Bytes {
        self.rss() + self.page_tables()
    }

    /// Returns that without the memory marked with MADV_FREE. Orchestrators leave out what `memory.stat` counts as `inactive_file`, and
    /// the kernel lists such pages there (Linux 6.18, mm/swap.c, `lru_lazyfree`).
    #[inline]
    pub fn working_set(&self) -> Bytes {
        self.charged().saturating_sub(self.lazy())
    }

    /// Returns the most of each since the last call of [`Kernel::take_peaks`], or since the beginning.
    #[inline]
    pub fn peaks(&self) -> Peaks {
        self.peaks
    }

    /// The same, and begins anew from what there is now.
    pub fn take_peaks(&mut self) -> Peaks {
        let now = self.now();
        std::mem::replace(&mut self.peaks, now)
    }

    /// Memory, tables or marks have changed, and some of it may be more than before.
    pub(crate) fn note_peaks(&mut self) {
        let now = self.now();
        let most = &mut self.peaks;
        most.resident = most.resident.max(now.resident);
        most.charged = most.charged.max(now.charged);
        most.working_set = most.working_set.max(now.working_set);
    }

    fn now(&self) -> Peaks {
        Peaks {
            resident: self.rss(),
            charged: self.charged(),
            working_set: self.working_set(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const PAGE: Bytes = Bytes(4096);

    fn kernel() -> Kernel {
        Kernel::new(Config::default()).expect("the default is a process")
    }

    #[test]
    fn page_tables_are_charged_and_marked_pages_are_no_part_of_the_working_set() {
        let mut k = kernel();
        let m = k.mmap(PAGE * 1000).expect("there is room");
        k.touch(m, PAGE * 100);
        let tables = k.page_tables();
        assert!(tables >= PAGE * 3, "a table of each level");
        assert_eq!(k.charged(), PAGE * 100 + tables);
        assert_eq!(k.working_set(), k.charged());
        k.madvise_free(m, PAGE * 60);
        assert_eq!(k.charged(), PAGE * 100 + tables);
        assert_eq!(k.working_set(), PAGE * 40 + tables);
    }

    #[test]
    fn each_has_a_peak_of_its_own_moment() {
        let mut k = kernel();
        let m = k.mmap(PAGE * 1000).expect("there is room");
        k.touch(m, PAGE * 100);
        k.madvise_free(m, PAGE * 100);
        k.take_peaks();
        // Nothing becomes resident, but pages are kept that were marked.
        k.touch(m, PAGE * 70);
        k.madvise_free(m, PAGE * 100);
        let (tables, peaks) = (k.page_tables(), k.take_peaks());
        assert_eq!(peaks.resident, PAGE * 100);
        assert_eq!(peaks.charged, PAGE * 100 + tables);
        assert_eq!(peaks.working_set, PAGE * 70 + tables);
        assert_eq!(k.peaks().working_set, tables, "it begins anew");
    }

    #[test]
    fn tables_that_pages_moved_to_are_charged() {
        let mut k = kernel();
        let m = k.mmap(PAGE * 600).expect("there is room");
        // The one below leaves it no room to grow.
        k.mmap(PAGE).expect("there is room");
        k.touch(m, PAGE * 600);
        let before = k.charged();
        k.take_peaks();
        k.mremap(m, PAGE * 600, PAGE * 300_000)
            .expect("there is room");
        assert!(k.peaks().charged >= before.max(k.charged()));
        assert_eq!(k.peaks().resident, PAGE * 600);
    }
}
