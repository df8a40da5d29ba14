//! `cargo xtask dist`: what is handed on: the page for any static host, the page in one file, and the package for other people's JavaScript.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, Result};

use crate::{build, process, setup::PageTools, single, workspace};

/// The crate of the package.
const EMBED: &str = "highwater-embed";

pub(crate) fn run() -> Result<ExitCode> {
    let tools = PageTools::set_up()?;
    let dist = workspace::root().join("dist");
    let site = dist.join("site");
    build::page(&tools, true, &site)?;
    single::write(&site, &dist.join("highwater.html"))?;
    package(&tools, &dist)?;
    println!("built: {}", dist.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the package into `package` of a folder, and the examples that use it into `examples` beside it.
pub(crate) fn package(tools: &PageTools, folder: &Path) -> Result<()> {
    process::run(
        (tools.cargo()?)
            .args(["build", "--package", EMBED, "--profile", "wasm-release"])
            .args(["--target", "wasm32-unknown-unknown"]),
    )?;
    let package = folder.join("package");
    copy("crates/embed/package", &package)?;
    copy("web/examples", &folder.join("examples"))?;
    let built = (tools.toolchain.target_dir()).join("wasm32-unknown-unknown/wasm-release");
    process::run(
        tools
            .command("wasm-bindgen")?
            .args(["--target", "web", "--out-name", "engine", "--out-dir"])
            .arg(&package)
            .arg(built.join("highwater_embed.wasm")),
    )
}

/// Copies the files of a folder of the workspace into one that is made.
fn copy(from: &str, to: &Path) -> Result<()> {
    let from = workspace::root().join(from);
    fs::create_dir_all(to).with_context(|| shown("create", to))?;
    for entry in fs::read_dir(&from).with_context(|| shown("read", &from))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        fs::copy(entry.path(), &to).with_context(|| shown("write", &to))?;
    }
    Ok(())
}

fn shown(doing: &str, path: &Path) -> String {
    format!("cannot {doing} {}", path.display())
}
