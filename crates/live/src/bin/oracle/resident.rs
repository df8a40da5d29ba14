//! How much of the allocator's memory is resident: the private anonymous pages of the process, the heap included, less
//! what there was before the first operation. Read from `/proc/self/smaps` without allocating.

use crate::die::die;
use crate::table::Table;

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

    /// What is resident now belongs to the program. Counted twice, as the first time may touch pages itself.
    pub(crate) fn set_base(&mut self) {
        self.anonymous_kib();
        self.base_kib = self.anonymous_kib();
    }

    /// Bytes that became resident since.
    pub(crate) fn bytes(&mut self) -> u64 {
        (self.anonymous_kib() - self.base_kib) * 1024
    }

    fn anonymous_kib(&mut self) -> u64 {
        let text = self.text.first(TEXT_BYTES);
        let length = read_smaps(text);
        let mut kib = 0;
        let mut counted = false;
        for line in text[..length].split(|byte| *byte == b'\n') {
            match line.first() {
                // The first line of a mapping starts with its address, the others with the name of a figure.
                Some(b'0'..=b'9' | b'a'..=b'f') => counted = is_private_anonymous(line),
                Some(b'R') if counted => {
                    if let Some(figure) = line.strip_prefix(b"Rss:") {
                        kib += number(figure);
                    }
                }
                _ => {}
            }
        }
        kib
    }
}

/// `START-END PERMISSIONS OFFSET DEVICE INODE [NAME]`
fn is_private_anonymous(line: &[u8]) -> bool {
    let mut words = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    let private = words.nth(1).is_some_and(|word| word.get(3) == Some(&b'p'));
    let anonymous = match words.nth(3) {
        None => true,
        Some(name) => name.starts_with(b"[heap]") || name.starts_with(b"[anon"),
    };
    private && anonymous
}

fn number(text: &[u8]) -> u64 {
    text.iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

fn read_smaps(text: &mut [u8]) -> usize {
    // SAFETY: plain system calls on a file of our own and a buffer as long as is said.
    unsafe {
        let file = libc::open(c"/proc/self/smaps".as_ptr(), libc::O_RDONLY);
        if file < 0 {
            die(b"cannot open /proc/self/smaps");
        }
        let mut length = 0;
        loop {
            let rest = &mut text[length..];
            let got = libc::read(file, rest.as_mut_ptr().cast(), rest.len());
            if got < 0 {
                die(b"cannot read /proc/self/smaps");
            }
            if got == 0 {
                break;
            }
            length += got as usize;
        }
        libc::close(file);
        length
    }
}
