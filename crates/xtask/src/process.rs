//! Starting other programs.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A program that will run in the root of the workspace.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    // What `cargo run` says of this package is not meant for other packages' builds.
    for (name, _) in env::vars_os() {
        let is_ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || name.starts_with("CARGO_BIN_")
        });
        if is_ours {
            command.env_remove(name);
        }
    }
    command
}

/// Cargo, the machine's own.
pub(crate) fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a program to its end; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs a program that must succeed and whose output is only progress: it is shown at a terminal, and elsewhere only if the
/// program fails.
pub(crate) fn run_showing_progress(command: &mut Command) -> Result<()> {
    if is_watched() {
        run(command)
    } else {
        output(command).map(drop)
    }
}

/// Whether progress is shown: somebody sits at a terminal. Results are printed in any case.
pub(crate) fn is_watched() -> bool {
    stderr().is_terminal()
}

/// Runs a program that must succeed and returns what it writes, without the last line break.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        bail!("{} failed: {} {said}", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// A program and its arguments, for messages.
fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}

/// Finds a program in the folders of a search path such as `PATH`.
pub(crate) fn find_on(path: &OsStr, program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(path)
        .map(|folder| folder.join(&name))
        .find(|candidate| candidate.is_file())
}

/// Finds a program on the machine's `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    find_on(&env::var_os("PATH").unwrap_or_default(), program)
}

/// The machine's `PATH` with some folders before it.
pub(crate) fn path_with(first: &[&Path]) -> Result<OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    let folders = first
        .iter()
        .map(|folder| folder.to_path_buf())
        .chain(env::split_paths(&old));
    env::join_paths(folders).context("the path of the tools has a character that PATH cannot hold; set HIGHWATER_TOOLS to another folder")
}
