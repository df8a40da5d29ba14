//! Sets up what a machine lacks, before a command does anything else: [`plan()`] says what is missing and where it comes
//! from, [`set_up`] prints that list and installs it, or only lists it where installing is forbidden.

mod browser;
mod cargo_tools;
mod jemalloc;
mod libpython;
mod node;
mod packages;
mod part;
mod plan;
mod rights;
mod wasm_std;

pub(crate) use browser::Browser;
pub(crate) use cargo_tools::cargo_deny;
pub(crate) use libpython::has_libpython;
pub(crate) use node::node;
pub(crate) use part::Part;
pub(crate) use wasm_std::WasmToolchain;

use std::{
    env,
    fmt::{self, Display},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{process, workspace};
use plan::{Installation, Machine, Source, plan};

/// Whether missing parts may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installing {
    Allowed,
    Forbidden,
}

impl Installing {
    /// Returns what the environment says: any value of `HIGHWATER_NO_INSTALL` but 0 and the empty one forbids it.
    pub(crate) fn by_environment() -> Self {
        match env::var_os("HIGHWATER_NO_INSTALL") {
            Some(value) if !value.is_empty() && value != "0" => Self::Forbidden,
            _ => Self::Allowed,
        }
    }
}

/// The list of the parts that are missing and not installed, with the commands to install them by hand.
#[derive(Debug)]
pub(crate) struct Missing(String);

impl Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// Installs the parts that are needed and missing, after a list of them.
///
/// # Errors
/// [`Missing`] before anything is installed, where that is forbidden or a part cannot be installed without asking; else
/// an installation that failed.
pub(crate) fn set_up(needed: &[Part], installing: Installing) -> Result<()> {
    let plan = plan(&machine(needed)?);
    if let Some(missing) = refusal(&plan, installing) {
        return Err(missing.into());
    }
    if plan.is_empty() {
        return Ok(());
    }
    // No progress but a notice: it is printed wherever standard error goes.
    eprint!("{}", plan::announcement(&plan));
    for (number, installation) in plan.iter().enumerate() {
        if installation.is_second_way && is_there(installation.part)? {
            continue;
        }
        let Err(error) = install(installation) else {
            continue;
        };
        if plan.get(number + 1).is_some_and(|next| next.is_second_way) {
            progress(&format!("{error:#}"));
            continue;
        }
        let left = plan::by_hand(&plan[number..]);
        bail!("{error:#}\nWhat is left can be installed by hand:{left}");
    }
    let plan = self::plan(&machine(needed)?);
    if plan.is_empty() {
        return Ok(());
    }
    let left = plan::by_hand(&plan);
    Err(Missing(format!(
        "these parts were installed, but are still missing or too old:{left}"
    ))
    .into())
}

/// Returns the error of a set-up that must not begin.
fn refusal(plan: &[Installation], installing: Installing) -> Option<Missing> {
    if plan.is_empty() {
        return None;
    }
    let list = plan::by_hand(plan);
    if installing == Installing::Forbidden {
        return Some(Missing(format!(
            "these parts are missing, and installing is forbidden (--no-install or HIGHWATER_NO_INSTALL). By hand:{list}"
        )));
    }
    if plan.iter().all(Installation::is_possible) {
        return None;
    }
    Some(Missing(format!(
        "these parts are missing, and apt-get is not available here or needs a password. Nothing was installed. \
         By hand:{list}"
    )))
}

/// Returns which of the needed parts the machine lacks, and how it can install them.
fn machine(needed: &[Part]) -> Result<Machine> {
    let mut missing = Vec::new();
    for &part in needed {
        if !is_there(part)? {
            missing.push(part);
        }
    }
    Ok(Machine {
        // Only asked for where something is missing: sudo writes its calls to the system's log.
        apt_get: if missing.is_empty() {
            None
        } else {
            packages::rights()
        },
        missing,
        has_rustup: process::find("rustup").is_some(),
        tools: workspace::tools_dir(),
        wasm_bindgen: workspace::locked_version("wasm-bindgen")?,
    })
}

