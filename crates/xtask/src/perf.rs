//! `cargo xtask perf`: how long things take. Figures of the command are ratios to another revision, both run by turns in
//! the same minutes, so that a slow or busy machine slows both. Figures of the page are the browser's own.
//!
//! No check of `cargo xtask test` measures time: what fails there fails on every machine.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use crate::{
    build, dist, options, process,
    setup::{Browser, PageTools},
    workspace,
};

/// What is measured, as arguments of the command in the workspace's root.
const COMMANDS: [(&str, &[&str]); 4] = [
    ("recorded, glibc", &["replay", RECORDING]),
    (
        "recorded, jemalloc",
        &["replay", RECORDING, "--allocator", "jemalloc"],
    ),
    (
        "pattern, glibc",
        &["run", "async_fanout", "--allocator", "glibc"],
    ),
    (
        "comparison of variants",
        &["matrix", "environment", "--jobs", "1"],
    ),
];

const RECORDING: &str = "web/traces/asyncio_burst.hwt.gz";

/// Measures, and prints the figures.
///
/// # Errors
/// Something cannot be built, ends with an error, or a figure of the page is above its limit.
pub(crate) fn run(options: &options::Perf) -> Result<ExitCode> {
    if let Some(revision) = &options.against {
        compare(revision, options.runs)?;
    }
    page()?;
    Ok(ExitCode::SUCCESS)
}

/// Runs each command by turns as this tree and as another revision has it, and prints how many times as long this takes.
fn compare(revision: &str, runs: usize) -> Result<()> {
    let root = workspace::root();
    let ours = build_command(&root, &root.join("target"))?;
    let folder = root.join("target/perf");
    let tree = folder.join("tree");
    // What an interrupted run left.
    remove_tree(&root, &tree);
    process::run(
        Command::new("git")
            .current_dir(&root)
            .args(["worktree", "add", "--quiet", "--detach", "--force"])
            .arg(&tree)
            .arg(revision),
    )
    .with_context(|| format!("`{revision}` cannot be checked out"))?;
    let theirs = build_command(&tree, &folder.join("target"));
    let compared = theirs.and_then(|theirs| {
        println!(
            "time of this tree for 1 of {revision}: median of {runs} pairs (lowest to highest)"
        );
        for (name, arguments) in COMMANDS {
            let mut ratios = (0..runs)
                .map(|_| Ok(time(&ours, arguments)? / time(&theirs, arguments)?))
                .collect::<Result<Vec<f64>>>()?;
            ratios.sort_by(f64::total_cmp);
            let median = ratios[runs / 2];
            let (lowest, highest) = (ratios[0], ratios[runs - 1]);
            println!(
                "{median:.3} ({lowest:.3} to {highest:.3})  {name}: highwater {}",
                arguments.join(" ")
            );
        }
        Ok(())
    });
    remove_tree(&root, &tree);
    compared
}

fn build_command(tree: &Path, target: &Path) -> Result<PathBuf> {
    process::run(
        process::cargo()
            .current_dir(tree)
            .args(["build", "--release", "--package", "highwater"])
            .env("CARGO_TARGET_DIR", target),
    )?;
    Ok(target.join("release/highwater"))
}

/// Removes a checkout, if it is there.
fn remove_tree(root: &Path, tree: &Path) {
    Command::new("git")
        .current_dir(root)
        .args(["worktree", "remove", "--force"])
        .arg(tree)
        .stderr(Stdio::null())
        .status()
        .ok();
}

/// Returns how many seconds a command takes.
fn time(program: &Path, arguments: &[&str]) -> Result<f64> {
    let started = Instant::now();
    let status = Command::new(program)
        .current_dir(workspace::root())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    ensure!(
        status.success(),
        "{} {} ends with {status}",
        program.display(),
        arguments.join(" ")
    );
    Ok(started.elapsed().as_secs_f64())
}

/// Runs the tests of the page that measure time, one after another.
fn page() -> Result<()> {
    let tools = PageTools::find()?;
    let browser = Browser::find().context("no browser was set up")?;
    build::page(&tools, true, &workspace::tested_page_dir())?;
    dist::package(&tools, &workspace::tested_package_dir())?;
    let mut cargo = process::cargo();
    cargo
        .args(["test", "--workspace", "--test", "browser", "--"])
        .args(["--ignored", "--test-threads=1", "--nocapture"])
        .args(["timed::", "speed::"])
        .env("HIGHWATER_PAGE", workspace::tested_page_dir())
        .env("HIGHWATER_PACKAGE", workspace::tested_package_dir());
    browser.apply(&mut cargo);
    process::run(&mut cargo)
}
