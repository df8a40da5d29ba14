//! Mozilla's logalloc: `PID TID malloc(32)=0x7f…`.

use super::line::{call, decimal, number, split, words};
use super::{Call, Said, What};
use crate::error::Fault;
use highwater_hwr::Event;

const EXPECTED: Fault =
    Fault::Bad("expected `PID TID malloc(SIZE)=PTR`, or another call of logalloc");

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    parsed(line).map(Said::Call).ok_or(EXPECTED)
}

fn parsed(line: &[u8]) -> Option<Call> {
    let mut rest = words(line);
    let process = decimal(rest.next()?)?;
    let thread = decimal(rest.next()?)?;
    let (name, rest) = split(rest.next()?, b'(')?;
    let (inside, result) = split(rest, b')')?;
    let result = result.strip_prefix(b"=");
    let mut arguments = [0; 2];
    let mut count = 0;
    for text in inside
        .split(|byte| *byte == b',')
        .filter(|text| !text.is_empty())
    {
        *arguments.get_mut(count)? = number(text)?;
        count += 1;
    }
    let what = match (name, result) {
        (b"jemalloc_stats", _) => What::Event(Event::Mark(b"jemalloc_stats")),
        (b"free", None) => call(name, &arguments[..count], 0)?,
        (b"free", Some(_)) | (_, None) => return None,
        (_, Some(result)) => call(name, &arguments[..count], number(result)?)?,
    };
    Some(Call {
        process: Some(process),
        thread: Some(thread),
        time: None,
        what,
    })
}
