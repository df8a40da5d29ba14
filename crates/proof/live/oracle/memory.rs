//! The program's own memory, and the allocator's as the kernel counts it.
//!
//! Tables lie in shared mappings: they outlive a fork, and they are not counted among the allocator's private pages.
//! Plain data goes between them and standard input and output. A reserve serves what is allocated before any allocator
//! may be asked. [`Resident`] counts the allocator's pages.

use crate::system::{self, PRIVATE, READABLE, SHARED, WRITABLE, die};
use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::{ptr, slice};

pub(crate) const PAGE: usize = 4096;
/// Address space of one table; memory is used only for what is written.
const RESERVED_BYTES: usize = 1 << 30;

/// Any bytes are a valid value.
///
/// # Safety
/// That must be true.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: numbers, or structures of nothing but numbers, without gaps.
unsafe impl Plain for u8 {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Greeting {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Request {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Record {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Reply {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Answer {}

/// The bytes of some items.
pub(crate) fn bytes<T: Plain>(items: &[T]) -> &[u8] {
    // SAFETY: plain items are bytes without gaps.
    unsafe { slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) }
}

/// The bytes of some items, to be written.
pub(crate) fn bytes_mut<T: Plain>(items: &mut [T]) -> &mut [u8] {
    // SAFETY: any bytes are valid for plain items.
    unsafe { slice::from_raw_parts_mut(items.as_mut_ptr().cast(), size_of_val(items)) }
}

/// An array of plain data, shared with the children that are forked later. It never moves: the address space around it
/// looks the same to every child.
pub(crate) struct Table<T> {
    start: *mut T,
    holds: PhantomData<T>,
}

impl<T: Plain> Table<T> {
    /// A table of zeros.
    pub(crate) fn new() -> Self {
        Self {
            start: map(RESERVED_BYTES, READABLE | WRITABLE, SHARED).cast(),
            holds: PhantomData,
        }
    }

    /// The first `count` items, as they were left.
    pub(crate) fn first(&mut self, count: usize) -> &mut [T] {
        if count > RESERVED_BYTES / size_of::<T>() {
            die(b"more operations than its tables hold");
        }
        // SAFETY: the mapping holds that many items, `T` is valid for any bytes, and the borrow of `self` makes this
        // the only slice of it in this process; a child writes only while its parent waits.
        unsafe { slice::from_raw_parts_mut(self.start, count) }
    }
}

/// Fills what is free between the mappings above the lowest one, so that mappings to come lie one below the other, as a
/// model places them; where alignments beyond a page are asked for, the bytes before a block depend on it.
pub(crate) fn close_gaps() {
    let floor = map(RESERVED_BYTES, 0, PRIVATE);
    while map(PAGE, 0, PRIVATE) > floor {}
}

/// Mappings to come end here, the highest of them.
pub(crate) fn mappings_top() -> u64 {
    let lowest = map(PAGE, 0, PRIVATE);
    // SAFETY: nothing refers to the page that was mapped just now.
    unsafe { system::unmap(lowest, PAGE) };
    lowest as u64 + PAGE as u64
}

fn map(length: usize, protection: usize, sharing: usize) -> *mut u8 {
    let start = system::map(length, protection, sharing);
    if start.is_null() {
        die(b"no address space for its tables");
    }
    start
}

/// As much of a text as there is room for.
pub(crate) fn copy(text: &CStr, to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(text.to_bytes()) {
        *to = *from;
    }
}

/// Fills `items` from standard input; false where that has ended.
pub(crate) fn receive<T: Plain>(items: &mut [T]) -> bool {
    let mut bytes = bytes_mut(items);
    while !bytes.is_empty() {
        let got = system::read(0, bytes);
        if got <= 0 {
            return false;
        }
        bytes = &mut bytes[got as usize..];
    }
    true
}

pub(crate) fn send<T: Plain>(items: &[T]) {
    let mut bytes = bytes(items);
    while !bytes.is_empty() {
        let sent = system::write(1, bytes);
        if sent <= 0 {
            die(b"nobody reads the answers");
        }
        bytes = &bytes[sent as usize..];
    }
}

/// Writes a byte into each page of a block from `from` on, and into its last byte.
#[inline(always)]
pub(crate) fn write_pages(block: *mut u8, from: usize, size: usize) {
    if from >= size {
        return;
    }
    let start = block as usize;
    let mut at = start + from;
    while at < start + size {
        // SAFETY: inside the block, of which `size` bytes are ours to write.
        unsafe { (at as *mut u8).write_volatile(1) };
        at = (at / PAGE + 1) * PAGE;
    }
    // SAFETY: the last byte of the block.
    unsafe { block.add(size - 1).write_volatile(1) };
}

/// Before each block stands its size.
pub(crate) const HEADER: usize = 16;

/// Bytes that are handed out once; a block given back is not used again.
#[repr(align(64))]
pub(crate) struct Reserve<const BYTES: usize> {
    bytes: UnsafeCell<[u8; BYTES]>,
    used: AtomicUsize,
}

// SAFETY: each byte is handed out once, to one caller.
unsafe impl<const BYTES: usize> Sync for Reserve<BYTES> {}

impl<const BYTES: usize> Reserve<BYTES> {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new([0; BYTES]),
            used: AtomicUsize::new(0),
        }
    }

