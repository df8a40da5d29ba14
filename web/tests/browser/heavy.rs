//! The page while it is used for long, and with a recording of millions of calls: it answers the hand at once, and its memory
//! does not grow. A busy machine answers later, so that `cargo xtask perf` runs these tests.

use std::{fs, process};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    long::{open, text},
    page::{Page, View},
    simulation::settle,
    timed::{LONGEST_TASK_MS, longest_task, report, watch_tasks},
    visit_alone,
};

/// Rounds of a recording of three million calls.
const ROUNDS: u64 = 75;

/// From the hand to the picture, for 95 of 100 moves.
const MOST_MS: f64 = 50.0;

/// What the page may take in memory, in MiB.
const MOST_MIB: f64 = 350.0;

/// Moves the pointer over an element from its left to its right, and notes for each move the milliseconds until the browser
/// has painted what it led to: a task that is posted from within a frame runs after the frame.
const DRAG: &str = "
    const element = document.querySelector(arguments[0]);
    const MOVES = 120;
    window.painted = null;
    const room = element.getBoundingClientRect();
    const send = (kind, share, buttons) => element.dispatchEvent(new PointerEvent(kind, { bubbles: true, cancelable: true,
        pointerId: 1, pointerType: 'mouse', isPrimary: true, button: kind === 'pointermove' ? -1 : 0, buttons,
        clientX: room.left + room.width * share, clientY: room.top + room.height / 2 }));
    const painted = () => new Promise((done) => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = done;
        channel.port2.postMessage(0);
    }));
    (async () => {
        const took = [];
        send('pointerdown', 0.05, 1);
        for (let move = 0; move < MOVES; move += 1) {
            const began = performance.now();
            send('pointermove', 0.05 + 0.9 * move / MOVES, 1);
            await painted();
            took.push(performance.now() - began);
        }
        send('pointerup', 0.95, 0);
        window.painted = took;
    })();";

/// The time that 95 of 100 moves over an element need at most.
fn slowest_moves(page: &Page, selector: &str) -> Result<f64> {
    page.evaluate_with(DRAG, vec![selector.into()])?;
    page.wait_until("the moves", || {
        Ok(!page.evaluate("return painted")?.is_null())
    })?;
    let took =
        page.evaluate("return painted.sort((a, b) => a - b)[Math.floor(painted.length * 0.95)]")?;
    took.as_f64().context("it is a number")
}

/// What `/proc` says of a process under a name, if it is there: a number, in KiB where it is one of memory.
fn status(process: &str, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Whether this test started a process, itself or by others.
fn is_ours(process: &str) -> bool {
    let mut at = process.to_owned();
    while let Some(parent) = status(&at, "PPid:").filter(|parent| *parent > 1) {
        if parent == u64::from(process::id()) {
            return true;
        }
        at = parent.to_string();
    }
    false
}

/// Memory of the largest tab of this test's browsers in MiB: what is its own, as the browser's task manager counts it, without
/// the files of the browser that are mapped.
pub(crate) fn tab() -> Result<u64> {
    let mut most = 0;
    for process in fs::read_dir("/proc")? {
        let name = process?.file_name().to_string_lossy().into_owned();
        let line = fs::read(format!("/proc/{name}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains("--type=renderer") && is_ours(&name) {
            most = most.max(status(&name, "RssAnon:").unwrap_or_default() >> 10);
        }
    }
    Ok(most)
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn three_million_calls_follow_the_hand() -> Result<()> {
    let folder = TempDir::with_prefix("highwater-heavy-")?;
    let file = folder.path().join("three-million.hwt");
    fs::write(&file, text(ROUNDS))?;
    visit_alone(View::default(), |page| {
        settle(page)?;
        open(page, &file)?;
        settle(page)?;
        watch_tasks(page)?;
        for (selector, what) in [
            ("#minimap", "the minimap's part is dragged"),
            ("#over", "a part of the chart is dragged"),
        ] {
            let slowest = slowest_moves(page, selector)?;
            let what =
                format!("from the hand to the picture in 95 of 100 moves, 3 million calls: {what}");
            report(&what, slowest, MOST_MS, "ms")?;
            settle(page)?;
        }
        let longest = longest_task(page)?;
        let what = "longest task of the main thread meanwhile, 3 million calls";
        report(what, longest, LONGEST_TASK_MS, "ms")
    })
}

#[test]
#[ignore = "it takes a minute, and its limit is the browser's too; `cargo xtask perf` runs it"]
fn two_hundred_changes_leave_the_memory_of_the_tab_bounded() -> Result<()> {
    visit_alone(View::default(), |page| {
        settle(page)?;
        let change = |number: u64| -> Result<()> {
            page.set_value(
                "#environment",
                &format!("MALLOC_TOP_PAD_={}", number * 4096),
            )?;
            settle(page)
        };
        let mut sizes = Vec::new();
        for number in 1..=200 {
            change(number)?;
            sizes.push(tab()?);
        }
        println!("the tab after each change, in MiB: {sizes:?}");
        // The first hundred fill the stores of browser and engine, which are bounded.
        let most = |sizes: &[u64]| sizes.iter().max().copied().unwrap_or_default();
        let (before, after) = (most(&sizes[100..150]), most(&sizes[150..]));
        let what = "memory of the tab over two hundred changes, at the most";
        report(what, most(&sizes) as f64, MOST_MIB, "MiB")?;
        ensure!(
            after <= before + before / 20,
            "{before} MiB up to change 150, {after} after it"
        );
        Ok(())
    })
}
