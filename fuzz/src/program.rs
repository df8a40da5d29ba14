//! Bytes to a program: any sequence of calls that a real one could make, extremes included.

use crate::Input;
use highwater_workload::{
    Address, BlockId, Bytes, Call, Domain, Event, Header, Mark, MarkId, Micros, ThreadId, Workload,
};

/// Sizes at which the models change their ways, and those around them.
const EDGES: [u64; 32] = [
    0,
    8,
    24,
    104,
    120,
    121,
    128,
    504,
    512,
    513,
    1008,
    1032,
    1040,
    4080,
    4096,
    8192,
    14336,
    14337,
    16384,
    32768,
    65488,
    65536,
    131_032,
    131_048,
    131_072,
    262_144,
    1 << 20,
    2 << 20,
    8 << 20,
    (32 << 20) - 4096,
    64 << 20,
    1 << 31,
];

/// Sizes that no address space holds, and the largest that one does.
const HUGE: [u64; 6] = [
    1 << 40,
    (1 << 47) - 1,
    1 << 47,
    i64::MAX as u64,
    u64::MAX - 4096,
    u64::MAX,
];

/// The largest block of a program: blocks of gigabytes make a run slow, so that only one program in four has them.
const LARGEST: [u64; 4] = [1 << 17, 1 << 22, 1 << 25, u64::MAX];

/// Most calls of one program: enough to reach every part of a model, few enough to try many.
const MOST_CALLS: usize = 4096;

/// Makes a program of the input.
pub fn program(input: &mut Input<'_>) -> Workload {
    let mut writer = Writer {
        largest: *input.one_of(&LARGEST),
        threads: *input.one_of(&[1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 8, 8, 16, 64]),
        ended: Vec::new(),
        held: Vec::new(),
        now: 0,
        workload: Workload {
            header: header(input),
            ..Workload::default()
        },
    };
    while !input.is_empty() && writer.workload.events.len() < MOST_CALLS {
        writer.call(input);
    }
    writer.workload
}

fn header(input: &mut Input<'_>) -> Header {
    // Half of the programs have nothing odd here, so that they can be run.
    let mut header = Header::default();
    match input.byte() {
        0..128 => {}
        128..160 => header.page = Bytes(*input.one_of(&[16384, 65536])),
        160..192 => header.cpus = *input.one_of(&[1, 8, 64, 448, 4096]),
        192..208 => header.brk = Some(Address(*input.one_of(&[0x1000, 0x7fff_0000_0000]))),
        208..224 => header.mappings = Some(Address(*input.one_of(&[0x2000, (1 << 47) - 4096]))),
        _ => header.touch = false,
    }
    header
}

struct Writer {
    largest: u64,
    threads: u16,
    ended: Vec<u16>,
    held: Vec<BlockId>,
    now: u64,
    workload: Workload,
}

impl Writer {
    fn call(&mut self, input: &mut Input<'_>) {
        let kind = input.byte();
        self.now += match kind >> 5 {
            0..=5 => u64::from(kind & 1),
            6 => input.number(2),
            // Up to the largest time that a trace may say.
            _ => input.number(6),
        };
        self.now = self.now.min((1 << 53) - 1);
        let Some(thread) = self.thread(input) else {
            return;
        };
        let domain = if kind & 0x10 == 0 {
            Domain::Object
        } else {
            Domain::Raw
        };
        let call = match kind % 16 {
            0..=4 => Call::Malloc {
                block: self.block(),
                size: self.size(input),
            },
            5 => Call::Calloc {
                block: self.block(),
                count: input.number(1) as u32,
                size: self.size(input),
            },
            6 => Call::Aligned {
                block: self.block(),
                alignment: *input.one_of(&[0, 1, 3, 8, 16, 64, 4096, 8192, 1 << 21, 1 << 31]),
                size: self.size(input),
            },
            7 | 8 => {
                let old = self.take(input);
                let size = self.size(input);
                Call::Realloc {
                    block: self.block(),
                    old,
                    size,
                }
            }
            9..=13 => match self.take(input) {
                Some(block) => Call::Free { block },
                None => return,
            },
            14 if input.byte() < 32 => Call::Trim {
                pad: self.size(input).min(Bytes((1 << 47) - 1)),
            },
            15 if thread != ThreadId::MAIN && input.byte() < 64 => {
                self.ended.push(thread.0);
                Call::ThreadExit
            }
            _ => {
                self.workload.marks.push(Mark {
                    name: "m".to_owned(),
                    measured: Vec::new(),
                });
                Call::Mark(MarkId(self.workload.marks.len() as u32 - 1))
            }
        };
        // realloc to 0 bytes returns no block.
        if let Some(block) = call.allocated()
            && !matches!(
                call,
                Call::Realloc {
                    old: Some(_),
                    size: Bytes(0),
                    ..
                }
            )
        {
            self.held.push(block);
        }
        self.workload.last_thread = self.workload.last_thread.max(thread);
        self.workload.events.push(Event {
            time: Micros(self.now),
            thread,
            domain,
            site: highwater_workload::SiteId::UNKNOWN,
            call,
        });
    }

    /// A thread that has not ended.
    fn thread(&self, input: &mut Input<'_>) -> Option<ThreadId> {
        let thread = u16::from(input.byte()) % self.threads;
        (!self.ended.contains(&thread)).then_some(ThreadId(thread))
    }

    fn block(&mut self) -> BlockId {
        self.workload.blocks += 1;
        BlockId(self.workload.blocks - 1)
    }

    fn take(&mut self, input: &mut Input<'_>) -> Option<BlockId> {
        if self.held.is_empty() {
            return None;
        }
        let at = input.number(2) as usize % self.held.len();
        Some(self.held.swap_remove(at))
    }

    fn size(&self, input: &mut Input<'_>) -> Bytes {
        let size = match input.byte() {
            0..=127 => input.number(1),
            128..=191 => input.number(2),
            192..=250 => input
                .one_of(&EDGES)
                .wrapping_add(input.number(1))
                .wrapping_sub(16)
                .min(1 << 32),
            251..=254 => input.number(3),
            255 => *input.one_of(&HUGE),
        };
        Bytes(size.min(self.largest))
    }
}
