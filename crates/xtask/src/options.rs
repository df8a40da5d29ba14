//! The command line.

use std::path::PathBuf;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use crate::setup::{Installing, Part};

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
Usage: cargo xtask <command> [--no-install]

  serve [--release] [--port N] [--open]   build the page, serve it, and rebuild it on every change
  build [--release]                       build the page into dist/site/
  book                                    write docs/ as pages into dist/book/
  dist [--native]                         build everything for distribution: dist/site/, dist/highwater.html
                                          (the page in one file), dist/package/ for JavaScript, dist/book/, and on
                                          Linux the command, the recorder's library and a Python wheel, or only these
  test                                    run every check, including the page in a real browser
  voice [--list]                          check the wording of all texts that users read, or list them
  shots [--out DIR]                       take pictures of the page in several sizes, light and dark, and
                                          copy those that README.md shows into docs/images/
  fidelity [--only glibc|jemalloc] [--libraries DIR] [--out FILE] [--operations N] [TRACE...]
                                          compare the models with the real libraries of this machine
  claims                                  check the claims about the incident, and write docs/claims.md
  fuzz [--minutes N] [--seed N] [TARGET]  fuzz every reader and the models, or one target
  perf [--only PART] [--against REV] [--runs N]
                                          measure times of models, command and page, and write docs/performance.md
  record [--rounds N] [--forks N] [--service DIR] [--libraries DIR]
                                          measure the recorder, and write docs/recording-measured.md; DIR has a
                                          service (app.py, load.py, venv), or other C libraries as for fidelity
  advise [--rounds N] [--only NAME] [--service DIR]
                                          run the advice on small programs, and on a service as for record, again
                                          for real, and write docs/advice-measured.md
  setup                                   only install what the other commands need

Each command first lists what the machine lacks (version, source, folder, reason, and whether it is installed as root)
and installs it. With --no-install, or HIGHWATER_NO_INSTALL=1 in the environment, a command installs nothing: it lists
what is missing with the commands to install it by hand, and exits with status 2. Tools go into
~/.cache/highwater/tools; set HIGHWATER_TOOLS to use another folder.
";

/// The port of `cargo xtask serve` unless another one is asked for.
const DEFAULT_PORT: u16 = 8080;

