//! System calls, made directly: the C library's functions set `errno`, and some of them are what this library replaces.

use core::arch::asm;

/// The system calls that are used, by their numbers.
#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const READ: usize = 0;
    pub(super) const CLOSE: usize = 3;
    pub(super) const MMAP: usize = 9;
    pub(super) const MUNMAP: usize = 11;
    pub(super) const BRK: usize = 12;
    pub(super) const IOCTL: usize = 16;
    pub(super) const PREAD: usize = 17;
    pub(super) const PWRITE: usize = 18;
    pub(super) const SCHED_YIELD: usize = 24;
    pub(super) const MINCORE: usize = 27;
    pub(super) const MADVISE: usize = 28;
    pub(super) const NANOSLEEP: usize = 35;
    pub(super) const GETPID: usize = 39;
    pub(super) const UNAME: usize = 63;
    pub(super) const EXIT_GROUP: usize = 231;
    pub(super) const GETCWD: usize = 79;
    pub(super) const GETPPID: usize = 110;
    pub(super) const GETTID: usize = 186;
    pub(super) const FUTEX: usize = 202;
    pub(super) const SCHED_GETAFFINITY: usize = 204;
    pub(super) const FADVISE: usize = 221;
    pub(super) const CLOCK_GETTIME: usize = 228;
    pub(super) const TGKILL: usize = 234;
    pub(super) const OPENAT: usize = 257;
    pub(super) const MKDIRAT: usize = 258;
    pub(super) const UNLINKAT: usize = 263;
    pub(super) const RENAMEAT: usize = 264;
    pub(super) const SYNC_FILE_RANGE: usize = 277;
    pub(super) const FALLOCATE: usize = 285;
    pub(super) const PRLIMIT: usize = 302;
}
#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const GETCWD: usize = 17;
    pub(super) const IOCTL: usize = 29;
    pub(super) const MKDIRAT: usize = 34;
    pub(super) const UNLINKAT: usize = 35;
    pub(super) const RENAMEAT: usize = 38;
    pub(super) const FALLOCATE: usize = 47;
    pub(super) const OPENAT: usize = 56;
    pub(super) const CLOSE: usize = 57;
    pub(super) const READ: usize = 63;
    pub(super) const PREAD: usize = 67;
    pub(super) const PWRITE: usize = 68;
    pub(super) const SYNC_FILE_RANGE: usize = 84;
    pub(super) const FUTEX: usize = 98;
    pub(super) const NANOSLEEP: usize = 101;
    pub(super) const CLOCK_GETTIME: usize = 113;
    pub(super) const SCHED_GETAFFINITY: usize = 123;
    pub(super) const SCHED_YIELD: usize = 124;
    pub(super) const TGKILL: usize = 131;
    pub(super) const UNAME: usize = 160;
    pub(super) const EXIT_GROUP: usize = 94;
    pub(super) const GETPID: usize = 172;
    pub(super) const GETPPID: usize = 173;
    pub(super) const GETTID: usize = 178;
    pub(super) const BRK: usize = 214;
    pub(super) const MUNMAP: usize = 215;
    pub(super) const MMAP: usize = 222;
    pub(super) const FADVISE: usize = 223;
    pub(super) const MINCORE: usize = 232;
    pub(super) const MADVISE: usize = 233;
    pub(super) const PRLIMIT: usize = 261;
}

/// `EEXIST`, `ESRCH`, `ENOSPC`, `EDQUOT` and `EOPNOTSUPP`, as system calls return them.
pub(crate) const EXISTS: isize = -17;
pub(crate) const NO_SUCH_PROCESS: isize = -3;
pub(crate) const NO_SPACE: isize = -28;
pub(crate) const QUOTA: isize = -122;
pub(crate) const NOT_SUPPORTED: isize = -95;
pub(crate) const INTERRUPTED: isize = -4;

/// Makes a system call.
///
/// # Safety
/// The call must be allowed to do what it does with these arguments.
#[inline(always)]
unsafe fn call(number: usize, arguments: [usize; 6]) -> isize {
    let result;
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the kernel's convention; it changes no other register, and the caller answers for the rest.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result, in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    // SAFETY: the kernel's convention; it changes no other register, and the caller answers for the rest.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a as isize => result, in("x1") b, in("x2") c, in("x3") d,
            in("x4") e, in("x5") f, options(nostack));
    }
    result
}

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

