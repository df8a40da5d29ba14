//! What `perf script` prints of the probes that `highwater script perf` sets: an event at a call's beginning, and one at its end.

use super::line::{call, clock, decimal, number, words};
use super::{Call, Said, What};
use crate::error::Fault;

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    // Events of other probes, and stacks, are passed over.
    Ok(missing(line)
        .map(Said::Missing)
        .or_else(|| parsed(line))
        .unwrap_or(Said::Other))
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
    let end = memchr::memmem::find(line, b": (")?;
    let (before, fields) = line.split_at(end);
    let start = memchr::memrchr(b' ', before)?;
    let (_, name) = super::line::split(&before[start + 1..], b':')?;
    let mut front: Vec<_> = words(&before[..start]).collect();
    let time = clock(front.pop()?.strip_suffix(b":")?);
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
