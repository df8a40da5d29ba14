//! The calls of a program, one by one: what both a recorded trace and a generated pattern come down to.

use crate::SiteId;
use highwater_allocator::{Address, Bytes, Micros, ThreadId};
use serde::{Deserialize, Serialize};

/// Names a block over its whole life: from the allocating call that returned it to its free. Then the number is given to
/// another block, so that a table of blocks is as large as the most that were held at one time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockId(pub u32);

impl BlockId {
    /// What a call returned that failed when it was recorded: the system had no memory for it, and the program went on without.
    pub const REFUSED: Self = Self(u32::MAX);
}

/// Names a mark of a workload, an index into [`Workload::marks`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MarkId(pub u32);

/// Names a block's touched pages at a moment, an index into [`Workload::touched`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TouchedId(pub u32);

/// One call of the program to its allocator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// `malloc(size)`
    Malloc {
        /// The block it returns.
        block: BlockId,
        /// Bytes asked for.
        size: Bytes,
    },
    /// `calloc(count, size)`
    Calloc {
        /// The block it returns.
        block: BlockId,
        /// Elements asked for. A count that does not fit is written with the factors exchanged.
        count: u32,
        /// Bytes of one element.
        size: Bytes,
    },
    /// `memalign(alignment, size)` and its kin.
    Aligned {
        /// The block it returns.
        block: BlockId,
        /// The alignment asked for, in bytes; at most 4 GiB.
        alignment: u32,
        /// Bytes asked for.
        size: Bytes,
    },
    /// `realloc(old, size)`
    Realloc {
        /// The block it returns.
        block: BlockId,
        /// The block it is given, `None` for the null pointer.
        old: Option<BlockId>,
        /// Bytes asked for.
        size: Bytes,
    },
    /// `free(block)`
    Free {
        /// The block that goes.
        block: BlockId,
    },
    /// `malloc_trim(pad)`
    Trim {
        /// Bytes to leave at the top.
        pad: Bytes,
    },
    /// The thread ends.
    ThreadExit,
    /// A phase of the program begins or ends.
    Mark(MarkId),
    /// `mallopt(option, value)`
    Mallopt {
        /// The option, by its number in glibc's `malloc.h`.
        option: i32,
        /// Its new value.
        value: i32,
    },
    /// From here on the process is the child that the calling thread has forked, which has no other thread.
    Forked,
    /// What the program has touched of a block up to this moment.
    Touched(TouchedId),
}

impl Call {
    /// Whether the program made it. The others are marks, and what a recording tells of pages and processes.
    pub fn is_call(self) -> bool {
        !matches!(self, Self::Mark(_) | Self::Touched(_) | Self::Forked)
    }

    /// Whether it asked for memory in vain when it was recorded.
    #[inline]
    pub fn is_refused(self) -> bool {
        self.allocated() == Some(BlockId::REFUSED)
    }

    /// The block it returns, if it is a call that returns one.
    pub fn allocated(self) -> Option<BlockId> {
        match self {
            Self::Malloc { block, .. }
            | Self::Calloc { block, .. }
            | Self::Aligned { block, .. }
            | Self::Realloc { block, .. } => Some(block),
            Self::Free { .. }
            | Self::Trim { .. }
            | Self::ThreadExit
            | Self::Mark(_)
            | Self::Mallopt { .. }
            | Self::Forked
            | Self::Touched(_) => None,
        }
    }
}

/// Which of a process's allocators a call is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Domain {
    /// The interpreter's allocator of objects, where the process has one; the C library's malloc, where not.
    #[default]
    Object,
    /// The C library's malloc in any case.
    Raw,
}

/// A call, with when and by which thread it was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// Since the start of the program; never falls from one event to the next.
    pub time: Micros,
    /// Who called.
    pub thread: ThreadId,
    /// For which allocator. A trace in version 1 does not say.
    pub domain: Domain,
    /// From where in the program, where a recording says.
    pub site: SiteId,
    /// What was called.
    pub call: Call,
}

/// A named moment, with what was measured there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Mark {
    /// Its name, without spaces.
    pub name: String,
    /// Its `key=value` pairs as recorded, in bytes (`heap_rss`, `rss`, ...), in the order of the file.
    pub measured: Vec<(String, u64)>,
}

impl Mark {
    /// The value measured under `key`, if it was.
    pub fn value(&self, key: &str) -> Option<u64> {
        self.measured
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| *value)
    }
}

