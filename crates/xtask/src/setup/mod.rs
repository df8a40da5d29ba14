//! Sets up what a machine lacks: each part is left alone if it is there, and announced with a line if it is not.

mod browser;
mod cargo_tools;
mod jemalloc;
mod node;
mod packages;
mod wasm_std;

pub(crate) use browser::Browser;
pub(crate) use cargo_tools::cargo_deny;
pub(crate) use node::node;
pub(crate) use wasm_std::WasmToolchain;

use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// What the page is built with.
#[derive(Debug)]
pub(crate) struct PageTools {
    /// The compiler that can build for wasm32.
    pub(crate) toolchain: WasmToolchain,
}

impl PageTools {
    /// Sets up whatever building the page needs.
    pub(crate) fn set_up() -> Result<Self> {
        let toolchain = WasmToolchain::set_up()?;
        cargo_tools::set_up_trunk()?;
        cargo_tools::set_up_wasm_bindgen()?;
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

/// Sets up everything that any command needs.
pub(crate) fn everything() -> Result<(PageTools, Browser)> {
    let tools = PageTools::set_up()?;
    let browser = Browser::set_up()?;
    jemalloc::set_up();
    node::set_up();
    Ok((tools, browser))
}

/// Says what is being done.
fn progress(words: &str) {
    eprintln!("setup: {words}");
}
