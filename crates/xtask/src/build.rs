//! `cargo xtask build`: the page as files.

use std::{path::Path, process::ExitCode};

use anyhow::Result;

use crate::{options, process, setup::PageTools, workspace};

pub(crate) fn run(options: &options::Build) -> Result<ExitCode> {
    let tools = PageTools::set_up()?;
    let dist = workspace::root().join("dist");
    page(&tools, options.release, &dist)?;
    println!("built: {}", dist.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the page into a folder.
pub(crate) fn page(tools: &PageTools, release: bool, dist: &Path) -> Result<()> {
    let mut trunk = tools.command("trunk")?;
    trunk.arg("build").arg(format!("--release={release}"));
    trunk.arg("--dist").arg(dist);
    process::run(&mut trunk)
}
