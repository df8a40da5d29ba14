//! `cargo xtask fuzz`: coverage-guided fuzzing of every reader, and of runs of every model.
//!
//! libFuzzer drives the targets of `fuzz/`. The compiler's own pass counts what each input reaches, so that the machine's
//! stable Rust is enough. Inputs that reached something new are kept under `target/`; `fuzz/corpus/` has those that every
//! run begins with. A run says its seed; what failed lies in `target/fuzz/artifacts` and is run again by its name.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};

use crate::{options::Fuzz, process, workspace};

/// The targets, each a program of `fuzz/`, with the longest input worth trying.
const TARGETS: &[(&str, u32)] = &[
    ("trace", 4096),
    ("gzip", 4096),
    ("import", 8192),
    ("remarks", 512),
    ("scenario", 4096),
    ("settings", 2048),
    ("run", 8192),
];

/// What makes the compiler count what is reached, as `cargo fuzz` does.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// An input that takes longer, or more memory, has found a fault.
const MOST_SECONDS: u32 = 10;
const MOST_MIB: u32 = 1024;

/// Runs the targets that are asked for, all of them by default, on all cores.
///
/// # Errors
/// A target cannot be built, or failed.
pub(crate) fn run(options: &Fuzz) -> Result<ExitCode> {
    let seed = options.seed.unwrap_or_else(now);
    let chosen: Vec<(&str, u32)> = match &options.target {
        None => TARGETS.to_vec(),
        Some(name) => {
            let found = TARGETS.iter().find(|(target, _)| target == name);
            let all: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).collect();
            vec![*found.with_context(|| {
                format!("no target `{name}`; the targets are {}", all.join(", "))
            })?]
        }
    };
    let folder = build()?;
    let seconds = (options.minutes * 60.0).round().max(1.0) as u64;
    println!(
        "fuzzing each of {} targets for {seconds} s, seed {seed}",
        chosen.len()
    );
    let next = Mutex::new(chosen.iter());
    let failed = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| {
        for _ in 0..cores.min(chosen.len()) {
            scope.spawn(|| {
                while let Some((name, longest)) = next.lock().ok().and_then(|mut next| next.next())
                {
                    if let Err(error) = fuzz(&folder, name, *longest, seconds, seed) {
                        println!("{error:#}");
                        if let Ok(mut failed) = failed.lock() {
                            failed.push(*name);
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if !failed.is_empty() {
        bail!("{} failed (seed {seed})", failed.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the targets and returns the folder they lie in.
fn build() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let about = process::output(process::command(rustc).arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc -vV names no host")?;
    let target_dir = workspace::target_dir().join("fuzz");
    process::run(
        process::cargo()
            .args([
                "build",
                "--manifest-path",
                "fuzz/Cargo.toml",
                "--release",
                "--locked",
            ])
            // With a target of its own, so that build scripts are not counted.
            .args(["--target", host, "--target-dir"])
            .arg(&target_dir)
            .env("RUSTFLAGS", COVERAGE),
    )
    .context("the fuzz targets need a C++ compiler besides Rust (Debian: g++)")?;
    Ok(target_dir.join(host).join("release"))
}

/// Runs one target for some seconds.
fn fuzz(folder: &Path, name: &str, longest: u32, seconds: u64, seed: u64) -> Result<()> {
    let work = workspace::target_dir().join("fuzz");
    let (found, artifacts) = (work.join("corpus").join(name), work.join("artifacts"));
    fs::create_dir_all(&found).and_then(|()| fs::create_dir_all(&artifacts))?;
    let log = work.join(format!("{name}.log"));
    let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = process::command(folder.join(name));
    command
        .arg(&found)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-seed={}", seed as u32))
        .arg(format!("-max_len={longest}"))
        .arg(format!("-timeout={MOST_SECONDS}"))
        .arg(format!("-rss_limit_mb={MOST_MIB}"))
        .arg(format!("-artifact_prefix={}/{name}-", artifacts.display()))
        .stdout(out.try_clone()?)
        .stderr(out);
    let kept = workspace::root().join("fuzz/corpus").join(name);
    if kept.is_dir() {
        command.arg(kept);
    }
    let status = command
        .status()
        .with_context(|| format!("cannot start {name}"))?;
    let text = fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    if !status.success() {
        let said = text
            .lines()
            .filter(|line| line.contains("panicked") || line.contains("Test unit"));
        let said: Vec<&str> = said.collect();
        bail!(
            "{name}: {status}\n{}\nthe whole log: {}",
            said.join("\n"),
            log.display()
        );
    }
    let done = text.lines().rev().find(|line| line.starts_with("Done "));
    println!("{name}: {}", done.unwrap_or("ended").to_lowercase());
    Ok(())
}

/// A seed that differs from run to run; it is printed.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs() & 0xffff_ffff)
}
