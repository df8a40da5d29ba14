//! The engine in WebAssembly, in Node, beside the same engine in native code.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    command::{example, recordings, trace_name},
    report::Report,
    timing::Spread,
};
use crate::{
    dist, options, process,
    setup::{self, PageTools},
    workspace,
};

/// Runs of each process that are measured, after some that are not: WebAssembly is compiled while it runs.
const RUNS: &str = "7";

/// A request as both sides read it.
struct Case {
    name: String,
    request: PathBuf,
    trace: Option<PathBuf>,
}

/// Replays each case by turns natively and in Node, and reports how fast the second is for 1 of the first.
pub(super) fn compare(options: &options::Perf, report: &mut Report) -> Result<bool> {
    let folder = workspace::target_dir().join("perf");
    fs::create_dir_all(&folder)?;
    let tools = PageTools::find()?;
    dist::package(&tools, &folder)?;
    let script = folder.join("package/replays.mjs");
    fs::write(&script, include_str!("replays.mjs"))?;
    let node = setup::node().context("Node 18 or later is missing: run `cargo xtask setup`")?;
    let native = example("replays")?;
    let mut rows = Vec::new();
    for case in cases(&folder)? {
        let measure = |command: &mut Command| {
            command.arg(RUNS).arg(&case.request).args(&case.trace);
            medians(command)
        };
        let (mut natively, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..options.runs {
            let here = measure(&mut process::command(&native))?;
            let in_node = measure(process::command(&node).arg(&script))?;
            natively.push(here);
            ratios.push(here / in_node);
        }
        let time = Spread::of(natively)?.median;
        rows.push(vec![
            case.name,
            format!("{time:.1} ms"),
            Spread::of(ratios)?.to_string(),
        ]);
    }
    report.part(
        "WebAssembly beside native code",
        "A replay with everything that a run keeps, without reading the trace: natively, and how fast the package is in Node \
         for 1 of that. A pattern's calls are made on the way.",
    );
    report.table(&["replay", "native", "WebAssembly"], &rows);
    Ok(true)
}

/// The bundled recording, those of `HIGHWATER_TRACES` and a scenario, with both allocators.
fn cases(folder: &Path) -> Result<Vec<Case>> {
    let recorded = recordings()?.into_iter();
    let recorded = recorded.map(|path| (trace_name(&path), Some(path)));
    let sources = [("environment".to_owned(), None)]
        .into_iter()
        .chain(recorded);
    let mut cases = Vec::new();
    for (source, trace) in sources {
        for allocator in ["glibc@2.36", "jemalloc@5.3.0"] {
            let scenario = match trace {
                None => format!("\"scenario\": \"{source}\", "),
                Some(_) => "\"trace\": \"the trace\", ".to_owned(),
            };
            let request = folder.join(format!("{source}-{allocator}.json"));
            fs::write(
                &request,
                format!("{{{scenario}\"allocator\": \"{allocator}\"}}"),
            )?;
            cases.push(Case {
                name: format!("{source}, {allocator}"),
                request,
                trace: trace.clone(),
            });
        }
    }
    Ok(cases)
}

/// Returns the median of the milliseconds that a program prints, one a line.
fn medians(command: &mut Command) -> Result<f64> {
    let printed = command.output()?;
    ensure!(
        printed.status.success(),
        "{command:?} ends with {}: {}",
        printed.status,
        String::from_utf8_lossy(&printed.stderr)
    );
    let printed = String::from_utf8_lossy(&printed.stdout);
    let times: Result<Vec<f64>, _> = printed.lines().map(str::parse).collect();
    Ok(Spread::of(times?)?.median)
}
