//! System calls about files and folders.

use super::memory::map_at;
use super::{INTERRUPTED, NO_SPACE, NO_SUCH_CALL, NOT_SUPPORTED, NOT_VALID, call, number};

/// A descriptor that is closed when it is dropped.
pub(crate) struct File(usize);

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own.
        unsafe { call(number::CLOSE, [self.0, 0, 0, 0, 0, 0]) };
    }
}

const AT_FDCWD: usize = -100_isize as usize;
const READ_WRITE: usize = 2;
const CLOSE_ON_EXEC: usize = 0o2000000;
const CREATE_NEW: usize = 0o100 | 0o200;

impl File {
    /// Opens an existing file to read. The path ends with a zero byte.
    pub(crate) fn open(path: &[u8]) -> Result<Self, isize> {
        Self::open_as(path, CLOSE_ON_EXEC)
    }

    /// Opens an existing file to write. The path ends with a zero byte.
    pub(crate) fn open_to_write(path: &[u8]) -> Result<Self, isize> {
        Self::open_as(path, READ_WRITE | CLOSE_ON_EXEC)
    }

    /// Creates a file that does not exist yet, for its owner alone. The path ends with a zero byte.
    pub(crate) fn create(path: &[u8]) -> Result<Self, isize> {
        Self::open_as(path, READ_WRITE | CREATE_NEW | CLOSE_ON_EXEC)
    }

    fn open_as(path: &[u8], flags: usize) -> Result<Self, isize> {
        if path.last() != Some(&0) {
            return Err(-1);
        }
        let path = path.as_ptr() as usize;
        // SAFETY: the path is a string that ends with zero.
        match unsafe { call(number::OPENAT, [AT_FDCWD, path, flags, 0o600, 0, 0]) } {
            error if error < 0 => Err(error),
            descriptor => Ok(Self(descriptor as usize)),
        }
    }

    /// Reads some bytes; 0 at the end and on any error.
    pub(crate) fn read(&self, bytes: &mut [u8]) -> usize {
        loop {
            let arguments = [self.0, bytes.as_mut_ptr() as usize, bytes.len(), 0, 0, 0];
            // SAFETY: the kernel writes at most as many bytes as there are.
            match unsafe { call(number::READ, arguments) } {
                INTERRUPTED => {}
                read => return read.max(0) as usize,
            }
        }
    }

    /// Reads bytes from a place, and returns how many there were; 0 on any error.
    pub(crate) fn read_at(&self, bytes: &mut [u8], at: u64) -> usize {
        let (place, length) = (bytes.as_mut_ptr() as usize, bytes.len());
        loop {
            // SAFETY: the kernel writes at most as many bytes as there are.
            match unsafe { call(number::PREAD, [self.0, place, length, at as usize, 0, 0]) } {
                INTERRUPTED => {}
                read => return read.max(0) as usize,
            }
        }
    }

    /// Finds the pages from `begin` to before `end` that are resident, and those that are swapped out if `swapped`, in the page
    /// map that this file is. Returns how many regions (their first address, the address behind them, and flags) were found, and where to go on.
    pub(crate) fn scan_pages(
        &self,
        begin: u64,
        end: u64,
        swapped: bool,
        regions: &mut [[u64; 3]],
    ) -> Option<(usize, u64)> {
        /// `PAGEMAP_SCAN`, and the numbers of its structure.
        const SCAN: usize = 0xc060_6610;
        const BYTES: u64 = 96;
        const PRESENT: u64 = 1 << 3;
        const SWAPPED: u64 = 1 << 4;
        const ZEROS: u64 = 1 << 5;
        let (place, length) = (regions.as_mut_ptr() as u64, regions.len() as u64);
        // In this order: size, flags, begin, end, end of the walk, regions and their number, most pages, what is inverted, what
        // must hold, of what one must hold, what is told apart.
        let mut scan = [
            BYTES,
            0,
            begin,
            end,
            0,
            place,
            length,
            0,
            ZEROS,
            ZEROS,
            if swapped { PRESENT | SWAPPED } else { PRESENT },
            ZEROS,
        ];
        let arguments = [self.0, SCAN, scan.as_mut_ptr() as usize, 0, 0, 0];
        // SAFETY: the kernel writes the structure and at most as many regions as there are.
        let found = unsafe { call(number::IOCTL, arguments) };
        Some((usize::try_from(found).ok()?, scan[4]))
    }

    /// Reserves room on the disk for bytes that read as zero, or returns the kernel's error.
    pub(crate) fn reserve(&self, at: u64, length: usize) -> Result<(), isize> {
        loop {
            // SAFETY: it changes the file alone.
            match unsafe { call(number::FALLOCATE, [self.0, 0, at as usize, length, 0, 0]) } {
                INTERRUPTED => {}
                0 => return Ok(()),
                NOT_SUPPORTED => return self.reserve_by_writing(at, length),
                error => return Err(error),
            }
        }
    }

