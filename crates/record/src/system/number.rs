//! The system calls that are used, by their numbers.

#[cfg(target_arch = "x86_64")]
pub(super) use x86_64::*;

#[cfg(target_arch = "aarch64")]
pub(super) use aarch64::*;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    pub(in crate::system) const READ: usize = 0;
    pub(in crate::system) const CLOSE: usize = 3;
    pub(in crate::system) const MMAP: usize = 9;
    pub(in crate::system) const MPROTECT: usize = 10;
    pub(in crate::system) const MUNMAP: usize = 11;
    pub(in crate::system) const BRK: usize = 12;
    pub(in crate::system) const IOCTL: usize = 16;
    pub(in crate::system) const PREAD: usize = 17;
    pub(in crate::system) const PWRITE: usize = 18;
    pub(in crate::system) const SCHED_YIELD: usize = 24;
    pub(in crate::system) const MINCORE: usize = 27;
    pub(in crate::system) const MADVISE: usize = 28;
    pub(in crate::system) const NANOSLEEP: usize = 35;
    pub(in crate::system) const GETPID: usize = 39;
    pub(in crate::system) const UNAME: usize = 63;
    pub(in crate::system) const EXIT_GROUP: usize = 231;
    pub(in crate::system) const GETCWD: usize = 79;
    pub(in crate::system) const GETPPID: usize = 110;
    pub(in crate::system) const GETTID: usize = 186;
    pub(in crate::system) const FUTEX: usize = 202;
    pub(in crate::system) const SCHED_GETAFFINITY: usize = 204;
    pub(in crate::system) const FADVISE: usize = 221;
    pub(in crate::system) const CLOCK_GETTIME: usize = 228;
    pub(in crate::system) const TGKILL: usize = 234;
    pub(in crate::system) const OPENAT: usize = 257;
    pub(in crate::system) const MKDIRAT: usize = 258;
    pub(in crate::system) const UNLINKAT: usize = 263;
    pub(in crate::system) const RENAMEAT: usize = 264;
    pub(in crate::system) const SYNC_FILE_RANGE: usize = 277;
    pub(in crate::system) const FALLOCATE: usize = 285;
    pub(in crate::system) const PRLIMIT: usize = 302;
    pub(in crate::system) const RENAMEAT2: usize = 316;
}

#[cfg(target_arch = "aarch64")]
mod aarch64 {
    pub(in crate::system) const GETCWD: usize = 17;
    pub(in crate::system) const IOCTL: usize = 29;
    pub(in crate::system) const MKDIRAT: usize = 34;
    pub(in crate::system) const UNLINKAT: usize = 35;
    pub(in crate::system) const RENAMEAT: usize = 38;
    pub(in crate::system) const FALLOCATE: usize = 47;
    pub(in crate::system) const OPENAT: usize = 56;
    pub(in crate::system) const CLOSE: usize = 57;
    pub(in crate::system) const READ: usize = 63;
    pub(in crate::system) const PREAD: usize = 67;
    pub(in crate::system) const PWRITE: usize = 68;
    pub(in crate::system) const SYNC_FILE_RANGE: usize = 84;
    pub(in crate::system) const FUTEX: usize = 98;
    pub(in crate::system) const NANOSLEEP: usize = 101;
    pub(in crate::system) const CLOCK_GETTIME: usize = 113;
    pub(in crate::system) const SCHED_GETAFFINITY: usize = 123;
    pub(in crate::system) const SCHED_YIELD: usize = 124;
    pub(in crate::system) const TGKILL: usize = 131;
    pub(in crate::system) const UNAME: usize = 160;
    pub(in crate::system) const EXIT_GROUP: usize = 94;
    pub(in crate::system) const GETPID: usize = 172;
    pub(in crate::system) const GETPPID: usize = 173;
    pub(in crate::system) const GETTID: usize = 178;
    pub(in crate::system) const BRK: usize = 214;
    pub(in crate::system) const MUNMAP: usize = 215;
    pub(in crate::system) const MMAP: usize = 222;
    pub(in crate::system) const FADVISE: usize = 223;
    pub(in crate::system) const MPROTECT: usize = 226;
    pub(in crate::system) const MINCORE: usize = 232;
    pub(in crate::system) const MADVISE: usize = 233;
    pub(in crate::system) const PRLIMIT: usize = 261;
    pub(in crate::system) const RENAMEAT2: usize = 276;
}
