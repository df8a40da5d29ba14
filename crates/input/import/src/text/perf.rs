//! What `perf script` prints of the probes that `highwater script perf` sets: an event at a call's beginning, and one at its end.

use super::line::{call, clock, decimal, number, words};
use super::{Call, Said, What};
use crate::error::Fault;

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    // Events of other probes are passed over.
    Ok(missing(line)
        .map(Said::Missing)
        .or_else(|| parsed(line))
        .or_else(|| is_beside(line).then_some(Said::Beside))
        .unwrap_or(Said::Other))
}

/// Whether this is the text of a kernel trace, of whatever events: one of its first lines has a thread or a core, the time in
/// seconds with a colon, and, perhaps after a count, an event with a colon.
pub(crate) fn is_trace(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n').take(FIRST_LINES);
    lines.any(|line| {
        let mut words = words(line);
        let mut is_of_thread = false;
        let has_time = words.any(|word| {
            let core = word
                .strip_prefix(b"[")
                .and_then(|core| core.strip_suffix(b"]"));
            is_of_thread |= decimal(word.strip_prefix(b"-").unwrap_or(word)).is_some()
                || core.is_some_and(|core| decimal(core).is_some());
            word.strip_suffix(b":").is_some_and(is_in_seconds)
        });
        let has_time = has_time && is_of_thread;
        let mut behind = words.skip_while(|word| decimal(word).is_some());
        let event = behind.next().and_then(|word| word.strip_suffix(b":"));
        has_time && event.is_some_and(|event| event.first().is_some_and(u8::is_ascii_alphabetic))
    })
}

/// Whether this is a time as the kernel's tools print it, in seconds with micro- or nanoseconds.
fn is_in_seconds(time: &[u8]) -> bool {
    let parts = super::line::split(time, b'.');
    parts.is_some_and(|(whole, fraction)| {
        decimal(whole).is_some() && decimal(fraction).is_some() && matches!(fraction.len(), 6 | 9)
    })
}

/// Lines in which such a text is looked for.
const FIRST_LINES: usize = 100;

/// Whether a line is one of a stack, which is indented and begins with an address, or of what `--header` prints.
fn is_beside(line: &[u8]) -> bool {
    let first = words(line).next().unwrap_or_default();
    let is_frame = line.starts_with(b" ") || line.starts_with(b"\t");
    line.starts_with(b"#") || is_frame && super::line::hex(first).is_some()
}

/// Returns how many events perf says were lost.
fn missing(line: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(line, b"PERF_RECORD_LOST")?;
    words(&line[at..]).find_map(decimal)
}

/// Returns the value of a field.
fn field(text: &[u8], name: &str) -> Option<u64> {
    let mut values = words(text).filter_map(|word| super::line::split(word, b'='));
    let (_, value) = values.find(|(key, _)| *key == name.as_bytes())?;
    number(value).or_else(|| super::line::hex(value))
}

fn parsed(line: &[u8]) -> Option<Said<'_>> {
    // COMM may have spaces: what follows it is found from the event on, whose name ends with `: (ADDRESS`.
    let end = memchr::memmem::rfind(line, b": (")?;
    let (before, fields) = line.split_at(end);
    let start = memchr::memrchr(b' ', before)?;
    let (_, name) = super::line::split(&before[start + 1..], b':')?;
    // The number of events may be behind the time.
    let mut front: Vec<_> = words(&before[..start]).collect();
    let at = front.iter().rposition(|word| word.ends_with(b":"))?;
    let time = front.drain(at..).next()?.strip_suffix(b":").and_then(clock);
    let ids = front.into_iter().rev().find_map(|word| {
        let mut parts = word.rsplit(|byte| *byte == b'/');
        let thread = decimal(parts.next()?)?;
        Some((parts.next().and_then(decimal), thread))
    });
    let (process, thread) = ids?;
    if let Some(name) = name.strip_suffix(b"__return") {
        return is_call(name).then(|| {
            let result = field(fields, "ret").or_else(|| field(fields, "arg1"));
            Said::Returned(thread, result.unwrap_or(0))
        });
    }
    let has = |name| field(fields, name);
    let (arguments, takes) = match name {
        b"malloc" | b"valloc" | b"pvalloc" => ([has("size")?, 0], 1),
        b"calloc" => ([has("count")?, has("size")?], 2),
        b"realloc" => ([has("old")?, has("size")?], 2),
        b"memalign" | b"aligned_alloc" => ([has("alignment")?, has("size")?], 2),
        b"free" => ([has("ptr")?, 0], 1),
        _ => return None,
    };
    let call = Call {
        process,
        thread: Some(thread),
        time,
        what: call(name, &arguments[..takes], 0)?,
    };
    Some(match call.what {
        What::Event(highwater_hwr::Event::Free { .. }) => Said::Call(call),
        _ => Said::Entered(call),
    })
}

fn is_call(name: &[u8]) -> bool {
    let calls: [&[u8]; 7] = [
        b"malloc",
        b"calloc",
        b"realloc",
        b"memalign",
        b"aligned_alloc",
        b"valloc",
        b"pvalloc",
    ];
    calls.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_with_whatever_columns_stand_before_them() {
        let time = Some(12_345_678_901_000);
        for (front, thread, process) in [
            ("t 651/653 [001] 12345.678901:", 653, Some(651)),
            ("t 653 12345.678901:", 653, None),
            ("my prog 651/653 [001] d..1. 12345.678901:", 653, Some(651)),
            ("a: (b) 653 [001] 12345.678901000:", 653, None),
            ("t 653 [001] 12345.678901:          1", 653, None),
        ] {
            let line = format!("{front} highwater:malloc: (7f0012) size=100");
            let Some(Said::Entered(call)) = parsed(line.as_bytes()) else {
                panic!("{line}");
            };
            let expected = (process, Some(thread), time);
            assert_eq!((call.process, call.thread, call.time), expected, "{line}");
        }
    }

    #[test]
    fn stacks_and_headers_are_of_the_grammar() {
        for text in [
            "# captured on: x",
            "\t    7f0012 malloc+0x0 (/usr/lib/libc.so.6)",
        ] {
            assert!(matches!(line(text.as_bytes()), Ok(Said::Beside)), "{text}");
        }
    }
}
