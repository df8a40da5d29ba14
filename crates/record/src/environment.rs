//! The environment that the process began with.
//!
//! `/proc/self/environ` shows the memory in which it lay, not what it says: until 2.38 glibc's loader cuts the value of
//! `GLIBC_TUNABLES` there into its settings, and leaves a whole copy elsewhere (glibc, elf/dl-tunables.c, `parse_tunables` and
//! `__tunables_init`). The pointers that the kernel laid on the stack lead to that copy.

use crate::own_maps;
use crate::system::File;
use crate::text::{Text, number};
use core::{ops::Range, slice};

/// An entry of the environment; more of it is cut off.
const LONGEST: usize = 4096;

/// Calls `take` with each entry.
pub(crate) fn each(mut take: impl FnMut(&[u8])) {
    match Laid::find().and_then(|laid| Some((laid.first_pointer()?, laid))) {
        Some((first, laid)) => laid.each(first, take),
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

/// Where the kernel laid the stack's first words, and the environment's bytes above them.
struct Laid {
    /// The number of arguments once; a loader that was started by hand moves it, and what lies below is the stack again.
    words: usize,
    bytes: Range<usize>,
}

impl Laid {
    /// Returns what the kernel says; `None` where it says nothing.
    fn find() -> Option<Self> {
        /// Of the fields behind the name, which may hold blanks and parentheses itself.
        const START_OF_STACK: usize = 25;
        const BETWEEN: usize = 21;
        let mut line = [0; 1024];
        let read = File::open(b"/proc/self/stat\0").map_or(0, |file| file.read(&mut line));
        let fields = line[..read].rsplit(|&byte| byte == b')').next()?;
        let fields = fields.trim_ascii().split(|&byte| byte == b' ');
        let mut fields = fields.map(|field| number(field).unwrap_or(0) as usize);
        let words = fields.nth(START_OF_STACK)?;
        let bytes = fields.nth(BETWEEN)?..fields.next()?;
        let lies_above = words != 0 && words % size_of::<usize>() == 0 && words < bytes.start;
        (lies_above && bytes.start < bytes.end).then_some(Self { words, bytes })
    }

    /// Returns where the pointers to the entries begin: of the runs of words between zeros, the one with the most that lead to
    /// the bytes.
    fn first_pointer(&self) -> Option<usize> {
        let last = self.bytes.start & !(size_of::<usize>() - 1);
        let (mut first, mut leading) = (self.words, 0);
        let mut most = (0, None);
        for at in (self.words..last).step_by(size_of::<usize>()) {
            match word(at) {
                0 => (first, leading) = (at + size_of::<usize>(), 0),
                to if self.bytes.contains(&to) => leading += 1,
                _ => {}
            }
            if leading > most.0 {
                most = (leading, Some(first));
            }
        }
        most.1
    }

    fn each(&self, first: usize, mut take: impl FnMut(&[u8])) {
        let pointers = (first..self.bytes.start).step_by(size_of::<usize>());
        for to in pointers.map(word).take_while(|&to| to != 0) {
            let end = match self.bytes.contains(&to) {
                true => Some(self.bytes.end),
                false => end_of_mapping(to),
            };
            if let Some(end) = end {
                let longest = (end - to).min(LONGEST);
                // SAFETY: so much is mapped there, and nobody writes to it before the program runs.
                let entry = unsafe { slice::from_raw_parts(to as *const u8, longest) };
                take(entry.split(|&byte| byte == 0).next().unwrap_or(entry));
            }
        }
    }
}

/// Returns a word of the stack.
fn word(at: usize) -> usize {
    // SAFETY: it lies between the first word and the environment's bytes, where the stack is mapped.
    unsafe { (at as *const usize).read() }
}

/// Returns where the mapping ends that an address lies in, if it can be read.
fn end_of_mapping(address: usize) -> Option<usize> {
    own_maps::around(address, |line, mapping| {
        let permissions = line.split(|&byte| byte == b' ').nth(1)?;
        permissions.starts_with(b"r").then_some(mapping.end)
    })
}