fn is_there(part: Part) -> Result<bool> {
    Ok(match part {
        Part::WasmStd => WasmToolchain::find().is_some(),
        Part::Trunk => cargo_tools::has_trunk(),
        Part::WasmBindgen => cargo_tools::has_wasm_bindgen()?,
        Part::Deny => cargo_tools::has_deny(),
        Part::Chromium => browser::has_chromium(),
        Part::Firefox => browser::has_firefox(),
        Part::Geckodriver => browser::has_geckodriver(),
        Part::Node => node().is_some(),
        Part::Jemalloc => jemalloc::is_there(),
        Part::CxxCompiler => packages::has_cxx_compiler(),
    })
}

fn install(installation: &Installation) -> Result<()> {
    match &installation.source {
        Source::Crates {
            package,
            version,
            options,
        } => cargo_tools::install(package, version, options),
        Source::Rustup => wasm_std::add_with_rustup(),
        Source::Packages(_) => {
            packages::install(installation.debian_packages())?;
            match installation.part {
                Part::WasmStd => wasm_std::install_linker(),
                _ => Ok(()),
            }
        }
    }
}

/// What the page is built with.
#[derive(Debug)]
pub(crate) struct PageTools {
    /// The compiler that can build for wasm32.
    pub(crate) toolchain: WasmToolchain,
}

impl PageTools {
    /// Returns the tools that were set up.
    pub(crate) fn find() -> Result<Self> {
        let toolchain = WasmToolchain::find().context("no compiler for wasm32 was set up")?;
        Ok(Self { toolchain })
    }

    /// Cargo for wasm32. Debian's compiler is meant where the machine's own has no library, and then its cargo with it.
    pub(crate) fn cargo(&self) -> Result<Command> {
        match self.toolchain {
            WasmToolchain::Own => {
                let mut cargo = process::cargo();
                cargo.env("CARGO_TARGET_DIR", self.toolchain.target_dir());
                Ok(cargo)
            }
            WasmToolchain::Debian => self.command("cargo"),
        }
    }

    /// A program that builds for wasm32: with the compiler for it, and with the tools on its `PATH`.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let tools = workspace::tools_dir().join("bin");
        let mut folders = vec![tools.as_path()];
        folders.extend(self.toolchain.folder());
        let path = process::path_with(&folders)?;
        // Found here and not by the system: on Windows that would look in this process's own PATH.
        let found = process::find_on(&path, program).unwrap_or_else(|| program.into());
        let mut command = process::command(found);
        command.env("PATH", path);
        self.toolchain.apply(&mut command);
        Ok(command)
    }
}

/// Prints what is being done, for people at a terminal.
fn progress(words: &str) {
    if process::is_watched() {
        eprintln!("setup: {words}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rights::Rights;

    fn planned(missing: &[Part], apt_get: Option<Rights>) -> Vec<Installation> {
        plan(&Machine {
            missing: missing.to_vec(),
            has_rustup: true,
            apt_get,
            tools: "/tools".into(),
            wasm_bindgen: "0.2.99".to_owned(),
        })
    }

    #[test]
    fn a_complete_machine_is_never_refused() {
        for installing in [Installing::Allowed, Installing::Forbidden] {
            assert!(refusal(&[], installing).is_none());
        }
    }

    #[test]
    fn a_forbidden_set_up_lists_every_part_with_its_command() {
        let plan = planned(Part::ALL, Some(Rights::Root));
        assert!(refusal(&plan, Installing::Allowed).is_none());
        let list = refusal(&plan, Installing::Forbidden).expect("parts are missing");
        for installation in &plan {
            let command = installation.by_hand();
            assert!(list.0.contains(&command), "{command} in {list}");
        }
    }

    #[test]
    fn a_part_that_cannot_be_installed_stops_the_others() {
        let plan = planned(&[Part::Trunk, Part::Jemalloc], None);
        let list = refusal(&plan, Installing::Allowed).expect("no rights for packages");
        assert!(list.0.contains("libjemalloc2") && list.0.contains("Nothing was installed"));
        let tools = planned(&[Part::Trunk, Part::WasmStd], None);
        assert!(refusal(&tools, Installing::Allowed).is_none());
    }
}
