//! What one works with: variants, table, chart, maps and blocks, questions.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use highwater_simulator::{Address, Simulation, Variant};

use crate::{
    page::{Page, View},
    simulation::{bundled, number, settle},
    visit,
};

/// The text of an element, as it stands in the document.
fn content(page: &Page, selector: &str) -> Result<String> {
    let text = page.evaluate_with(
        "return document.querySelector(arguments[0])?.textContent ?? ''",
        vec![selector.into()],
    )?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// A scenario that is small enough to be run again and again.
fn small(page: &Page) -> Result<()> {
    settle(page)?;
    page.set_value("#source", "incident")?;
    page.wait_for_text("#title", "scaled down")?;
    page.wait_for("#parameter-events")?;
    page.set_value("#parameter-events", "20")?;
    settle(page)?;
    page.wait_until("the smaller one", || {
        Ok(!page.text("#title")?.contains("328,029"))
    })?;
    settle(page)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn variants_are_added_named_compared_and_removed() -> Result<()> {
    visit(View::default(), |page| {
        small(page)?;
        ensure!(number(page, "#variants", "data-count")? == 8);
        page.wait_for("#add-variant:disabled")?;
        page.click(".variant__head[data-variant='7']")?;
        page.click("#remove-variant")?;
        ensure!(number(page, "#variants", "data-count")? == 7);
        page.click(".variant__head[data-variant='0']")?;
        page.click("#add-variant")?;
        settle(page)?;
        page.wait_for_text(".variant__head[data-variant='7']", "no setting (2)")?;
        page.set_value("#variant-name", "pasted")?;
        page.wait_for_text("#what-if tbody tr:nth-child(8)", "pasted")?;
        // Dockerfile lines as they stand.
        page.set_value(
            "#environment",
            "ENV MALLOC_MMAP_THRESHOLD_=16384 \\\n    MALLOC_ARENA_MAX=2",
        )?;
        page.wait_until("the pasted lines to be run", || {
            let own = page.attribute(
                "#what-if tbody tr:nth-child(8) td[data-column=after_rest]",
                "data-value",
            )?;
            let first = page.attribute(
                "#what-if tbody tr:nth-child(1) td[data-column=after_rest]",
                "data-value",
            )?;
            Ok(own.is_some() && own != first)
        })?;
        let colour = page.attribute("#variants li[data-selected=true]", "data-colour")?;
        page.click(".mark--button")?;
        ensure!(page.attribute("#variants li[data-selected=true]", "data-colour")? != colour);
        ensure!(page.count("#map-beside")? == 0);
        page.click("#compare")?;
        page.wait_for("#map-beside")?;
        settle(page)?;
        let sizes = page.evaluate(
            "return ['#map', '#map-beside'].map((id) => document.querySelector(id)).map((map) => [map.width, map.height])",
        )?;
        ensure!(sizes[0] == sizes[1], "both have the same room: {sizes}");
        page.click("#compare")?;
        ensure!(page.count("#map-beside")? == 0);
        // Names complete while one types.
        page.set_value("#environment", "MALLOC_TR")?;
        page.click("#completions button")?;
        ensure!(page.value("#environment")? == "MALLOC_TRIM_THRESHOLD_=");
        page.type_text("#environment", "65536")?;
        page.wait_for("#remarks .remark")?;
        settle(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_table_is_sorted_held_against_one_and_exported() -> Result<()> {
    visit(View::default(), |page| {
        small(page)?;
        let names = || -> Result<Vec<String>> {
            let names = page.evaluate(
                "return [...document.querySelectorAll('#what-if .row__name')].map((name) => name.textContent)",
            )?;
            let names = names.as_array().context("a list")?.iter();
            Ok(names
                .map(|name| name.as_str().unwrap_or_default().to_owned())
                .collect())
        };
        let values = || -> Result<Vec<u64>> {
            let values = page.evaluate(
                "return [...document.querySelectorAll('#what-if td[data-column=peak]')].map((cell) => Number(cell.dataset.value))",
            )?;
            let values = values.as_array().context("a list")?.iter();
            Ok(values.filter_map(serde_json::Value::as_u64).collect())
        };
        let before = names()?;
        page.click("#what-if .sort[data-column=peak]")?;
        ensure!(values()?.is_sorted(), "{:?}", values()?);
        page.click("#what-if .sort[data-column=peak]")?;
        ensure!(values()?.is_sorted_by(|a, b| a >= b), "{:?}", values()?);
        page.click("#what-if .sort[data-column=peak]")?;
        ensure!(names()? == before, "as they were");
        ensure!(
            content(page, "#what-if tbody tr:nth-child(1)")?
                .matches('=')
                .count()
                == 0
        );
        page.click("#what-if tbody tr:nth-child(5) .chip")?;
        page.wait_for("#what-if tbody tr:nth-child(5) .chip[aria-pressed=true]")?;
        let first = content(
            page,
            "#what-if tbody tr:nth-child(1) td[data-column=after_rest]",
        )?;
        ensure!(first.contains(['+', '−']), "no difference in {first}");
        page.evaluate(
            "window.copied = ''; window.saved = '';
             navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); };
             const made = URL.createObjectURL;
             URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return made(blob); };",
        )?;
        page.click("#copy-markdown")?;
        page.wait_for_text(".what-if [role=status]", "Copied")?;
        let copied = page.evaluate("return window.copied")?;
        let copied = copied.as_str().unwrap_or_default();
        ensure!(
            copied.starts_with("**The incident, scaled down**")
                && copied.contains("| no setting |")
        );
        ensure!(copied.lines().count() == 12, "{copied}");
        page.click("#save-csv")?;
        page.wait_until("the file", || {
            Ok(page.evaluate("return window.saved.length")?.as_u64() > Some(100))
        })?;
        let saved = page.evaluate("return window.saved")?;
        let saved = saved.as_str().unwrap_or_default();
        ensure!(
            saved.starts_with("variant,allocator,settings,after_burst_at,moment,peak,after_burst"),
            "{saved}"
        );
        ensure!(saved.lines().count() == 9, "{saved}");
        let peak = values()?[0];
        ensure!(
            saved.contains(&format!(",{peak},"))
                && saved.contains("no setting,python@3.11 on glibc@2.36,"),
            "{saved}"
        );
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn dragging_over_the_chart_shows_a_part_and_a_double_click_all() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        ensure!(number(page, "#chart", "data-curves")? == 5);
        ensure!(page.count("#second path")? == 2, "top and threshold");
        let all = number(page, "#chart", "data-to")?;
        let time = number(page, "#chart", "data-time")?;
        let send = "const plot = document.querySelector('#chart .over'), place = plot.getBoundingClientRect();
             const send = (kind, share) => plot.dispatchEvent(new PointerEvent(kind, { bubbles: true, pointerId: 1,
                 clientX: place.left + place.width * share, clientY: place.top + 20, button: 0, buttons: 1 }));";
        page.evaluate(&format!("{send} send('pointermove', 0.5);"))?;
        page.wait_for(".readout")?;
        let readout = page.text(".readout")?;
        for words in [
            "no setting",
            "tcache off",
            "jemalloc, 1000 ms",
            "held by the program",
            "parked",
        ] {
            ensure!(readout.contains(words), "{words} in {readout}");
        }
        page.evaluate(&format!(
            "{send} send('pointerdown', 0.25); send('pointermove', 0.5); send('pointerup', 0.5);"
        ))?;
        page.wait_for("#zoom-out")?;
        let (from, to) = (
            number(page, "#chart", "data-from")?,
            number(page, "#chart", "data-to")?,
        );
        ensure!(
            from.abs_diff(all / 4) < all / 50 && to.abs_diff(all / 2) < all / 50,
            "{from} {to} of {all}"
        );
        ensure!(
            number(page, "#chart", "data-time")? == time,
            "the playhead stays"
        );
        page.evaluate(
            "document.querySelector('#chart').dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))",
        )?;
        page.wait_for(&format!("#chart[data-from='0'][data-to='{all}']"))?;
        page.evaluate(&format!(
            "{send} send('pointerdown', 0.1); send('pointerup', 0.1);"
        ))?;
        page.wait_until("the playhead", || {
            Ok(number(page, "#chart", "data-time")? < all / 8)
        })?;
        page.click("[aria-labelledby='chart-title'] .more summary")?;
        page.wait_for("#chart-table")?;
        ensure!(page.count("#chart-table tbody tr")? > 10, "the marks");
        page.set_value("#source", "decay")?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        page.click(".variant__head[data-variant='2']")?;
        page.wait_for_text("#second-title", "Free pages")?;
        settle(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_cap_is_drawn_and_those_that_were_killed_are_marked() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", "prefork")?;
        page.wait_for_text("#title", "prefork")?;
        settle(page)?;
        page.wait_for(".cap")?;
        ensure!(page.count(".killed")? == 0);
        page.set_value("#parameter-preload", "260")?;
        page.wait_until("somebody to be killed", || Ok(page.count(".killed")? > 0))?;
        settle(page)?;
        page.wait_for_text("#what-if tbody tr:nth-child(1)", "killed at the cap")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_page_of_the_map_leads_to_its_blocks() -> Result<()> {
    let mut simulation = Simulation::new(bundled()?, &Variant::default())?;
    visit(View::default(), |page| {
        settle(page)?;
        simulation.run_until(number(page, "#why", "data-event")?);
        page.evaluate(
            "const map = document.querySelector('#map'), place = map.getBoundingClientRect();
             map.dispatchEvent(new MouseEvent('click', { bubbles: true,
                 clientX: place.left + place.width / 2 + 1, clientY: place.top + 3 }))",
        )?;
        page.wait_for("#blocks[data-count]")?;
        let title = page.text("#blocks-title")?;
        let address = title.rsplit("0x").next();
        let from = u64::from_str_radix(address.context("an address")?.trim(), 16)?;
        let expected = simulation.blocks_between(Address(from), Address(from + 4096), 400);
        ensure!(
            number(page, "#blocks", "data-count")? == expected.len() as u64,
            "{title}"
        );
        let shown = content(page, "#blocks tbody")?;
        for view in &expected {
            ensure!(
                shown.contains(&view.block.user.to_string()),
                "{} in {shown}",
                view.block.user
            );
        }
        page.click("#close-blocks")?;
        ensure!(page.count("#blocks")? == 0);
        // Pins and addresses in sentences lead there, too.
        page.click("#sentences [data-part=address]")?;
        page.wait_for("#blocks[data-count]")?;
        page.click("#pins .link")?;
        page.wait_for("#blocks[data-count]")?;
        // The legend hides kinds.
        let hidden = number(page, "#map", "data-hidden")?;
        page.click(".legend__kind")?;
        ensure!(number(page, "#map", "data-hidden")? != hidden);
        page.click(".legend__kind[aria-pressed=false]")?;
        ensure!(number(page, "#map", "data-hidden")? == hidden);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn what_if_pins_were_gone_is_tried_by_the_engine() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let event = number(page, "#why", "data-event")?;
        for pins in [1, 6] {
            let mut simulation = Simulation::new(bundled()?, &Variant::default())?;
            simulation.run_until(event);
            let known = simulation.diagnose().pins;
            let gone: Vec<Address> = known.iter().take(pins).map(|pin| pin.address).collect();
            let expected = simulation.without(&gone);
            page.click(&format!("[data-without='{pins}']"))?;
            page.wait_for(&format!("#without[data-given='{}']", expected.given_back.0))?;
            page.wait_for_text("#without", &expected.rss.to_string())?;
        }
        // It is forgotten when something else is looked at.
        page.type_text("#chart", &char::from(Key::Left).to_string())?;
        settle(page)?;
        ensure!(page.count("#without")? == 0);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn decisions_are_filtered_and_lead_to_their_moments() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let all = page.count("#decisions li")?;
        for (name, class) in [
            ("refused", "refused"),
            ("gave back", "gave"),
            ("took", "took"),
        ] {
            let wanted = page.count(&format!("#decisions .told--{class}"))?;
            page.click(&format!("[data-only='{name}']"))?;
            page.wait_for(&format!("[data-only='{name}'][aria-pressed=true]"))?;
            // All of the log, and not only what was listed of it among the others.
            let shown = page.count(&format!("#decisions .told--{class}"))?;
            ensure!(
                shown >= wanted && page.count("#decisions li")? == shown,
                "{name}"
            );
            page.click(&format!("[data-only='{name}'][aria-pressed=true]"))?;
            ensure!(page.count("#decisions li")? == all, "{name}");
        }
        let time = number(page, "#chart", "data-time")?;
        page.click("#decisions li .link")?;
        page.wait_until("the playhead", || {
            Ok(number(page, "#chart", "data-time")? < time)
        })?;
        settle(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn keys_work_wherever_the_focus_is_but_where_something_is_typed() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let press = |key: &str, shift: bool| {
            page.evaluate_with(
                "const [key, shiftKey] = arguments;
                 document.body.dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey, bubbles: true, cancelable: true }))",
                vec![key.into(), shift.into()],
            )
        };
        let time = || number(page, "#chart", "data-time");
        press("Home", false)?;
        page.wait_for("#chart[data-time='0']")?;
        press("ArrowRight", true)?;
        page.wait_until("the first mark", || Ok(time()? > 0))?;
        let mark = time()?;
        press("ArrowRight", true)?;
        page.wait_until("the next mark", || Ok(time()? > mark))?;
        press("ArrowLeft", true)?;
        page.wait_until("the mark before", || Ok(time()? == mark))?;
        let event = number(page, "#chart", "data-event")?;
        press(".", false)?;
        page.wait_until("the next event", || {
            Ok(number(page, "#chart", "data-event")? == event + 1)
        })?;
        press(",", false)?;
        page.wait_until("the event before", || {
            Ok(number(page, "#chart", "data-event")? == event)
        })?;
        press("End", false)?;
        page.wait_until("the end", || Ok(time()? > 10_000_000))?;
        press("?", false)?;
        page.wait_for("dialog[open] #help-title")?;
        page.wait_for_text("dialog[open] .keys", "play or pause")?;
        page.click("#close-help")?;
        ensure!(page.count("dialog[open] #help-title")? == 0);
        press(" ", false)?;
        page.wait_for("#play[data-playing=true]")?;
        press(" ", false)?;
        page.wait_for("#play[data-playing=false]")?;
        let before = time()?;
        page.type_text("#environment", "A=1 ")?;
        page.type_text("#environment", &char::from(Key::Home).to_string())?;
        ensure!(time()? == before, "what is typed is typed");
        Ok(())
    })
}
