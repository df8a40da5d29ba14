//! `cargo xtask shots`: pictures of the page, to be looked at.

use std::{env, process::ExitCode};

use anyhow::Result;

use crate::{build, options, process, setup, workspace};

pub(crate) fn run(options: &options::Shots) -> Result<ExitCode> {
    let out = match &options.out {
        Some(out) => env::current_dir()?.join(out),
        None => workspace::screens_dir(),
    };
    let (tools, browser) = setup::everything()?;
    build::page(&tools, true, &workspace::tested_page_dir())?;
    let mut cargo = process::cargo();
    cargo
        .args(["test", "--quiet", "--workspace", "--test", "browser"])
        .args(["--", "--exact", "shots::take"])
        .env("HIGHWATER_PAGE", workspace::tested_page_dir())
        .env("HIGHWATER_SHOTS", &out);
    browser.apply(&mut cargo);
    process::run(&mut cargo)?;
    println!("pictures: {}", out.display());
    Ok(ExitCode::SUCCESS)
}
