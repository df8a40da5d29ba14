//! The page in a real Chromium.
//!
//! `cargo xtask test` builds the page and runs these tests against it. Under plain `cargo test` there may be neither a
//! page nor a browser: without `HIGHWATER_PAGE` (the folder of the built page) each test says so and does nothing.
//!
//! A test opens the page with [`visit`], which also reads the browser's console when the test is done: an error there,
//! a panic among them, fails the test.

#![cfg(not(target_arch = "wasm32"))]

mod accessibility;
mod book;
mod death;
mod drawn;
mod driver;
mod embedding;
mod honest;
mod hostile;
mod hosting;
mod links;
mod moments;
mod opening;
mod package;
mod page;
mod pictures;
mod random_use;
mod releases;
mod shots;
mod simulation;
mod site;
mod speed;
mod stopping;
mod timed;
mod tour;
mod typing;
mod worker;
mod workplace;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use anyhow::{Context, Result, ensure};

use page::{Page, View};
use site::Site;

/// Serves the page, opens it in a browser of its own, and gives it to a test. No error may reach the console.
fn visit(view: View, test: impl FnOnce(&Page) -> Result<()>) -> Result<()> {
    let Some(folder) = built_page()? else {
        return Ok(());
    };
    let errors = visit_folder(&folder, view, test)?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

/// The same for a test that measures time: no other browser of these tests runs beside it.
fn visit_alone(view: View, test: impl FnOnce(&Page) -> Result<()>) -> Result<()> {
    let Some(folder) = built_page()? else {
        return Ok(());
    };
    let _alone = BROWSERS.write().unwrap_or_else(PoisonError::into_inner);
    let errors = open(&folder, view, test)?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

/// Held for reading while a browser runs, and for writing by one that must be the only one.
static BROWSERS: RwLock<()> = RwLock::new(());

/// Like [`visit`] with another folder than that of the built page, and with whatever errors reach the console.
fn visit_folder(
    folder: &Path,
    view: View,
    test: impl FnOnce(&Page) -> Result<()>,
) -> Result<Vec<String>> {
    let _beside_others = BROWSERS.read().unwrap_or_else(PoisonError::into_inner);
    open(folder, view, test)
}

fn open(folder: &Path, view: View, test: impl FnOnce(&Page) -> Result<()>) -> Result<Vec<String>> {
    let site = Site::serve(folder)?;
    look_at(&site.address, view, test)
}

/// The same at an address that is not served here.
fn visit_address(
    address: &str,
    view: View,
    test: impl FnOnce(&Page) -> Result<()>,
) -> Result<Vec<String>> {
    let _beside_others = BROWSERS.read().unwrap_or_else(PoisonError::into_inner);
    look_at(address, view, test)
}

fn look_at(
    address: &str,
    view: View,
    test: impl FnOnce(&Page) -> Result<()>,
) -> Result<Vec<String>> {
    let page = Page::open(address, view)?;
    let result = test(&page);
    let errors = page.console_errors()?;
    result.with_context(|| format!("console errors: {errors:#?}"))?;
    Ok(errors)
}

/// Copies a folder with all it holds.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// The folder of the built page, where these tests are asked for.
fn built_page() -> Result<Option<PathBuf>> {
    named("HIGHWATER_PAGE")
}

/// The folder or file that an environment variable names. Without it, it is said that a test is skipped.
fn named(variable: &str) -> Result<Option<PathBuf>> {
    let folder = env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        // Not `eprintln!`, which the test harness keeps to itself when a test passes.
        writeln!(
            io::stderr(),
            "skipped: {variable} names nothing; `cargo xtask test` runs this test"
        )?;
    }
    Ok(folder)
}
