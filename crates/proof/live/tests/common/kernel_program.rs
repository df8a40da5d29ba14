//! Random programs of system calls and writes, made while the model performs them.

use super::machine::{HUGE, Measured, PAGE};
use fastrand::Rng;
use highwater_kernel::{Address, Bytes, Config, Kernel};
use std::collections::HashSet;

/// One step, with the addresses that the model chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Map {
        at: u64,
        length: u64,
    },
    SetAside {
        at: u64,
        length: u64,
    },
    Open {
        at: u64,
        length: u64,
    },
    Unmap {
        at: u64,
        length: u64,
    },
    Move {
        at: u64,
        old: u64,
        new: u64,
        to: u64,
    },
    Break {
        to: u64,
    },
    Touch {
        at: u64,
        pages: u64,
    },
    DontNeed {
        at: u64,
        length: u64,
    },
    Free {
        at: u64,
        length: u64,
    },
    Huge {
        at: u64,
        length: u64,
    },
    NoHuge {
        at: u64,
        length: u64,
    },
    Collapse {
        at: u64,
        length: u64,
    },
}

/// A mapping; what lies below `open` may be written.
#[derive(Clone, Copy, Debug)]
struct Region {
    start: u64,
    end: u64,
    open: u64,
    is_heap: bool,
}

pub(crate) struct Generator {
    rng: Rng,
    kernel: Kernel,
    regions: Vec<Region>,
    brk: u64,
    before: Measured,
    /// The ranges that ever had a huge page.
    were_huge: HashSet<u64>,
}

impl Generator {
    pub(crate) fn new(seed: u64, config: Config) -> Self {
        let mut kernel = Kernel::new(config).expect("the machine is one");
        // The page before the break, which belongs to the process.
        let first = kernel.sbrk(PAGE as i64).expect("there is room");
        kernel.madvise_nohugepage(Address(0), Bytes(0));
        kernel.touch_word(first);
        let before = Measured {
            rss: kernel.rss().0 / 1024,
            tables: kernel.page_tables().0 as i64 / 1024,
            ..Measured::default()
        };
        Self {
            rng: Rng::with_seed(seed),
            brk: kernel.brk().0,
            kernel,
            regions: Vec::new(),
            were_huge: HashSet::new(),
            before,
        }
    }

    /// Makes so many steps and returns them, with what the model has after each.
    pub(crate) fn run(mut self, count: usize) -> (Vec<Step>, Vec<Measured>) {
        let mut steps = Vec::new();
        let mut expected = Vec::new();
        while steps.len() < count {
            let Some(step) = self.step() else {
                continue;
            };
            self.were_huge
                .extend(self.kernel.huge_pages().map(|range| range.0));
            steps.push(step);
            expected.push(Measured::of_model(&self.kernel, &self.before));
        }
        (steps, expected)
    }

    /// A size in bytes: a few pages, or about some huge pages.
    fn size(&mut self) -> u64 {
        match self.rng.u8(..4) {
            0 => self.rng.u64(1..40) * PAGE,
            1 => self.rng.u64(1..1400) * PAGE,
            2 => self.rng.u64(1..6) * HUGE,
            _ => self.rng.u64(1..4) * HUGE + self.rng.u64(0..20) * PAGE,
        }
    }

    fn region(&mut self) -> Option<usize> {
        let count = self.regions.len();
        (count > 0).then(|| self.rng.usize(..count))
    }

    /// A part of a region, often with a bound at a huge page's.
    fn part(&mut self, start: u64, end: u64) -> (u64, u64) {
        let pages = (end - start) / PAGE;
        let mut bound = || {
            let at = start + self.rng.u64(0..=pages) * PAGE;
            match self.rng.u8(..3) {
                0 => at,
                1 => at.next_multiple_of(HUGE).clamp(start, end),
                _ if self.rng.bool() => start,
                _ => end,
            }
        };
        let (one, other) = (bound(), bound());
        (one.min(other), one.abs_diff(other))
    }

    fn step(&mut self) -> Option<Step> {
        match self.rng.u8(..24) {
            0..=2 => self.map(),
            3 => self.set_aside(),
            4 => self.open(),
            5 | 6 => self.unmap(),
            7 => self.grow(),
            8..=10 => self.move_break(),
            11..=15 => self.touch(),
            16 | 17 => self.advise(),
            _ => self.give_back(),
        }
    }

    fn map(&mut self) -> Option<Step> {
        let length = self.size();
        let at = self.kernel.mmap(Bytes(length)).ok()?.0;
        self.regions.push(Region {
            start: at,
            end: at + length,
            open: at + length,
            is_heap: false,
        });
        Some(Step::Map { at, length })
    }

    fn set_aside(&mut self) -> Option<Step> {
        let length = self.size();
        let at = self.kernel.set_aside(Bytes(length)).ok()?.0;
        self.regions.push(Region {
            start: at,
            end: at + length,
            open: at,
            is_heap: true,
        });
        Some(Step::SetAside { at, length })
    }

