//! The process's own mappings, as the kernel lists them.

use crate::system::File;
use crate::text::Text;
use core::ops::Range;

/// Hands on the lines of `/proc/self/maps`, for as long as more are wanted; `None` where that cannot be read.
pub(crate) fn each_line(mut wants_more: impl FnMut(&[u8]) -> bool) -> Option<()> {
    let file = File::open(b"/proc/thread-self/maps\0").ok()?;
    let mut line = Text::<320>::new();
    let mut part = [0; 1024];
    loop {
        let read = file.read(&mut part);
        if read == 0 {
            return Some(());
        }
        for &byte in &part[..read] {
            if byte != b'\n' {
                line.push(&[byte]);
                continue;
            }
            if !wants_more(line.bytes()) {
                return Some(());
            }
            line.truncate(0);
        }
    }
}

/// Returns what `read` makes of the line of the mapping that an address lies in, and of where that begins and ends; `None` also where
/// there is no such mapping.
pub(crate) fn around<T>(
    address: usize,
    mut read: impl FnMut(&[u8], Range<usize>) -> Option<T>,
) -> Option<T> {
    let mut found = None;
    each_line(|line| {
        let mapping = ends(line).map(|(begin, end)| begin as usize..end as usize);
        let mapping = mapping.filter(|mapping| mapping.contains(&address));
        let is_past = mapping.is_some();
        found = mapping.and_then(|mapping| read(line, mapping));
        !is_past
    })?;
    found
}

/// Returns where the mapping of a line begins and ends.
pub(crate) fn ends(line: &[u8]) -> Option<(u64, u64)> {
    let mut ends = line.split(|&byte| byte == b'-' || byte == b' ');
    Some((hex(ends.next()?)?, hex(ends.next()?)?))
}

/// Returns a number in hexadecimal.
pub(crate) fn hex(digits: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| (*byte as char).to_digit(16).map(u64::from);
    digits
        .iter()
        .try_fold(0, |value, byte| Some(value << 4 | digit(byte)?))
}
