//! The page in a real Chromium.
//!
//! `cargo xtask test` builds the page and runs these tests against it. Plain `cargo test`, which builds no page, lists them
//! as ignored. A test that is run all the same (`-- --ignored NAME`) fails unless `HIGHWATER_PAGE` names the folder of the
//! built page; the other variables are those that `crates/xtask/src/test.rs` sets.
//!
//! A test opens the page with [`visit`], which also reads the browser's console when the test is done: an error there,
//! a panic among them, fails the test.

#![cfg(not(target_arch = "wasm32"))]

mod accessibility;
mod advice;
mod answer;
mod book;
mod by_key;
mod chart;
mod death;
mod depths;
mod drawn;
mod driver;
mod dropped;
mod embedding;
mod firefox;
mod glossary;
mod heavy;
mod honest;
mod hostile;
mod hosting;
mod huge_pages;
mod imports;
mod labels;
mod landing;
mod links;
mod long;
mod messages;
mod moments;
mod opening;
mod package;
mod page;
mod paper;
mod pictures;
mod playback;
mod private;
mod quoted;
mod random_use;
mod releases;
mod saved;
mod scenario_words;
mod shots;
mod simulation;
mod site;
mod speed;
mod stage;
mod stopping;
mod timed;
mod tour;
mod typing;
mod worker;
mod workplace;

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};

use page::{Page, View};
use site::Site;

/// Serves the page, opens it in a browser of its own, and gives it to a test. No error may reach the console.
fn visit(view: View, test: impl FnOnce(&Page) -> Result<()>) -> Result<()> {
    let folder = built_page()?;
    let errors = visit_folder(&folder, view, test)?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

/// The same for a test that measures time: no other browser of these tests runs beside it.
fn visit_alone(view: View, test: impl FnOnce(&Page) -> Result<()>) -> Result<()> {
    let folder = built_page()?;
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

/// The same with the page in one file, opened from the disk.
fn visit_single_file(test: impl FnOnce(&Page) -> Result<()>) -> Result<Vec<String>> {
    let file = named("HIGHWATER_SINGLE_FILE")?;
    visit_address(&format!("file://{}", file.display()), View::default(), test)
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

/// What a server's gzip makes of bytes.
fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
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

/// The folder of the built page.
fn built_page() -> Result<PathBuf> {
    named("HIGHWATER_PAGE")
}

/// The folder or file that an environment variable names.
///
/// # Errors
/// The variable is not set: a test without what it tests has failed.
fn named(variable: &str) -> Result<PathBuf> {
    let folder = env::var_os(variable).map(PathBuf::from);
    folder.with_context(|| {
        format!("{variable} is not set: `cargo xtask test` builds what this test needs and sets it")
    })
}
