//! What a recording holds: the calls of a process to its allocator, and what lies between them.

use crate::varint;

/// One event. An allocating call that failed has the address 0; sizes and addresses are in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// `malloc(size)`
    Malloc {
        /// The block it returned.
        address: u64,
        /// Bytes asked for.
        size: u64,
    },
    /// `calloc(count, size)`
    Calloc {
        /// The block it returned.
        address: u64,
        /// Elements asked for.
        count: u64,
        /// Bytes of one element.
        size: u64,
    },
    /// `posix_memalign`, `aligned_alloc`, `memalign`, `valloc` and `pvalloc`.
    Aligned {
        /// The block it returned.
        address: u64,
        /// The alignment asked for, in bytes.
        alignment: u64,
        /// Bytes asked for.
        size: u64,
    },
    /// `realloc(old, size)`
    Realloc {
        /// The block it returned.
        address: u64,
        /// The block it was given, 0 for the null pointer.
        old: u64,
        /// Bytes asked for.
        size: u64,
    },
    /// `free(address)` of a block; the free of a null pointer is no event.
    Free {
        /// The block.
        address: u64,
    },
    /// `malloc_trim(pad)`
    Trim {
        /// Bytes to leave at the top.
        pad: u64,
    },
    /// `mallopt(parameter, value)`
    Mallopt {
        /// The option, by its number in `malloc.h`.
        parameter: i64,
        /// Its new value.
        value: i64,
    },
    /// The thread has ended, and its caches have gone back.
    ThreadEnd,
    /// The thread forks. The child's own recording names the ticket after this event.
    Fork,
    /// From here on the process is the child that the fork before made: only the forking thread goes on.
    Child,
    /// A phase of the program begins or ends: a name, and `key=value` pairs, one space between each.
    Mark(&'a [u8]),
    /// The process was measured: `key=value` pairs in bytes, one space between each.
    Sample(&'a [u8]),
    /// The pages that were resident or swapped out of a block at this moment, because something had touched them.
    Touched {
        /// The block.
        address: u64,
        /// The runs of pages, from the page that holds the block's first byte to the one that holds its last.
        runs: Runs<'a>,
    },
    /// A call for memory beside the allocator.
    Mapping(Mapping<'a>),
    /// A place in the program from which calls are made, for later events to name.
    Site {
        /// Its number, from 1.
        number: u64,
        /// The places in the code, the innermost first, one space between each: addresses, or what they are known by.
        frames: &'a [u8],
    },
    /// A file with code that frames of later sites name: its name in frames, its build id in hexadecimal (`-` for none) and its path,
    /// one space between each.
    Module(&'a [u8]),
}

impl Event<'_> {
    /// Returns the bytes behind the event's numbers.
    #[inline(always)]
    pub(crate) fn tail(&self) -> &[u8] {
        match self {
            Self::Mark(text) | Self::Sample(text) | Self::Module(text) => text,
            Self::Touched { runs, .. } => runs.0,
            Self::Mapping(mapping) => mapping.owner,
            Self::Site { frames, .. } => frames,
            _ => &[],
        }
    }
}

/// A call to the kernel for memory that did not come from inside the allocator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapping<'a> {
    /// The call.
    pub call: MappingCall,
    /// The address that it returned or was given.
    pub address: u64,
    /// Bytes.
    pub length: u64,
    /// `mmap`: protection, and flags above the lowest 8 bits; `mremap`: the old address; `madvise`: the advice.
    pub detail: u64,
    /// The file name of the library or program that made the call; empty if it is not known.
    pub owner: &'a [u8],
}

/// Which of a process's allocators a call was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Domain {
    /// The recording does not say.
    #[default]
    Unknown = 0,
    /// The interpreter's allocator of objects.
    Object = 1,
    /// The C library's malloc.
    Raw = 2,
}

/// The calls of a [`Mapping`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum MappingCall {
    /// `mmap`
    Map = 0,
    /// `munmap`
    Unmap = 1,
    /// `mremap`
    Remap = 2,
    /// `madvise`
    Advise = 3,
    /// `brk` or `sbrk`: the address is the new break.
    Break = 4,
}

