//! ltrace: `[pid N] TIME object->malloc(24) = 0x…`, in two halves where another thread's line comes between.

use super::line::{call, clock, decimal, number, split};
use super::{Call, Said, What};
use crate::error::Fault;
use highwater_hwr::Event;

/// Seconds below which a clock does not count from 1970 but from the line before, as with `-r`.
const LEAST_SECONDS: u64 = 100_000_000;

/// How a function of the C library or of C++ is called here, and the number of its arguments that matter.
fn known(name: &[u8]) -> Option<(&[u8], usize)> {
    Some(match name {
        b"malloc" | b"free" | b"cfree" | b"valloc" | b"pvalloc" => (name, 1),
        b"calloc" | b"realloc" | b"memalign" | b"aligned_alloc" => (name, 2),
        b"posix_memalign" => (name, 3),
        b"_Znwm" | b"_Znam" | b"operator new" | b"operator new[]" => (b"malloc", 1),
        b"_ZdlPv" | b"_ZdlPvm" | b"_ZdaPv" | b"_ZdaPvm" | b"operator delete"
        | b"operator delete[]" => (b"free", 1),
        _ => return None,
    })
}

pub(super) fn line(line: &[u8]) -> Result<Said<'_>, Fault> {
    // What ltrace says of signals, and what the program itself prints, is passed over.
    Ok(parsed(line).unwrap_or(Said::Other))
}

/// What stands before a call.
struct Front {
    thread: Option<u64>,
    time: Option<u64>,
}

/// Takes the thread, the time and the place in the program, as far as the options of ltrace print them.
fn front(rest: &mut &[u8]) -> Option<Front> {
    let mut front = Front {
        thread: None,
        time: None,
    };
    if let Some(behind) = rest.strip_prefix(b"[pid ") {
        let (number, behind) = split(behind, b']')?;
        front.thread = Some(decimal(number.trim_ascii())?);
        *rest = behind;
    }
    loop {
        *rest = rest.trim_ascii_start();
        let end = memchr::memchr(b' ', rest)?;
        let (word, behind) = rest.split_at(end);
        let is_of_day = memchr::memchr(b':', word).is_some();
        if front.thread.is_none() && decimal(word).is_some() {
            front.thread = decimal(word);
        } else if let Some(time) = clock(word) {
            // Times since the line before would have to be added up over lines that are not read.
            let is_since_1970 = time / 1_000_000_000 >= LEAST_SECONDS;
            front.time = Some(time).filter(|_| is_of_day || is_since_1970);
        } else {
            // Whole seconds, which tell nothing of a rest, or the place that called.
            let is_seconds = is_of_day
                && word
                    .split(|byte| *byte == b':')
                    .all(|part| decimal(part).is_some());
            if !is_seconds && !word.starts_with(b"[0x") {
                return Some(front);
            }
        }
        *rest = behind;
    }
}

/// The function that a call names, without the object that calls it and the library that it is in.
fn function(text: &[u8]) -> Option<&[u8]> {
    let text = text.rsplit(|byte| *byte == b'>').next()?;
    text.split(|byte| *byte == b'@').next()
}

fn parsed(line: &[u8]) -> Option<Said<'_>> {
    let line = line.trim_ascii();
    let mut rest = line;
    let Front { thread, time } = front(&mut rest)?;
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
        let at = memchr::memmem::find(behind, b" resumed>")?;
        let (name, behind) = behind.split_at(at);
        return Some(match known(function(name)?) {
            Some(_) => Said::Ended(thread.unwrap_or(0), name, &behind[b" resumed>".len()..]),
            None => Said::Beside,
        });
    }
    let (before, mut rest) = split(rest, b'(')?;
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"_@.<>-+*&|^%/!=,:~[] ".contains(byte);
    if before.is_empty() || !before.iter().all(is_name) {
        return None;
    }
    // C++'s functions have the types of their arguments before these.
    if before.ends_with(b"new") || before.ends_with(b"delete") || before.ends_with(b"[]") {
        let types = memchr::memmem::find(rest, b")(");
        rest = types.map_or(rest, |at| &rest[at + 2..]);
    }
    let known = known(function(before)?);
    if let Some(begun) = line.strip_suffix(b"<unfinished ...>") {
        return Some(match known {
            Some(_) => Said::Begun(thread, time, begun),
            None => Said::Beside,
        });
    }
    let end = memchr::memrchr(b'=', rest)?;
    let Some((name, takes)) = known else {
        return Some(Said::Beside);
    };
    // The time that the call took may follow.
    let result = rest[end + 1..].trim_ascii();
    let result = match result {
        b"<void>" => result,
        _ => split(result, b' ').map_or(result, |(result, _)| result),
    };
    let inside = rest[..end].trim_ascii_end().strip_suffix(b")")?;
    let what = made(name, takes, inside, result)?;
    Some(Said::Call(Call {
        process: None,
        thread,
        time,
        what,
    }))
}

