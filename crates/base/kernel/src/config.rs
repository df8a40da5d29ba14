//! How a process begins, and what can go wrong.

use crate::huge_pages::{HugePages, NoPageSize};
use highwater_units::{Address, Bytes};
use thiserror::Error;

/// How a process begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Bytes of a page: 4096, 16384 or 65536.
    pub page_size: Bytes,
    /// The program break before anything moved it; need not be at a page's start.
    pub brk: Address,
    /// Mappings are placed below this address, the highest first.
    pub mmap_top: Address,
    /// Whether mappings of whole huge pages (multiples of 2 MiB where pages have 4 KiB) are placed at a multiple of their size, as they are where
    /// transparent huge pages are built in: Linux 6.13, mm/mmap.c, `__get_unmapped_area`.
    pub huge_mappings_aligned: bool,
    /// Transparent huge pages.
    pub huge_pages: HugePages,
    /// Main memory and swap of the machine together: the largest single growth the kernel grants, as Linux judges by
    /// default (mm/util.c, `__vm_enough_memory`), and a cap where there is no other.
    pub memory: Bytes,
    /// What a control group may be charged for ([`Kernel::charged`](crate::Kernel::charged)) before the process is killed (`memory.max`); no
    /// limit where absent.
    pub cap: Option<Bytes>,
    /// What may be charged before the kernel takes back what it can and slows the process down (`memory.high`); no limit where absent.
    pub high: Option<Bytes>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: Bytes(4096),
            brk: Address(0x5555_5555_5000),
            mmap_top: Address(0x7fff_f7ff_f000),
            huge_mappings_aligned: false,
            huge_pages: HugePages::default(),
            memory: Bytes(256 << 30),
            cap: None,
            high: None,
        }
    }
}

/// A beginning that no process has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ConfigError {
    /// The page size is none that Linux uses.
    #[error(transparent)]
    PageSize(#[from] NoPageSize),
    /// The heap would begin at or above the mappings, or outside user space.
    #[error("the program break {0} must lie between 0x10000 and {1}, where mappings begin")]
    Break(Address, Address),
    /// The mappings would begin outside user space.
    #[error("mappings cannot begin at {0}: it must be a page's start below 0x800000000000")]
    MmapTop(Address),
}

/// A request for address space that the kernel refuses (ENOMEM or EINVAL).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MapError {
    /// There is no room, or it is more than the machine has.
    #[error("no memory for {0}")]
    NoMemory(Bytes),
    /// The range is none of the process's.
    #[error("{0} is not mapped")]
    NotMapped(Address),
}

/// The process reached its cap and was killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfMemory {
    /// What it had resident.
    pub resident: Bytes,
    /// What was charged: that and page tables.
    pub charged: Bytes,
    /// The cap.
    pub cap: Bytes,
}
