//! Writes a sequence with the library's answers as a trace, so that a failure can be replayed by the command.

use crate::operation::{Operation, Sequence, Step};
use crate::{AllocatorFamily, Answers, Environment, Release};
use std::fmt::Write;

/// The sequence as the text of a `.hwt` file. The names of blocks become the addresses that the library returned.
pub fn to_hwt(
    sequence: &Sequence,
    answers: &Answers,
    release: &Release,
    environment: &Environment,
) -> String {
    let mut text = String::from("highwater-trace 1\n");
    push(&mut text, format_args!("allocator {release}"));
    for (name, value) in &environment.lines {
        push(&mut text, format_args!("env {name}={value}"));
    }
    push(&mut text, format_args!("brk {:#x}", answers.layout.brk));
    let touch = if sequence.touch { "all" } else { "none" };
    push(&mut text, format_args!("touch {touch}"));
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
        match *operation {
            Operation::Malloc { size, .. } => {
                push(
                    &mut text,
                    format_args!("m {time} {thread} {made:#x} {size}"),
                );
            }
            Operation::Calloc { count, size, .. } => {
                push(
                    &mut text,
                    format_args!("c {time} {thread} {made:#x} {count} {size}"),
                );
            }
            Operation::Aligned {
                alignment, size, ..
            } => push(
                &mut text,
                // glibc takes any alignment and rounds it up; a trace holds powers of two alone.
                format_args!(
                    "a {time} {thread} {made:#x} {} {size}",
                    alignment.next_power_of_two()
                ),
            ),
            Operation::Realloc { old, size, .. } => {
                push(
                    &mut text,
                    format_args!("r {time} {thread} {made:#x} {given:#x} {size}"),
                );
                if let (Some(old), true) = (old, made == 0 && size != 0) {
                    addresses[old as usize] = given; // It failed, and left the block as it was.
                }
            }
            Operation::Free { .. } if given == 0 => {}
            Operation::Free { .. } => push(&mut text, format_args!("f {time} {thread} {given:#x}")),
            Operation::Trim { pad } => push(&mut text, format_args!("t {time} {thread} {pad}")),
            Operation::Mark => push(
                &mut text,
                format_args!("k {time} {thread} mark heap_rss={}", answer.value),
            ),
            Operation::Figure(figure) => push(
                &mut text,
                format_args!("k {time} {thread} mark {figure}={}", answer.value),
            ),
            Operation::Wait { us } => waited += us,
            Operation::ThreadExit => push(&mut text, format_args!("e {time} {thread}")),
            Operation::Usable { block } => {
                addresses[block as usize] = given;
                push(
                    &mut text,
                    format_args!("# usable size of {given:#x}: {}", answer.value),
                );
            }
        }
        if let Some(block) = operation.makes() {
            addresses[block as usize] = made;
        }
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
