//! `cargo xtask shots`: pictures of the page, to be looked at; two of them go into the README and the book.

use std::{env, fs, process::ExitCode};

use anyhow::{Context, Result, ensure};

use crate::{
    build, options, process,
    setup::{Browser, PageTools},
    workspace,
};

/// The pictures that README.md and docs/index.md show, light and dark. A test run takes them, too, but leaves the
/// documents as they are: the time that runs took stands in them, and is never the same twice.
const SHOWN: [&str; 2] = ["page.png", "page-dark.png"];

/// The most that one of them may take, in bytes: every checkout has them.
const MOST: usize = 250_000;

pub(crate) fn run(options: &options::Shots) -> Result<ExitCode> {
    let out = match &options.out {
        Some(out) => env::current_dir()?.join(out),
        None => workspace::screens_dir(),
    };
    let tools = PageTools::find()?;
    let browser = Browser::chromium()?;
    build::page(&tools, true, &workspace::tested_page_dir())?;
    let mut cargo = process::cargo();
    cargo
        .args(["test", "--quiet", "--workspace", "--test", "browser"])
        .args(["--", "shots::take", "--ignored"])
        .env("HIGHWATER_PAGE", workspace::tested_page_dir())
        .env("HIGHWATER_SHOTS", &out);
    browser.apply(&mut cargo);
    process::run(&mut cargo)?;
    let images = workspace::root().join("docs/images");
    fs::create_dir_all(&images)?;
    for name in SHOWN {
        let picture = fs::read(out.join(name)).with_context(|| format!("no picture {name}"))?;
        let size = picture.len();
        ensure!(size <= MOST, "{name} has {size} bytes, of at most {MOST}");
        fs::write(images.join(name), picture)?;
    }
    println!("pictures: {}", out.display());
    Ok(ExitCode::SUCCESS)
}
