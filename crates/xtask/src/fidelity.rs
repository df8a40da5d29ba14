//! `cargo xtask fidelity`: how faithful the models are to the libraries at hand. The work is done in
//! `crates/proof/live`, which this package does not depend on: whoever runs another command need not compile it.

use std::{env, process::ExitCode};

use anyhow::{Context, Result};

use crate::{options, process};

pub(crate) fn run(options: &options::Fidelity) -> Result<ExitCode> {
    // Paths are meant from where the command was given, and the program runs in the root of the workspace.
    let here = env::current_dir().context("the current folder no longer exists")?;
    let mut cargo = process::cargo();
    cargo
        .args(["run", "--release", "--package", "highwater-live"])
        .args(["--bin", "fidelity", "--"]);
    if let Some(family) = &options.only {
        cargo.args(["--only", family]);
    }
    if let Some(folder) = &options.libraries {
        cargo.arg("--libraries").arg(here.join(folder));
    }
    if let Some(file) = &options.out {
        cargo.arg("--out").arg(here.join(file));
    }
    if let Some(count) = options.operations {
        cargo.arg("--operations").arg(count.to_string());
    }
    cargo.args(options.traces.iter().map(|trace| here.join(trace)));
    process::run(&mut cargo)?;
    Ok(ExitCode::SUCCESS)
}
