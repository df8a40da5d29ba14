//! Debian's packages: the way to a compiler's missing part, or to a browser, where nothing else is to be had.

use std::{process::Command, sync::OnceLock};

use anyhow::{Context, Result};

use super::{progress, rights::Rights};
use crate::process;

/// Returns the rights by which packages can be installed here without asking anybody.
pub(crate) fn rights() -> Option<Rights> {
    static RIGHTS: OnceLock<Option<Rights>> = OnceLock::new();
    *RIGHTS.get_or_init(|| {
        process::find("apt-get")?;
        if process::output(process::command("id").arg("-u")).is_ok_and(|user| user == "0") {
            return Some(Rights::Root);
        }
        process::output(process::command("sudo").args(["--non-interactive", "true"]))
            .is_ok()
            .then_some(Rights::Sudo)
    })
}

/// Whether a C++ compiler is there: the one that `CXX` names, or the system's.
pub(crate) fn has_cxx_compiler() -> bool {
    // Not looked for further on other systems, which name and place theirs in their own ways.
    !cfg!(target_os = "linux")
        || std::env::var_os("CXX").is_some()
        || process::find("c++").is_some()
}

/// Installs packages and nothing that they merely recommend.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let rights = rights().context("apt-get is not available or needs a password")?;
    refresh_lists(rights);
    progress(&format!("apt-get install {}", packages.join(" ")));
    let mut command = apt_get(rights);
    command
        .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
        .args(packages);
    process::run_showing_progress(&mut command)
}

/// Reads the lists of packages once. Without a network the lists that are there may still do.
fn refresh_lists(rights: Rights) {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        progress("apt-get update");
        if let Err(error) =
            process::run_showing_progress(apt_get(rights).args(["update", "--quiet=2"]))
        {
            progress(&format!("{error:#}; continuing with the existing lists"));
        }
    });
}

fn apt_get(rights: Rights) -> Command {
    let mut command = match rights {
        Rights::Root => process::command("apt-get"),
        Rights::Sudo => {
            let mut sudo = process::command("sudo");
            // DEBIAN_FRONTEND does not pass through sudo by itself, hence `env`.
            sudo.args(["--non-interactive", "env", "DEBIAN_FRONTEND=noninteractive"]);
            sudo.arg("apt-get");
            sudo
        }
    };
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("NEEDRESTART_SUSPEND", "1");
    command
}
