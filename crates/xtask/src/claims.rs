//! `cargo xtask claims`: holds what is claimed of the incident against runs. The work is done in `crates/proof/claims`.

use std::process::ExitCode;

use anyhow::Result;

use crate::process;

pub(crate) fn run() -> Result<ExitCode> {
    process::run(process::cargo().args(["run", "--release", "--package", "highwater-claims"]))?;
    Ok(ExitCode::SUCCESS)
}
