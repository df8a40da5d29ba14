//! `cargo xtask test`: everything that must hold, each check under a heading of its own.
//!
//! A check that fails does not keep the others from running: whoever broke two things should hear of both.

use std::{
    cell::RefCell,
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    book, build, deny, dist, fuzz,
    options::Fuzz,
    process,
    setup::{self, Browser, PageTools},
    voice, workspace,
};

/// The crates that are built for the browser, whose lints must hold there too.
const PAGE: [&str; 4] = [
    "--package",
    "highwater-web",
    "--target",
    "wasm32-unknown-unknown",
];

pub(crate) fn run() -> Result<ExitCode> {
    let started = Instant::now();
    let tools = PageTools::find()?;
    let (chromium, firefox) = (Browser::chromium()?, Browser::firefox()?);

    let not_checked = RefCell::new(Vec::new());
    let checks: [(&'static str, &dyn Fn() -> Result<()>); 13] = [
        ("format", &|| format()),
        ("wording of all texts", &|| voice::check()),
        ("dependencies", &|| {
            not_checked.borrow_mut().extend(deny::run()?);
            Ok(())
        }),
        ("clippy, native", &|| clippy_native()),
        ("clippy, WebAssembly", &|| clippy_wasm(&tools)),
        ("tests, native", &|| {
            not_checked.borrow_mut().extend(without_libpython());
            tests_native()
        }),
        ("tests, WebAssembly", &|| tests_wasm(&tools, &chromium)),
        ("build of the page", &|| {
            build::page(&tools, true, &workspace::tested_page_dir())
        }),
        ("book", &|| book::write(&workspace::tested_book_dir())),
        ("package for JavaScript, in Node", &|| tests_package(&tools)),
        ("tests of the page, in Chromium", &|| {
            // `cargo xtask perf` runs those that measure time.
            let others = ["speed::", "timed::", "heavy::", "firefox::"];
            let chosen = others.map(|name| ["--skip", name]).concat();
            tests_page(&chromium, &chosen, &workspace::screens_dir())
        }),
        ("tests of the page, in Firefox", &|| {
            let pictures = workspace::screens_dir().join("firefox");
            tests_page(&firefox, &["firefox::"], &pictures)
        }),
        ("fuzzing, a minute for each target", &|| {
            fuzz::run(&Fuzz::default()).map(|_| ())
        }),
    ];
    let results = checks.map(|(name, check)| perform(name, check));
    println!("\n=== summary, {} in total", seconds(started.elapsed()));
    Ok(summarise(&results, &not_checked.into_inner()))
}

/// What came of a check.
struct Done {
    name: &'static str,
    word: &'static str,
    took: Duration,
}

/// The word for a check that failed.
const FAILED: &str = "FAILED";

fn perform(name: &'static str, check: &dyn Fn() -> Result<()>) -> Done {
    println!("\n=== {name}");
    let started = Instant::now();
    let result = check();
    let took = started.elapsed();
    if let Err(error) = &result {
        println!("{error:#}");
    }
    let word = if result.is_ok() { "passed" } else { FAILED };
    println!("=== {name}: {word} in {}", seconds(took));
    Done { name, word, took }
}

/// Lists what came of the checks, and what was not checked.
fn summarise(results: &[Done], not_checked: &[&str]) -> ExitCode {
    for Done { name, word, took } in results {
        println!("{word}  {:>8}  {name}", seconds(*took));
    }
    for what in not_checked {
        println!("NOT CHECKED: {what}");
    }
    let failed = results.iter().filter(|done| done.word == FAILED).count();
    println!(
        "{} passed, {failed} failed, {} not checked",
        results.len() - failed,
        not_checked.len()
    );
    ExitCode::from(u8::from(failed > 0))
}

fn format() -> Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy_native() -> Result<()> {
    process::run(
        process::cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(["--", "--deny", "warnings"]),
    )
}

fn clippy_wasm(tools: &PageTools) -> Result<()> {
    process::run(tools.cargo()?.arg("clippy").args(PAGE).args([
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// Returns the comparison that the machine cannot make for want of a libpython.
fn without_libpython() -> Option<&'static str> {
    (!setup::has_libpython() && std::env::var_os("HIGHWATER_LIBPYTHON").is_none()).then_some(
        "the model of CPython's objects against a real libpython: this machine has none of 3.9 to 3.11. \
         HIGHWATER_LIBPYTHON names one elsewhere",
    )
}

fn tests_native() -> Result<()> {
    let digests = digests_file();
    fs::remove_file(&digests).ok();
    process::run(
        process::cargo()
            .args(["test", "--workspace", "--no-fail-fast"])
            // A test that lacks what the set-up installs fails, where plain `cargo test` passes it over.
            .env("HIGHWATER_PREREQUISITES", "required")
            .env("HIGHWATER_WRITE_DIGESTS", digests),
    )
}

/// Runs the engine in WebAssembly and compares what it computes with what it computed natively just before.
fn tests_wasm(tools: &PageTools, browser: &Browser) -> Result<()> {
    let runner = process::find_on(
        &process::path_with(&[&workspace::tools_dir().join("bin")])?,
        "wasm-bindgen-test-runner",
    );
    let native_digests = fs::read_to_string(digests_file())
        .context("the native tests failed before they wrote the digests to compare with")?;
    let mut cargo = tools.cargo()?;
    cargo
        .arg("test")
        .args(PAGE)
        .args(["--test", "engine"])
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            runner.unwrap_or_else(|| "wasm-bindgen-test-runner".into()),
        )
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("HIGHWATER_NATIVE_DIGESTS", native_digests);
    browser.apply(&mut cargo);
    process::run(&mut cargo)
}

/// Runs the tests of the page that are chosen, in the browser that they are for, with a folder for the pictures they take.
fn tests_page(browser: &Browser, chosen: &[&str], pictures: &Path) -> Result<()> {
    fs::create_dir_all(pictures)?;
    let mut cargo = process::cargo();
    cargo
        // All packages, as for the other native tests: a part of them would be built with other features, anew.
        .args(["test", "--workspace", "--test", "browser"])
        // Ignored by plain `cargo test`, which builds no page.
        .args(["--", "--include-ignored"])
        .args(chosen)
        .env("HIGHWATER_PAGE", workspace::tested_page_dir())
        .env("HIGHWATER_SHOTS", pictures)
        .env("HIGHWATER_SINGLE_FILE", workspace::tested_single_file())
        .env("HIGHWATER_BOOK", workspace::tested_book_dir())
        .env("HIGHWATER_PACKAGE", workspace::tested_package_dir());
    browser.apply(&mut cargo);
    process::run(&mut cargo)
}

/// Builds the package, and has Node run its tests and an example.
fn tests_package(tools: &PageTools) -> Result<()> {
    let folder = workspace::tested_package_dir();
    dist::package(tools, &folder)?;
    let node = setup::node().context("Node 18 or later is missing: run `cargo xtask setup`")?;
    process::run(
        process::command(&node).arg("--test").args(
            ["test.mjs", "odd.mjs", "stops.mjs"].map(|file| folder.join("package").join(file)),
        ),
    )?;
    process::run(process::command(&node).arg(folder.join("examples/node.mjs")))
}

/// Where the native tests leave the digests of what the engine computed.
fn digests_file() -> std::path::PathBuf {
    workspace::target_dir().join("native-digests.txt")
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
