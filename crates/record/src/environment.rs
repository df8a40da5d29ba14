//! The environment that the process began with.
//!
//! `/proc/self/environ` shows the memory in which it lay, not what it says: until 2.38 glibc's loader cuts the value of
//! `GLIBC_TUNABLES` there into its settings, and leaves a whole copy elsewhere (glibc, elf/dl-tunables.c, `parse_tunables` and
//! `__tunables_init`). The pointers that the kernel laid on the stack lead to that copy.

use crate::header::number;
use crate::own_maps;
use crate::system::File;
use crate::text::Text;
use core::ffi::{CStr, c_char};

/// An entry of the environment; more of it is cut off.
const LONGEST: usize = 4096;

/// Calls `take` with each entry.
pub(crate) fn each(mut take: impl FnMut(&[u8])) {
    match first_word() {
        Some((first, end)) => each_of_stack(first, end, take),
        None => entries(b"/proc/self/environ\0", &mut take),
    }
}

/// Calls `take` with each entry of a file whose entries end with zero. Entries beyond 4 KiB are cut off.
pub(crate) fn entries(path: &[u8], mut take: impl FnMut(&[u8])) {
    let Ok(file) = File::open(path) else {
        return;
    };
    let mut entry = Text::<LONGEST>::new();
    let mut part = [0; 1024];
    loop {
        let read = file.read(&mut part);
        for &byte in &part[..read] {
            if byte == 0 {
                take(entry.bytes());
                entry.truncate(0);
            } else {
                entry.push(&[byte]);
            }
        }
        if read == 0 {
            if !entry.bytes().is_empty() {
                take(entry.bytes());
            }
            return;
        }
    }
}

/// Calls `take` with each entry that the words on the stack lead to: the number of arguments, these, zero, the entries, zero.
fn each_of_stack(first: usize, end: usize, mut take: impl FnMut(&[u8])) {
    let mut words = (first..end)
        .step_by(size_of::<usize>())
        // SAFETY: the stack is mapped up to there, and the words are the process's own.
        .map(|at| unsafe { (at as *const usize).read() });
    let Some(arguments) = words.next() else {
        return;
    };
    for entry in words.skip(arguments + 1).take_while(|&entry| entry != 0) {
        // SAFETY: the kernel and the loader put strings there.
        let entry = unsafe { CStr::from_ptr(entry as *const c_char) }.to_bytes();
        take(entry.get(..LONGEST).unwrap_or(entry));
    }
}

/// Returns where the kernel laid the first word, and the end of that stack; `None` where the kernel does not say.
fn first_word() -> Option<(usize, usize)> {
    /// Of the fields behind the name, which may hold blanks and parentheses itself.
    const START_OF_STACK: usize = 25;
    let mut line = [0; 1024];
    let read = File::open(b"/proc/self/stat\0").map_or(0, |file| file.read(&mut line));
    let fields = line[..read].rsplit(|&byte| byte == b')').next()?;
    let mut fields = fields.trim_ascii().split(|&byte| byte == b' ');
    let first = number(fields.nth(START_OF_STACK)?)?;
    let mut end = None;
    own_maps::each_line(|line| {
        let ends = own_maps::ends(line);
        end = ends.filter(|(begin, end)| (*begin..*end).contains(&first));
        end.is_none()
    })?;
    Some((first as usize, end?.1 as usize))
}