    /// Writes zeros, where the file system cannot reserve room otherwise.
    fn reserve_by_writing(&self, at: u64, length: usize) -> Result<(), isize> {
        static ZEROS: [u8; 4096] = [0; 4096];
        let mut done = 0;
        while done < length {
            let part = (length - done).min(ZEROS.len());
            let arguments = [
                self.0,
                ZEROS.as_ptr() as usize,
                part,
                at as usize + done,
                0,
                0,
            ];
            // SAFETY: the kernel reads no more bytes than there are.
            match unsafe { call(number::PWRITE, arguments) } {
                INTERRUPTED => {}
                0 => return Err(NO_SPACE),
                error if error < 0 => return Err(error),
                written => done += written as usize,
            }
        }
        Ok(())
    }

    /// Writes some bytes at a place. Whether that succeeds is not said.
    pub(crate) fn write_at(&self, bytes: &[u8], at: u64) {
        let arguments = [
            self.0,
            bytes.as_ptr() as usize,
            bytes.len(),
            at as usize,
            0,
            0,
        ];
        // SAFETY: the kernel reads no more bytes than there are.
        unsafe { call(number::PWRITE, arguments) };
    }

    /// Maps a part of the file, shared, at this address and no other.
    pub(crate) fn map(&self, address: usize, at: u64, length: usize) -> Result<*mut u8, isize> {
        const SHARED: usize = 1;
        map_at(address, length, SHARED, self.0, at)
    }

    /// Has the kernel write a part of the file to the disk, and forget what it wrote before, so that the file takes little of the
    /// memory that the process's limits count.
    pub(crate) fn write_back(&self, from: u64, to: u64) {
        const START: usize = 2;
        const NOT_NEEDED: usize = 4;
        let (from, length) = (from as usize, (to - from) as usize);
        let sync = [self.0, from, length, START, 0, 0];
        let forget = [self.0, 0, from, NOT_NEEDED, 0, 0];
        // SAFETY: neither call changes what the file holds.
        unsafe {
            call(number::SYNC_FILE_RANGE, sync);
            // A length of 0 would be all of the file.
            if from > 0 {
                call(number::FADVISE, forget);
            }
        }
    }
}

/// Gives a file another name, which no file has. Both paths end with a zero byte.
pub(crate) fn rename_to_new(from: &[u8], to: &[u8]) -> Result<(), isize> {
    const NOT_OVER_ANOTHER: usize = 1;
    if from.last() != Some(&0) || to.last() != Some(&0) {
        return Err(-1);
    }
    let paths = [
        AT_FDCWD,
        from.as_ptr() as usize,
        AT_FDCWD,
        to.as_ptr() as usize,
    ];
    let rename = |number, flags| {
        let [a, from, b, to] = paths;
        // SAFETY: both paths are strings that end with zero.
        unsafe { call(number, [a, from, b, to, flags, 0]) }
    };
    let mut answer = rename(number::RENAMEAT2, NOT_OVER_ANOTHER);
    // Kernels before 3.15 have no such call, and not every file system knows the flag.
    if matches!(answer, NO_SUCH_CALL | NOT_VALID | NOT_SUPPORTED) {
        answer = rename(number::RENAMEAT, 0);
    }
    if answer == 0 { Ok(()) } else { Err(answer) }
}

/// Removes a file, if it is there. The path ends with a zero byte.
pub(crate) fn remove(path: &[u8]) {
    if path.last() == Some(&0) {
        // SAFETY: the path is a string that ends with zero.
        unsafe {
            call(
                number::UNLINKAT,
                [AT_FDCWD, path.as_ptr() as usize, 0, 0, 0, 0],
            )
        };
    }
}

/// Returns the largest size that the process may give a file, in bytes. Beyond it the kernel sends a signal.
pub(crate) fn largest_file() -> u64 {
    const FILE_SIZE: usize = 1;
    let mut limits = [u64::MAX; 2];
    let place = limits.as_mut_ptr() as usize;
    // SAFETY: the kernel writes two numbers.
    unsafe { call(number::PRLIMIT, [0, FILE_SIZE, 0, place, 0, 0]) };
    limits[0]
}

/// Writes the working directory, and returns its length without the zero at its end.
pub(crate) fn working_directory(path: &mut [u8]) -> Option<usize> {
    let arguments = [path.as_mut_ptr() as usize, path.len(), 0, 0, 0, 0];
    // SAFETY: the kernel writes at most as many bytes as there are.
    let length = unsafe { call(number::GETCWD, arguments) };
    usize::try_from(length - 1).ok()
}

/// Creates a directory if it does not exist. The path ends with a zero byte.
pub(crate) fn create_directory(path: &[u8]) {
    if path.last() == Some(&0) {
        let path = path.as_ptr() as usize;
        // SAFETY: the path is a string that ends with zero.
        unsafe { call(number::MKDIRAT, [AT_FDCWD, path, 0o777, 0, 0, 0]) };
    }
}
