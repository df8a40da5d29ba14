//! The bytes of a recording where they lie: a file of the user's, which stays on the disk and is read a slice at a time, or bytes
//! that were handed over.

use std::{
    cell::RefCell,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use highwater_workload::trace::{self, Crc32, Limits, TraceFile};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use web_sys::{File, FileReaderSync};

use crate::wire::Beside;

/// What a recording is read from.
pub enum Bytes {
    /// Bytes in memory.
    Here(Vec<u8>),
    /// A file of the user's.
    File(File),
}

impl From<Beside> for Bytes {
    fn from(beside: Beside) -> Self {
        match beside {
            Beside::Bytes(buffer) => Self::Here(Uint8Array::new(&buffer).to_vec()),
            Beside::File(file) => Self::File(file),
        }
    }
}

/// A recording that can be read from any place, as often as wanted.
pub(crate) struct Recorded {
    place: Place,
    size: u64,
    sum: Arc<Sum>,
}

/// The checksum of the bytes up to a place. Whoever reads on from there goes on with it.
#[derive(Default)]
struct Sum {
    upto: AtomicU64,
    sum: AtomicU32,
}

impl Sum {
    fn read(&self, at: u64, bytes: &[u8]) {
        if self.upto.load(Ordering::Relaxed) == at {
            let mut sum = Crc32::after(self.sum.load(Ordering::Relaxed));
            sum.update(bytes);
            self.sum.store(sum.value(), Ordering::Relaxed);
            self.upto.store(at + bytes.len() as u64, Ordering::Relaxed);
        }
    }
}

#[derive(Clone)]
enum Place {
    Here(Arc<[u8]>),
    Kept(Arc<Kept>),
}

impl Recorded {
    pub(crate) fn of(bytes: Bytes) -> Self {
        let (size, place) = match bytes {
            Bytes::Here(bytes) => (bytes.len() as u64, Place::Here(bytes.into())),
            Bytes::File(file) => (file.size() as u64, Place::Kept(Arc::new(Kept::new(file)))),
        };
        Self {
            place,
            size,
            sum: Arc::default(),
        }
    }

    /// Returns its length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the trace that lies there.
    pub(crate) fn trace(&self) -> TraceFile {
        let (place, sum) = (self.place.clone(), Arc::clone(&self.sum));
        let open = move |_, at| Ok(Box::new(opened(&place, &sum, at)) as trace::Bytes);
        TraceFile::new(1, open, Limits::in_parts())
    }

    /// Returns the checksum of the file, of which what no reader has come to is read now.
    pub(crate) fn checksum(&self) -> io::Result<u32> {
        let mut rest = opened(
            &self.place,
            &self.sum,
            self.sum.upto.load(Ordering::Relaxed),
        );
        let mut part = vec![0; 1 << 16];
        while rest.read(&mut part)? > 0 {}
        Ok(self.sum.sum.load(Ordering::Relaxed))
    }
}

fn opened(place: &Place, sum: &Arc<Sum>, at: u64) -> Reading {
    Reading {
        place: place.clone(),
        at,
        sum: Arc::clone(sum),
    }
}

/// Reads a recording from a place on, and goes on with the checksum where it comes to its end.
struct Reading {
    place: Place,
    at: u64,
    sum: Arc<Sum>,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.place {
            Place::Here(bytes) => {
                // What lies in memory is shorter than an address is long.
                let mut rest = &bytes[bytes.len().min(self.at as usize)..];
                rest.read(buffer)?
            }
            Place::Kept(kept) => kept.read(self.at, buffer)?,
        };
        self.sum.read(self.at, &buffer[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

thread_local! {
    /// The files that are read, by number. What reads a trace may go from thread to thread and a file may not, so readers have
    /// the number only.
    static FILES: RefCell<Vec<(u32, File)>> = const { RefCell::new(Vec::new()) };
}

/// A file of the user's, known here by its number for as long as anybody reads it.
struct Kept(u32);

impl Kept {
    fn new(file: File) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        FILES.with_borrow_mut(|files| files.push((number, file)));
        Self(number)
    }

    /// Reads what lies behind a place.
    fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = FILES.with_borrow(|files| {
            let found = files.iter().find(|(number, _)| *number == self.0);
            found.map(|(_, file)| file.clone())
        });
        read_slice(&file.ok_or_else(gone)?, at, buffer)
    }
}

/// Reads what lies behind a place of a file.
pub(crate) fn read_slice(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let end = at + buffer.len() as u64;
    let read = || {
        let slice = file.slice_with_f64_and_f64(at as f64, end as f64)?;
        FileReaderSync::new()?.read_as_array_buffer(&slice)
    };
    let bytes: JsValue = read().map_err(|_: JsValue| gone())?.into();
    let bytes = Uint8Array::new(&bytes);
    let count = bytes.length() as usize;
    bytes.copy_to(&mut buffer[..count]);
    Ok(count)
}

fn gone() -> io::Error {
    io::Error::other("the file has changed or is gone")
}

impl Drop for Kept {
    fn drop(&mut self) {
        FILES.with_borrow_mut(|files| files.retain(|(number, _)| *number != self.0));
    }
}
