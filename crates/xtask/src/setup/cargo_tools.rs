//! Tools that cargo can install: trunk, the wasm-bindgen command, cargo-deny and geckodriver.
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
pub(crate) const TRUNK_VERSION: &str = "0.21.14";

/// What checks the dependencies. Newer releases want a newer Rust than the workspace's minimum.
pub(crate) const DENY_VERSION: &str = "0.20.2";

/// What steers Firefox.
pub(crate) const GECKODRIVER_VERSION: &str = "0.37.1";

/// Returns the path of cargo-deny, which was set up.
///
/// # Errors
/// It is not there.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let path = process::path_with(&[&workspace::tools_dir().join("bin")])?;
    process::find_on(&path, "cargo-deny").context("cargo-deny is missing: run `cargo xtask setup`")
}

/// Whether cargo-deny is there, in any version that starts.
pub(crate) fn has_deny() -> bool {
    version("cargo-deny").is_some()
}

/// Whether trunk is there, in any version that starts.
pub(crate) fn has_trunk() -> bool {
    version("trunk").is_some()
}

/// Whether the wasm-bindgen command and its test runner are there. They must be exactly of the version of the library in
/// `Cargo.lock`.
pub(crate) fn has_wasm_bindgen() -> Result<bool> {
    let wanted = workspace::locked_version("wasm-bindgen")?;
    Ok(["wasm-bindgen", "wasm-bindgen-test-runner"]
        .iter()
        .all(|program| version(program).as_deref() == Some(wanted.as_str())))
}

/// The version of a program under the folder of tools or, if there is none, on `PATH`.
fn version(program: &str) -> Option<String> {
    let tools = workspace::tools_dir().join("bin");
    let path = process::path_with(&[&tools]).ok()?;
    let program = process::find_on(&path, program)?;
    let said = process::output(process::command(program).arg("--version")).ok()?;
    Some(said.split_whitespace().nth(1)?.to_owned())
}

/// Compiles a package of crates.io with the versions of its own lock file, and installs it into the folder of tools.
pub(crate) fn install(package: &str, version: &str, options: &[&str]) -> Result<()> {
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
    result.with_context(|| format!("cannot install {package}"))
}

/// What is left of the compilation is of no more use; failing to remove it does no harm.
fn remove(folder: &Path) {
    fs::remove_dir_all(folder).ok();
}
