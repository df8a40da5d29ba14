//! The state travels in the page's address.

use anyhow::{Result, ensure};

use crate::{
    page::{Page, View},
    simulation::settle,
    visit,
};

/// The link in the address, once there is another than this.
fn link_after(page: &Page, before: &str) -> Result<String> {
    let hash = || -> Result<String> {
        let hash = page.evaluate("return location.hash")?;
        Ok(hash.as_str().unwrap_or_default().to_owned())
    };
    page.wait_until("another link", || Ok(hash()? != before))?;
    hash()
}

/// What a link must bring back, as a text.
fn shown(page: &Page) -> Result<String> {
    let text = page.evaluate(
        "return JSON.stringify([
             document.querySelector('#source').value,
             document.querySelector('#parameter-events')?.value,
             [...document.querySelectorAll('textarea')].map((box) => box.value.trim()),
             [...document.querySelectorAll('#what-if tbody tr')].map((row) => row.textContent),
             document.querySelector('#scrub').value,
         ])",
    )?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_link_brings_everything_back_and_back_and_forward_work() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let opened = page.evaluate("return location.hash")?;
        ensure!(
            opened == "",
            "nothing is changed, and nothing in the address: {opened}"
        );
        page.set_value("#source", "environment")?;
        let first = link_after(page, "")?;
        settle(page)?;
        page.set_value("#parameter-events", "120")?;
        let second = link_after(page, &first)?;
        settle(page)?;
        page.evaluate("document.querySelector('#what-if tbody tr:nth-child(3) button').click()")?;
        let third = link_after(page, &second)?;
        page.set_value("#scrub", "400")?;
        let fourth = link_after(page, &third)?;
        ensure!(fourth.len() < 2000, "{} characters", fourth.len());
        settle(page)?;
        let before = shown(page)?;
        ensure!(before.contains("environment"), "{before}");

        page.go(&format!("?again{fourth}"))?;
        page.wait_for_text("#title", "settings")?;
        settle(page)?;
        page.wait_until("the same page", || Ok(shown(page)? == before))?;
        ensure!(page.evaluate("return location.hash")? == fourth.as_str());

        page.set_value("#parameter-events", "60")?;
        link_after(page, &fourth)?;
        page.evaluate("history.back()")?;
        page.wait_until("the parameter as before", || {
            Ok(page.value("#parameter-events")? == "120")
        })?;
        page.evaluate("history.forward()")?;
        page.wait_until("the parameter as after", || {
            Ok(page.value("#parameter-events")? == "60")
        })
    })
}

#[test]
fn a_link_that_cannot_be_read_says_so_and_opens_the_default() -> Result<()> {
    visit(View::default(), |page| {
        for (number, link) in ["#1=AAAA", "#1=%", "#2=abc", "#tour"].iter().enumerate() {
            page.go(&format!("?{number}{link}"))?;
            page.wait_for_text("#trouble", "this link cannot be opened")?;
            page.wait_for("main[data-busy=false] #chart .curve--rss")?;
            ensure!(page.value("#source")? == "bundled");
        }
        Ok(())
    })
}
