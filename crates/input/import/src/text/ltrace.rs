//! ltrace: `[pid N] TIME object->malloc(24) = 0x…`, in two halves where another thread's line comes between.

use super::line::{call, clock, decimal, number, split};
use super::{Call, Said, What};
use crate::error::Fault;
use highwater_hwr::Event;

/// The longest list of arguments that ltrace prints of a function that it does not know.
const ARGUMENTS: usize = 8;

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    // What ltrace says of signals, and what the program itself prints, is passed over.
    Ok(parsed(line).unwrap_or(Said::Other))
}

/// Takes the first word of a text.
fn word<'l>(text: &mut &'l [u8]) -> Option<&'l [u8]> {
    *text = text.trim_ascii_start();
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    *text = rest;
    (!word.is_empty()).then_some(word)
}

fn parsed(line: &[u8]) -> Option<Said<'_>> {
    let mut rest = line.trim_ascii();
    let mut thread = None;
    if let Some(behind) = rest.strip_prefix(b"[pid ") {
        let (number, behind) = split(behind, b']')?;
        thread = Some(decimal(number.trim_ascii())?);
        rest = behind;
    }
    let mut time = None;
    loop {
        let mut behind = rest;
        let word = word(&mut behind)?;
        if thread.is_none() && decimal(word).is_some() {
            thread = decimal(word);
        } else if time.is_none() && clock(word).is_some() {
            time = clock(word);
        } else {
            break;
        }
        rest = behind;
    }
    rest = rest.trim_ascii_start();
    if rest.starts_with(b"+++ exited") {
        let what = What::Event(Event::ThreadEnd);
        let process = None;
        return Some(Said::Call(Call {
            process,
            thread,
            time,
            what,
        }));
    }
    if let Some(behind) = rest.strip_prefix(b"<... ") {
        let (name, behind) = split(behind, b' ')?;
        let behind = behind.strip_prefix(b"resumed>")?;
        return Some(Said::Ended(thread.unwrap_or(0), name, behind));
    }
    if let Some(begun) = line.trim_ascii().strip_suffix(b"<unfinished ...>") {
        return Some(Said::Begun(thread.unwrap_or(0), begun));
    }
    let (function, rest) = split(rest, b'(')?;
    let name = function.rsplit(|byte| *byte == b'>' || *byte == b'@');
    let name = name.into_iter().next()?;
    let end = memchr::memrchr(b'=', rest)?;
    let result = rest[end + 1..].trim_ascii();
    let inside = rest[..end].trim_ascii_end().strip_suffix(b")")?;
    let what = made(name, inside, result)?;
    Some(Said::Call(Call {
        process: None,
        thread,
        time,
        what,
    }))
}

fn made(name: &[u8], inside: &[u8], result: &[u8]) -> Option<What> {
    let mut arguments = [0; ARGUMENTS];
    let mut count = 0;
    for text in inside.split(|byte| *byte == b',') {
        *arguments.get_mut(count)? = number(text.trim_ascii())?;
        count += 1;
    }
    let takes = match name {
        b"malloc" | b"free" | b"cfree" | b"valloc" | b"pvalloc" => 1,
        b"calloc" | b"realloc" | b"memalign" | b"aligned_alloc" => 2,
        b"posix_memalign" => 3,
        _ => return None,
    };
    let known = arguments[..count].get(..takes)?;
    if name == b"posix_memalign" {
        let [block, alignment, size] = *known else {
            return None;
        };
        if number(result)? != 0 {
            return call(name, &[alignment, size], 0);
        }
        // Without a prototype ltrace prints where the address is stored, and more arguments than there are.
        let is_block = count == takes && alignment > 0 && block.is_multiple_of(alignment);
        return match is_block {
            true => call(name, &[alignment, size], block),
            false => Some(What::Unnamed),
        };
    }
    let result = match name {
        b"free" | b"cfree" => 0,
        _ => number(result)?,
    };
    call(name, known, result)
}
