//! `cargo xtask dist`: what is handed on: the page for any static host, the page in one file, the package for other
//! people's JavaScript, the book, and what machines without Rust need to record a program.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Result;

use crate::{book, build, native, options, process, setup::PageTools, workspace};

/// The crate of the package.
const EMBED: &str = "highwater-embed";

pub(crate) fn run(options: &options::Dist) -> Result<ExitCode> {
    let dist = workspace::root().join("dist");
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        native::write(&dist)?;
    }
    if options.native {
        return Ok(ExitCode::SUCCESS);
    }
    let tools = PageTools::find()?;
    let site = dist.join("site");
    build::page(&tools, true, &site)?;
    fs::copy(site.join(workspace::SINGLE), dist.join("highwater.html"))?;
    package(&tools, &dist)?;
    book::write(&dist.join("book"))?;
    println!("built: {}", dist.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the package into `package` of a folder, and the examples that use it into `examples` beside it.
pub(crate) fn package(tools: &PageTools, folder: &Path) -> Result<()> {
    let mut cargo = tools.cargo()?;
    cargo.args(["build", "--package", EMBED, "--profile", "wasm-release"]);
    cargo.args(["--target", "wasm32-unknown-unknown"]);
    build::hide_folders(&mut cargo);
    process::run(&mut cargo)?;
    let package = folder.join("package");
    let root = workspace::root();
    workspace::copy_files(&root.join("crates/fronts/embed/package"), &package)?;
    workspace::copy_files(&root.join("web/examples"), &folder.join("examples"))?;
    let built = (tools.toolchain.target_dir()).join("wasm32-unknown-unknown/wasm-release");
    process::run(
        tools
            .command("wasm-bindgen")?
            // Whoever uses the package goes on after a panic, in a new instance.
            .arg("--experimental-reset-state-function")
            .args(["--target", "web", "--out-name", "engine", "--out-dir"])
            .arg(&package)
            .arg(built.join("highwater_embed.wasm")),
    )
}
