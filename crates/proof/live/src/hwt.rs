//! Writes a sequence with the library's answers as a trace, so that a failure can be replayed by the command.

use crate::operation::{Operation, Sequence, Step};
use crate::wire::Answer;
use crate::{AllocatorFamily, Answers, Environment, Release};
use std::fmt::{Arguments, Write};

/// The sequence as the text of a `.hwt` file. The names of blocks become the addresses that the library returned.
pub fn to_hwt(
    sequence: &Sequence,
    answers: &Answers,
    release: &Release,
    environment: &Environment,
) -> String {
    let mut text = format!("highwater-trace 2\nallocator {release}\n");
    let mut push = |line: Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    };
    for (name, value) in &environment.lines {
        push(format_args!("env {name}={value}"));
    }
    push(format_args!("brk {:#x}", answers.layout.brk));
    let touch = if sequence.touch { "all" } else { "none" };
    push(format_args!("touch {touch}"));
    let mut addresses = vec![0; sequence.blocks() as usize];
    let mut waited = 0;
    for (index, (step, answer)) in sequence.steps.iter().zip(&answers.answers).enumerate() {
        // To glibc time is nothing: there it says which step it is.
        let time = match release.family {
            AllocatorFamily::Glibc => index as u64,
            AllocatorFamily::Jemalloc => waited,
        };
        let Step { thread, operation } = step;
        let given = operation
            .takes()
            .map_or(0, |block| std::mem::take(&mut addresses[block as usize]));
        let made = answer.address;
        if let Some((letter, rest)) = call(operation, answer, given) {
            push(format_args!("{letter} {time} {thread}{rest}"));
        }
        match *operation {
            // It failed, and left the block as it was.
            Operation::Realloc {
                old: Some(old),
                size,
                ..
            } if made == 0 && size != 0 => {
                addresses[old as usize] = given;
            }
            Operation::Usable { block } => {
                addresses[block as usize] = given;
                push(format_args!(
                    "# usable size of {given:#x}: {}",
                    answer.value
                ));
            }
            Operation::Wait { us } => waited += us,
            _ => {}
        }
        if let Some(block) = operation.makes() {
            addresses[block as usize] = made;
        }
    }
    text
}

/// The letter of a call in a trace, and what follows its time and thread; nothing where it is no call.
fn call(operation: &Operation, answer: &Answer, given: u64) -> Option<(char, String)> {
    let (made, value) = (answer.address, answer.value);
    Some(match *operation {
        Operation::Malloc { size, .. } => ('m', format!(" {made:#x} {size}")),
        Operation::Calloc { count, size, .. } => ('c', format!(" {made:#x} {count} {size}")),
        Operation::Aligned {
            alignment, size, ..
        } => {
            // glibc takes any alignment and rounds it up; a trace holds powers of two alone.
            let alignment = alignment.next_power_of_two();
            ('a', format!(" {made:#x} {alignment} {size}"))
        }
        Operation::Realloc { size, .. } => ('r', format!(" {made:#x} {given:#x} {size}")),
        Operation::Free { .. } if given == 0 => return None,
        Operation::Free { .. } => ('f', format!(" {given:#x}")),
        Operation::Trim { pad } => ('t', format!(" {pad}")),
        Operation::Mallopt { option, value } => ('o', format!(" {option} {value}")),
        Operation::Mark => ('k', format!(" mark heap_rss={value}")),
        Operation::Figure(figure) => ('k', format!(" mark {figure}={value}")),
        Operation::ThreadExit => ('e', String::new()),
        Operation::Touch { .. } | Operation::Wait { .. } | Operation::Usable { .. } => return None,
    })
}