fn made(name: &[u8], takes: usize, inside: &[u8], result: &[u8]) -> Option<What> {
    let mut arguments = [0; 3];
    let mut texts = inside.split(|byte| *byte == b',');
    for argument in &mut arguments[..takes] {
        *argument = number(texts.next()?.trim_ascii())?;
    }
    let known = &arguments[..takes];
    if name == b"posix_memalign" {
        let [block, alignment, size] = arguments;
        if number(result)? != 0 {
            return call(name, &[alignment, size], 0);
        }
        // Without a prototype ltrace prints where the address is stored, and more arguments than there are.
        let has_more = texts.next().is_some();
        let is_block = !has_more && alignment > 0 && block.is_multiple_of(alignment);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn malloc(text: &str) -> (Option<u64>, Option<u64>, u64, u64) {
        match parsed(text.as_bytes()) {
            Some(Said::Call(Call {
                thread,
                time,
                what: What::Event(Event::Malloc { address, size }),
                ..
            })) => (thread, time, address, size),
            _ => panic!("{text}"),
        }
    }

    #[test]
    fn calls_are_read_behind_what_each_option_prints() {
        let call = |thread, time| (thread, time, 0x10, 100);
        let of_day = Some(((14 * 60 + 46) * 60 * 1_000_000 + 12_618) * 1000);
        for (text, expected) in [
            ("t->malloc(100) = 0x10", call(None, None)),
            ("[pid 7] malloc(100) = 0x10", call(Some(7), None)),
            (
                "7 14:46:00.012618 malloc(100) = 0x10",
                call(Some(7), of_day),
            ),
            ("7 14:46:00 t->malloc(100) = 0x10", call(Some(7), None)),
            ("7   0.004144 t->malloc(100) = 0x10", call(Some(7), None)),
            (
                "7 1796049959.845353 [0x55a1d403a289] t->malloc(100) = 0x10 <0.079790>",
                call(Some(7), Some(1_796_049_959_845_353_000)),
            ),
            ("7 malloc@libc.so.6(100) = 0x10", call(Some(7), None)),
            (
                "7 libstdc++.so.6->malloc(100)      = 0x10",
                call(Some(7), None),
            ),
            (
                "7 _Znwm(100, 0x7ffc, -2, 'a')      = 0x10",
                call(Some(7), None),
            ),
            (
                "7 operator new(unsigned long)(100, 1, 0) = 0x10",
                call(Some(7), None),
            ),
        ] {
            assert_eq!(malloc(text), expected, "{text}");
        }
    }

    #[test]
    fn other_functions_and_the_kernels_are_of_the_grammar_and_no_calls() {
        for text in [
            "714 1796049961.180606 SYS_brk(0)   = 0x5561376e8000",
            "7 memset(0x7fe3ded62010, '\\001', 1000000) = 0x7fe3ded62010",
            "7 pthread_join(0x7fe3ded616c0, 0, 0, 0x7fe3deee3907 <unfinished ...>",
            "7 <... pthread_join resumed> ) = 0",
            "7 std::map<int, char>::map()(0x7ffd0a454e47, 0, 1) = 0x7ffd0a454e47",
        ] {
            assert!(
                matches!(parsed(text.as_bytes()), Some(Said::Beside)),
                "{text}"
            );
        }
        for text in ["", "hello (world) = 1 = ", "--- SIGCHLD ---", "x = malloc"] {
            let said = parsed(text.as_bytes());
            assert!(matches!(said, None | Some(Said::Beside)), "{text}");
        }
    }
}
