//! What passes between a test and its oracle: plain old data, so that the oracle works on the very bytes it received
//! and allocates nothing. The oracle, which is built without any library, compiles this file as a module of its own.

#[cfg(not(oracle))]
use bytemuck::{Pod, Zeroable};

/// `malloc(b)`
pub const MALLOC: u16 = 0;
/// `calloc(a, b)`
pub const CALLOC: u16 = 1;
/// `memalign(a, b)`
pub const ALIGNED: u16 = 2;
/// `realloc(block a, b)`; `a` is [`NO_BLOCK`] for the null pointer.
pub const REALLOC: u16 = 3;
/// `free(block)`
pub const FREE: u16 = 4;
/// `malloc_trim(a)`
pub const TRIM: u16 = 5;
/// How much is resident?
pub const MARK: u16 = 6;
/// `malloc_usable_size(block)`
pub const USABLE: u16 = 7;
/// The thread ends; no later record is of it.
pub const THREAD_EXIT: u16 = 8;
/// So many microseconds pass: `a`.
pub const WAIT: u16 = 9;
/// One of the figures that jemalloc reports: the `a`-th of [`FIGURES`].
pub const FIGURE: u16 = 10;

/// `mallopt(a, b)` of the C library
pub const MALLOPT: u16 = 11;
/// The program writes every page of `b` bytes of the block, from its byte `a` on.
pub const TOUCH: u16 = 12;

/// The names under which jemalloc is asked for its figures, and the bytes of a unit of each.
pub const FIGURES: [(&core::ffi::CStr, u64); 8] = [
    (c"stats.allocated", 1),
    (c"stats.active", 1),
    (c"stats.arenas.4096.pdirty", 4096),
    (c"stats.arenas.4096.pmuzzy", 4096),
    (c"stats.retained", 1),
    (c"stats.mapped", 1),
    (c"stats.metadata", 1),
    (c"stats.resident", 1),
];

/// Whether an environment makes malloc ask for transparent huge pages; `value_of` has the values of its variables.
pub fn asks_for_huge_pages<'a>(value_of: impl Fn(&core::ffi::CStr) -> Option<&'a [u8]>) -> bool {
    let has_any = |name, between, wanted: &[&[u8]]| {
        let value = value_of(name).unwrap_or_default();
        let mut pairs = value.split(|byte| *byte == between);
        pairs.any(|pair| wanted.contains(&pair))
    };
    let options: [&[u8]; 3] = [b"thp:always", b"metadata_thp:auto", b"metadata_thp:always"];
    has_any(c"GLIBC_TUNABLES", b':', &[b"glibc.malloc.hugetlb=1"])
        || has_any(c"MALLOC_CONF", b',', &options)
}

/// Stands for the null pointer where a block is named.
pub const NO_BLOCK: u64 = u64::MAX;

/// Bytes of the stack of a thread that is not the main one, its data included.
pub const STACK_BYTES: usize = 256 << 10;

/// Every thread of a sequence is below this.
pub const THREADS_MAX: u32 = 1024;

/// In [`Answer::flags`]: the block has a mapping of its own (`IS_MMAPPED` of its chunk).
pub const MAPPED: u64 = 2;
/// In [`Answer::flags`]: the block belongs to an arena other than the main one (`NON_MAIN_ARENA` of its chunk).
pub const OTHER_ARENA: u64 = 4;

/// The first bytes of an oracle's greeting; a change of the wire changes them.
pub const MAGIC: u64 = u64::from_le_bytes(*b"hwlive05");

/// What the oracle says when it is ready.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub struct Greeting {
    /// [`MAGIC`]
    pub magic: u64,
    /// 0 for the C library's malloc, 1 for jemalloc.
    pub allocator: u64,
    /// The allocator's version as it says it itself, padded with zeros.
    pub version: [u8; 64],
    /// The program break.
    pub brk: u64,
    /// Where the kernel would have ended the first mapping.
    pub mappings_top: u64,
    /// The longest mapping that jemalloc asks for up to a process's first block, in bytes.
    pub longest_mapping: u64,
}

/// Comes before the records of a sequence.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub struct Request {
    /// How many records follow.
    pub records: u64,
    /// Every block the records name is below this.
    pub blocks: u64,
    /// How many threads the process has, the main one included; every thread of a record is below this.
    pub threads: u32,
    /// 1 if every page of a new block is to be written, 0 if none.
    pub touch: u32,
    /// 1 if the time of the whole is wanted, and no answers; 0 otherwise. Only for a single thread.
    pub timed: u32,
    /// 1 if the program asks jemalloc for figures, from its start; 0 otherwise.
    pub asks: u32,
    /// 1 if time passes as it does for anybody, so that a wait is waited; 0 if the sequence's clock is put forward.
    pub waits: u32,
    /// 0
    pub unused: u32,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub struct Record {
    /// One of the constants above.
    pub code: u16,
    /// The thread that makes the call.
    pub thread: u16,
    /// The block that the operation makes, frees or asks about.
    pub block: u32,
    /// First operand, see the constants.
    pub a: u64,
    /// Second operand, see the constants.
    pub b: u64,
}

/// Comes before the answers to a sequence.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub struct Reply {
    /// How many answers follow: as many as there were records, or none.
    pub answers: u64,
    /// The program break before the first operation.
    pub brk: u64,
    /// Where the kernel would have ended the first mapping.
    pub mappings_top: u64,
    /// How much processor time the operations took, if that was asked.
    pub nanoseconds: u64,
    /// Where jemalloc keeps the count of what the main thread allocated (`thread.allocatedp`).
    pub main_thread_data: u64,
    /// The same of the second thread; that of each other lies [`STACK_BYTES`] above the one before.
    pub second_thread_data: u64,
    /// How the child ended, as `waitpid` says it: 0 if well.
    pub status: i64,
}

/// What came of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub struct Answer {
    /// The address that an allocating call returned, otherwise 0.
    pub address: u64,
    /// The usable size of a new block or of the one asked about; what `malloc_trim` returned; at a mark the bytes that
    /// are resident in the allocator's mappings.
    pub value: u64,
    /// What the header of a new block's chunk says of where it lies: [`MAPPED`], [`OTHER_ARENA`].
    pub flags: u64,
}
