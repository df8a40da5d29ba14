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

/// Asks for advice on a recording.
pub(super) fn foretell(
    command: &Path,
    recording: &Path,
    most: usize,
    library: u64,
) -> Result<Vec<Foretold>> {
    let replayed = json(
        Command::new(command)
            .arg("replay")
            .arg(recording)
            .arg("--json"),
    )?;
    let rested = number(&replayed["moment"]["time_us"])?;
    let samples = replayed["measured"]["samples"].as_array();
    let samples = samples.context("the recording has no samples")?.iter();
    let mut until = samples.filter(|sample| sample["time_us"].as_u64() <= Some(rested));
    let sample = until
        .next_back()
        .context("no sample before the last rest's end")?;
    let recorded = number(&sample["measured"]["rss"])?;
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
            resident: number(&row["after_rest"])? + rest + if preloads { library } else { 0 },
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
