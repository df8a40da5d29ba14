//! The command line.

mod parse;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::setup::Part;
pub(crate) use parse::parse;

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
