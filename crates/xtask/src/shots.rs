//! `cargo xtask shots`: pictures of the page, to be looked at.

use std::{env, fs, process::ExitCode};

use anyhow::{Context, Result};

use crate::{build, options, process, setup, workspace};

pub(crate) fn run(options: &options::Shots) -> Result<ExitCode> {
    let out = env::current_dir()?.join(&options.out);
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let (tools, browser) = setup::everything()?;
    build::page(&tools, true, &workspace::tested_page_dir())?;
    let mut cargo = process::cargo();
    cargo
        .args(["test", "--quiet", "--workspace", "--test", "browser"])
        .args(["--", "--ignored", "--exact", "shots::take"])
        .env("HIGHWATER_PAGE", workspace::tested_page_dir())
        .env("HIGHWATER_SHOTS", &out);
    browser.apply(&mut cargo);
    process::run(&mut cargo)?;
    println!("pictures: {}", out.display());
    Ok(ExitCode::SUCCESS)
}
