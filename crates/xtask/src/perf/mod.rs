//! `cargo xtask perf`: how long things take, written to `docs/performance.md`. Figures that are compared are measured by
//! turns in the same minutes, by processor time, so that a slow or busy machine slows both. Figures of the page are the
//! browser's own.
//!
//! No check of `cargo xtask test` measures time: what fails there fails on every machine.

mod command;
mod instructions;
mod looks;
mod page;
mod real;
mod report;
mod timing;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::options;
use report::Report;

/// Measures a part, and returns whether every figure is within its limit.
type Measure = fn(&options::Perf, &mut Report) -> Result<bool>;

/// The parts of the page, by the name that `--only` takes.
const PARTS: [(&str, Measure); 7] = [
    ("against", command::against),
    ("real", real::compare),
    ("wasm", wasm::compare),
    ("instructions", instructions::count),
    ("looks", looks::measure),
    ("settings", command::read_settings),
    ("page", page::measure),
];

/// Measures, prints the figures and writes them down.
///
/// # Errors
/// Something cannot be built or ends with an error; or, once the figures are written, one is above its limit.
pub(crate) fn run(options: &options::Perf) -> Result<ExitCode> {
    let names = PARTS.map(|(name, _)| name);
    if let Some(only) = &options.only {
        let known = names.join(", ");
        ensure!(
            names.contains(&&**only),
            "--only {only}: the parts are {known}"
        );
    }
    let mut within_limits = true;
    let mut measured = Vec::new();
    for (name, measure) in PARTS {
        let is_wanted = match &options.only {
            Some(only) => only == name,
            None => name != "against" || options.against.is_some(),
        };
        if is_wanted {
            let mut report = Report::default();
            within_limits &= measure(options, &mut report)?;
            measured.push((name, report.finish(name, options)));
            // Written at once: what comes after may fail.
            report::write(&names, &measured)?;
        }
    }
    ensure!(within_limits, "a figure is above its limit");
    Ok(ExitCode::SUCCESS)
}
