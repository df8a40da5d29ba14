//! What the page shows first, where its address says nothing.

use anyhow::{Result, ensure};

use crate::{
    page::{Page, View},
    simulation::settle,
    visit,
};

/// Opens the page as somebody does who types its address, and waits for all that it shows first.
pub(crate) fn arrive(page: &Page) -> Result<()> {
    page.arrive("")?;
    page.wait_for(".questions svg path")
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_bare_address_shows_the_way_to_a_recording_and_questions() -> Result<()> {
    visit(View::default(), |page| {
        arrive(page)?;
        let text = page.text("main")?;
        for words in [
            "drop one on the page",
            "highwater record -o recorded",
            "leaves this browser",
        ] {
            ensure!(text.contains(words), "{words} in {text}");
        }
        for place in ["Docker", "Kubernetes", "systemd"] {
            ensure!(text.contains(place), "{place} in {text}");
        }
        page.click("details:nth-of-type(2) summary")?;
        ensure!(
            page.text("main")?
                .contains("RUN highwater record --library")
        );
        let curves = page.evaluate("return [...document.querySelectorAll('.questions svg')].map((svg) => svg.querySelectorAll('path').length)")?;
        let curves = curves.as_array().cloned().unwrap_or_default();
        ensure!(
            curves.len() == 6 && curves.iter().all(|paths| paths.as_u64() > Some(2)),
            "{curves:?}"
        );
        // Meanwhile the example has run.
        page.wait_until("the example's run", || {
            Ok(page.evaluate("return document.querySelector('main').dataset.busy")? == "false")
        })?;
        page.click("#landing-example")?;
        settle(page)?;
        page.wait_for_text("#answer-says", "200.1 MiB")?;
        page.click("#home")?;
        page.wait_for(".questions")?;
        page.click("#home")?;
        page.wait_for_text("#answer-says", "200.1 MiB")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_question_leads_to_its_scenario_and_the_address_back() -> Result<()> {
    visit(View::default(), |page| {
        arrive(page)?;
        page.click(".questions a[href='?scenario=one_at_a_time&depth=compare']")?;
        page.wait_for_text("#title", "one stream at a time")?;
        settle(page)?;
        page.wait_for_text("#answer-says", "nothing is stuck in the allocator")?;
        ensure!(page.count(".questions")? == 0);
        page.evaluate("history.back()")?;
        page.wait_for(".questions svg path")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_link_with_a_state_shows_its_run_at_once() -> Result<()> {
    visit(View::default(), |page| {
        page.arrive("?scenario=incident")?;
        settle(page)?;
        let fetched = page.evaluate("return performance.getEntriesByType('resource').filter((one) => one.name.includes('landing')).length")?;
        ensure!(page.count(".questions")? == 0 && fetched == 0, "{fetched}");
        Ok(())
    })
}

/// A figure that the story says, in bytes or KiB, as KiB.
fn said(page: &Page, name: &str) -> Result<f64> {
    let selector = format!(".tour__figure[data-figure='{name}']");
    page.wait_until(&format!("{name} to be known"), || {
        Ok(page.text(&selector).is_ok_and(|text| text != "…"))
    })?;
    let text = page.text(&selector)?;
    let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let number: f64 = number.parse()?;
    Ok(if unit == "B" { number / 1024.0 } else { number })
}

/// To the next step of the story, once that is shown.
fn next(page: &Page, title: &str) -> Result<()> {
    page.click("#tour-next")?;
    page.wait_for_text("#tour-title", title)?;
    page.wait_for("main[data-busy=false] #strip, main[data-busy=false] #chart, main[data-busy=false] #why[aria-busy=false]")
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_story_leads_a_newcomer_to_why_the_threshold_does_nothing() -> Result<()> {
    visit(View::default(), |page| {
        arrive(page)?;
        page.click("#landing-story")?;
        page.wait_for_text("#tour-title", "Ten blocks")?;
        // The ten blocks, the allocator's own and the top, the larger wider.
        page.wait_for("#strip[data-count='12']")?;
        let wide = "return [...document.querySelectorAll('#strip li')].map((one) => one.getBoundingClientRect().width)";
        let wide = page.evaluate(wide)?;
        let wide: Vec<f64> = wide
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one.as_f64())
            .collect();
        ensure!(wide.len() == 12 && wide[1] > 2.0 * wide[10], "{wide:?}");
        ensure!(said(page, "now")? > 880.0);
        ensure!(
            page.count("#answer, .column--what, #second")? == 0,
            "one idea"
        );
        next(page, "The program frees nine")?;
        // They are one free chunk now.
        page.wait_for("#strip[data-count='4']")?;
        ensure!(said(page, "held now")? < 1.0 && said(page, "now")? > 880.0);
        next(page, "Only the end can go back")?;
        let top = said(page, "top")?;
        next(page, "The pin")?;
        ensure!(said(page, "pin size")? < 1.0 && said(page, "pin behind")? > 870.0);
        next(page, "The setting that everyone tries")?;
        ensure!(said(page, "B.now")? == said(page, "A.now")?);
        ensure!(said(page, "top")? == top);
        next(page, "The program frees the last block")?;
        page.wait_for_text(".tour__words", "parked in a cache")?;
        ensure!(said(page, "held now")? == 0.0 && said(page, "now")? > 880.0);
        next(page, "Two ways to return it")?;
        ensure!(said(page, "C.now")? < 140.0 && said(page, "A.end")? < 20.0);
        next(page, "Why did the threshold do nothing?")?;
        ensure!(said(page, "top")? == top && top < 64.0, "{top}");
        page.wait_for_text("#why", "below the trim threshold of 64 KiB")?;
        let words = page.text(".tour__words")?;
        ensure!(!words.contains('{') && !words.contains('…'), "{words}");
        // And on to one's own service.
        page.click("#story-own")?;
        page.wait_for_text("main", "highwater record -o recorded")?;
        ensure!(page.count(".tour")? == 0);
        Ok(())
    })
}
