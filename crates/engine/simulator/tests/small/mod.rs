//! A program rich in small blocks, made from a seed: bursts of objects that are freed in some order or in part, churn,
//! lists that grow, and buffers in between. Recorded traces hold only what reached malloc, which is little of that.

use highwater_simulator::{Bytes, Micros};
use highwater_workload::{BlockId, Call, Event, Mark, MarkId, Workload};

/// SplitMix64: the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

struct Author {
    chance: Chance,
    workload: Workload,
    held: Vec<BlockId>,
    /// Numbers of blocks that were freed.
    spare: Vec<BlockId>,
}

/// The program of a seed: about a hundred thousand calls of one thread.
pub(crate) fn program(seed: u64) -> Workload {
    let mut author = Author {
        chance: Chance(seed),
        workload: Workload::default(),
        held: Vec::new(),
        spare: Vec::new(),
    };
    author.workload.header.program = Some(format!("small blocks, seed {seed}"));
    for phase in 0..6 {
        match author.chance.below(4) {
            0 => author.churn(6000),
            1 => author.lists(40),
            _ => author.burst(),
        }
        author.mark(&format!("phase:{phase}"));
    }
    author.burst();
    author.mark("burst");
    author.free_in_some_order(0);
    author.mark("end");
    author.workload
}

impl Author {
    fn push(&mut self, call: Call) {
        let time = Micros(self.workload.events.len() as u64);
        self.workload.events.push(Event {
            domain: highwater_workload::Domain::Object,
            time,
            site: highwater_workload::SiteId::UNKNOWN,
            call,
            thread: Default::default(),
        });
    }

    fn block(&mut self) -> BlockId {
        self.spare.pop().unwrap_or_else(|| {
            self.workload.blocks += 1;
            BlockId(self.workload.blocks - 1)
        })
    }

    /// Mostly a small object, now and then a buffer.
    fn size(&mut self) -> Bytes {
        Bytes(match self.chance.below(400) {
            0..=239 => 17 + self.chance.below(120),
            240..=349 => 1 + self.chance.below(512),
            350..=369 => 480 + self.chance.below(64),
            370..=397 => 512 + self.chance.below(8000),
            398 => self.chance.below(2),
            _ => self.chance.below(400_000),
        })
    }

    fn allocate(&mut self, size: Bytes) {
        let block = self.block();
        let call = match self.chance.below(12) {
            0 => Call::Calloc {
                block,
                count: 1 + self.chance.below(3) as u32,
                size,
            },
            1 => Call::Realloc {
                block,
                old: None,
                size,
            },
            _ => Call::Malloc { block, size },
        };
        self.push(call);
        self.held.push(block);
    }

    fn free(&mut self, index: usize) {
        let block = self.held.swap_remove(index);
        self.spare.push(block);
        self.push(Call::Free { block });
    }

    fn resize(&mut self, index: usize, size: Bytes) {
        let block = self.block();
        let old = Some(std::mem::replace(&mut self.held[index], block));
        self.spare.extend(old);
        self.push(Call::Realloc { block, old, size });
    }

    fn churn(&mut self, calls: u64) {
        for _ in 0..calls {
            let any = self.chance.below(self.held.len().max(1) as u64) as usize;
            match self.chance.below(16) {
                0..=6 if any < self.held.len() => self.free(any),
                7 if any < self.held.len() => {
                    let size = self.size();
                    self.resize(any, size);
                }
                _ => {
                    let size = self.size();
                    self.allocate(size);
                }
            }
        }
    }

    /// Lists grow an eighth at a time, as Python's do, among objects.
    fn lists(&mut self, lists: u64) {
        for _ in 0..lists {
            self.allocate(Bytes(8));
            let mut length = 4_u64;
            while length < 200 + self.chance.below(2000) {
                let last = self.held.len() - 1;
                self.resize(last, Bytes(length * 8));
                length = (length + (length >> 3) + 6) & !3;
                let size = self.size();
                self.allocate(size);
                let end = self.held.len();
                self.held.swap(end - 1, end - 2);
            }
            // Shrunk to what is left of it.
            let last = self.held.len() - 1;
            let kept = Bytes(self.chance.below(400));
            self.resize(last, kept);
        }
    }

    /// Many objects of a few sizes; then most of them go.
    fn burst(&mut self) {
        let sizes: Vec<Bytes> = (0..1 + self.chance.below(12))
            .map(|_| self.size())
            .collect();
        let objects = 2000 + self.chance.below(16_000);
        let mut bytes = 0;
        for _ in 0..objects {
            let size = sizes[self.chance.below(sizes.len() as u64) as usize];
            bytes += size.0;
            if bytes > 40 << 20 {
                break;
            }
            self.allocate(size);
        }
        self.mark("filled");
        let left = [0, 0, 3, 40, 700][self.chance.below(5) as usize];
        self.free_in_some_order(left);
    }

    /// Frees all but one of so many, from the front, from the back or here and there; all of them if that is none.
    fn free_in_some_order(&mut self, one_of: u64) {
        let mut all = std::mem::take(&mut self.held);
        match self.chance.below(3) {
            0 => {}
            1 => all.reverse(),
            _ => {
                for index in (1..all.len()).rev() {
                    let other = self.chance.below(index as u64 + 1) as usize;
                    all.swap(index, other);
                }
            }
        }
        for block in all {
            if one_of > 0 && self.chance.below(one_of) == 0 {
                self.held.push(block);
            } else {
                self.spare.push(block);
                self.push(Call::Free { block });
            }
        }
    }

    fn mark(&mut self, name: &str) {
        let id = MarkId(self.workload.marks.len() as u32);
        self.workload.marks.push(Mark {
            name: name.to_owned(),
            measured: Vec::new(),
        });
        self.push(Call::Mark(id));
    }
}
