//! `cargo xtask ...`: what is needed around the code, in Rust instead of shell scripts, so that it works on any machine.
//!
//! Every command first sets up what it needs and the machine lacks ([`setup`]), after a list of it.

mod advise;
mod book;
mod build;
mod claims;
mod deny;
mod dist;
mod fidelity;
mod fuzz;
mod names;
mod native;
mod options;
mod packed;
mod perf;
mod policy;
mod process;
mod record;
mod serve;
mod setup;
mod shots;
mod single;
mod test;
mod voice;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use options::Command;
use setup::Installing;

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        // A machine that is not set up is told apart from a check that failed.
        match error.downcast_ref::<setup::Missing>() {
            Some(_) => ExitCode::from(2),
            None => ExitCode::FAILURE,
        }
    })
}

fn run() -> Result<ExitCode> {
    let (command, asked) = options::parse(lexopt::Parser::from_env())?;
    let installing = match asked {
        Installing::Allowed => Installing::by_environment(),
        Installing::Forbidden => asked,
    };
    setup::set_up(command.needs(), installing)?;
    match command {
        Command::Help => {
            print!("{}", options::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Command::Setup => {
            println!("everything that the commands need is installed");
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve(options) => serve::run(&options),
        Command::Build(options) => build::run(&options),
        Command::Book => book::run(),
        Command::Dist(options) => dist::run(&options),
        Command::Test => test::run(),
        Command::Voice(options) => voice::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Shots(options) => shots::run(&options),
        Command::Claims => claims::run(),
        Command::Fidelity(options) => fidelity::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Perf(options) => perf::run(&options),
        Command::Record(options) => record::run(&options),
        Command::Advise(options) => advise::run(&options),
    }
}
