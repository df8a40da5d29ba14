//! `cargo xtask ...`: what is needed around the code, in Rust instead of shell scripts, so that it works on any machine.
//!
//! Every command first sets up what it needs and the machine lacks ([`setup`]); each says so before it takes time.

mod book;
mod build;
mod claims;
mod deny;
mod dist;
mod fidelity;
mod fuzz;
mod names;
mod options;
mod policy;
mod process;
mod serve;
mod setup;
mod shots;
mod single;
mod test;
mod voice;
mod workspace;

use std::process::ExitCode;

use options::Command;

fn main() -> ExitCode {
    let result = options::parse(lexopt::Parser::from_env()).and_then(|command| match command {
        Command::Help => {
            print!("{}", options::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Command::Setup => setup::everything().map(|_| ExitCode::SUCCESS),
        Command::Serve(options) => serve::run(&options),
        Command::Build(options) => build::run(&options),
        Command::Book => book::run(),
        Command::Dist => dist::run(),
        Command::Test => test::run(),
        Command::Voice(options) => voice::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Shots(options) => shots::run(&options),
        Command::Claims => claims::run(),
        Command::Fidelity(options) => fidelity::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
    });
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
