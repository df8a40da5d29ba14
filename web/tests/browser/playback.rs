//! The playhead is moved, and the page plays.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use highwater_simulator::{Choice, Micros, PageKind, Simulation, Variant};

use crate::{
    page::View,
    simulation::{bundled, key, number, settle, variant},
    visit,
};

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn play_runs_pauses_and_stops_at_the_end() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.click("#to-start")?;
        page.wait_for("#chart[data-time='0']")?;
        page.click("#play")?;
        page.wait_for("#play[data-playing=true]")?;
        page.wait_until("the playhead to move", || {
            Ok(number(page, "#chart", "data-time")? > 300_000)
        })?;
        page.click("#play")?;
        page.wait_for("#play[data-playing=false]")?;
        settle(page)?;
        let paused = number(page, "#chart", "data-time")?;
        page.frames(12)?;
        ensure!(number(page, "#chart", "data-time")? == paused, "it went on");
        page.set_value("#speed", "256")?;
        page.click("#play")?;
        page.wait_until("play to end", || {
            let playing = page.attribute("#play", "data-playing")?;
            Ok(playing.as_deref() == Some("false"))
        })?;
        settle(page)?;
        let end = page.attribute("#chart", "aria-valuemax")?;
        ensure!(page.attribute("#chart", "aria-valuenow")? == end);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn scrubbing_and_clicking_move_the_playhead() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let before = number(page, "#chart", "data-time")?;
        page.set_value("#scrub", "250")?;
        settle(page)?;
        let scrubbed = number(page, "#chart", "data-time")?;
        ensure!(scrubbed < before, "{scrubbed} is not before {before}");
        // In the middle of the plot.
        page.click("#chart")?;
        settle(page)?;
        let clicked = number(page, "#chart", "data-time")?;
        let end = page.attribute("#chart", "aria-valuemax")?;
        let middle = end.context("it has an end")?.parse::<f64>()? / 2.0 * 1e6;
        ensure!(
            (clicked as f64 - middle).abs() < middle / 100.0,
            "{clicked} is not the middle, {middle}"
        );
        page.wait_for(".readout")?;
        page.evaluate(
            "const map = document.querySelector('#map'), place = map.getBoundingClientRect();
             map.dispatchEvent(new PointerEvent('pointermove', { bubbles: true,
                 clientX: place.left + 1, clientY: place.top + 1 }))",
        )?;
        page.wait_for_text("#map-says", "· live · heap + 0 B")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_rest_is_looked_into_where_the_allocator_has_a_clock() -> Result<()> {
    let conf = "MALLOC_CONF=background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:5000";
    let variant = Variant {
        allocator: Choice::all()
            .find(|choice| choice.to_string() == "jemalloc@5.3.0")
            .context("it is modelled")?,
        ..variant(conf)?
    };
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#allocator", "jemalloc@5.3.0")?;
        page.set_value("#environment", conf)?;
        page.wait_until("muzzy pages", || {
            Ok(number(page, "#free-pages", "data-muzzy").is_ok_and(|bytes| bytes > 0))
        })?;
        for _ in 0..20 {
            page.type_text("#chart", &key(Key::Left))?;
        }
        settle(page)?;
        let now = page
            .attribute("#chart", "aria-valuenow")?
            .context("it is a slider")?;
        let now = Micros((now.parse::<f64>()? * 1e6).round() as u64);
        let event = number(page, "#why", "data-event")?;
        let mut simulation = Simulation::new(bundled()?, &variant)?;
        simulation.run_until(event);
        let before = simulation.diagnose();
        ensure!(simulation.now().0 + 1_000_000 < now.0, "the program rests");
        simulation.wait_until(now);
        let diagnosis = simulation.diagnose();
        ensure!(diagnosis.rss < before.rss, "pages went during the rest");
        ensure!(number(page, "#why", "data-rss")? == diagnosis.rss.0);
        let pages = diagnosis.pages.context("jemalloc decides over pages")?;
        for (name, bytes) in [
            ("data-dirty", pages.dirty),
            ("data-due", pages.dirty_waits.due),
            ("data-muzzy", pages.muzzy),
            ("data-slabs", pages.slabs()),
        ] {
            ensure!(number(page, "#free-pages", name)? == bytes.0, "{name}");
        }
        let mut kinds = [0; PageKind::ALL.len()];
        for (kind, length) in simulation.frame().strips.iter().flat_map(|s| &s.runs) {
            kinds[usize::from(*kind)] += u64::from(*length);
        }
        let shown = page.attribute("#map", "data-kinds")?.unwrap_or_default();
        ensure!(
            shown == kinds.map(|pages| pages.to_string()).join(" "),
            "{shown}"
        );
        ensure!(kinds[PageKind::Muzzy as usize] > 0, "some are muzzy");
        ensure!(
            page.count("#free-pages .swatch")? == 8,
            "each kind has its mark"
        );
        Ok(())
    })
}
