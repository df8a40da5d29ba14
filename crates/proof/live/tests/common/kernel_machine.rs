//! This machine's kernel: a process that performs the steps of a program and measures itself after each.

use super::program::Step;
use highwater_kernel::{Address, Config, HugeMode, HugePages, Kernel};
use std::ffi::CStr;
use std::fs::read_to_string;

pub(crate) const PAGE: u64 = 4096;
pub(crate) const HUGE: u64 = 2 << 20;
/// Programs map memory below this address. Nothing else lies in its 512 GiB, so that all page tables there are theirs.
const WINDOW_END: u64 = 0x6000_0000_0000;
const WINDOW: u64 = 8 << 30;
const SWITCH: &str = "/sys/kernel/mm/transparent_hugepage/enabled";
const COLLAPSED: &str = "/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed";
const MADV_COLLAPSE: i32 = 25;

/// What a process has, in KiB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) rss: u64,
    pub(crate) huge: u64,
    pub(crate) lazy: u64,
    /// Page tables beyond those at the beginning.
    pub(crate) tables: i64,
}

impl Measured {
    /// Whether two agree: all is the same, page tables to within a page.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let tables = self.tables;
        Self { tables, ..*other } == *self && self.tables.abs_diff(other.tables) <= PAGE / 1024
    }

    pub(crate) fn of_model(kernel: &Kernel, before: &Self) -> Self {
        Self {
            rss: kernel.rss().0 / 1024 - before.rss,
            huge: kernel.huge().0 / 1024,
            lazy: kernel.lazy().0 / 1024,
            tables: kernel.page_tables().0 as i64 / 1024 - before.tables,
        }
    }
}

/// The machine's mode of huge pages.
fn mode() -> Option<HugeMode> {
    let text = read_to_string(SWITCH).ok()?;
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']')?.0.parse().ok()
}

/// Whether a process of this machine can have huge pages when it asks for them.
pub(crate) fn offers_huge_pages() -> Result<(), String> {
    match mode() {
        None => Err(format!("{SWITCH} cannot be read")),
        Some(HugeMode::Never) => Err("this machine has none".to_owned()),
        Some(_) => Ok(()),
    }
}

fn release() -> (u64, u64) {
    let text = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = text.split(['.', '-']).map_while(|part| part.parse().ok());
    (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    )
}

/// The process.
pub(crate) struct Machine {
    config: Config,
    text: Vec<u8>,
    /// A range of the size of a huge page that nothing ever writes to.
    idle: u64,
}

fn map(at: u64, length: u64, access: i32, flags: i32) -> u64 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | flags;
    // SAFETY: the ranges asked for are free, or none is asked for.
    let start = unsafe { libc::mmap(at as *mut _, length as usize, access, flags, -1, 0) } as u64;
    assert!(
        start < 1 << 47 && (at == 0 || start == at),
        "mmap at {at:#x}"
    );
    start
}

fn unmap(at: u64, length: u64) {
    // SAFETY: nothing else lies there.
    assert_eq!(unsafe { libc::munmap(at as *mut _, length as usize) }, 0);
}

fn set_break(to: u64) {
    // SAFETY: the break is moved within what this process alone added.
    let moved = unsafe { libc::syscall(libc::SYS_brk, to) };
    assert_eq!(moved as u64, to, "brk");
}

impl Machine {
    /// None where the kernel refuses to switch huge pages off.
    pub(crate) fn new(is_disabled: bool) -> Option<Self> {
        let refused = is_disabled && !switch_off(true);
        if refused {
            return None;
        }
        // The break goes on in a range that nothing else lies in.
        // SAFETY: it only asks.
        let brk = unsafe { libc::sbrk(0) } as u64;
        let brk = brk.next_multiple_of(HUGE);
        set_break(brk);
        // SAFETY: the page before the break is this process's.
        unsafe { ((brk - 1) as *mut u8).write_volatile(1) };
        let idle = map(0, 3 * HUGE, libc::PROT_READ | libc::PROT_WRITE, 0);
        // SAFETY: it was just mapped. An area without any page is refused before.
        unsafe { (idle as *mut u8).write_volatile(1) };
        let idle = (idle + PAGE).next_multiple_of(HUGE);
        let huge_pages = HugePages {
            mode: mode()?,
            is_disabled,
            frees_tables: release() >= (6, 14),
            ..HugePages::default()
        };
        let config = Config {
            brk: Address(brk - PAGE),
            mmap_top: Address(WINDOW_END),
            huge_mappings_aligned: true,
            huge_pages,
            ..Config::default()
        };
        Some(Self {
            config,
            text: vec![0; 1 << 20],
            idle,
        })
    }

    pub(crate) fn config(&self) -> Config {
        self.config
    }

    /// Performs the steps, and returns what was measured after each, and whether anything else changed that.
    pub(crate) fn run(&mut self, steps: &[Step]) -> (Vec<Measured>, bool) {
        let brk = self.config.brk.0 + PAGE;
        let disturbed = disturbances();
        let before = self.measure(brk);
        let mut measured = vec![Measured::default(); steps.len()];
        for (step, slot) in steps.iter().zip(&mut measured) {
            perform(step);
            let now = self.measure(brk);
            *slot = Measured {
                rss: now.rss - before.rss,
                tables: now.tables - before.tables,
                ..now
            };
        }
        let was_disturbed = disturbed != disturbances();
        set_break(brk);
        unmap(WINDOW_END - WINDOW, WINDOW);
        (measured, was_disturbed)
    }