/// The pages that the program had touched of a block at a moment: these, and no others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touched {
    /// The block.
    pub block: BlockId,
    /// Allocating calls before the one that returned it.
    pub allocation: u32,
    /// Where the block was recorded.
    pub recorded: Address,
    /// The runs of pages, in order.
    pub runs: Box<[TouchedRun]>,
}

/// A run of touched pages of a block. The first page of a block is the one in which it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TouchedRun {
    /// Pages before it that were not touched, from the end of the run before.
    pub skipped: u64,
    /// Its pages.
    pub pages: u64,
}

/// What was measured of the real process at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// The events before it.
    pub event: u32,
    /// When it was measured.
    pub time: Micros,
    /// `key=value` pairs in bytes, one space between each.
    pub text: Box<str>,
}

impl Sample {
    /// Its keys and values.
    pub fn measured(&self) -> impl Iterator<Item = (&str, u64)> {
        let pairs = self.text.split(' ').filter_map(|word| word.split_once('='));
        pairs.filter_map(|(key, value)| Some((key, value.parse().ok()?)))
    }

    /// The value measured under `key`, if it was.
    pub fn value(&self, key: &str) -> Option<u64> {
        let mut measured = self.measured();
        measured
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }
}

/// What is known of the process besides its calls: a trace's header.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// The program, in free text.
    pub program: Option<String>,
    /// Name and version of the allocator that was recorded.
    pub allocator: Option<(String, String)>,
    /// The environment the allocator saw.
    pub env: Vec<(String, String)>,
    /// Bytes of a page: 4096, 16384 or 65536.
    pub page: Bytes,
    /// Cores of the machine that were online; where one number is all that is known, those that the allocator saw.
    pub cpus: u32,
    /// The cores of these that the process was allowed to use, where that was not all.
    #[serde(default)]
    pub cpus_allowed: Option<u32>,
    /// The program break before the first allocation.
    pub brk: Option<Address>,
    /// The kernel placed mappings below this address, before the first allocation.
    #[serde(default)]
    pub mappings: Option<Address>,
    /// Whether the program writes every page of what it allocates, where the trace does not say which it has touched.
    pub touch: bool,
    /// The first events that lay out a heap as it was found when recording began, and are no calls of the program.
    #[serde(default)]
    pub snapshot: u64,
    /// What else the trace says of the machine, by its name.
    #[serde(default)]
    pub noted: Vec<(String, String)>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            program: None,
            allocator: None,
            env: Vec::new(),
            page: Bytes(4096),
            cpus: 2,
            cpus_allowed: None,
            brk: None,
            mappings: None,
            touch: true,
            snapshot: 0,
            noted: Vec::new(),
        }
    }
}

/// A program's allocator calls from beginning to end, ready to be replayed any number of times.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Workload {
    /// What is known of the process.
    pub header: Header,
    /// The calls in their order.
    pub events: Vec<Event>,
    /// How many blocks the calls name: every [`BlockId`] is below this. A call that names another is skipped, and counted as
    /// one that failed where it allocates.
    pub blocks: u32,
    /// What each [`MarkId`] stands for.
    pub marks: Vec<Mark>,
    /// For a recording, the address that each allocating call returned there, in the order of the calls; null where it had
    /// failed. Empty for a generated pattern.
    pub recorded: Vec<Address>,
    /// Lines of a trace that named a block allocated before recording began.
    pub skipped: u64,
    /// What each [`TouchedId`] stands for.
    pub touched: Vec<Touched>,
    /// What was measured of the real process, in order.
    pub samples: Vec<Sample>,
    /// What each [`SiteId`] stands for: places in the code, the innermost first, one space between each.
    pub sites: Vec<Box<str>>,
    /// The files with code that places of sites name by name and offset: for each its name there, its build id in hexadecimal (`-` for
    /// none) and its path, one space between each.
    pub modules: Vec<Box<str>>,
    /// Events of a trace that nothing is made of yet: forks, mappings beside the allocator.
    pub passed_over: u64,
    /// Whether the last line of a trace had no end: the file may have been cut off within its last number.
    pub unended: bool,
    /// The largest thread number that occurs.
    pub last_thread: ThreadId,
    /// When the process was known to run last, where that was measured.
    pub alive: Micros,
}

impl Workload {
    /// When it ends: at its last event, or later where the process is known to have been there without calling anything.
    pub fn ends(&self) -> Micros {
        let last = self.events.last().map_or(Micros(0), |event| event.time);
        last.max(self.alive)
    }
}