/// Maps memory at this address and no other.
fn map_at(
    address: usize,
    length: usize,
    kind: usize,
    file: usize,
    at: u64,
) -> Result<*mut u8, isize> {
    const READ_AND_WRITE: usize = 3;
    const FIXED_NO_REPLACE: usize = 0x10_0000;
    let flags = kind | FIXED_NO_REPLACE;
    let arguments = [address, length, READ_AND_WRITE, flags, file, at as usize];
    // SAFETY: it replaces no mapping.
    match unsafe { call(number::MMAP, arguments) } {
        error if (-4095..0).contains(&error) => Err(error),
        // A kernel before 4.17 takes the address as a hint.
        mapped if mapped as usize != address => {
            unmap(mapped as usize, length);
            Err(EXISTS)
        }
        mapped => Ok(mapped as usize as *mut u8),
    }
}

/// Maps a page of zeros at this address, which a forked child finds to be zero again. `None` if it cannot be had; the kernel
/// must be 4.14 or newer.
pub(crate) fn map_wiped_on_fork(address: usize, length: usize) -> Option<*mut u8> {
    const PRIVATE_ANONYMOUS: usize = 0x22;
    const WIPE_ON_FORK: usize = 18;
    let page = map_at(address, length, PRIVATE_ANONYMOUS, usize::MAX, 0).ok()?;
    // SAFETY: the page is this library's own.
    match unsafe { call(number::MADVISE, [address, length, WIPE_ON_FORK, 0, 0, 0]) } {
        0 => Some(page),
        _ => {
            unmap(address, length);
            None
        }
    }
}

/// Maps memory of zeros at this address and no other, which a forked child has a copy of, and has its pages ready at once.
pub(crate) fn map_anonymous(address: usize, length: usize) -> Option<*mut u8> {
    const PRIVATE_ANONYMOUS: usize = 0x22;
    let mapped = map_at(address, length, PRIVATE_ANONYMOUS, usize::MAX, 0).ok()?;
    populate(address, length);
    Some(mapped)
}

