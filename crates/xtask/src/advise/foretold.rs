//! What the command foretells of a recording: the whole process's resident memory with each of its first candidates.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::subject::Variables;

/// The library that a program gets in front of its own.
pub(super) const JEMALLOC: &str = "libjemalloc.so.2";

/// What is foretold of a candidate.
pub(super) struct Foretold {
    /// Its number in the advice; 0 for the run as it is.
    pub(super) number: usize,
    pub(super) name: String,
    /// The change, as the environment has it.
    pub(super) variables: Variables,
    /// Resident bytes of the whole process.
    pub(super) resident: u64,
}

/// What a process has resident by jemalloc's library, and by being recorded, beyond what the recorder leaves out itself: pages of
/// the C library that it reads.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    pub(super) jemalloc: u64,
    pub(super) recorder: u64,
}

/// The whole process's resident bytes in the last rest of a recording.
pub(super) fn in_last_rest(command: &Path, recording: &Path) -> Result<u64> {
    // The recording is its own rerun.
    let mut compare = Command::new(command);
    compare.arg("compare").arg(recording).arg("--json");
    let measured = format!("as recorded={}", recording.display());
    let compared = json(compare.args(["--measured", &measured]))?;
    let moments = compared["variants"][0]["measured"][0]["moments"].as_array();
    let last = moments.and_then(|all| all.last());
    number(&last.context("no sample in a rest")?["measured"])
}

/// Asks for advice on a recording.
pub(super) fn foretell(
    command: &Path,
    recording: &Path,
    most: usize,
    beside: Beside,
) -> Result<Vec<Foretold>> {
    let recorded = in_last_rest(command, recording)?.saturating_sub(beside.recorder);
    let advised = json(
        Command::new(command)
            .arg("advise")
            .arg(recording)
            .arg("--json"),
    )?;
    let rows = advised["candidates"].as_array().context("candidates")?;
    let before = number(&rows.first().context("the run as it is")?["after_rest"])?;
    let rest = recorded.saturating_sub(before);
    let worth = rows.iter().filter(|row| row["is_worth"] == true).take(most);
    let shown = rows.iter().take(1).chain(worth);
    let foretold = shown.enumerate().map(|(place, row)| {
        let preloads = row["allocator"].is_string();
        Ok(Foretold {
            number: place,
            name: row["name"].as_str().unwrap_or_default().to_owned(),
            variables: variables(row)?,
            resident: number(&row["after_rest"])?
                + rest
                + if preloads { beside.jemalloc } else { 0 },
        })
    });
    foretold.collect()
}

/// A candidate as the environment has it: for calls of `malloc_trim`, what the programs read.
fn variables(row: &Value) -> Result<Variables> {
    let mut all = Vec::new();
    for set in row["settings"].as_array().into_iter().flatten() {
        let part = |key: &str| set[key].as_str().unwrap_or_default().to_owned();
        all.push((part("name"), part("value")));
    }
    if row["allocator"].is_string() {
        all.push(("LD_PRELOAD".to_owned(), JEMALLOC.to_owned()));
    }
    if let Some(trim) = row["trim"].as_str() {
        let (name, time) = match trim.split_once(' ') {
            Some(("idle", time)) => ("TRIM_IDLE_MS", time),
            Some(("every", time)) => ("TRIM_EVERY_MS", time),
            _ => ("TRIM_IDLE_MS", "0 ms"),
        };
        let (count, unit) = time.split_once(' ').context("a time has a unit")?;
        let unit = if unit == "s" { 1000.0 } else { 1.0 };
        let milliseconds = count.parse::<f64>()? * unit;
        all.push((name.to_owned(), format!("{milliseconds:.0}")));
    }
    Ok(all)
}

fn number(value: &Value) -> Result<u64> {
    value
        .as_u64()
        .with_context(|| format!("{value} is no number"))
}

fn json(command: &mut Command) -> Result<Value> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    Ok(serde_json::from_slice(&output.stdout)?)
}
