//! The page, by the tests of it that measure time.

use anyhow::Result;

use super::report::Report;
use crate::{
    build, dist, options, process,
    setup::{Browser, PageTools},
    workspace,
};

/// What a line of a test's output begins with that has a figure for the report: what was measured, the figure and its limit
/// follow, with bars between.
const FIGURE: &str = "figure|";

/// Runs the tests of the page that measure time, one after another, and returns whether every figure is within its limit.
pub(super) fn measure(_: &options::Perf, report: &mut Report) -> Result<bool> {
    let tools = PageTools::find()?;
    let browser = Browser::chromium()?;
    build::page(&tools, true, &workspace::tested_page_dir())?;
    dist::package(&tools, &workspace::tested_package_dir())?;
    let mut cargo = process::cargo();
    cargo
        .args([
            "test",
            "--package",
            "highwater-web",
            "--test",
            "browser",
            "--",
        ])
        .args(["--ignored", "--test-threads=1", "--nocapture"])
        .args(["timed::", "speed::", "heavy::"])
        .env("HIGHWATER_PAGE", workspace::tested_page_dir())
        .env("HIGHWATER_PACKAGE", workspace::tested_package_dir());
    browser.apply(&mut cargo);
    let tested = cargo.output()?;
    let printed = String::from_utf8_lossy(&tested.stdout);
    let figures = printed.lines().filter_map(|line| {
        let (_, figure) = line.split_once(FIGURE)?;
        Some(figure.split('|').map(str::to_owned).collect())
    });
    let rows: Vec<Vec<String>> = figures.collect();
    if !tested.status.success() {
        println!("{printed}{}", String::from_utf8_lossy(&tested.stderr));
    }
    report.part(
        "The page",
        "In a browser without a graphics card, on this machine.",
    );
    report.table(&["what", "figure", "limit"], &rows);
    Ok(tested.status.success())
}
