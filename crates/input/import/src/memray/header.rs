//! The header of a memray file.

use super::MAGIC;
use crate::error::Fault;
use crate::input::Input;
use std::io::Read;

/// What a file says before its records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub(crate) version: i32,
    /// Whether calls have native stacks.
    pub(crate) has_native: bool,
    /// Whether it holds sums instead of calls.
    pub(crate) is_aggregated: bool,
    /// Whether it has the small blocks of Python's objects: calls to Python's own allocator, or blocks of malloc if Python
    /// uses that for them (`PYTHONMALLOC=malloc`).
    pub(crate) has_objects: bool,
    pub(crate) main_thread: u64,
    pub(crate) command: Vec<u8>,
    /// Whether it has calls to Python's own allocator, which only a replay with that puts where they were.
    has_own: bool,
    /// Python's version, as it writes it itself.
    python: u32,
}

/// The versions that can be read.
const VERSIONS: std::ops::RangeInclusive<i32> = 11..=13;

/// The number for a Python whose allocator is malloc (`PYTHONALLOCATOR_MALLOC` in memray's `records.h`).
const PYTHON_MALLOC: u8 = 3;

impl Header {
    /// Reads the header. One of another version has no more than that.
    pub(crate) fn read<R: Read>(input: &mut Input<R>) -> Result<Self, Fault> {
        input.skip(MAGIC.len() as u64)?;
        let mut header = Self {
            version: input.u32()? as i32,
            ..Self::default()
        };
        if !header.is_readable() {
            return Ok(header);
        }
        let is_later = header.version >= 12;
        if is_later {
            header.python = input.u32()?;
        }
        header.has_native = input.byte()? != 0;
        header.is_aggregated = input.byte()? != 0;
        // Counts of calls and frames, and the times of the beginning and the end: 0 in the file of a process that was killed.
        input.skip(32)?;
        input.text(&mut header.command)?;
        input.u32()?;
        header.main_thread = input.u64()?;
        // Frames that were skipped.
        input.skip(8)?;
        let is_malloc = input.byte()? == PYTHON_MALLOC;
        let is_traced = input.byte()? != 0;
        header.has_objects = is_traced | is_malloc;
        header.has_own = is_traced & !is_malloc;
        if is_later {
            input.byte()?;
        }
        if header.version >= 13 {
            let mut text = Vec::new();
            input.text(&mut text)?;
            for _ in 0..2 {
                while {
                    input.text(&mut text)?;
                    !text.is_empty()
                } {}
            }
        }
        Ok(header)
    }

    /// Whether the version is one of those that can be read.
    pub(crate) fn is_readable(&self) -> bool {
        VERSIONS.contains(&self.version)
    }

    /// Names the format and its version.
    pub(crate) fn format(&self) -> String {
        let mut format = format!("memray's format {}", self.version);
        if self.python > 0 {
            let (major, minor) = (self.python >> 24, self.python >> 16 & 0xff);
            let replay = match self.has_own {
                true => format!(
                    ", with the calls of its own allocator: replay it with Python {major}.{minor}"
                ),
                false => String::new(),
            };
            format += &format!(" (Python {major}.{minor}{replay})");
        }
        format
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::Loss;
    use crate::memray::Memray;

    /// A header of version 12 of a process in which Python uses an allocator, by memray's number for it.
    fn header(python_allocator: u8, has_objects: bool) -> Header {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(12_u32.to_le_bytes());
        bytes.extend(0x030b_00f0_u32.to_le_bytes());
        bytes.extend([0; 2 + 32]);
        bytes.extend(*b"app.py\0");
        bytes.extend([0; 4 + 8 + 8]);
        bytes.extend([python_allocator, has_objects.into(), 0]);
        let mut input = Input::new(&bytes[..]).expect("bytes can be read");
        Header::read(&mut input).expect("a header")
    }

    #[test]
    fn a_file_with_the_calls_of_pythons_allocator_says_how_it_is_replayed() {
        let told = |python_allocator, has_objects| {
            header(python_allocator, has_objects)
                .format()
                .contains("replay it with Python 3.11")
        };
        assert!(told(1, true));
        // Without them, and where they are blocks of malloc.
        assert!(!told(1, false) && !told(3, true));
    }

    #[test]
    fn small_blocks_are_missing_where_python_has_them_in_its_own_allocator() {
        let lacks = |header: &Header| Memray::losses(header).lost.contains(&Loss::Objects);
        // pymalloc, the same for debugging, another, and the two of mimalloc.
        for own in [1, 2, 4, 5, 6] {
            assert!(lacks(&header(own, false)), "{own}");
            assert!(!lacks(&header(own, true)), "{own}");
        }
        // PYTHONMALLOC=malloc: they are blocks of malloc, and in the file as such.
        assert!(!lacks(&header(3, false)));
    }
}
