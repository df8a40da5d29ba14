//! Names and labels are whole at any length, in any size, on paper, and in the colours that the system chooses.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
    page::{Page, View},
    private::copied,
    simulation::settle,
    visit,
};

/// What is wrong with the labels at the chart's edge, as far as places go.
const LABELS: &str = "
    const box = (node) => node.getBoundingClientRect();
    const chart = box(document.querySelector('.chart')), plot = box(document.querySelector('#chart'));
    const labels = [...document.querySelectorAll('.chart:not(.chart--second) .end:not(.end--room)')];
    const wrong = [];
    let letters = 0;
    for (const [at, label] of labels.entries()) {
        const of = box(label);
        letters += label.querySelectorAll('b').length;
        if (!/\\d$/.test(label.textContent)) wrong.push(`no figure: ${label.textContent}`);
        if (of.right > chart.right + 0.5 || of.left < plot.right) wrong.push(`cut: ${label.textContent}`);
        if (of.top < plot.top - 1 || of.bottom > plot.bottom + 1) wrong.push(`beyond: ${label.textContent}`);
        for (const other of labels.slice(0, at).map(box)) {
            if (of.top < other.bottom - 1 && other.top < of.bottom - 1) wrong.push(`over another: ${label.textContent}`);
        }
    }
    if (plot.width < 90) wrong.push(`the plot is ${plot.width} wide`);
    const variants = document.querySelector('#chart').dataset.curves;
    if (letters != variants) wrong.push(`${letters} letters of ${variants}`);
    return wrong;";

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn labels_at_the_edge_are_whole_in_every_size() -> Result<()> {
    visit(View::default(), |page| {
        for address in [
            "",
            "?scenario=incident&events=60",
            "?embed=1&scenario=incident&events=60&panels=chart&controls=0",
        ] {
            page.go(address)?;
            page.wait_for("main[data-busy=false] #chart .curve--rss")?;
            if address.is_empty() {
                for _ in 0..3 {
                    page.evaluate("document.querySelector('#add-variant').click()")?;
                }
                page.wait_for("main[data-busy=false] #chart[data-curves='8']")?;
            }
            for at in ["Home", "End"] {
                page.evaluate("document.querySelector('#chart').focus()")?;
                page.press(at)?;
                for (width, height) in [(1440, 900), (1024, 768), (390, 844), (320, 240)] {
                    page.look(View {
                        width,
                        height,
                        dark: width == 390,
                    })?;
                    let wrong = page.evaluate(LABELS)?;
                    ensure!(wrong == json!([]), "{address} {width} {at}: {wrong}");
                }
            }
            page.look(View::default())?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn letters_stay_and_names_follow() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let all = |page: &Page| -> Result<String> {
            let all = "return [...document.querySelectorAll('#what-if .row__name')].map(
                (row) => row.textContent).sort().join('|')";
            Ok(page.evaluate(all)?.as_str().unwrap_or_default().to_owned())
        };
        ensure!(
            all(page)?.starts_with("Ano setting|Btrim threshold 64 KiB|C"),
            "{}",
            all(page)?
        );
        page.click("#add-variant")?;
        settle(page)?;
        ensure!(
            all(page)?.contains("|Btrim threshold 64 KiB|"),
            "{}",
            all(page)?
        );
        ensure!(all(page)?.ends_with("|Fno setting (2)"), "{}", all(page)?);
        page.set_value("#environment", "MALLOC_ARENA_MAX=1")?;
        page.wait_for_text(".variant__head[data-variant='5']", "MALLOC_ARENA_MAX=1")?;
        settle(page)?;
        page.click(".variant__head[data-variant='0']")?;
        page.click("#remove-variant")?;
        settle(page)?;
        ensure!(all(page)?.starts_with("Btrim threshold"), "{}", all(page)?);
        let before = all(page)?;
        let link = copied(page, "#copy-link")?;
        page.go(&format!("?1{}", &link[link.find('#').context("a link")?..]))?;
        settle(page)?;
        ensure!(all(page)? == before, "{} {before}", all(page)?);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn long_names_paper_and_forced_colours_leave_the_page_whole() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#variant-name", &format!("\u{202e}{}", "x".repeat(20_000)))?;
        settle(page)?;
        for (width, height) in [(1440, 900), (390, 844)] {
            page.look(View {
                width,
                height,
                dark: false,
            })?;
            let wide = page.evaluate("return document.documentElement.scrollWidth")?;
            ensure!(wide.as_u64() <= Some(u64::from(width)), "{wide} of {width}");
            let row = "return document.querySelector('.row__name').getBoundingClientRect().width";
            ensure!(page.evaluate(row)?.as_f64() < Some(500.0));
        }
        let title = page.attribute(".row__name", "title")?.unwrap_or_default();
        ensure!(
            title.ends_with('…') && !title.contains('\u{202e}'),
            "{title}"
        );
        page.look(View::default())?;
        page.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" }))?;
        let seen = "return [...document.querySelectorAll('button, input, select, textarea')].filter(
            (one) => one.checkVisibility() && !one.closest('.term, .legend, .names, table, .pins, .log, .sentences, .variants'))
            .map((one) => one.id || one.className || one.textContent)";
        ensure!(
            page.evaluate(seen)? == json!([]),
            "{}",
            page.evaluate(seen)?
        );
        // The names of the curves are read on paper, and nothing beside them is pressed there.
        let beside = "return [...document.querySelectorAll('.names__only, #add-note')].filter((one) => one.checkVisibility()).length";
        ensure!(page.evaluate(beside)? == 0);
        for selector in [
            "#chart",
            "canvas.map",
            "#why",
            "#what-if",
            "#title",
            "#variants",
        ] {
            ensure!(page.count(selector)? == 1, "{selector}");
            page.wait_for(selector)?;
        }
        let forced =
            json!({ "media": "", "features": [{ "name": "forced-colors", "value": "active" }] });
        page.devtools("Emulation.setEmulatedMedia", forced)?;
        let colours = "return new Set([...document.querySelectorAll('.legend__kind .swatch')].map(
            (one) => getComputedStyle(one).backgroundColor + getComputedStyle(one).backgroundImage)).size";
        let kinds = page.count(".legend__kind")? as u64;
        ensure!(
            page.evaluate(colours)?.as_u64() >= Some(kinds - 1),
            "{}",
            page.evaluate(colours)?
        );
        page.look(View::default())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_small_frame_of_a_recording_has_its_names_and_times_whole() -> Result<()> {
    visit(View::default(), |page| {
        page.look(View {
            width: 320,
            height: 240,
            dark: false,
        })?;
        for address in [
            "?embed=1&scenario=bundled",
            "?embed=1&scenario=bundled-service",
        ] {
            page.go(address)?;
            page.wait_for("#chart .curve--rss")?;
            settle(page)?;
            let wrong = page.evaluate(
                "const box = (node) => node.getBoundingClientRect(), wrong = [];
                 const within = (selector) => {
                     const { left, right, top, bottom } = box(document.querySelector(selector));
                     if (left < 0 || right > 320 || top < 0 || bottom > 240) wrong.push(`${selector}: ${[left, right, top, bottom]}`);
                 };
                 within('.card__head .unit');
                 within('.names');
                 const seen = [...document.querySelectorAll('#chart .tick')].filter((one) => one.checkVisibility());
                 if (seen.length < 2) wrong.push(`${seen.length} times`);
                 for (const [at, tick] of seen.entries())
                     if (at > 0 && box(tick).left < box(seen[at - 1]).right + 4) wrong.push(`touching: ${tick.textContent}`);
                 return wrong;",
            )?;
            ensure!(wrong == json!([]), "{address}: {wrong}");
        }
        Ok(())
    })
}