impl MappingCall {
    /// Returns the call with this number.
    pub fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Map,
            1 => Self::Unmap,
            2 => Self::Remap,
            3 => Self::Advise,
            4 => Self::Break,
            _ => return None,
        })
    }
}

/// Runs of touched pages: for each the pages that were not touched before it, then the pages that were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Runs<'a>(pub(crate) &'a [u8]);

impl<'a> Runs<'a> {
    /// Writes a run as it lies in a file, a number at a time.
    pub fn write(skipped: u64, touched: u64, mut append: impl FnMut(&[u8])) {
        for number in [skipped, touched] {
            let mut bytes = [0; varint::LONGEST];
            let length = varint::put(number, &mut bytes);
            append(&bytes[..length]);
        }
    }

    /// Takes runs as they lie in a file: pairs of varints. `None` if a number is cut off.
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            varint::take(&mut rest)?;
            varint::take(&mut rest)?;
        }
        Some(Self(bytes))
    }

    /// Returns the pairs as they lie in a file.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns the runs one by one: pages left out before each, then its pages.
    pub fn iter(self) -> impl Iterator<Item = (u64, u64)> + 'a {
        let mut rest = self.0;
        core::iter::from_fn(move || Some((varint::take(&mut rest)?, varint::take(&mut rest)?)))
    }
}

/// Writes runs of touched pages into `N` bytes.
pub struct RunWriter<const N: usize> {
    bytes: [u8; N],
    length: usize,
    /// The pages of the run that is not written yet, and the page behind the one before it.
    first: u64,
    end: u64,
    written: u64,
}

impl<const N: usize> RunWriter<N> {
    /// Begins with no page.
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            length: 0,
            first: 0,
            end: 0,
            written: 0,
        }
    }

    /// Adds the pages from `first` to before `end`, which must not come before those that were added. Where the bytes do not
    /// suffice, the gap in front of them counts as touched.
    pub fn add(&mut self, first: u64, end: u64) {
        /// Bytes of the two runs that are still to come: this one, and the last.
        const RESERVED: usize = 4 * varint::LONGEST;
        if first != self.end && self.end > self.first && self.length + RESERVED <= N {
            self.write();
        }
        if self.end == self.first {
            self.first = first;
        }
        self.end = end;
    }

    /// Returns the runs.
    pub fn finish(&mut self) -> Runs<'_> {
        if self.end > self.first {
            self.write();
        }
        Runs(self.bytes.get(..self.length).unwrap_or_default())
    }

    fn write(&mut self) {
        for number in [self.first - self.written, self.end - self.first] {
            let room = self.bytes.get_mut(self.length..).unwrap_or_default();
            self.length += varint::put(number, room);
        }
        self.written = self.end;
        self.first = self.end;
    }
}

impl<const N: usize> Default for RunWriter<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::RunWriter;

    #[test]
    fn runs_that_touch_are_one() {
        let mut runs = RunWriter::<64>::new();
        for (first, end) in [(2, 3), (3, 5), (300, 301), (301, 302)] {
            runs.add(first, end);
        }
        let runs: Vec<_> = runs.finish().iter().collect();
        assert_eq!(runs, [(2, 3), (295, 2)]);
        assert_eq!(RunWriter::<64>::new().finish().iter().count(), 0);
    }

    #[test]
    fn where_there_is_no_room_gaps_count_as_touched() {
        let mut runs = RunWriter::<64>::new();
        for page in 0..1000 {
            runs.add(page * 2, page * 2 + 1);
        }
        let runs: Vec<_> = runs.finish().iter().collect();
        assert_eq!(runs[..3], [(0, 1), (1, 1), (1, 1)]);
        assert_eq!(runs.iter().map(|run| run.0 + run.1).sum::<u64>(), 1999);
    }
}

/// An event with its place in the recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed<'a> {
    /// The number of events before it in the whole recording.
    pub ticket: u64,
    /// How many tickets before its own its call may already have begun: 0 where the order is certain.
    pub width: u64,
    /// Microseconds since the recording began.
    pub time: u64,
    /// The thread that called, numbered from 0 by first appearance.
    pub thread: u32,
    /// The allocator that was called.
    pub domain: Domain,
    /// The number of the [`Event::Site`] from which it was called; 0 where the recording does not say.
    pub site: u64,
    /// What happened.
    pub event: Event<'a>,
}
