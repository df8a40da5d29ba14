//! The command: beside that of another revision, and how long it reads settings.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

use super::{
    report::Report,
    timing::{Spread, processor_time},
};
use crate::{options, process, workspace};

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

/// The bundled recording, from the workspace's root.
const RECORDING: &str = "web/traces/asyncio_burst.hwt.gz";

/// Builds this tree's command.
fn ours() -> Result<PathBuf> {
    build(&workspace::root(), &workspace::target_dir())
}

/// Builds the command of a tree.
fn build(tree: &Path, target: &Path) -> Result<PathBuf> {
    process::run(
        process::cargo()
            .current_dir(tree)
            .args(["build", "--release", "--package", "highwater"])
            .env("CARGO_TARGET_DIR", target),
    )?;
    Ok(target.join("release/highwater"))
}

/// Runs each command by turns as this tree and as another revision has it, and reports how many times as long this takes.
pub(super) fn against(options: &options::Perf, report: &mut Report) -> Result<bool> {
    let revision = options.against.as_ref();
    let revision = revision.context("--only against: name the revision with --against")?;
    let (ours, runs) = (ours()?, options.runs);
    let root = workspace::root();
    let folder = workspace::target_dir().join("perf");
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
    let compared = build(&tree, &folder.join("target")).and_then(|theirs| {
        let mut commands: Vec<(String, Vec<String>)> = (COMMANDS.iter())
            .map(|(name, arguments)| {
                let arguments = arguments.iter().map(ToString::to_string);
                ((*name).to_owned(), arguments.collect())
            })
            .collect();
        for trace in traces()? {
            let replay = vec!["replay".to_owned(), trace.display().to_string()];
            commands.push((trace_name(&trace), replay));
        }
        commands
            .iter()
            .map(|(name, arguments)| {
                let pairs = (0..runs)
                    .map(|_| Ok((time(&ours, arguments)?, time(&theirs, arguments)?)))
                    .collect::<Result<Vec<(f64, f64)>>>()?;
                let ratios = pairs.iter().map(|(ours, theirs)| ours / theirs).collect();
                let milliseconds = |side: fn(&(f64, f64)) -> f64| {
                    let times = pairs.iter().map(|pair| side(pair) * 1000.0);
                    Spread::of(times.collect()).map(|spread| format!("{:.0} ms", spread.median))
                };
                Ok(vec![
                    name.clone(),
                    milliseconds(|pair| pair.1)?,
                    milliseconds(|pair| pair.0)?,
                    Spread::of(ratios)?.to_string(),
                ])
            })
            .collect::<Result<Vec<Vec<String>>>>()
    });
    remove_tree(&root, &tree);
    report.part(
        "Beside an earlier revision",
        &format!("The whole command, reading included, and how many times as long it takes as at `{revision}`."),
    );
    report.table(&["command", "before", "now", "ratio"], &compared?);
    Ok(true)
}

/// The traces in the folder that `HIGHWATER_TRACES` names, if it names one.
pub(super) fn traces() -> Result<Vec<PathBuf>> {
    let Some(folder) = std::env::var_os("HIGHWATER_TRACES").map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut traces: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    traces.retain(|path| path.to_string_lossy().ends_with(".hwt.gz"));
    traces.sort();
    Ok(traces)
}

/// The bundled recording, and those of `HIGHWATER_TRACES` but for the same one.
pub(super) fn recordings() -> Result<Vec<PathBuf>> {
    let bundled = workspace::root().join(RECORDING);
    let mut recordings = traces()?;
    recordings.retain(|trace| trace.file_name() != bundled.file_name());
    recordings.insert(0, bundled);
    Ok(recordings)
}

/// Builds an example of the simulator for speed.
pub(super) fn example(name: &str) -> Result<PathBuf> {
    process::run(
        process::cargo()
            .args(["build", "--release", "--package", "highwater-simulator"])
            .args(["--example", name]),
    )?;
    let built = workspace::target_dir().join("release/examples");
    Ok(built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// What a trace is called in tables.
pub(super) fn trace_name(trace: &Path) -> String {
    let name = trace.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
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
fn time(program: &Path, arguments: &[String]) -> Result<f64> {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).args(arguments);
    Ok(processor_time(&mut command)?.as_secs_f64())
}

/// The longest that a text of 1 MiB may take.
const LONGEST_SETTINGS: Duration = Duration::from_secs(1);

/// Texts whose lines are repeated until they have 1 MiB: what they are, a line, and what ends them.
const TEXTS: [(&str, &str); 4] = [
    ("a Dockerfile", "RUN make && echo \"a=b: {c, [d\"\n"),
    (
        "a shell's history",
        "export PATH=$PATH:${HOME:-/root}/bin; ls -l | grep 'x y'\n",
    ),
    ("YAML", "- name: A\n  value: \"{b}\"\n"),
    ("one line", "{[\"a=b\\\" : "),
];

/// Measures how long the command reads long texts for settings.
pub(super) fn read_settings(options: &options::Perf, report: &mut Report) -> Result<bool> {
    let ours = ours()?;
    let folder = workspace::target_dir().join("perf");
    fs::create_dir_all(&folder)?;
    let mut rows = Vec::new();
    let mut within_limits = true;
    for (name, line) in TEXTS {
        let file = folder.join("settings.txt");
        let text = line.repeat((1 << 20) / line.len());
        fs::write(&file, format!("{text}\nMALLOC_ARENA_MAX=2\n"))?;
        let arguments = ["settings".to_owned(), file.display().to_string()];
        let times = (0..options.runs).map(|_| time(&ours, &arguments));
        let spread = Spread::of(times.collect::<Result<_>>()?)?;
        within_limits &= spread.median < LONGEST_SETTINGS.as_secs_f64();
        rows.push(vec![name.to_owned(), format!("{spread} s")]);
    }
    report.part(
        "Settings in long texts",
        "How long `highwater settings` takes for texts of 1 MiB; the limit is 1 s.",
    );
    report.table(&["text", "time"], &rows);
    Ok(within_limits)
}
