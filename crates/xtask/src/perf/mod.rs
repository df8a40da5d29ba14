//! `cargo xtask perf`: how long things take, all in one run, written to `docs/performance.md`. Figures that are compared
//! are measured by turns in the same minutes, by processor time, so that a slow or busy machine slows both. Figures of the
//! page are the browser's own.
//!
//! No check of `cargo xtask test` measures time: what fails there fails on every machine.

mod command;
mod page;
mod real;
mod report;
mod timing;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::{options, workspace};
use report::Report;

/// Measures, prints the figures and writes them down.
///
/// # Errors
/// Something cannot be built or ends with an error; or, once the report is written, a figure is above its limit.
pub(crate) fn run(options: &options::Perf) -> Result<ExitCode> {
    let ours = command::build(&workspace::root(), &workspace::target_dir())?;
    let mut report = Report::default();
    if let Some(revision) = &options.against {
        command::against(&ours, revision, options.runs, &mut report)?;
    }
    real::compare(&mut report)?;
    wasm::compare(options.runs, &mut report)?;
    command::count_instructions(&ours, &mut report)?;
    command::read_settings(&ours, options.runs, &mut report)?;
    let within_limits = page::measure(&mut report)?;
    report.write(options)?;
    ensure!(within_limits, "a figure of the page is above its limit");
    Ok(ExitCode::SUCCESS)
}
