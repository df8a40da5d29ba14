//! Files of other tools, dropped on the page: the same calls as the engine reads natively, what they lack, and what cannot be read.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use highwater_import::Recording;
use highwater_simulator::{Options, Variant, run};
use highwater_workload::{trace, unwatched};

use crate::{
    packed,
    page::{Page, View},
    private::drop_file,
    simulation::{number, settle},
    visit,
};

/// A file that a tool itself wrote.
pub(crate) fn file(name: &str) -> Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/input/import/tests/data");
    Ok(fs::read(folder.join(name))?)
}

/// What becomes of a file natively: its peak, and how many calls it has.
fn native(bytes: &[u8]) -> Result<(u64, u64)> {
    let mut recording = Vec::new();
    std::io::copy(&mut Recording::open(bytes)?, &mut recording)?;
    let workload = Arc::new(trace::read(&recording)?);
    let calls = workload.events.iter().filter(|event| event.call.is_call());
    let calls = calls.count() as u64;
    let ran = run(
        workload,
        &Variant::default(),
        &Options::default(),
        &mut unwatched,
    )?;
    Ok((ran.peak_rss.0, calls))
}

/// What is held is counted by call site, and the flame graph is as wide as all of it.
fn names_its_sites(page: &Page) -> Result<()> {
    page.wait_for("main[data-busy=false] #why[aria-busy=false]")?;
    let listed = number(page, "#sites", "data-count")?;
    let rows = page.count("#sites .sites tbody tr")? as u64;
    ensure!(listed > 3 && rows == listed, "{listed} sites, {rows} rows");
    let wide = "const flame = document.querySelector('.flame').getBoundingClientRect();\
        const first = [...document.querySelectorAll('.flame i')].filter((one) => one.getBoundingClientRect().top < flame.top + 5);\
        return first.reduce((sum, one) => sum + one.getBoundingClientRect().width, 0) / flame.width";
    let share = page.evaluate(wide)?.as_f64();
    ensure!(
        share.is_some_and(|share| (0.9..1.01).contains(&share)),
        "{share:?} of the flame graph"
    );
    let named = page.count("#pins .pin__origin td:last-child")?;
    let first = page.text("#pins .pin__origin td:last-child")?;
    // The time, the event, the place.
    ensure!(named > 0 && first.matches(" · ").count() >= 2, "{first}");
    Ok(())
}

fn trouble(page: &Page, name: &str, bytes: &[u8], said: &str) -> Result<()> {
    drop_file(page, name, bytes)?;
    page.wait_for_text("#trouble", said)?;
    settle(page)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn files_of_other_tools_run_as_the_command_reads_them() -> Result<()> {
    let files = [
        ("service.memray-1.20.bin", "memray"),
        ("service.memray-1.18.native.bin", "memray"),
        ("killed.memray-1.20.bin.gz", "memray"),
        ("service.heaptrack.raw.zst", "heaptrack"),
        ("churn.heaptrack.zst", "heaptrack"),
        ("churn.lttng.gz", "LTTng"),
        ("churn.ltrace.gz", "ltrace"),
        ("churn.mtrace.gz", "mtrace"),
    ];
    visit(View::default(), |page| {
        settle(page)?;
        for (name, tool) in files {
            let bytes = file(name)?;
            let (peak, calls) = native(&bytes)?;
            drop_file(page, name, &bytes)?;
            page.wait_for_text("#title", name)?;
            settle(page)?;
            ensure!(
                number(page, "#chart", "data-peak")? == peak,
                "{name}: the peak"
            );
            let summary = page.text("#summary")?;
            let digits: String = summary.chars().take_while(|c| *c != 'c').collect();
            let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
            ensure!(digits == calls.to_string(), "{name}: {summary}");
            let lacks = page.text("#source-origin")?;
            ensure!(
                lacks.contains(tool)
                    && lacks.contains("it lacks")
                    && lacks.contains("This affects"),
                "{name}: {lacks}"
            );
            if ["memray", "heaptrack"].contains(&tool) {
                names_its_sites(page).with_context(|| name.to_owned())?;
            }
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn what_cannot_be_read_is_told_and_leaves_what_was_shown() -> Result<()> {
    let aggregated = file("service.memray-1.20.aggregated.bin")?;
    let whole = file("service.memray-1.20.bin")?;
    let mut damaged = whole.clone();
    damaged[400..900].fill(0xff);
    visit(View::default(), |page| {
        settle(page)?;
        let shown = page.text("#title")?;
        trouble(page, "sums.bin", &aggregated, "without `--aggregate`")?;
        trouble(
            page,
            "jeprof.heap",
            b"heap_v2/524288\n",
            "cannot be replayed",
        )?;
        trouble(
            page,
            "x.png",
            b"\x89PNG\r\n\x1a\n\0\0",
            "this is a PNG image, not a trace",
        )?;
        trouble(
            page,
            "notes.txt",
            b"dear diary\n",
            "this is another text, not a trace",
        )?;
        trouble(
            page,
            "notes.gz",
            &packed(b"dear diary\n")?,
            "this gzip file holds another text",
        )?;
        trouble(page, "damaged.bin", &damaged, "memray")?;
        ensure!(page.text("#title")? == shown, "{shown}");
        ensure!(page.count("#source-origin")? == 0);
        // The next one is read all the same.
        drop_file(page, "whole.bin", &whole)?;
        page.wait_for_text("#title", "whole.bin")?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0);
        page.set_value("#source", "bundled")?;
        page.wait_for_text("#title", "asyncio burst")?;
        settle(page)?;
        ensure!(
            page.count("#source-origin")? == 0,
            "it is no more of that file"
        );
        Ok(())
    })
}
