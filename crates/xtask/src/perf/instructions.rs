//! Instructions of the models for each event of a trace, which repeat exactly where times do not.

use std::path::Path;

use anyhow::{Context, Result};

use super::{
    command::{example, recordings, trace_name},
    report::Report,
};
use crate::{options, process};

/// The allocators that are counted.
const ALLOCATORS: [&str; 2] = ["glibc@2.36", "jemalloc@5.3.0"];

/// Counts what a replay of the bundled recording and of those of `HIGHWATER_TRACES` executes, if there is valgrind.
pub(super) fn count(_: &options::Perf, report: &mut Report) -> Result<bool> {
    let Some(valgrind) = process::find("valgrind") else {
        println!("instructions: not counted: there is no valgrind");
        return Ok(true);
    };
    let counted = example("counted")?;
    let mut rows = Vec::new();
    for trace in &recordings()? {
        for allocator in ALLOCATORS {
            let per_event = |what| per_event(&valgrind, &counted, what, allocator, trace);
            let (alone, history) = (per_event("model")?, per_event("history")?);
            let kept = per_event("recording")?;
            rows.push(vec![
                format!("{}, {allocator}", trace_name(trace)),
                format!("{alone:.0}"),
                format!("{history:.0}"),
                format!("{kept:.0}"),
                format!("{:.0} %", (kept / history - 1.0) * 100.0),
            ]);
        }
    }
    report.part(
        "Instructions",
        "What a replay executes for each event of the trace, as valgrind's callgrind counts it, without reading the trace: the model \
         alone, with its kernel and what the program holds, as where figures are compared; with the blocks that were freed, which \
         looks ask for; and with everything that a run keeps, and how much that is over the one before.",
    );
    report.table(
        &[
            "replay",
            "model",
            "with freed blocks",
            "with what a run keeps",
            "more",
        ],
        &rows,
    );
    Ok(true)
}

/// Returns how many instructions a replay executes for each event.
fn per_event(
    valgrind: &Path,
    counted: &Path,
    what: &str,
    allocator: &str,
    trace: &Path,
) -> Result<f64> {
    let function = match what {
        "model" => "*counted::model_alone*",
        "history" => "*counted::with_history*",
        _ => "*counted::with_recording*",
    };
    let output = process::command(valgrind)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--collect-atstart=no")
        .arg(format!("--toggle-collect={function}"))
        .arg(counted)
        .args([what, allocator])
        .arg(trace)
        .output()?;
    let says = String::from_utf8_lossy(&output.stderr);
    let counted = says.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse::<f64>().ok()
    });
    let counted = counted.filter(|count| *count > 0.0);
    let counted = counted.with_context(|| format!("valgrind counts nothing: {says}"))?;
    let events = String::from_utf8_lossy(&output.stdout);
    let events: f64 = events.trim().parse().context("the number of events")?;
    Ok(counted / events)
}
