//! `cargo xtask serve`: the page on this machine, rebuilt at every change.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{options, setup::PageTools};

pub(crate) fn run(options: &options::Serve) -> Result<ExitCode> {
    let tools = PageTools::find()?;
    let mut trunk = tools.command("trunk")?;
    trunk.arg("serve");
    trunk.arg(format!("--release={}", options.release));
    trunk.arg(format!("--port={}", options.port));
    if options.open {
        trunk.arg("--open=true");
    }
    println!(
        "Highwater will be at http://127.0.0.1:{}/ as soon as it is built; Ctrl-C ends it.",
        options.port
    );
    hand_over(trunk)
}

/// Becomes trunk, so that whatever ends this process ends trunk and leaves none behind.
#[cfg(unix)]
fn hand_over(mut trunk: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(trunk.exec()).context("cannot start trunk")
}

#[cfg(not(unix))]
fn hand_over(mut trunk: Command) -> Result<ExitCode> {
    let status = trunk.status().context("cannot start trunk")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
