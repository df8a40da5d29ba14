//! What page faults and system calls cost the processor: an estimate from measured costs of one of each.

use highwater_simulator::Micros;
use serde::Serialize;

/// Nanoseconds of one fault or call: the middle of what was measured, and its bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Cost {
    /// The least.
    pub least: u64,
    /// The middle.
    pub middle: u64,
    /// The most.
    pub most: u64,
}

impl Cost {
    /// One that is given as one figure.
    pub fn exactly(nanoseconds: u64) -> Self {
        Self {
            least: nanoseconds,
            middle: nanoseconds,
            most: nanoseconds,
        }
    }
}

/// The costs of one page fault and of one system call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Costs {
    /// Of a page fault, with the page cleared and given back.
    pub fault: Cost,
    /// Of a call of brk, mmap, munmap, mremap or madvise, without its pages.
    pub call: Cost,
    /// Whether they are those of [`Costs::MEASURED`].
    pub is_measured: bool,
}

impl Costs {
    /// Measured by processor time on a virtual machine with Linux 6.18 on an Intel Xeon, without huge pages: 41 rounds of
    /// 16,384 pages that are written, and of 20,000 pairs of mmap and munmap (the most) and of 10,000 pairs of brk (the
    /// least).
    pub const MEASURED: Self = Self {
        fault: Cost {
            least: 1650,
            middle: 1770,
            most: 1870,
        },
        call: Cost {
            least: 520,
            middle: 720,
            most: 1080,
        },
        is_measured: true,
    };

    /// Where the costs are from, in one sentence.
    pub fn source(&self) -> String {
        let Self { fault, call, .. } = self;
        let of = |cost: &Cost| match cost.least == cost.most {
            true => format!("{} ns", cost.middle),
            false => format!("{} ns ({} to {})", cost.middle, cost.least, cost.most),
        };
        let figures = format!("{} a page fault and {} a system call", of(fault), of(call));
        match self.is_measured {
            true => format!(
                "CPU time is an estimate: {figures}, as measured on a virtual machine with Linux 6.18 on an Intel Xeon. Other machines differ by several times. It leaves out the time that the allocator itself takes."
            ),
            false => format!(
                "CPU time is an estimate: {figures}, as given. It leaves out the time that the allocator itself takes."
            ),
        }
    }

    /// The processor time of a number of faults and calls: the least, the middle and the most.
    pub fn of(&self, faults: u64, calls: u64) -> [Micros; 3] {
        let sum = |fault: u64, call: u64| {
            let nanoseconds = faults
                .saturating_mul(fault)
                .saturating_add(calls.saturating_mul(call));
            Micros(nanoseconds / 1000)
        };
        let Self { fault, call, .. } = self;
        [
            sum(fault.least, call.least),
            sum(fault.middle, call.middle),
            sum(fault.most, call.most),
        ]
    }
}

impl Default for Costs {
    fn default() -> Self {
        Self::MEASURED
    }
}
