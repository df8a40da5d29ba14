//! The models beside the real allocators: the benchmark of `crates/proof/live`, in short.

use anyhow::{Context, Result};

use super::report::Report;
use crate::{options, process};

/// Runs the benchmark, which compares real allocators, models and recordings in turn, and reports its table.
pub(super) fn compare(_: &options::Perf, report: &mut Report) -> Result<bool> {
    let mut cargo = process::cargo();
    // With `--test` criterion runs everything once; the rounds of the table are made in any case.
    cargo.args([
        "bench",
        "--package",
        "highwater-live",
        "--bench",
        "replay",
        "--",
        "--test",
    ]);
    let printed = process::output(&mut cargo)?;
    let lines: Vec<&str> = printed.lines().collect();
    let header = lines.iter().position(|line| line.contains("operations"));
    let header = header.context("the benchmark has printed no table")?;
    report.part(
        "Models beside the real allocators",
        "Millions of operations a second: the real allocator with every block written page by page, the model alone, and the \
         model with everything that a run keeps. The last columns are ratios to the real one.",
    );
    report.lines(&lines[header..]);
    Ok(true)
}
