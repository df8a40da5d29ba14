//! Recordings in binary form, plain or packed by gzip.

mod family;
mod impossible;
mod words;

pub(super) use family::Family;

use super::Limits;
use super::builder::{Builder, Sink};
use super::error::TraceError;
use super::gzip::Gunzip;
use super::source::is_gzip;
use crate::{Progress, Watch, Workload};
use highwater_hwr::layout::MAGIC;
use highwater_hwr::read::{Ending, ReadError, Reader};
use std::io::Read;

/// Whether a file that begins with these bytes is a recording in binary form.
pub fn is_one(start: &[u8]) -> bool {
    start.starts_with(&MAGIC)
}

/// Reads the recording of a process. A forked process's heap began as its parent's: `family` has the recordings of its
/// ancestors, the oldest first, and its own as the last. Of each ancestor's the events before the fork are read. Times count
/// from the beginning of the first.
///
/// # Errors
/// A recording that is damaged, cut off or too long, or whose parent's is missing.
pub fn read<R: Read>(family: Vec<Reader<R>>, limits: Limits) -> Result<Workload, TraceError> {
    workload(family, limits, 0, |_| Ok(()))
}

/// Whether the beginning of a gzip file is that of a recording in binary form.
pub fn is_packed(start: &[u8]) -> bool {
    if !is_gzip(start) {
        return false;
    }
    let mut unpacked = Vec::new();
    // What cannot be unpacked is said when it is read as text.
    let _ = Gunzip::new(start).take(16).read_to_end(&mut unpacked);
    is_one(&unpacked)
}

/// Unpacks a recording that gzip has packed; `None` if it is something else.
pub(super) fn unpacked(bytes: &[u8], limits: Limits) -> Option<Result<Vec<u8>, TraceError>> {
    if !is_gzip(bytes) {
        return None;
    }
    let mut gzip = Gunzip::new(bytes).take(limits.text);
    let mut recording = Vec::new();
    let begun = gzip
        .by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut recording);
    if begun.is_err() || !is_one(&recording) {
        return None;
    }
    Some(match gzip.read_to_end(&mut recording) {
        Ok(_) => Ok(recording),
        Err(error) => Err(TraceError::Recording(format!(
            "the gzip file that holds this recording is damaged or cut off: {error}"
        ))),
    })
}

/// Reads the recording of a process that was not forked from a file at hand.
pub(super) fn read_bytes(
    bytes: &[u8],
    limits: Limits,
    watch: &mut Watch,
) -> Result<Workload, TraceError> {
    let reader = Reader::new(bytes).map_err(|error| refused(&error))?;
    let total = bytes.len() as u64;
    // A call takes 4 or 5 bytes.
    workload(vec![reader], limits, bytes.len() / 4, |left| {
        let done = total - left.len() as u64;
        match watch(Progress { done, total }).is_break() {
            true => Err(TraceError::Cancelled),
            false => Ok(()),
        }
    })
}

fn workload<R: Read>(
    family: Vec<Reader<R>>,
    limits: Limits,
    events: usize,
    mut tell: impl FnMut(&R) -> Result<(), TraceError>,
) -> Result<Workload, TraceError> {
    let mut builder = Builder::new(limits, events);
    let mut family = Family::new(family, limits, &mut builder)?;
    while family.go_on(u64::MAX, &mut builder, &mut tell)? {}
    family.finish(builder.events())?;
    let mut workload = builder.finish();
    workload.header = family.header;
    Ok(workload)
}

/// Reads the header and the events of a family, hands them on, and returns how it ends.
pub(super) fn stream<R: Read>(
    family: Vec<Reader<R>>,
    limits: Limits,
    sink: &mut impl Sink,
    tell: &mut impl FnMut(&R) -> Result<(), TraceError>,
) -> Result<Ending, TraceError> {
    let mut family = Family::new(family, limits, sink)?;
    while family.go_on(u64::MAX, sink, tell)? {}
    Ok(family.ending)
}

pub(super) fn refused(error: &ReadError) -> TraceError {
    TraceError::Recording(error.to_string())
}
