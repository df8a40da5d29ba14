//! What is printed: a report of one page or two, with what each variant was run through.

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    page::{Page, View},
    simulation::settle,
    visit,
};

/// What begins a page's dictionary in a printed document. That of all pages has a further letter.
const PAGE: &[u8] = b"/Type /Page\n";

/// Prints the page on A4, and returns the number of sheets.
fn sheets(page: &Page) -> Result<usize> {
    let paper =
        json!({ "paperWidth": 210.0 / 25.4, "paperHeight": 297.0 / 25.4, "printBackground": true });
    let printed = page.devtools("Page.printToPDF", paper)?;
    let printed = printed["data"].as_str().context("a document")?;
    let printed = STANDARD.decode(printed)?;
    let sheets = printed.windows(PAGE.len()).filter(|at| *at == PAGE).count();
    ensure!(sheets > 0, "no sheet in {} bytes", printed.len());
    Ok(sheets)
}

/// Prints each depth of what is shown.
fn all_depths(page: &Page, what: &str) -> Result<()> {
    for (place, (depth, most)) in (1..).zip([("story", 1), ("compare", 2), ("expert", 2)]) {
        page.click(&format!(".depth:nth-of-type({place})"))?;
        page.wait_for(&format!("main[data-depth={depth}][data-busy=false]"))?;
        let sheets = sheets(page)?;
        ensure!(sheets <= most, "{what}, {depth}: {sheets} sheets");
    }
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_report_is_one_sheet_or_two_at_any_depth_and_with_all_variants() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        for _ in 0..3 {
            page.evaluate("document.querySelector('#add-variant').click()")?;
        }
        page.wait_for("main[data-busy=false] #chart[data-curves='8']")?;
        all_depths(page, "eight variants")?;
        for address in [
            "?scenario=bundled-service",
            "?scenario=environment&events=60",
        ] {
            page.go(address)?;
            settle(page)?;
            all_depths(page, address)?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn paper_has_the_settings_behind_a_name_the_times_and_no_switches() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?scenario=environment&events=60&depth=expert")?;
        settle(page)?;
        page.set_value("#variant-name", "as it runs today")?;
        settle(page)?;
        let settings = "return [...document.querySelectorAll('.row__settings')].filter(
            (one) => one.checkVisibility()).map((one) => one.textContent)";
        ensure!(page.evaluate(settings)? == json!([]));
        page.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" }))?;
        let seen = page.evaluate(settings)?;
        let seen = seen.as_array().context("settings")?;
        ensure!(
            seen.contains(&json!("no setting")),
            "the first variant's: {seen:?}"
        );
        ensure!(
            seen.contains(&json!("MALLOC_TRIM_THRESHOLD_=65536, MALLOC_ARENA_MAX=2")),
            "those of all together: {seen:?}"
        );
        let switches = "return [...document.querySelectorAll('.table .chip')].filter(
            (one) => one.checkVisibility()).length";
        ensure!(page.evaluate(switches)? == 1, "the baseline alone is named");
        // The times at the lower edge lie within the chart.
        let cut = "const chart = document.querySelector('.chart').getBoundingClientRect();
            return [...document.querySelectorAll('#chart .tick')].filter(
                (one) => one.getBoundingClientRect().bottom > chart.bottom + 0.5).length";
        ensure!(page.evaluate(cut)? == 0, "times are cut");
        page.look(View::default())
    })
}