    fn measure(&mut self, brk: u64) -> Measured {
        // It begins with what makes MADV_FREE show: lru_add_drain_all.
        let is_disabled = self.config.huge_pages.is_disabled;
        if is_disabled {
            switch_off(false);
        }
        advise(self.idle, HUGE, MADV_COLLAPSE);
        if is_disabled {
            switch_off(true);
        }
        let (window, end) = (WINDOW_END - WINDOW, WINDOW_END);
        let mut measured = Measured::default();
        let mut is_ours = false;
        for line in read(c"/proc/self/smaps", &mut self.text).split(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(line).unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            let (first, value) = (words.next().unwrap_or_default(), words.next());
            let kib = || {
                value
                    .and_then(|value| value.parse::<u64>().ok())
                    .unwrap_or(0)
            };
            match first {
                "Rss:" if is_ours => measured.rss += kib(),
                "AnonHugePages:" if is_ours => measured.huge += kib(),
                "LazyFree:" if is_ours => measured.lazy += kib(),
                _ => {
                    if let Some((start, stop)) = range(first) {
                        let heap = start < brk + (1 << 36) && stop >= brk && start < window;
                        is_ours = heap || (start >= window && stop <= end);
                    }
                }
            }
        }
        let text = read(c"/proc/self/status", &mut self.text);
        let status = String::from_utf8_lossy(text);
        let line = status.lines().find_map(|line| line.strip_prefix("VmPTE:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        measured.tables = kib.and_then(|kib| kib.parse().ok()).expect("VmPTE");
        measured
    }
}

/// Switches huge pages off for this process, or on again. Returns whether the kernel did.
fn switch_off(off: bool) -> bool {
    let off = u64::from(off);
    // SAFETY: it changes this process alone.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, off, 0, 0, 0) == 0 }
}

/// The range that a line of smaps begins with.
fn range(text: &str) -> Option<(u64, u64)> {
    let (start, end) = text.split_once('-')?;
    let hex = |text| u64::from_str_radix(text, 16).ok();
    Some((hex(start)?, hex(end)?))
}

/// Reads a file without allocating.
fn read<'t>(path: &CStr, text: &'t mut [u8]) -> &'t [u8] {
    let mut length = 0;
    // SAFETY: the buffer is as long as it says.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_RDONLY);
        assert!(file >= 0, "{path:?}");
        loop {
            let left = &mut text[length..];
            match libc::read(file, left.as_mut_ptr().cast(), left.len()) {
                count @ 1.. => length += count as usize,
                _ => break,
            }
        }
        libc::close(file);
    }
    assert!(length < text.len(), "{path:?} is too long");
    &text[..length]
}

/// What others did to huge pages: khugepaged's work, and requests for which there was none.
fn disturbances() -> Vec<String> {
    let collapsed = read_to_string(COLLAPSED).unwrap_or_default();
    let all = read_to_string("/proc/vmstat").unwrap_or_default();
    let failed = all.lines().filter(|line| {
        ["thp_fault_fallback ", "thp_collapse_alloc_failed "]
            .iter()
            .any(|name| line.starts_with(name))
    });
    failed.map(str::to_owned).chain([collapsed]).collect()
}

fn advise(at: u64, length: u64, advice: i32) -> i32 {
    // SAFETY: advice about ranges of this program alone.
    unsafe { libc::madvise(at as *mut _, length as usize, advice) }
}

fn perform(step: &Step) {
    let is_plain = libc::PROT_READ | libc::PROT_WRITE;
    match *step {
        Step::Map { at, length } => {
            map(at, length, is_plain, libc::MAP_FIXED_NOREPLACE);
        }
        Step::SetAside { at, length } => {
            let flags = libc::MAP_FIXED_NOREPLACE | libc::MAP_NORESERVE;
            map(at, length, libc::PROT_NONE, flags);
        }
        Step::Open { at, length } => {
            // SAFETY: it is this program's.
            let opened = unsafe { libc::mprotect(at as *mut _, length as usize, is_plain) };
            assert_eq!(opened, 0, "mprotect");
        }
        Step::Unmap { at, length } => unmap(at, length),
        Step::Move { at, old, new, to } => {
            let flags = libc::MREMAP_MAYMOVE | if to == at { 0 } else { libc::MREMAP_FIXED };
            // SAFETY: both ranges are this program's.
            let moved = unsafe {
                libc::mremap(
                    at as *mut _,
                    old as usize,
                    new as usize,
                    flags,
                    to as *mut u8,
                )
            };
            assert_eq!(moved as u64, to, "mremap");
        }
        Step::Break { to } => set_break(to),
        Step::Touch { at, pages } => {
            for page in 0..pages {
                // SAFETY: the page is this program's, and writable.
                unsafe { ((at + page * PAGE) as *mut u8).write_volatile(1) };
            }
        }
        Step::DontNeed { at, length } => assert_eq!(advise(at, length, libc::MADV_DONTNEED), 0),
        Step::Free { at, length } => assert_eq!(advise(at, length, libc::MADV_FREE), 0),
        Step::Huge { at, length } => assert_eq!(advise(at, length, libc::MADV_HUGEPAGE), 0),
        Step::NoHuge { at, length } => assert_eq!(advise(at, length, libc::MADV_NOHUGEPAGE), 0),
        Step::Collapse { at, length } => {
            // It fails where any range of it cannot be collapsed.
            advise(at, length, MADV_COLLAPSE);
        }
    }
}
