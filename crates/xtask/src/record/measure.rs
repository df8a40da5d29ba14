//! Figures of programs that run by turns, so that a machine that others use slows all of them alike.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// What runs in front of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Before {
    Nothing,
    Recorder,
    /// The recorder, with the places that calls come from.
    Sites,
    Heaptrack,
    Memray,
}

/// Where things are.
pub(super) struct Place {
    /// The recorder's library and the command.
    pub(super) library: PathBuf,
    pub(super) command: PathBuf,
    /// A folder for what programs write.
    pub(super) folder: PathBuf,
}

impl Place {
    /// The folder that recordings go to.
    pub(super) fn recorded(&self) -> PathBuf {
        self.folder.join("recorded")
    }

    /// Removes what was recorded before.
    pub(super) fn clear(&self) {
        // It may not be there yet.
        let _ = std::fs::remove_dir_all(self.recorded());
    }

    /// Has a command run behind something.
    pub(super) fn command(&self, before: Before, words: &[&str]) -> Command {
        let heaptrack = self.folder.join("heaptrack");
        let memray = self.folder.join("memray.bin");
        let mut command = match before {
            Before::Nothing | Before::Recorder | Before::Sites => Command::new(words[0]),
            Before::Heaptrack => {
                let mut command = Command::new("heaptrack");
                command.args(["--raw", "-o"]).arg(heaptrack).arg(words[0]);
                command
            }
            Before::Memray => {
                let mut command = Command::new(words[0]);
                command.args(["-m", "memray", "run", "-q", "-f", "-o"]);
                command.arg(memray);
                command
            }
        };
        command.args(&words[1..]).stdin(Stdio::null());
        if before == Before::Sites {
            command.env("HIGHWATER_RECORD_SITES", "8");
        }
        if matches!(before, Before::Recorder | Before::Sites) {
            command
                .env("LD_PRELOAD", &self.library)
                .env("HIGHWATER_RECORD", self.recorded());
        }
        command
    }
}

/// Figures of one way to run something, in the order of the rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures(pub(super) Vec<f64>);

impl Figures {
    /// Returns the figure below which a share of all lies.
    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
        sorted.get(at).copied().unwrap_or(f64::NAN)
    }

    /// Returns each round's figure by that of another way in the same round.
    pub(super) fn by(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(ours, others)| ours / others).collect())
    }

    /// Returns each round's figure without that of another way in the same round.
    pub(super) fn without(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(ours, others)| ours - others).collect())
    }

    /// Writes the median, and in brackets the quartiles.
    pub(super) fn shown(&self, digits: usize) -> String {
        let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| self.quantile(share));
        format!("{middle:.digits$} ({low:.digits$} to {high:.digits$})")
    }
}

/// Runs each way in turn, `rounds` times.
pub(super) fn by_turns(
    rounds: usize,
    ways: &[Before],
    mut run: impl FnMut(Before) -> Result<f64>,
) -> Result<Vec<Figures>> {
    let mut figures = vec![Figures::default(); ways.len()];
    // The first round fills the caches.
    for &way in ways {
        run(way)?;
    }
    for _ in 0..rounds {
        for (figures, &way) in figures.iter_mut().zip(ways) {
            figures.0.push(run(way)?);
        }
    }
    Ok(figures)
}

/// Returns the seconds of processor time that a command and all that it starts take. The shell that measures is not recorded.
pub(super) fn processor_time(command: &Command) -> Result<f64> {
    const SCRIPT: &str = "TIMEFORMAT='%3U %3S'; export \"${@:2:$1}\"; shift $(($1 + 1)); time \"$@\" >/dev/null 2>&1";
    let variables: Vec<OsString> = command
        .get_envs()
        .filter_map(|(name, value)| {
            let mut variable = name.to_owned();
            variable.push("=");
            variable.push(value?);
            Some(variable)
        })
        .collect();
    let mut shell = Command::new("bash");
    shell
        .args(["-c", SCRIPT, "bash"])
        .arg(variables.len().to_string())
        .args(variables)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null());
    let output = shell.output().context("bash cannot be started")?;
    let status = output.status;
    ensure!(status.success(), "{command:?} ends with {status}");
    let text = String::from_utf8_lossy(&output.stderr);
    let times = text.split_ascii_whitespace().map(str::parse::<f64>);
    let times = times.collect::<Result<Vec<_>, _>>();
    Ok(times
        .with_context(|| format!("bash prints {text}"))?
        .iter()
        .sum())
}

/// Returns the number that a command prints.
pub(super) fn printed(command: &mut Command) -> Result<f64> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.trim().parse().ok());
    line.with_context(|| format!("{command:?} prints no number: {text}"))
}

/// Compiles a program of C.
pub(crate) fn compile(source: &Path, folder: &Path, flags: &[&str]) -> Result<PathBuf> {
    let name = source.file_stem().context("a source has a name")?;
    let program = folder.join(name);
    let mut compiler = Command::new("cc");
    compiler.args(flags).args(["-O1", "-w", "-pthread", "-o"]);
    crate::process::run(compiler.arg(&program).arg(source))?;
    Ok(program)
}

/// Whether a command can be started.
pub(super) fn is_there(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
