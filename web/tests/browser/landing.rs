//! What the page shows first, where its address says nothing.

use anyhow::{Result, ensure};

use crate::{
    page::{Page, View},
    simulation::settle,
    visit,
};

/// Opens the page as somebody does who types its address, and waits for all that it shows first.
fn arrive(page: &Page) -> Result<()> {
    page.arrive("")?;
    page.wait_for(".questions svg path")
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_bare_address_shows_the_way_to_a_recording_and_questions() -> Result<()> {
    visit(View::default(), |page| {
        arrive(page)?;
        let text = page.text("main")?;
        for words in [
            "drop one on the page",
            "highwater record -o recorded",
            "stays in this browser",
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
fn a_question_leads_to_its_scenario_and_the_address_back() -> Result<()> {
    visit(View::default(), |page| {
        arrive(page)?;
        page.click(".questions a[href='?scenario=one_at_a_time']")?;
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
