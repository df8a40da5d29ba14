//! LTTng's `lttng_ust_libc` events, as babeltrace2 prints them.

use super::line::{call, clock, decimal, number, words};
use super::{Call, Said};
use crate::error::Fault;

const PROVIDER: &[u8] = b"lttng_ust_libc:";

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    // Events of other providers are passed over.
    Ok(missing(line)
        .map(Said::Missing)
        .or_else(|| parsed(line).map(Said::Call))
        .unwrap_or(Said::Other))
}

/// Returns how many events babeltrace2 says were discarded.
fn missing(line: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(line, b"discarded ")?;
    let mut rest = words(&line[at..]).skip(1);
    let count = decimal(rest.next()?)?;
    rest.next()?.starts_with(b"event").then_some(count)
}

/// Returns the value of a field.
fn field(line: &[u8], name: &str) -> Option<u64> {
    let wanted = format!("{name} = ");
    let mut starts = memchr::memmem::find_iter(line, &wanted);
    // A name may be the end of another.
    let at = starts.find(|at| at.checked_sub(1).is_none_or(|at| line[at] == b' '))?;
    let value = &line[at + wanted.len()..];
    let end = value.iter().position(|byte| b" ,}".contains(byte));
    number(&value[..end.unwrap_or(value.len())])
}

fn parsed(line: &[u8]) -> Option<Call> {
    let at = memchr::memmem::find(line, PROVIDER)?;
    let rest = &line[at + PROVIDER.len()..];
    // A colon follows it, or a comma with `--names all`.
    let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_';
    let end = rest.iter().position(is_end)?;
    let (name, fields) = rest.split_at(end);
    let has = |name| field(fields, name);
    let (arguments, result) = match name {
        b"malloc" => ([has("size")?, 0], has("ptr")?),
        b"calloc" => ([has("nmemb")?, has("size")?], has("ptr")?),
        b"realloc" => ([has("in_ptr")?, has("size")?], has("ptr")?),
        b"memalign" => ([has("alignment")?, has("size")?], has("ptr")?),
        b"posix_memalign" => {
            let block = match has("result")? {
                0 => has("out_ptr")?,
                _ => 0,
            };
            ([has("alignment")?, has("size")?], block)
        }
        b"free" => ([has("ptr")?, 0], 0),
        _ => return None,
    };
    let takes = match name {
        b"malloc" | b"free" => 1,
        _ => 2,
    };
    let stamp = line.strip_prefix(b"[").map(|rest| (rest, b']'));
    let stamp = stamp.or_else(|| Some((line.strip_prefix(b"timestamp = ")?, b',')));
    let stamp = stamp.and_then(|(rest, end)| {
        let end = memchr::memchr(end, rest)?;
        // A date may be in front of the time.
        clock(words(&rest[..end]).last()?)
    });
    Some(Call {
        process: has("vpid"),
        thread: has("vtid"),
        time: stamp,
        what: call(name, &arguments[..takes], result)?,
    })
}
