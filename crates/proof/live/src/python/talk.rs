//! What passes between a test and `highwater-python-oracle`: plain old data. The oracle, which is built without any library,
//! compiles this file as a module of its own.

#[cfg(not(oracle))]
use bytemuck::{Pod, Zeroable};

/// In [`Ready::says`]: there is a libpython, and questions can be asked.
pub(crate) const PYTHON: u64 = u64::from_le_bytes(*b"hwpyth01");
/// In [`Ready::says`]: no libpython was loaded, or one that lacks a function.
pub(crate) const NO_PYTHON: u64 = u64::from_le_bytes(*b"nopython");

/// In [`Question::hooks`]: every block is malloc's, as with PYTHONMALLOC=malloc.
pub(crate) const WITHOUT_POOLS: u64 = 1;
/// In [`Question::hooks`]: the debug hooks are in place.
pub(crate) const WITH_DEBUG: u64 = 2;

/// What the oracle says when it is ready.
#[derive(Clone, Copy)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub(crate) struct Ready {
    /// [`PYTHON`] or [`NO_PYTHON`].
    pub(crate) says: u64,
    /// What `gnu_get_libc_version` returns, padded with zeros.
    pub(crate) version: [u8; 16],
}

/// Comes before the records of a sequence, all of them the main thread's.
#[derive(Clone, Copy)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub(crate) struct Question {
    /// How many records follow.
    pub(crate) records: u64,
    /// Every block the records name is below this.
    pub(crate) blocks: u64,
    /// 1 if every page of a new block is to be written, 0 if none.
    pub(crate) touch: u64,
    /// [`WITHOUT_POOLS`], [`WITH_DEBUG`].
    pub(crate) hooks: u64,
}

/// Comes before the results, of which there is one for each record.
#[derive(Clone, Copy)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub(crate) struct Found {
    /// The program break before the first operation.
    pub(crate) brk: u64,
    /// Where the kernel would have ended the first mapping.
    pub(crate) mappings_top: u64,
    /// How the child ended, as `waitpid` says it: 0 if well.
    pub(crate) status: i64,
}

/// The address that an allocating call returned; at a mark the bytes that are resident in the allocators' mappings; else 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(not(oracle), derive(Pod, Zeroable))]
#[repr(C)]
pub(crate) struct Result(pub(crate) u64);
