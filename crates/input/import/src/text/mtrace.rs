//! The C library's mtrace: `@ PLACE + 0xPTR 0xSIZE`, `-` for free, `<` and `>` for the two lines of a realloc.

use super::line::{number, words};
use super::{Call, Said, What};
use crate::error::Fault;
use highwater_hwr::Event;

const EXPECTED: Fault = Fault::Bad("expected `@ PLACE + PTR SIZE`, or another line of mtrace");

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    if line.starts_with(b"= ") {
        return Ok(Said::Bound);
    }
    let mut last = [&b""[..]; 3];
    for word in words(line) {
        last.rotate_left(1);
        last[2] = word;
    }
    let what = match last {
        [_, b"-", address] => number(address).map(|address| Event::Free { address }),
        [_, b"<", old] => {
            let old = number(old).ok_or(EXPECTED)?;
            return Ok(Said::Call(made(What::Reallocating(old))));
        }
        [b">", address, size] => {
            let what = number(address).zip(number(size));
            let (address, size) = what.ok_or(EXPECTED)?;
            return Ok(Said::Call(made(What::Reallocated(address, size))));
        }
        [b"+", address, size] => (number(address).zip(number(size)))
            .map(|(address, size)| Event::Malloc { address, size }),
        [b"!", old, size] => number(old).zip(number(size)).map(|(old, size)| {
            let address = 0;
            Event::Realloc { address, old, size }
        }),
        _ => None,
    };
    what.map(|event| Said::Call(made(What::Event(event))))
        .ok_or(EXPECTED)
}

fn made(what: What) -> Call {
    Call {
        process: None,
        thread: None,
        time: None,
        what,
    }
}
