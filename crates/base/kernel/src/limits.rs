//! What a control group lets a process have: `memory.max`, here the cap, and `memory.high`.
//!
//! Both limit what is charged, page tables as well as what they map (Linux 6.18, include/asm-generic/pgalloc.h, `GFP_PGTABLE_USER`;
//! mm/memcontrol.c, `try_charge_memcg`). The kernel charges in batches of 64 pages and takes back as much; here each page counts.

use crate::config::OutOfMemory;
use crate::pages::SPAN;
use crate::pages::contains;
use crate::space::Kernel;
use highwater_units::{Bytes, Pages};

impl Kernel {
    /// Sets the limits anew, as where other processes in the same group leave more or less; what lies above them is looked at
    /// when a page becomes resident next. Memory beyond the machine's is no more to be had than before.
    pub fn set_limits(&mut self, cap: Option<Bytes>, high: Option<Bytes>) {
        let memory = self.config.memory;
        self.cap = cap.unwrap_or(memory).min(memory);
        self.config.high = high;
        self.limit = high.unwrap_or(self.cap).min(self.cap);
    }

    /// Gives no further memory until it is set back: as where the machine has promised all that it has, and under a limit of address
    /// space (`RLIMIT_AS`).
    pub fn refuse(&mut self, refuses: bool) {
        self.refuses = refuses;
    }

    /// A limit is reached. At the cap pages marked with MADV_FREE go first, then the process is killed. Above `memory.high` they go as well,
    /// since the kernel lists them with file pages; then it slows the process down and kills nobody (mm/memcontrol.c, `mem_cgroup_handle_over_high`).
    #[cold]
    pub(crate) fn press(&mut self) {
        if let Some(high) = self.config.high {
            self.reclaim_to(high.min(self.cap));
            if self.charged() > high && !self.is_throttled {
                self.is_throttled = true;
                (self.is_throttling_new, self.stops) = (true, true);
            }
        } else {
            self.reclaim_to(self.cap);
        }
        if self.charged() > self.cap && self.killed.is_none() {
            self.stops = true;
            self.killed = Some(OutOfMemory {
                resident: self.rss(),
                charged: self.charged(),
                cap: self.cap,
            });
        }
    }

    /// Takes back pages marked with MADV_FREE until no more is charged than `limit`, or none are left.
    fn reclaim_to(&mut self, limit: Bytes) {
        for id in 0..self.spans.len() {
            if self.charged() <= limit || self.pages.lazy == Pages(0) {
                return;
            }
            for page in 0..(SPAN / self.config.page_size) as usize {
                if self.charged() > limit && contains(&self.spans[id].lazy, page) {
                    let before = self.pages.resident;
                    self.reclaim(id, page);
                    self.counts.reclaimed += (before - self.pages.resident).0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Kernel};
    use highwater_units::Bytes;

    const PAGE: Bytes = Bytes(4096);
    const RANGE: Bytes = Bytes(2 << 20);

    fn limited(cap: Option<Bytes>, high: Option<Bytes>) -> Kernel {
        Kernel::new(Config {
            cap,
            high,
            ..Config::default()
        })
        .expect("it can be")
    }

    #[test]
    fn page_tables_count_against_the_cap() {
        // A page in each range takes a table of its own: at the cap half of what is charged is tables.
        let cap = PAGE * 64;
        let mut k = limited(Some(cap), None);
        let m = k.mmap(RANGE * 64).expect("there is room");
        let mut written = 0;
        while !k.is_killed() {
            k.touch_word(m + RANGE * written);
            written += 1;
        }
        let killed = k.killed().expect("it was killed");
        assert_eq!(killed.resident, PAGE * written);
        assert_eq!(killed.charged, killed.resident + k.page_tables());
        assert!(killed.charged > cap && killed.resident < cap.min(PAGE * 34));
        assert!(k.stops());
    }

    #[test]
    fn above_memory_high_marked_pages_go_and_nobody_is_killed() {
        let high = PAGE * 103;
        let mut k = limited(None, Some(high));
        let m = k.mmap(PAGE * 500).expect("there is room");
        k.touch(m, PAGE * 100);
        assert_eq!((k.charged(), k.stops()), (high, false));
        k.madvise_free(m, PAGE * 30);
        k.touch(m + PAGE * 100, PAGE * 20);
        assert_eq!((k.charged(), k.counts().reclaimed), (high, 20));
        assert!(!k.take_throttled(), "there was enough to take back");
        k.touch(m + PAGE * 120, PAGE * 20);
        assert_eq!(k.charged(), high + PAGE * 10);
        assert!(k.stops() && k.take_throttled());
        assert!(!k.stops() && !k.take_throttled(), "it is said once");
        k.touch(m + PAGE * 140, PAGE * 300);
        assert_eq!((k.killed(), k.stops()), (None, false));
        assert_eq!(k.rss(), PAGE * 410);
    }

    #[test]
    fn the_cap_kills_above_memory_high_too() {
        let mut k = limited(Some(PAGE * 203), Some(PAGE * 103));
        let m = k.mmap(PAGE * 500).expect("there is room");
        k.touch(m, PAGE * 150);
        assert!(k.take_throttled() && !k.is_killed());
        k.touch(m + PAGE * 150, PAGE * 60);
        assert!(k.is_killed() && k.stops());
        assert!(
            !k.take_throttled() && k.stops(),
            "a process that was killed stays so"
        );
    }
}
