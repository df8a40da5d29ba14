//! Traces in and out: the `.hwt` format and recordings, plain or gzip.
//!
//! A trace is text, one call a line, so that any tool can write one. The reader takes it strictly: what it accepts it
//! has understood whole, and anything else is a [`TraceError`] that names the line, the text and what was expected.
//! A trace is read entirely or not at all.
//!
//! # Where the format leaves a choice
//! - Blank lines are skipped as comments (`#`) are, anywhere after the first line. A CR before the LF is dropped, so
//!   that a file that went through an editor on Windows reads the same.
//! - Hex digits may be upper or lower case; numbers may have leading zeros.
//! - A last line without its newline is read if it parses, and [`Workload::unended`](crate::Workload::unended) says so, for its
//!   last number may be a part of one; if it does not parse, the error says that the file is cut off there, and after how
//!   many calls.
//! - A last line `end COUNT` is compared with the calls before it. Without one a file that was cut at the end of a line reads
//!   as whole, unless its header promises the line (`end counted`), as those that [`write()`] writes do.
//! - A file that ends before any call is refused: one that was cut there looks the same. `end 0` says that there is none.
//! - `f` of `0x0` is `free(NULL)`: no call is kept, nothing is counted.
//! - An unknown pointer in `f` drops the line and is counted in [`Workload::skipped`](crate::Workload::skipped). In `r`
//!   it counts too, and the line becomes `realloc(NULL, SIZE)`: the block it returned is as real as any. If the line
//!   returned none and asked for 0 bytes, it was the free of an unknown block and is dropped.
//! - An allocating line with PTR `0x0` is a call that failed: it has a block number and a null recorded address. A
//!   failed `r` (NEW `0x0`, SIZE not 0) leaves OLD alive, as C says; `r` to SIZE 0 ends it.
//! - A PTR that is returned again while its block lives (its free was not recorded) names the newer block from then on;
//!   the older one is never freed.
//! - `calloc` with a COUNT beyond 32 bits is kept with its factors exchanged, which no allocator can tell.
//! - An alignment need not be a power of two: memalign takes any and rounds it up.
//!
//! # What is refused as absurd
//! A time of 2^53 µs or more; an address of 2^48 or more; a call that succeeded with 2^47 bytes or more (one that
//! failed may have asked for anything); a trim pad of 2^47 or more; an alignment of 2^32 or more;
//! a thread above 65,535; a page that is not 4096, 16384 or 65536; cores outside 1 to 4096.

mod ancestry;
mod beside;
mod builder;
mod call_sites;
mod convert;
mod crc32;
mod end;
mod error;
mod export;
mod fields;
mod foreign;
mod gzip;
mod header;
mod line;
mod names;
mod outside;
mod packing;
mod parser;
mod parts;
mod recording;
mod slices;
mod source;
mod survey;
mod write;

pub use ancestry::{Orphan, ancestry, samples};
pub use beside::{Beside, Naming};
pub use convert::{ConvertError, Converted, unpack};
pub use crc32::Crc32;
pub use error::TraceError;
pub use export::{Exported, Foreign, export};
pub(crate) use outside::Outside;
pub use packing::{Packing, pack, pack_recording};
pub use parts::TraceFile;
pub(crate) use parts::TraceParts;
pub use recording::{
    is_one as is_recording, is_packed as is_packed_recording, read as read_recording,
};
pub use slices::Bytes;
pub use survey::Survey;
pub(crate) use survey::Surveyed;
pub use write::{write, write_gzip};

use crate::{Watch, Workload, unwatched};
use builder::Builder;

/// The CRC-32 of a file, by which a link tells whether it is the one it was made with.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32::checksum(bytes)
}

/// Whether a file that begins with these bytes may be a trace, so that it is worth reading whole.
pub fn begins_like_one(start: &[u8]) -> bool {
    if recording::is_one(start) {
        return true;
    }
    source::is_gzip(start) || foreign::refuse(start, false).is_ok()
}

/// How much a trace may hold, so that a few kilobytes of gzip cannot fill the machine's memory. Each part is bounded by what
/// it takes in memory, of the trace and of its runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of text, after unpacking.
    pub text: u64,
    /// Calls and marks; each takes up to 48 bytes of memory, and a block that is held 16 more.
    pub events: u32,
    /// Marks; each takes about 1 KiB of every run.
    pub marks: u32,
    /// Bytes of the names and of the keys and values of all marks, a pair counted as [`PAIR_BYTES`] besides.
    pub mark_text: u64,
    /// Bytes of the header's lines.
    pub header: u64,
    /// Bytes of text that are at hand at one time, and so of a line. Progress is told as often.
    pub window: usize,
}

/// What a pair of a mark takes in memory besides its text.
pub const PAIR_BYTES: u64 = 48;

impl Default for Limits {
    /// 4 GiB of text, 100 million events, 250,000 marks with 64 MiB of names and figures, 1 MiB of header; in a 32-bit address
    /// space such as WebAssembly's 1 GiB, 8 million, 50,000 with 16 MiB, and 1 MiB.
    fn default() -> Self {
        if cfg!(target_pointer_width = "32") {
            Self {
                text: 1 << 30,
                events: 8_000_000,
                marks: 50_000,
                mark_text: 16 << 20,
                header: 1 << 20,
                window: 1 << 20,
            }
        } else {
            Self {
                text: 4 << 30,
                events: 100_000_000,
                marks: 250_000,
                mark_text: 64 << 20,
                header: 1 << 20,
                window: 1 << 20,
            }
        }
    }
}

/// Reads a trace, plain or gzip (of any number of members; told apart by the first two bytes), within the default
/// [`Limits`].
///
/// # Errors
/// The first thing in the file that is not as the format says, with its line.
pub fn read(bytes: &[u8]) -> Result<Workload, TraceError> {
    read_with(bytes, Limits::default(), &mut unwatched)
}

/// Like [`read`], with limits of one's own, telling `watch` how many of the file's bytes are done after each part of at
/// most 1 MiB of text.
///
/// # Errors
/// As [`read`], and [`TraceError::Cancelled`] if `watch` breaks off.
pub fn read_with(bytes: &[u8], limits: Limits, watch: &mut Watch) -> Result<Workload, TraceError> {
    if recording::is_one(bytes) {
        return recording::read_bytes(bytes, limits, watch);
    }
    if let Some(recording) = recording::unpacked(bytes, limits) {
        return recording::read_bytes(&recording?, limits, watch);
    }
    // A call takes some 30 bytes of text, and packs to a tenth or so: a guess, only to begin with.
    let text = bytes.len() * if source::is_gzip(bytes) { 7 } else { 1 };
    let builder = Builder::new(limits, text / 28);
    let read = source::read(bytes, limits, watch, builder)?;
    let mut workload = read.sink.finish();
    workload.header = read.header.header;
    workload.unended = read.unended;
    Ok(workload)
}

#[cfg(test)]
mod tests;