    /// Fresh bytes, all zero; null where there are no more.
    pub(crate) fn take(&self, size: usize, alignment: usize) -> *mut u8 {
        let alignment = alignment.max(HEADER);
        let room = size.checked_add(2 * alignment + HEADER);
        let Some(room) = room.filter(|room| *room <= BYTES) else {
            return ptr::null_mut();
        };
        let from = self.used.fetch_add(room, Ordering::Relaxed);
        if from.saturating_add(room) > BYTES {
            return ptr::null_mut();
        }
        let start = self.bytes.get() as usize + from + HEADER;
        let block = start.next_multiple_of(alignment) as *mut u8;
        // SAFETY: the header lies in the bytes just taken, before the block, and both are aligned to 16.
        unsafe { block.cast::<usize>().sub(2).write(size) };
        block
    }

    /// Whether a block was taken from here; null was not.
    pub(crate) fn holds(&self, block: *mut u8) -> bool {
        (block as usize).wrapping_sub(self.bytes.get() as usize) < BYTES
    }

    /// Copies what a block taken from here holds into one of `size` bytes, as far as both reach.
    pub(crate) fn copy(&self, old: *mut u8, new: *mut u8, size: usize) {
        if !self.holds(old) || new.is_null() {
            return;
        }
        // SAFETY: `old` is a block from here, with its size before it, and `new` has `size` bytes.
        unsafe {
            let kept = old.cast::<usize>().sub(2).read().min(size);
            ptr::copy_nonoverlapping(old, new, kept);
        }
    }
}

/// Enough for the 65,530 mappings a process may have.
const TEXT_BYTES: usize = 64 << 20;

/// Counts resident bytes.
pub(crate) struct Resident {
    text: Table<u8>,
    base_kib: u64,
}

impl Resident {
    pub(crate) fn new() -> Self {
        Self {
            text: Table::new(),
            base_kib: 0,
        }
    }

    /// Makes every private anonymous page resident that the process has now: what a library first uses while operations
    /// run, in data of its own, is then not taken for the allocator's. A child inherits those pages.
    pub(crate) fn bring_in(&mut self) {
        let text = self.text.first(TEXT_BYTES);
        let length = read_smaps(text);
        for line in text[..length].split(|byte| *byte == b'\n') {
            if is_mapping(line) && is_private_anonymous(line) && is_writable(line) {
                let (start, end) = range(line);
                for page in (start..end).step_by(PAGE) {
                    let page = page as *mut u8;
                    // SAFETY: mapped to be read and written, and there is no other thread.
                    unsafe { page.write_volatile(page.read_volatile()) };
                }
            }
        }
    }

    /// What is resident now belongs to the program.
    pub(crate) fn set_base(&mut self) {
        self.base_kib = self.anonymous_kib();
    }

    /// Bytes that became resident since.
    pub(crate) fn bytes(&mut self) -> u64 {
        self.anonymous_kib()
            .wrapping_sub(self.base_kib)
            .wrapping_mul(1024)
    }

    fn anonymous_kib(&mut self) -> u64 {
        let text = self.text.first(TEXT_BYTES);
        let length = read_smaps(text);
        let mut kib = 0;
        let mut counted = false;
        for line in text[..length].split(|byte| *byte == b'\n') {
            if is_mapping(line) {
                counted = is_private_anonymous(line);
            } else if counted && let Some(figure) = line.strip_prefix(b"Rss:") {
                kib += number(figure);
            }
        }
        kib
    }
}

/// The first line of a mapping starts with its address, the others with the name of a figure.
fn is_mapping(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'0'..=b'9' | b'a'..=b'f'))
}

/// `START-END PERMISSIONS OFFSET DEVICE INODE [NAME]`
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
}

fn is_private_anonymous(line: &[u8]) -> bool {
    let private = words(line)
        .nth(1)
        .is_some_and(|word| word.get(3) == Some(&b'p'));
    let anonymous = match words(line).nth(5) {
        None => true,
        Some(name) => name.starts_with(b"[heap]") || name.starts_with(b"[anon"),
    };
    private && anonymous
}

fn is_writable(line: &[u8]) -> bool {
    words(line)
        .nth(1)
        .is_some_and(|word| word.starts_with(b"rw"))
}

fn range(line: &[u8]) -> (usize, usize) {
    let mut ends = line
        .split(|byte| matches!(byte, b'-' | b' '))
        .map(|digits| {
            digits
                .iter()
                .fold(0, |sum, digit| sum << 4 | hexadecimal(*digit))
        });
    (ends.next().unwrap_or(0), ends.next().unwrap_or(0))
}

fn hexadecimal(digit: u8) -> usize {
    usize::from(match digit {
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'0'),
    })
}

fn number(text: &[u8]) -> u64 {
    text.iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

fn read_smaps(text: &mut [u8]) -> usize {
    let file = system::open(c"/proc/self/smaps");
    if file < 0 {
        die(b"cannot open /proc/self/smaps");
    }
    let mut length = 0;
    loop {
        let got = system::read(file, &mut text[length..]);
        if got < 0 {
            die(b"cannot read /proc/self/smaps");
        }
        if got == 0 {
            break;
        }
        length += got as usize;
    }
    system::close(file);
    length
}
