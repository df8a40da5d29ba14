//! Debian's packages: the way to a compiler's missing part, or to a browser, where nothing else is to be had.

use std::sync::OnceLock;

use anyhow::{Result, bail};

use super::progress;
use crate::process;

/// Whether packages can be installed here without asking anybody.
pub(crate) fn can_install() -> bool {
    process::find("apt-get").is_some() && privileged_prefix().is_some()
}

/// Installs packages and nothing that they merely recommend.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let Some(prefix) = privileged_prefix().filter(|_| can_install()) else {
        bail!(
            "install these packages by hand: they are missing, and apt-get is not available or needs more rights: {}",
            packages.join(" ")
        );
    };
    refresh_lists(prefix);
    progress(&format!("apt-get install {}", packages.join(" ")));
    let mut command = apt_get(prefix);
    command
        .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
        .args(packages);
    process::run(&mut command)
}

/// Reads the lists of packages once. Without a network the lists that are there may still do.
fn refresh_lists(prefix: &[&str]) {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        progress("apt-get update");
        if let Err(error) = process::run(apt_get(prefix).args(["update", "--quiet=2"])) {
            progress(&format!("{error:#}; continuing with the existing lists"));
        }
    });
}

fn apt_get(prefix: &[&str]) -> std::process::Command {
    let mut words = prefix.iter().copied().chain(["apt-get"]);
    let mut command = process::command(words.next().unwrap_or("apt-get"));
    command
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("NEEDRESTART_SUSPEND", "1");
    command
}

/// The words before a command that needs rights: none for root, `sudo` where it asks for no password.
fn privileged_prefix() -> Option<&'static [&'static str]> {
    static PREFIX: OnceLock<Option<&'static [&'static str]>> = OnceLock::new();
    *PREFIX.get_or_init(|| {
        const NONE: &[&str] = &[];
        // DEBIAN_FRONTEND does not pass through sudo by itself, hence `env`.
        const SUDO: &[&str] = &[
            "sudo",
            "--non-interactive",
            "env",
            "DEBIAN_FRONTEND=noninteractive",
        ];
        if process::output(process::command("id").arg("-u")).is_ok_and(|user| user == "0") {
            Some(NONE)
        } else if process::output(process::command("sudo").args(["--non-interactive", "true"]))
            .is_ok()
        {
            Some(SUDO)
        } else {
            None
        }
    })
}
