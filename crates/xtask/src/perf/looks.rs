//! Looks into random moments of long runs: the benchmark of `crates/engine/simulator`.

use anyhow::{Context, Result};

use super::report::Report;
use crate::{options, process};

/// Runs the benchmark and reports its table.
pub(super) fn measure(_: &options::Perf, report: &mut Report) -> Result<bool> {
    let mut cargo = process::cargo();
    cargo.args([
        "bench",
        "--package",
        "highwater-simulator",
        "--bench",
        "looks",
    ]);
    let printed = process::output(&mut cargo)?;
    let mut rows = (printed.lines())
        .filter(|line| line.contains(" | "))
        .map(|line| line.split(" | ").collect::<Vec<&str>>());
    let header = rows.next().context("the benchmark has printed no table")?;
    let rows: Vec<Vec<String>> = rows
        .map(|row| row.iter().map(ToString::to_string).collect())
        .collect();
    report.part(
        "Looks into long runs",
        "A look into a random moment, explained and with its heap map: from the nearest of the moments that the run has kept \
         within 64 MiB, and from the beginning. Beside the run is how many times as long it takes when it keeps moments.",
    );
    report.table(&header, &rows);
    Ok(true)
}
