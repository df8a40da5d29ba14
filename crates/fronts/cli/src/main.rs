//! `highwater`: replays a program's allocations and shows why its memory does not come back.
//!
//! Exit status: 0 for success, 1 if `--check` found a difference, 2 for invalid input and for what cannot be done (a full
//! disk, no memory), with one line on standard error that names the input or file and the error.

mod arguments;
mod commands;
mod console;
mod display;
mod input;
mod output;
mod parallel;
mod signals;

use arguments::Arguments;
use clap::Parser;
use console::{FAILED, say};
use std::process::ExitCode;

fn main() -> ExitCode {
    signals::as_errors();
    tell_lack_of_memory();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return arguments::explain(&error),
    };
    match commands::perform(&arguments.command) {
        Ok(status) => status,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// A thread that finds no memory for its own stacks panics within the standard library. That is no fault of this program's, and is
/// told like any other lack of memory.
fn tell_lack_of_memory() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let said = info.payload().downcast_ref::<String>();
        if said.is_some_and(|said| said.contains("Cannot allocate memory")) {
            say("out of memory; give it more, or fewer --jobs");
            std::process::exit(FAILED.into());
        }
        usual(info);
    }));
}
