//! How fast it is, in figures: from a changed parameter to the finished comparison.

use std::{fs, path::Path, thread};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
    page::{Page, View},
    simulation::settle,
    timed::{LONGEST_TASK_MS, longest_task, report, watch_tasks},
    visit_alone,
};

/// On two cores, which nothing else of these tests uses meanwhile.
const MOST_MS: f64 = 300.0;

const MEASURED: usize = 10;

/// Watches the page from within: a figure must not hold the time that a question of the test takes.
const WATCH: &str = "
    window.change = (value) => {
        const control = document.querySelector('#parameter-events');
        const told = { at: null, busy: null, first: null, done: null };
        window.told = told;
        const look = () => {
            const now = performance.now() - told.at;
            const busy = document.querySelector('main').dataset.busy === 'true';
            if (busy) told.busy ??= now;
            const rows = [...document.querySelectorAll('#what-if tbody tr')];
            const fresh = rows.filter((row) => row.dataset.stale === 'false' && row.querySelector('td[data-column=at_end][data-value]'));
            if (told.busy !== null && fresh.length > 0) told.first ??= now;
            if (told.busy !== null && !busy && rows.length === 8 && fresh.length === 8) {
                told.done = now;
                watcher.disconnect();
            }
        };
        const watcher = new MutationObserver(look);
        watcher.observe(document.body, { subtree: true, childList: true, attributes: true });
        told.at = performance.now();
        control.value = value;
        control.dispatchEvent(new Event('input', { bubbles: true }));
    };";

/// Milliseconds after a change of a parameter until the workers were told, until the first and until all of the variants
/// were there.
fn change(page: &Page, value: usize) -> Result<[f64; 3]> {
    page.evaluate(&format!("window.change('{value}')"))?;
    page.wait_until("the comparison", || {
        Ok(!page.evaluate("return window.told.done")?.is_null())
    })?;
    let told = page.evaluate("return [window.told.busy, window.told.first, window.told.done]")?;
    settle(page)?;
    let figure = |at: usize| told[at].as_f64().context("it is a number");
    Ok([figure(0)?, figure(1)?, figure(2)?])
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn a_changed_parameter_is_compared_at_once() -> Result<()> {
    visit_alone(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", "incident")?;
        page.wait_for_text("#title", "scaled down")?;
        settle(page)?;
        ensure!(page.count("#what-if tbody tr")? == 8, "eight variants");
        page.evaluate(WATCH)?;
        change(page, 59)?;
        watch_tasks(page)?;
        let measured = (0..MEASURED).map(|number| change(page, 60 + number % 2));
        let measured: Vec<[f64; 3]> = measured.collect::<Result<_>>()?;
        let mut sorted: Vec<f64> = measured.iter().map(|[.., done]| *done).collect();
        sorted.sort_by(f64::total_cmp);
        let median = f64::midpoint(sorted[(MEASURED - 1) / 2], sorted[MEASURED / 2]);
        let longest = longest_task(page)?;
        let figures = json!({
            "what": "milliseconds from a changed parameter of the scenario `incident` to the comparison of its 8 variants",
            "told_first_done_ms": measured,
            "median_ms": median,
            "longest_task_ms": longest,
            "cores": thread::available_parallelism()?.get(),
        });
        println!("{figures:#}");
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        fs::create_dir_all(&target)?;
        fs::write(target.join("page-speed.json"), format!("{figures:#}\n"))?;
        let what = "a changed parameter to the comparison of 8 variants, median";
        report(what, median, MOST_MS, "ms")?;
        let what = "longest task of the main thread meanwhile";
        report(what, longest, LONGEST_TASK_MS, "ms")
    })
}