/// Gives a file another name. Both paths end with a zero byte.
pub(crate) fn rename(from: &[u8], to: &[u8]) -> bool {
    if from.last() != Some(&0) || to.last() != Some(&0) {
        return false;
    }
    let (from, to) = (from.as_ptr() as usize, to.as_ptr() as usize);
    // SAFETY: both paths are strings that end with zero.
    unsafe { call(number::RENAMEAT, [AT_FDCWD, from, AT_FDCWD, to, 0, 0]) == 0 }
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

/// Keeps a mapping of this library out of forked children.
pub(crate) fn keep_from_children(address: usize, length: usize) {
    const DONT_FORK: usize = 10;
    // SAFETY: the mapping is this library's own.
    unsafe { call(number::MADVISE, [address, length, DONT_FORK, 0, 0, 0]) };
}

/// Has the kernel make the pages of a mapping of this library ready to be written, all at once instead of one by one. A kernel
/// before 5.14 does nothing.
pub(crate) fn populate(address: usize, length: usize) {
    const POPULATE_WRITE: usize = 23;
    let arguments = [address, length, POPULATE_WRITE, 0, 0, 0];
    // SAFETY: the mapping is this library's own, and what it holds does not change.
    unsafe { call(number::MADVISE, arguments) };
}

/// Removes a mapping of this library.
pub(crate) fn unmap(address: usize, length: usize) {
    // SAFETY: the mapping is this library's own, and nothing points to it any more.
    unsafe { call(number::MUNMAP, [address, length, 0, 0, 0, 0]) };
}

/// Finds which pages from this address on are in memory: a byte for each. `false` if the kernel does not say.
pub(crate) fn pages_in_core(address: u64, length: u64, flags: &mut [u8]) -> bool {
    let place = flags.as_mut_ptr() as usize;
    let arguments = [address as usize, length as usize, place, 0, 0, 0];
    // SAFETY: the kernel writes a byte a page, and there are as many.
    unsafe { call(number::MINCORE, arguments) == 0 }
}

/// Whether all pages of some bytes are mapped. `false` also where the kernel does not say, and for more than 64 KiB.
pub(crate) fn is_mapped(address: usize, length: usize) -> bool {
    /// The pages that kernels have; a call that begins within one is refused.
    const PAGES: [usize; 3] = [4 << 10, 16 << 10, 64 << 10];
    let mut flags = [0; 33];
    let Some(end) = address.checked_add(length) else {
        return false;
    };
    length <= 64 << 10
        && PAGES.iter().any(|page| {
            let begin = address & !(page - 1);
            begin > 0 && pages_in_core(begin as u64, (end - begin) as u64, &mut flags)
        })
}

/// Returns the program break.
pub(crate) fn program_break() -> usize {
    // SAFETY: a break of 0 is refused, and the present one returned.
    unsafe { call(number::BRK, [0; 6]) as usize }
}

/// Returns the number of the process.
pub(crate) fn process() -> u32 {
    // SAFETY: it reads only.
    unsafe { call(number::GETPID, [0; 6]) as u32 }
}

/// Returns the number of the parent process.
pub(crate) fn parent() -> u32 {
    // SAFETY: it reads only.
    unsafe { call(number::GETPPID, [0; 6]) as u32 }
}

/// Returns the kernel's number of the calling thread.
pub(crate) fn thread() -> u32 {
    // SAFETY: it reads only.
    unsafe { call(number::GETTID, [0; 6]) as u32 }
}

/// Returns whether a thread of a process has not ended.
pub(crate) fn is_alive(process: u32, thread: u32) -> bool {
    // SAFETY: signal 0 is no signal; the kernel only looks the thread up.
    let result = unsafe {
        call(
            number::TGKILL,
            [process as usize, thread as usize, 0, 0, 0, 0],
        )
    };
    result != NO_SUCH_PROCESS
}

/// Returns the number of processors that the calling thread may run on; 0 if there are more than fit what it asks with.
pub(crate) fn allowed_processors() -> u64 {
    let mut mask = [0_u64; 128];
    // SAFETY: it writes at most the given length.
    let length = unsafe {
        call(
            number::SCHED_GETAFFINITY,
            [0, size_of_val(&mask), mask.as_mut_ptr() as usize, 0, 0, 0],
        )
    };
    match length > 0 {
        true => mask.iter().map(|word| u64::from(word.count_ones())).sum(),
        false => 0,
    }
}

/// Lets other threads run.
pub(crate) fn give_way() {
    // SAFETY: it changes no memory.
    unsafe { call(number::SCHED_YIELD, [0; 6]) };
}

/// Waits for some microseconds.
pub(crate) fn wait(microseconds: i64) {
    let time = [0_i64, microseconds * 1000];
    // SAFETY: the kernel reads the time.
    unsafe { call(number::NANOSLEEP, [time.as_ptr() as usize, 0, 0, 0, 0, 0]) };
}

/// Waits until the word is woken, unless it has another value already.
pub(crate) fn futex_wait(word: *const u32, value: u32) {
    const WAIT_PRIVATE: usize = 128;
    // SAFETY: the word is in a static of this library.
    unsafe {
        call(
            number::FUTEX,
            [word as usize, WAIT_PRIVATE, value as usize, 0, 0, 0],
        )
    };
}

/// Wakes one thread that waits for the word.
pub(crate) fn futex_wake(word: *const u32) {
    const WAKE_PRIVATE: usize = 129;
    // SAFETY: the word is in a static of this library.
    unsafe { call(number::FUTEX, [word as usize, WAKE_PRIVATE, 1, 0, 0, 0]) };
}

/// Returns nanoseconds of a clock: 0 real time, 1 monotonic.
pub(crate) fn clock(which: usize) -> u64 {
    let mut time = [0_u64; 2];
    // SAFETY: the kernel writes two numbers.
    unsafe {
        call(
            number::CLOCK_GETTIME,
            [which, time.as_mut_ptr() as usize, 0, 0, 0, 0],
        )
    };
    time[0] * 1_000_000_000 + time[1]
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

/// Returns the kernel's release, as text that ends with zero.
pub(crate) fn kernel_release() -> [u8; 65] {
    let mut names = [[0_u8; 65]; 6];
    // SAFETY: the kernel writes six names of 65 bytes.
    unsafe { call(number::UNAME, [names.as_mut_ptr() as usize, 0, 0, 0, 0, 0]) };
    names[2]
}

/// Ends the process.
pub(crate) fn exit(status: i32) -> ! {
    loop {
        // SAFETY: the process ends.
        unsafe { call(number::EXIT_GROUP, [status as usize, 0, 0, 0, 0, 0]) };
    }
}

/// Ends the process by an illegal instruction.
#[cfg(preload)]
pub(crate) fn trap() -> ! {
    // SAFETY: the process ends.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("ud2", options(noreturn, nostack));
        #[cfg(target_arch = "aarch64")]
        asm!("udf #0", options(noreturn, nostack));
    }
}