    fn open(&mut self) -> Option<Step> {
        let closed = |region: &&mut Region| region.open < region.end;
        let region = self.regions.iter_mut().find(closed)?;
        let most = (region.end - region.open) / PAGE;
        let at = region.open;
        let length = self.rng.u64(1..=most) * PAGE;
        region.open += length;
        self.kernel.mprotect(Address(at), Bytes(length));
        Some(Step::Open { at, length })
    }

    fn unmap(&mut self) -> Option<Step> {
        let index = self.region()?;
        let region = self.regions[index];
        let (at, length) = match self.rng.bool() {
            true => (region.start, region.end - region.start),
            false => self.part(region.start, region.end),
        };
        if length == 0 {
            return None;
        }
        self.regions.swap_remove(index);
        for (start, end) in [(region.start, at), (at + length, region.end)] {
            if start < end {
                let open = region.open.clamp(start, end);
                let rest = Region {
                    start,
                    end,
                    open,
                    ..region
                };
                self.regions.push(rest);
            }
        }
        self.kernel.munmap(Address(at), Bytes(length));
        Some(Step::Unmap { at, length })
    }

    fn grow(&mut self) -> Option<Step> {
        let index = self.region()?;
        let region = self.regions[index];
        // Memory of which only a part was opened, or with advice of several kinds, is no area that can move.
        if region.is_heap {
            return None;
        }
        let (at, old) = (region.start, region.end - region.start);
        let new = self.size();
        if !self.kernel.is_one_area(Address(at), Address(at + old)) || new == old {
            return None;
        }
        let to = self
            .kernel
            .mremap(Address(at), Bytes(old), Bytes(new))
            .ok()?
            .0;
        self.regions[index] = Region {
            start: to,
            end: to + new,
            open: to + new,
            is_heap: false,
        };
        Some(Step::Move { at, old, new, to })
    }

    fn move_break(&mut self) -> Option<Step> {
        let most = self.kernel.brk().0 - self.brk;
        let delta = match self.rng.u8(..3) {
            0 if most > 0 => -((self.rng.u64(0..=most / PAGE) * PAGE) as i64),
            0 | 1 => 33 * PAGE as i64,
            _ => self.size() as i64,
        };
        if delta == 0 {
            return None;
        }
        self.kernel.sbrk(delta).ok()?;
        let to = self.kernel.brk().0;
        Some(Step::Break { to })
    }

    /// What may be written: of a region, or of the heap.
    fn writable(&mut self) -> Option<(u64, u64)> {
        let heap = (self.brk, self.kernel.brk().0);
        let index = self.region();
        let range = match index {
            Some(index) if self.rng.u8(..3) > 0 => {
                let region = self.regions[index];
                (region.start, region.open)
            }
            _ => heap,
        };
        (range.0 < range.1).then_some(range)
    }

    /// Whether there are pages of a huge page that was split.
    fn has_rests(&self, start: u64, end: u64) -> bool {
        let ranges = (start / HUGE * HUGE..end).step_by(HUGE as usize);
        ranges
            .filter(|range| self.were_huge.contains(range))
            .any(|range| !self.kernel.is_huge(Address(range)))
    }

    fn touch(&mut self) -> Option<Step> {
        let (start, end) = self.writable()?;
        let pages = (end - start) / PAGE;
        let first = self.rng.u64(..pages);
        let most = if self.rng.bool() { 3 } else { 700 };
        let count = self.rng.u64(1..=(pages - first).min(most));
        let at = start + first * PAGE;
        for page in 0..count {
            self.kernel.touch_word(Address(at + page * PAGE));
        }
        Some(Step::Touch { at, pages: count })
    }

    fn advise(&mut self) -> Option<Step> {
        let (start, end) = self.writable()?;
        let (at, length) = self.part(start, end);
        if length == 0 {
            return None;
        }
        let (from, bytes) = (Address(at), Bytes(length));
        if self.rng.u8(..4) > 0 {
            self.kernel.madvise_hugepage(from, bytes);
            return Some(Step::Huge { at, length });
        }
        self.kernel.madvise_nohugepage(from, bytes);
        Some(Step::NoHuge { at, length })
    }

    fn give_back(&mut self) -> Option<Step> {
        let (start, end) = self.writable()?;
        let (at, length) = self.part(start, end);
        if length == 0 {
            return None;
        }
        let (from, bytes) = (Address(at), Bytes(length));
        Some(match self.rng.u8(..4) {
            0 | 1 => {
                self.kernel.madvise_dontneed(from, bytes);
                Step::DontNeed { at, length }
            }
            // Where only the mapping of a huge page was split before, the kernel splits the page now, and drops its pages of zeros.
            2 if self.has_rests(at, at + length) => return None,
            2 => {
                self.kernel.madvise_free(from, bytes);
                Step::Free { at, length }
            }
            // More than one range: what becomes of those after one that fails differs from release to release.
            _ => {
                let at = at.next_multiple_of(HUGE);
                if at + HUGE > end {
                    return None;
                }
                self.kernel.madvise_collapse(Address(at), Bytes(HUGE));
                Step::Collapse { at, length: HUGE }
            }
        })
    }
}
