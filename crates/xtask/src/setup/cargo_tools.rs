//! Tools that cargo can install: trunk, and the wasm-bindgen command.
//!
//! They are compiled for Highwater only, without optimisation: trunk then takes four minutes instead of twelve, and
//! what it does later is waiting for the compiler anyway.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::progress;
use crate::{process, workspace};

/// The newest trunk that compiles with every Rust from the workspace's own minimum on.
const TRUNK_VERSION: &str = "0.21.14";

/// What checks the dependencies. Newer releases want a newer Rust than the workspace's minimum.
const DENY_VERSION: &str = "0.20.2";

/// Returns cargo-deny, installed if it is not there.
///
/// # Errors
/// It cannot be installed.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    if version("cargo-deny").is_none() {
        install("cargo-deny", DENY_VERSION, &[])?;
    }
    let path = process::path_with(&[&workspace::tools_dir().join("bin")])?;
    process::find_on(&path, "cargo-deny").context("cargo-deny was installed, but is not there")
}

/// trunk: any version that starts will do.
pub(crate) fn set_up_trunk() -> Result<()> {
    if version("trunk").is_some() {
        return Ok(());
    }
    install(
        "trunk",
        TRUNK_VERSION,
        &["--no-default-features", "--features", "rustls"],
    )
}

/// The wasm-bindgen command and its test runner: they must be exactly of the version of the library in `Cargo.lock`.
pub(crate) fn set_up_wasm_bindgen() -> Result<()> {
    let wanted = workspace::locked_version("wasm-bindgen")?;
    let is_there = ["wasm-bindgen", "wasm-bindgen-test-runner"]
        .iter()
        .all(|program| version(program).as_deref() == Some(wanted.as_str()));
    if is_there {
        return Ok(());
    }
    install("wasm-bindgen-cli", &wanted, &[])
}

/// The version of a program under the folder of tools or, if there is none, on `PATH`.
fn version(program: &str) -> Option<String> {
    let tools = workspace::tools_dir().join("bin");
    let path = process::path_with(&[&tools]).ok()?;
    let program = process::find_on(&path, program)?;
    let said = process::output(process::command(program).arg("--version")).ok()?;
    Some(said.split_whitespace().nth(1)?.to_owned())
}

fn install(package: &str, version: &str, options: &[&str]) -> Result<()> {
    let tools = workspace::tools_dir();
    fs::create_dir_all(&tools).with_context(|| format!("cannot create {}", tools.display()))?;
    progress(&format!(
        "cargo install {package} {version}, into {} (takes minutes, once)",
        tools.display()
    ));
    let build = tools.join("build");
    let result = process::run(
        process::cargo()
            .args([
                "install",
                package,
                "--version",
                version,
                "--locked",
                "--quiet",
            ])
            .arg("--root")
            .arg(&tools)
            .args(options)
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "false")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            // A tool of this machine is no program of the workspace: neither its flags nor its lints apply.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET"),
    );
    if result.is_ok() {
        remove(&build);
    }
    result.with_context(|| {
        format!("cannot install {package}; install it by hand with `cargo install {package} --version {version} --locked`")
    })
}

/// What is left of the compilation is of no more use; failing to remove it does no harm.
fn remove(folder: &Path) {
    fs::remove_dir_all(folder).ok();
}
