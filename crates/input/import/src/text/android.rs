//! Android's `record_allocs`: `TID: malloc PTR SIZE`, with the times of the call's beginning and end behind it in later releases.

use super::line::{call, number, split, words};
use super::{Call, Said, What};
use crate::error::Fault;
use highwater_hwr::Event;

const EXPECTED: Fault =
    Fault::Bad("expected `TID: malloc PTR SIZE`, or another call of Android's record_allocs");

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    parsed(line).map(Said::Call).ok_or(EXPECTED)
}

fn parsed(line: &[u8]) -> Option<Call> {
    let (thread, rest) = split(line, b':')?;
    let thread = super::line::decimal(thread)?;
    let mut rest = words(rest);
    let name = rest.next()?;
    let mut numbers = [0; 5];
    let mut count = 0;
    for word in rest {
        *numbers.get_mut(count)? = number(word)?;
        count += 1;
    }
    let (pointer, arguments) = numbers[..count].split_first()?;
    let takes = match name {
        b"malloc" => 1,
        b"calloc" | b"realloc" | b"memalign" => 2,
        b"free" | b"thread_done" => 0,
        _ => return None,
    };
    let (arguments, times) = arguments.split_at_checked(takes)?;
    let what = match name {
        b"thread_done" => What::Event(Event::ThreadEnd),
        b"free" => What::Event(Event::Free { address: *pointer }),
        _ => call(name, arguments, *pointer)?,
    };
    Some(Call {
        process: None,
        thread: Some(thread),
        time: match times {
            [] => None,
            [beginning, _] => Some(*beginning),
            _ => return None,
        },
        what,
    })
}
