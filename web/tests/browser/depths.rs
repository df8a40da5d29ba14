//! How much of a run the page shows: a story, a comparison, or all there is.

use anyhow::{Context, Result, ensure};
use highwater_simulator::{Address, Simulation, Variant};

use crate::{
    landing,
    page::{Page, View},
    simulation::{bundled, number, settle},
    visit,
};

/// The button of a depth.
fn choose(page: &Page, depth: usize) -> Result<()> {
    page.click(&format!(".depth:nth-of-type({depth})"))
}

/// Which of the page's parts are there.
fn parts(page: &Page) -> Result<Vec<String>> {
    let parts = page.evaluate(
        "return ['#answer', '#what-would-help', '#chart', '#what-if', '#second', '#map', '#why', '#decisions', '#inspect', '#scrub', '#source']
             .filter((part) => document.querySelector(part)?.checkVisibility())",
    )?;
    let parts = parts.as_array().context("a list")?.iter();
    Ok(parts
        .map(|part| part.as_str().unwrap_or_default().to_owned())
        .collect())
}

const STORY: [&str; 3] = ["#answer", "#what-would-help", "#chart"];

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn one_switch_shows_more_or_less_and_the_link_keeps_it() -> Result<()> {
    visit(View::default(), |page| {
        landing::arrive(page)?;
        page.click("#landing-example")?;
        settle(page)?;
        // What is opened without a link is there to be compared, the table beside the chart.
        let compared = parts(page)?;
        ensure!(
            compared
                == [
                    "#answer",
                    "#what-would-help",
                    "#chart",
                    "#what-if",
                    "#map",
                    "#why",
                    "#inspect",
                    "#scrub",
                    "#source"
                ],
            "{compared:?}"
        );
        let beside = page.evaluate(
            "const [chart, table] = ['#chart', '#what-if'].map((one) => document.querySelector(one).closest('.card').getBoundingClientRect());
             const settings = document.querySelector('.column--what').getBoundingClientRect();
             return chart.right <= table.left && Math.abs(chart.top - table.top) < 2 && Math.abs(chart.top - settings.top) < 2",
        )?;
        ensure!(beside == true, "the table is not beside the chart");
        choose(page, 1)?;
        page.wait_for("main[data-depth=story]")?;
        ensure!(parts(page)? == STORY, "{:?}", parts(page)?);
        // The variant, and the one that the answer names.
        ensure!(number(page, "#chart", "data-curves")? == 2);
        ensure!(page.count("#legend .names__one")? == 2);
        page.wait_until("the address to say so", || {
            Ok(page.evaluate("return location.hash")? != "")
        })?;
        let link = page.evaluate("return location.hash")?;
        let link = link.as_str().context("a link")?.to_owned();
        page.go(&format!("?again{link}"))?;
        page.wait_for("main[data-depth=story] #chart")?;
        // Why is no part of a story, and leads on.
        page.click("#answer-why")?;
        page.wait_for("main[data-depth=compare] #why")?;
        page.wait_until("the focus there", || {
            Ok(page.evaluate("return document.activeElement.id")? == "why-title")
        })?;
        choose(page, 3)?;
        settle(page)?;
        ensure!(parts(page)?.len() == 11, "{:?}", parts(page)?);

        // An address may say it, and one of before opens as it did.
        page.go("?scenario=environment&depth=story")?;
        page.wait_for("main[data-depth=story] #chart")?;
        ensure!(parts(page)? == STORY, "{:?}", parts(page)?);
        page.go("?scenario=environment")?;
        settle(page)?;
        ensure!(parts(page)?.len() == 11, "{:?}", parts(page)?);
        page.go("?scenario=environment&depth=deep")?;
        page.wait_for_text("#notes", "story, compare, expert")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_whole_log_is_searched() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let count = |kind: &str| -> Result<u64> {
            let text = page.text(&format!("[data-only='{kind}'] .chip__count"))?;
            text.replace(',', "").parse().context("a number")
        };
        let gave = count("gave back")?;
        ensure!(gave > 0, "nothing was given back");
        page.set_value("#log-search", "GAVE BACK")?;
        page.wait_for("#decisions[data-whole=true]")?;
        let found = number(page, "#decisions", "data-count")?;
        ensure!((1..=gave).contains(&found), "{found} of {gave}");
        let others = page.evaluate(
            "return [...document.querySelectorAll('#decisions li')].filter((line) => !line.textContent.includes('gave back')).length",
        )?;
        ensure!(others == 0, "{others} lines say something else");
        page.wait_for_text("#decided", "up to")?;
        // Its lines lead to their moments, and what was found stays.
        let time = number(page, "#chart", "data-time")?;
        page.click("#decisions li:last-child .link")?;
        page.wait_until("the playhead", || {
            Ok(number(page, "#chart", "data-time")? < time)
        })?;
        settle(page)?;
        ensure!(number(page, "#decisions", "data-count")? == found);
        page.click("[data-only='refused']")?;
        page.wait_for_text(".words[role=status]", "No decision up to here says that")?;
        page.click("[data-only='refused']")?;
        page.set_value("#log-search", "")?;
        page.wait_for("#log-whole")?;
        page.click("#to-end")?;
        settle(page)?;
        let all = page.text("#decided")?;
        page.click("#log-whole")?;
        page.wait_for("#decisions[data-whole=true]")?;
        let whole = number(page, "#decisions", "data-count")?;
        ensure!(
            all.replace(',', "").ends_with(&whole.to_string()),
            "{whole} of {all}"
        );
        let gave = count("gave back")?;
        page.click("[data-only='gave back']")?;
        page.wait_for(&format!("#decisions[data-whole=true][data-count='{gave}']"))
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn typed_places_lead_into_the_heap() -> Result<()> {
    let mut simulation = Simulation::new(bundled()?, &Variant::default())?;
    visit(View::default(), |page| {
        settle(page)?;
        simulation.run_until(number(page, "#why", "data-event")?);
        let diagnosis = simulation.diagnose();
        let pin = diagnosis.pins.get(2).context("three pins")?;
        page.set_value("#find", "pin 3")?;
        page.wait_for("#blocks[data-count]")?;
        ensure!(page.text("#blocks")?.contains(&pin.address.to_string()));
        ensure!(page.evaluate("return document.activeElement.id")? == "blocks-title");
        let start = simulation.frame().strips[0].start;
        page.set_value("#find", "page 12")?;
        let expected = format!("Blocks at {}", Address(start.0 + 12 * 4096));
        page.wait_for_text("#blocks-title", &expected)?;
        page.set_value("#find", &format!("{:#x}", start.0 + 5 * 4096 + 17))?;
        let expected = format!("Blocks at {}", Address(start.0 + 5 * 4096));
        page.wait_for_text("#blocks-title", &expected)?;
        for (typed, says) in [
            ("pin 999", "There are"),
            ("page 99999999", "The heap has pages 0 to"),
            ("0xzz", "no address"),
            ("somewhere", "Type 0x"),
        ] {
            page.set_value("#find", typed)?;
            page.wait_for_text("#find-error", says)?;
        }
        // All blocks are counted, by size class.
        page.click("#show-sizes")?;
        page.wait_for("#sizes tbody tr")?;
        let mut live = 0;
        simulation.each_block(&mut |block| {
            live += u64::from(block.state == highwater_simulator::BlockState::Live);
        });
        let counted = page.evaluate(
            "return [...document.querySelectorAll('#sizes tbody td:nth-child(2)')].reduce((sum, cell) => sum + Number(cell.textContent), 0)",
        )?;
        ensure!(counted == live, "{counted} of {live}");
        page.click("#show-state")?;
        page.wait_for_text("#state-text", "# block")?;
        let text = page.evaluate("return document.querySelector('#state-text').textContent")?;
        let text = text.as_str().context("a text")?;
        ensure!(text.contains(&format!("resident\t{}\n", diagnosis.rss.0)));
        for pin in &diagnosis.pins {
            ensure!(text.contains(&pin.address.to_string()), "{}", pin.address);
        }
        // One event on, and to one that is typed.
        let event = number(page, "#chart", "data-event")?;
        page.set_value("#find", "event 1000")?;
        page.wait_for("#chart[data-event='1000']")?;
        page.click("#event-on")?;
        page.wait_for("#chart[data-event='1001']")?;
        page.click("#event-back")?;
        page.wait_for("#chart[data-event='1000']")?;
        ensure!(event > 1000);
        settle(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn whatever_column_of_the_comparison_is_scrolled_to_its_variant_is_named() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let scrolled = page.evaluate(
            "const table = document.querySelector('#what-if');
             const box = table.closest('.scrolls');
             box.scrollIntoView();
             box.scrollLeft = box.scrollWidth;
             const name = table.querySelector('tbody .row__name').getBoundingClientRect();
             const at = document.elementFromPoint(name.left + name.width / 2, name.top + name.height / 2);
             return [box.scrollLeft > 0, at?.closest('.row__name') !== null,
                 name.left >= box.getBoundingClientRect().left]",
        )?;
        ensure!(
            scrolled == serde_json::json!([true, true, true]),
            "{scrolled}"
        );
        Ok(())
    })
}
