//! The guided tour, by keyboard from its first step to its last.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, ensure};

use crate::{
    named,
    page::{Page, View},
    simulation::settle,
    visit, visit_folder,
};

/// The step that is shown, once everything of it is there: no figure is waited for, and none is unknown.
fn step(page: &Page) -> Result<(String, String)> {
    page.wait_for("main[data-busy=false] #chart .curve--rss")?;
    page.wait_until("all figures of the step", || {
        let open = page.evaluate(
            "return [...document.querySelectorAll('.tour__figure')].filter((at) => at.textContent === '…').length",
        )?;
        Ok(open == 0)
    })?;
    let text = page.text(".tour__words")?;
    ensure!(!text.contains('{'), "a figure is not known: {text}");
    Ok((page.text("#tour-title")?, text))
}

/// Waits until a step, from 1, is the one that is shown.
fn at(page: &Page, number: usize) -> Result<()> {
    page.wait_for_text(".tour [aria-current=step]", &number.to_string())
}

/// Figures of the step, as they are said, by name.
fn figure(page: &Page, name: &str) -> Result<String> {
    page.text(&format!("[data-figure=\"{name}\"]"))
}

fn mib(text: &str) -> Result<f64> {
    let number = text.strip_suffix(" MiB").context(text.to_owned())?;
    Ok(number.parse()?)
}

fn focus(page: &Page) -> Result<String> {
    let id = page.evaluate("return document.activeElement.id")?;
    Ok(id.as_str().unwrap_or_default().to_owned())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_tour_is_gone_through_by_keyboard() -> Result<()> {
    let pictures = named("HIGHWATER_SHOTS")?;
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate("document.querySelector('#tour').focus()")?;
        page.press("Enter")?;
        page.wait_for(".tour")?;
        page.wait_until("the way on to have the focus", || {
            Ok(focus(page)? == "tour-next")
        })?;
        let mut titles = BTreeSet::new();
        let mut addresses = BTreeSet::from(["\"\"".to_owned()]);
        let count = page.count(".tour__steps a")?;
        ensure!((8..=10).contains(&count), "{count} steps");
        for number in 1..=count {
            at(page, number)?;
            settle(page)?;
            let (title, text) = step(page)?;
            ensure!(text.len() > 200, "step {number} says something: {text}");
            ensure!(page.count(".tour__try")? == 1, "one thing to try: {number}");
            ensure!(page.count("#trouble")? == 0, "{title}: trouble");
            let address =
                || Ok::<_, anyhow::Error>(page.evaluate("return location.hash")?.to_string());
            page.wait_until("the step to be in the address", || {
                Ok(!addresses.contains(&address()?))
            })?;
            addresses.insert(address()?);
            holds(page, number)?;
            picture(page, &pictures, number)?;
            ensure!(titles.insert(title), "each step has a heading of its own");
            ensure!(focus(page)? == "tour-next", "the focus stays");
            page.press("Enter")?;
        }
        page.wait_until("the tour to be over", || Ok(page.count(".tour")? == 0))?;
        ensure!(
            page.value("#source")? == "bundled-service",
            "its last state stays"
        );
        page.wait_until("the address without the tour", || {
            Ok(!addresses.contains(&page.evaluate("return location.hash")?.to_string()))
        })?;
        // Back from where it ended, into its last step.
        page.evaluate("history.back()")?;
        at(page, count)
    })
}

/// What the words of a step say must be so.
fn holds(page: &Page, number: usize) -> Result<()> {
    let of = |name: &str| mib(&figure(page, name)?);
    match number {
        1 => ensure!(of("now")? > 20.0 * of("held now")?),
        3 => ensure!(of("pin behind")? > 50.0),
        4 => {
            let all = ["A.rest", "B.rest", "C.rest", "D.rest"].map(|name| figure(page, name));
            let all: BTreeSet<String> = all.into_iter().collect::<Result<_>>()?;
            ensure!(all.len() == 1, "all the same: {all:?}");
        }
        5 => {
            ensure!(of("B.rest")? < of("A.rest")? / 3.0);
            ensure!(figure(page, "B.rest")? == figure(page, "C.rest")?);
            ensure!(figure(page, "E.rest")? == figure(page, "F.rest")?);
        }
        6 => ensure!(of("B.rest")? < of("A.rest")? && of("B.peak")? < of("A.peak")?),
        7 => ensure!(of("C.rest")? < of("A.rest")? / 3.0),
        8 => ensure!(of("B.rest")? < of("C.rest")? && of("C.rest")? < of("A.rest")?),
        9 => ensure!(of("B.peak")? < of("A.peak")? / 3.0 && of("A.peak")? < of("D.peak")?),
        10 => ensure!(of("E.rest")? < of("A.rest")? && of("A.end")? < of("A.rest")?),
        _ => {}
    }
    Ok(())
}

fn picture(page: &Page, folder: &Path, number: usize) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    page.screenshot(&folder.join(format!("tour-{number}.png")), false)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn an_address_opens_a_step_and_arrows_turn_it_as_a_talk() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?tour=8")?;
        at(page, 8)?;
        step(page)?;
        ensure!(page.value("#source")? == "decay");
        page.click("#tour-talk")?;
        page.wait_for(".tour--talk")?;
        ensure!(page.count("#source")? == 0, "only what the step is about");
        ensure!(page.count("#chart")? == 1);
        page.evaluate("document.activeElement.blur()")?;
        page.press("ArrowRight")?;
        at(page, 9)?;
        step(page)?;
        page.press("ArrowLeft")?;
        page.press("ArrowLeft")?;
        at(page, 7)?;
        step(page)?;
        page.click("#tour-talk")?;
        page.wait_for("#source")?;
        // Outside the panel the arrows move the playhead.
        let moment = page.text("#moment")?;
        page.evaluate("document.querySelector('#chart').focus()")?;
        page.press("ArrowLeft")?;
        page.wait_until("the playhead to move", || {
            Ok(page.text("#moment")? != moment)
        })?;
        at(page, 7)?;
        // What is tried is in the link, and the step with it.
        page.set_value("#parameter-events", "77")?;
        page.wait_until("the link", || {
            let hash = page.evaluate("return location.hash")?;
            Ok(hash.as_str().is_some_and(|hash| hash.starts_with("#2=")))
        })?;
        settle(page)?;
        page.frames(40)?;
        let hash = page.evaluate("return location.hash")?;
        page.go(&format!("?again{}", hash.as_str().unwrap_or_default()))?;
        at(page, 7)?;
        settle(page)?;
        ensure!(page.value("#parameter-events")? == "77");
        page.click("#tour-close")?;
        page.wait_until("no tour", || Ok(page.count(".tour")? == 0))
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_tour_that_is_not_there_says_so_and_opens_the_page() -> Result<()> {
    let folder = crate::built_page()?;
    visit_folder(&folder, View::default(), |page| {
        page.go("?tour=2&lang=xx")?;
        page.wait_for_text("#trouble", "tour/xx.md cannot be fetched")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        ensure!(page.value("#source")? == "bundled");
        Ok(())
    })?;
    Ok(())
}
