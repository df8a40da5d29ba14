//! The moment at which the page opens a recording, and at which its table compares.

use anyhow::{Context, Result, ensure};
use highwater_simulator::{Options, Outcome, Plan, run_plan};
use highwater_workload::{trace, unwatched};
use serde_json::json;
use std::{fs, path::PathBuf};

use crate::{
    page::{Page, View},
    simulation::{number, settle, variant},
    visit,
};

/// A recording of a FastAPI service that reads streams from Redis.
const SERVICE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/fronts/cli/tests/data/service.hwt.gz"
);

/// Opens a trace as a file of the user's.
fn open(page: &Page, name: &str, text: &str) -> Result<()> {
    page.evaluate_with(
        "const files = new DataTransfer();
         files.items.add(new File([arguments[1]], arguments[0]));
         const input = document.querySelector('#file');
         input.files = files.files;
         input.dispatchEvent(new Event('change', { bubbles: true }));",
        vec![json!(name), json!(text)],
    )?;
    page.wait_for_text("#title", name)?;
    settle(page)
}

fn outcome(text: &str, environment: &str) -> Result<Outcome> {
    let plan = Plan::single(trace::read(text.as_bytes())?.into(), variant(environment)?);
    Ok(run_plan(plan, &Options::default(), &mut unwatched)?)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_recording_opens_at_its_last_rest_and_compares_any_moment() -> Result<()> {
    let mut text = Vec::new();
    trace::write(&trace::read(&fs::read(SERVICE)?)?, None, &mut text)?;
    let named = String::from_utf8(text)?;
    let kept = |line: &&str| !line.starts_with("k ") && !line.starts_with("end ");
    let unmarked: String = (named.lines().filter(kept))
        .map(|line| format!("{line}\n"))
        .collect();
    visit(View::default(), |page| {
        settle(page)?;
        for (name, text) in [("named.hwt", &named), ("unmarked.hwt", &unmarked)] {
            open(page, name, text)?;
            let outcome = outcome(text, "")?;
            let summary = outcome.summary();
            let cell = |column: &str| {
                number(
                    page,
                    &format!("#what-if td[data-column={column}]"),
                    "data-value",
                )
            };
            page.wait_until("the figures of the last rest", || {
                Ok(cell("after_rest")? == summary.after_rest.0)
            })?;
            ensure!(cell("after_burst")? == summary.after_burst.0, "{name}");
            ensure!(cell("free")? == summary.free.0, "{name}");
            let rested = outcome.rested();
            ensure!(
                number(page, "#chart", "data-time")? == rested.time.0,
                "{name}"
            );
            ensure!(
                number(page, "#chart", "data-event")? == rested.event,
                "{name}"
            );
            let head = page.text("#what-if th:has([data-column=after_rest])")?;
            let rest = outcome.phases.last_rest().context("it rests")?;
            ensure!(
                head.contains(&rest.name) && head.contains("after rest"),
                "{head}"
            );
            // At the playhead: while the second burst is under way.
            let before = outcome.phases.last_burst().context("it works")?.end.time.0 - 30_000;
            let share = before as f64 / outcome.ends().time.0 as f64 * 1000.0;
            page.set_value("#scrub", &(share as u64).to_string())?;
            page.wait_until("the playhead to move", || {
                Ok(number(page, "#chart", "data-time")? != rested.time.0)
            })?;
            page.click("#compare-here")?;
            page.wait_until("the figures at the playhead", || {
                Ok(cell("live").is_ok_and(|live| live > summary.live.0))
            })?;
            let head = page.text("#what-if th:has([data-column=after_rest])")?;
            ensure!(head.contains("resident"), "{head}");
            page.evaluate(
                "const at = document.querySelector('#table-at');
                 at.value = 'peak'; at.dispatchEvent(new Event('change', { bubbles: true }));",
            )?;
            page.wait_until("the figures of the peak", || {
                Ok(cell("after_rest")? > summary.after_rest.0)
            })?;
            if let Some(folder) = std::env::var_os("HIGHWATER_SHOTS") {
                page.in_each_look(&[(1440, 900), (390, 844)], |_, look| {
                    let file = format!("moments-{name}-{look}.png");
                    page.screenshot(&PathBuf::from(&folder).join(file), true)
                })?;
            }
        }
        Ok(())
    })
}
