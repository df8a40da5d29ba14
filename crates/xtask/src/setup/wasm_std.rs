//! The standard library for wasm32: without it the compiler builds nothing for the browser.
//!
//! Three ways, in this order: it is there; rustup brings it; Debian's packages bring another compiler together with the
//! library's source, from which cargo then builds it. The last way is for machines that reach their distribution's
//! packages but not rustup's server. That compiler is used for wasm32 alone and keeps a target folder of its own,
//! since two compilers in one folder would undo each other's work at every step.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use super::{packages, progress};
use crate::{process, workspace};

/// The name of the target.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A rustup that has no server to talk to may try for many minutes; the library itself comes within one.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(180);

/// Where Debian's packages put their programs.
const DEBIAN_PREFIX: &str = "/usr";

/// Debian's newest compiler (it keeps one for building browsers), its cargo, clippy and library source.
pub(crate) const DEBIAN_PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-clippy",
    "rust-web-src",
    "rust-web-llvm",
];

/// A compiler that can build for wasm32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WasmToolchain {
    /// The machine's own.
    Own,
    /// Debian's, which builds the standard library along with the program.
    Debian,
}

impl WasmToolchain {
    /// Finds one, the machine's own first.
    pub(crate) fn find() -> Option<Self> {
        if own_library_is_there() {
            Some(Self::Own)
        } else {
            debian_is_complete().then_some(Self::Debian)
        }
    }

    /// Prepares a program that compiles for wasm32, directly or through trunk.
    pub(crate) fn apply(self, command: &mut Command) {
        match self {
            Self::Own => {}
            Self::Debian => {
                command
                    // For rustup's `cargo`; `folder` is for machines without it.
                    .env("RUSTUP_TOOLCHAIN", DEBIAN_PREFIX)
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
                    .env("CARGO_TARGET_DIR", self.target_dir())
                    .env_remove("CARGO")
                    .env_remove("RUSTC");
            }
        }
    }

    /// The folder that must come first on `PATH` for this compiler to be found.
    pub(crate) fn folder(self) -> Option<&'static Path> {
        match self {
            Self::Own => None,
            Self::Debian => Some(Path::new("/usr/bin")),
        }
    }

    /// The target folder of what this compiler builds for wasm32.
    pub(crate) fn target_dir(self) -> PathBuf {
        match self {
            Self::Own => workspace::target_dir(),
            Self::Debian => workspace::target_dir().join("wasm"),
        }
    }
}

/// Whether the machine's compiler finds a standard library for the target.
fn own_library_is_there() -> bool {
    let mut rustc = process::command("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    process::output(&mut rustc).is_ok_and(|folder| holds_std(Path::new(&folder)))
}

fn holds_std(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

/// Installs the library for the machine's own compiler.
///
/// # Errors
/// rustup fails, takes too long, or adds it to another toolchain than the one in use.
pub(crate) fn add_with_rustup() -> Result<()> {
    progress(&format!("rustup target add {TARGET}"));
    let mut rustup = process::command("rustup")
        .args(["--quiet", "target", "add", TARGET])
        .env("RUSTUP_MAX_RETRIES", "1")
        .stdin(Stdio::null())
        .spawn()
        .context("cannot start rustup")?;
    let started = Instant::now();
    loop {
        if let Some(status) = rustup.try_wait()? {
            if status.success() {
                ensure!(
                    own_library_is_there(),
                    "rustup added {TARGET} for a toolchain that is not in use"
                );
                return Ok(());
            }
            bail!("rustup cannot install it ({status})");
        }
        if started.elapsed() > RUSTUP_PATIENCE {
            rustup.kill().ok();
            rustup.wait().ok();
            bail!(
                "rustup did not install it within {} s",
                RUSTUP_PATIENCE.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Installs the linker of Debian's compiler. `rust-lld` is a link to that of one LLVM version, whose package nothing
/// depends on.
pub(crate) fn install_linker() -> Result<()> {
    match missing_linker() {
        Some(linker) => packages::install(&[&linker]),
        None => Ok(()),
    }
}

/// The package of the linker that `rust-lld` points to, if it is not installed.
fn missing_linker() -> Option<String> {
    let link = Path::new(DEBIAN_PREFIX).join("bin/rust-lld");
    if link.exists() {
        return None;
    }
    let linker = fs::read_link(link).ok()?;
    Some(linker.file_name()?.to_string_lossy().into_owned())
}

/// Whether Debian's compiler, its cargo, its linker and the library's source are there.
fn debian_is_complete() -> bool {
    let prefix = Path::new(DEBIAN_PREFIX);
    let programs = ["rustc", "cargo", "cargo-clippy", "rust-lld"];
    if !programs
        .iter()
        .all(|name| prefix.join("bin").join(name).exists())
    {
        return false;
    }
    let mut rustc = process::command(prefix.join("bin/rustc"));
    process::output(rustc.args(["--print", "sysroot"])).is_ok_and(|sysroot| {
        Path::new(&sysroot)
            .join("lib/rustlib/src/rust/library")
            .exists()
    })
}
