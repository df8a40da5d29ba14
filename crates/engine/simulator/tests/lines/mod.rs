//! Workloads written as the lines of a trace.

use highwater_workload::{Workload, trace};
use std::sync::Arc;

/// Reads the lines of a process whose heap begins where the kernel puts it without randomisation.
pub(crate) fn workload(lines: &str) -> Arc<Workload> {
    // A trace without calls says that none are missing.
    let lines = if lines.is_empty() { "end 0\n" } else { lines };
    let text = format!("highwater-trace 1\nbrk 0x555555555000\n{lines}");
    Arc::new(trace::read(text.as_bytes()).expect("well formed"))
}