/// One command with its options.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Setup,
    Serve(Serve),
    Build(Build),
    Book,
    Dist(Dist),
    Test,
    Voice(Voice),
    Shots(Shots),
    Fidelity(Fidelity),
    Fuzz(Fuzz),
    Perf(Perf),
    Record(Record),
    Advise(Advise),
    Claims,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Serve {
    pub(crate) release: bool,
    pub(crate) port: u16,
    pub(crate) open: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Build {
    pub(crate) release: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Dist {
    /// Whether only the command, the library and the wheel are built.
    pub(crate) native: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Voice {
    /// Whether every text is printed instead of checked.
    pub(crate) list: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shots {
    /// Where the pictures go, if not to where the tests put them.
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fidelity {
    /// The allocator that alone is compared.
    pub(crate) only: Option<String>,
    /// Where other libraries are unpacked.
    pub(crate) libraries: Option<PathBuf>,
    /// Where the report goes.
    pub(crate) out: Option<PathBuf>,
    /// How many random operations on each release.
    pub(crate) operations: Option<u64>,
    /// Traces beside the bundled ones.
    pub(crate) traces: Vec<PathBuf>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Perf {
    /// The revision whose command runs by turns with this tree's.
    pub(crate) against: Option<String>,
    /// The only part that is measured, if not all.
    pub(crate) only: Option<String>,
    /// How many pairs of runs, at least one.
    pub(crate) runs: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// How often each way to run a program is measured.
    pub(crate) rounds: usize,
    /// How many workers are forked.
    pub(crate) forks: u32,
    /// Where a service is to measure.
    pub(crate) service: Option<PathBuf>,
    /// Where other libraries are unpacked.
    pub(crate) libraries: Option<PathBuf>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Advise {
    /// How often each candidate is run.
    pub(crate) rounds: usize,
    /// The only program, if not all.
    pub(crate) only: Option<String>,
    /// Where a service is to measure.
    pub(crate) service: Option<PathBuf>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Fuzz {
    /// How long each target runs.
    pub(crate) minutes: f64,
    /// What chance starts from; the time by default.
    pub(crate) seed: Option<u64>,
    /// The only target, if not all.
    pub(crate) target: Option<String>,
}

impl Default for Fuzz {
    fn default() -> Self {
        Self {
            minutes: 1.0,
            seed: None,
            target: None,
        }
    }
}

impl Command {
    /// Returns the command of a name, without options.
    fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "help" => Command::Help,
            "setup" => Command::Setup,
            "serve" => Command::Serve(Serve {
                release: false,
                port: DEFAULT_PORT,
                open: false,
            }),
            "build" => Command::Build(Build { release: false }),
            "book" => Command::Book,
            "dist" => Command::Dist(Dist::default()),
            "test" => Command::Test,
            "voice" => Command::Voice(Voice::default()),
            "shots" => Command::Shots(Shots::default()),
            "fidelity" => Command::Fidelity(Fidelity::default()),
            "fuzz" => Command::Fuzz(Fuzz::default()),
            "perf" => Command::Perf(Perf {
                against: None,
                only: None,
                runs: 11,
            }),
            "record" => Command::Record(Record {
                rounds: 11,
                forks: 1000,
                service: None,
                libraries: None,
            }),
            "advise" => Command::Advise(Advise {
                rounds: 5,
                only: None,
                service: None,
            }),
            "claims" => Command::Claims,
            other => bail!("unknown command `{other}`; `cargo xtask help` lists the commands"),
        })
    }

    /// Returns the parts that it needs besides Rust.
    pub(crate) fn needs(&self) -> &'static [Part] {
        match self {
            Self::Dist(Dist { native: true }) => &[],
            Self::Serve(_) | Self::Build(_) | Self::Dist(_) => Part::PAGE,
            Self::Shots(_) | Self::Perf(_) => Part::PICTURES,
            Self::Fuzz(_) => Part::FUZZING,
            Self::Setup | Self::Test => Part::ALL,
            Self::Help
            | Self::Book
            | Self::Voice(_)
            | Self::Fidelity(_)
            | Self::Record(_)
            | Self::Advise(_)
            | Self::Claims => &[],
        }
    }
}

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
        match (&mut command, argument) {
            (_, Long("help") | Short('h')) => return Ok((Command::Help, installing)),
            (_, Long("no-install")) => installing = Installing::Forbidden,
            (Command::Serve(options), Long("release")) => options.release = true,
            (Command::Serve(options), Long("open")) => options.open = true,
            (Command::Serve(options), Long("port")) => options.port = parser.value()?.parse()?,
            (Command::Build(options), Long("release")) => options.release = true,
            (Command::Dist(options), Long("native")) => options.native = true,
            (Command::Voice(options), Long("list")) => options.list = true,
            (Command::Shots(options), Long("out")) => options.out = Some(parser.value()?.into()),
            (Command::Fidelity(options), Long("only")) => {
                options.only = Some(parser.value()?.string()?);
            }
            (Command::Fidelity(options), Long("libraries")) => {
                options.libraries = Some(parser.value()?.into());
            }
            (Command::Fidelity(options), Long("out")) => options.out = Some(parser.value()?.into()),
            (Command::Fidelity(options), Long("operations")) => {
                options.operations = Some(parser.value()?.parse()?);
            }
            (Command::Fidelity(options), Value(trace)) => options.traces.push(trace.into()),
            (Command::Fuzz(options), Long("minutes")) => {
                let minutes: f64 = parser.value()?.parse()?;
                if !(minutes > 0.0 && minutes <= 10_000.0) {
                    bail!("--minutes {minutes}: it must be above 0 and at most 10000");
                }
                options.minutes = minutes;
            }
            (Command::Fuzz(options), Long("seed")) => {
                options.seed = Some(parser.value()?.parse()?);
            }
            (Command::Perf(options), Long("against")) => {
                options.against = Some(parser.value()?.string()?);
            }
            (Command::Perf(options), Long("only")) => {
                options.only = Some(parser.value()?.string()?);
            }
            (Command::Perf(options), Long("runs")) => {
                options.runs = parser.value()?.parse()?;
                if options.runs == 0 {
                    bail!("--runs 0: at least one is required");
                }
            }
            (
                Command::Record(Record { rounds, .. }) | Command::Advise(Advise { rounds, .. }),
                Long("rounds"),
            ) => {
                *rounds = parser.value()?.parse()?;
                if *rounds == 0 {
                    bail!("--rounds 0: at least one is required");
                }
            }
            (Command::Record(options), Long("forks")) => {
                options.forks = parser.value()?.parse()?;
            }
            (Command::Advise(options), Long("only")) => {
                options.only = Some(parser.value()?.string()?);
            }
            (
                Command::Record(Record { service, .. }) | Command::Advise(Advise { service, .. }),
                Long("service"),
            ) => {
                *service = Some(std::path::absolute(parser.value()?)?);
            }
            (Command::Record(options), Long("libraries")) => {
                options.libraries = Some(std::path::absolute(parser.value()?)?);
            }
            (Command::Fuzz(options), Value(target)) if options.target.is_none() => {
                options.target = Some(target.string()?);
            }
            (_, other) => return Err(other.unexpected().into()),
        }
    }
    Ok((command, installing))
}

#[cfg(test)]
mod tests {
    use super::*;

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
