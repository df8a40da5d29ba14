//! `highwater script`: what records a running process with a tool that its machine has.

use crate::arguments::Tool;

/// Returns the script for a tool.
pub(crate) fn print(tool: Tool) -> String {
    let script = match tool {
        Tool::Bpftrace => include_str!("../../scripts/bpftrace.sh"),
        Tool::Perf => include_str!("../../scripts/perf.sh"),
        Tool::Gdb => include_str!("../../scripts/gdb.py"),
        Tool::Ltrace => include_str!("../../scripts/ltrace.sh"),
    };
    script.to_owned()
}
