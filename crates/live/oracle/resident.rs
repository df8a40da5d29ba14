//! How much of the allocator's memory is resident: the private anonymous pages of the process, the heap included, less
//! what there was before the first operation. Read from `/proc/self/smaps` without allocating.

use crate::die::die;
use crate::system;
use crate::table::{PAGE, Table};

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
