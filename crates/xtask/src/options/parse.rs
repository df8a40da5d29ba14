//! The words of a command line to a command.

use std::ffi::OsString;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use super::{Advise, Command, Fidelity, Fuzz, Perf, Record};
use crate::setup::Installing;

/// Returns the command, and whether it may install what it needs.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<(Command, Installing)> {
    let mut installing = Installing::Allowed;
    let name = loop {
        match parser.next()? {
            None | Some(Long("help") | Short('h')) => return Ok((Command::Help, installing)),
            Some(Long("no-install")) => installing = Installing::Forbidden,
            Some(Value(name)) => break name.string()?,
            Some(other) => return Err(other.unexpected().into()),
        }
    };
    let mut command = Command::named(&name)?;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok((Command::Help, installing)),
            Long("no-install") => installing = Installing::Forbidden,
            Long(name) => {
                let name = name.to_owned();
                if !command.take(&name, &mut parser)? {
                    return Err(lexopt::Error::UnexpectedOption(format!("--{name}")).into());
                }
            }
            Value(operand) => command.take_operand(operand)?,
            other @ Short(_) => return Err(other.unexpected().into()),
        }
    }
    Ok((command, installing))
}

impl Command {
    /// Takes an option of the command's own, with its value; false where it has none of that name.
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool> {
        match (self, name) {
            (Self::Serve(options), "release") => options.release = true,
            (Self::Serve(options), "open") => options.open = true,
            (Self::Serve(options), "port") => options.port = parser.value()?.parse()?,
            (Self::Build(options), "release") => options.release = true,
            (Self::Dist(options), "native") => options.native = true,
            (Self::Voice(options), "list") => options.list = true,
            (Self::Shots(options), "out") => options.out = Some(parser.value()?.into()),
            (Self::Fidelity(options), name) => return options.take(name, parser),
            (Self::Fuzz(options), name) => return options.take(name, parser),
            (Self::Perf(options), name) => return options.take(name, parser),
            (Self::Record(options), name) => return options.take(name, parser),
            (Self::Advise(options), name) => return options.take(name, parser),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes an argument that is no option.
    fn take_operand(&mut self, operand: OsString) -> Result<()> {
        match self {
            Self::Fidelity(options) => options.traces.push(operand.into()),
            Self::Fuzz(options) if options.target.is_none() => {
                options.target = Some(operand.string()?);
            }
            _ => return Err(Value(operand).unexpected().into()),
        }
        Ok(())
    }
}

impl Fidelity {
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool> {
        match name {
            "only" => self.only = Some(parser.value()?.string()?),
            "libraries" => self.libraries = Some(parser.value()?.into()),
            "out" => self.out = Some(parser.value()?.into()),
            "operations" => self.operations = Some(parser.value()?.parse()?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Fuzz {
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool> {
        match name {
            "minutes" => {
                let minutes: f64 = parser.value()?.parse()?;
                if !(minutes > 0.0 && minutes <= 10_000.0) {
                    bail!("--minutes {minutes}: it must be above 0 and at most 10000");
                }
                self.minutes = minutes;
            }
            "seed" => self.seed = Some(parser.value()?.parse()?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Perf {
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool> {
        match name {
            "against" => self.against = Some(parser.value()?.string()?),
            "only" => self.only = Some(parser.value()?.string()?),
            "runs" => self.runs = at_least_one(name, parser)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Record {
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool> {
        match name {
            "rounds" => self.rounds = at_least_one(name, parser)?,
            "forks" => self.forks = parser.value()?.parse()?,
            "service" => self.service = Some(std::path::absolute(parser.value()?)?),
            "libraries" => self.libraries = Some(std::path::absolute(parser.value()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Advise {
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool> {
        match name {
            "rounds" => self.rounds = at_least_one(name, parser)?,
            "only" => self.only = Some(parser.value()?.string()?),
            "service" => self.service = Some(std::path::absolute(parser.value()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The value of an option that counts, which is not 0.
fn at_least_one(option: &str, parser: &mut lexopt::Parser) -> Result<usize> {
    match parser.value()?.parse()? {
        0 => bail!("--{option} 0: at least one is required"),
        count => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Serve;

    fn parsed(arguments: &[&str]) -> Result<Command> {
        Ok(parse(lexopt::Parser::from_args(arguments))?.0)
    }

    #[test]
    fn every_command_takes_no_install_before_and_after_its_name() -> Result<()> {
        let parse = |arguments: &[&str]| parse(lexopt::Parser::from_args(arguments));
        for name in [
            "setup", "serve", "build", "book", "dist", "test", "voice", "shots", "fidelity",
            "fuzz", "record", "advise", "claims",
        ] {
            assert_eq!(parse(&[name])?.1, Installing::Allowed);
            assert_eq!(parse(&[name, "--no-install"])?.1, Installing::Forbidden);
            assert_eq!(parse(&["--no-install", name])?.1, Installing::Forbidden);
        }
        Ok(())
    }

    #[test]
    fn serve_needs_less_than_test() -> Result<()> {
        let (serve, test) = (parsed(&["serve"])?.needs(), parsed(&["test"])?.needs());
        assert!(serve.len() < test.len() && serve.iter().all(|part| test.contains(part)));
        Ok(())
    }

    #[test]
    fn serve_takes_its_options_in_any_order() {
        let expected = Command::Serve(Serve {
            release: true,
            port: 9000,
            open: true,
        });
        let command = parsed(&["serve", "--port=9000", "--open", "--release"]).expect("valid");
        assert_eq!(command, expected);
    }

    #[test]
    fn fidelity_takes_traces_among_its_options() {
        let expected = Command::Fidelity(Fidelity {
            only: Some("glibc".into()),
            operations: Some(1000),
            traces: vec!["a.hwt".into(), "b.hwt.gz".into()],
            ..Fidelity::default()
        });
        let command = parsed(&[
            "fidelity",
            "--only",
            "glibc",
            "a.hwt",
            "--operations",
            "1000",
            "b.hwt.gz",
        ]);
        assert_eq!(command.expect("valid"), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for arguments in [
            &["srve"][..],
            &["test", "--release"],
            &["voice", "docs"],
            &["fidelity", "--operations", "many"],
            &["serve", "--port", "70000"],
            &["serve", "--port"],
            &["--release"],
        ] {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
    }
}
