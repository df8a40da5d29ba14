//! The page opens.

use std::cell::Cell;

use anyhow::{Result, ensure};

use crate::{
    page::{Page, View},
    simulation::settle,
    visit,
};

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_page_opens_with_its_name() -> Result<()> {
    visit(View::default(), |page| {
        page.wait_for_text("header h1", "Highwater")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_curve_of_the_recording_is_there() -> Result<()> {
    visit(View::default(), |page| time_to_curve(page).map(|_| ()))
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_tab_says_what_is_shown() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let tab = "return document.title + ' | ' + document.querySelector('link[rel=icon]').href";
        let says = |words: &str| {
            page.wait_until(&format!("the tab to say {words}"), || {
                let tab = page.evaluate(tab)?;
                let tab = tab.as_str().unwrap_or_default();
                Ok(tab.contains(words) && tab.contains("data:image/svg+xml,"))
            })
        };
        says("after rest · asyncio burst · recorded · Highwater")?;
        page.set_value("#source", "decay")?;
        settle(page)?;
        says("after rest · jemalloc and time · Highwater")?;
        page.click("#home")?;
        says("Highwater | ")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_page_that_is_left_while_it_starts_starts_when_it_is_shown_again() -> Result<()> {
    visit(View::default(), |page| {
        page.arrive("?scenario=decay&events=40")?;
        page.arrive("?scenario=environment&events=40")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        page.evaluate("history.back()")?;
        page.wait_for_text("#title", "jemalloc and time")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")
    })
}

/// Milliseconds from the opening of the page until the curve was on it.
pub(crate) fn time_to_curve(page: &Page) -> Result<f64> {
    let seen = Cell::new(0.0);
    page.wait_until("the curve", || {
        let script = "return document.querySelector('#chart .curve--rss') ? performance.now() : 0";
        seen.set(page.evaluate(script)?.as_f64().unwrap_or_default());
        Ok(seen.get() > 0.0)
    })?;
    println!("the curve was there after {:.0} ms", seen.get());
    Ok(seen.get())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_button_changes_the_colours() -> Result<()> {
    let background = "return getComputedStyle(document.body).backgroundColor";
    visit(View::default(), |page| {
        page.wait_for("header")?;
        let light = page.evaluate(background)?;
        page.click("#dark[aria-pressed=false]")?;
        page.wait_for("#dark[aria-pressed=true]")?;
        let dark = page.evaluate(background)?;
        ensure!(light != dark, "both are {light}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_colours_follow_the_users_preference() -> Result<()> {
    let background = "return getComputedStyle(document.body).backgroundColor";
    visit(View::default(), |page| {
        page.wait_for("header")?;
        let light = page.evaluate(background)?;
        page.look(View {
            dark: true,
            ..View::default()
        })?;
        let dark = page.evaluate(background)?;
        ensure!(light != dark, "both are {light}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_phone_sees_the_page_without_scrolling_sideways() -> Result<()> {
    let phone = View {
        width: 390,
        height: 844,
        dark: false,
    };
    visit(phone, |page| {
        page.wait_for("#why[aria-busy=false]")?;
        let width = page.evaluate("return document.documentElement.scrollWidth")?;
        ensure!(width.as_u64() <= Some(390), "the page is {width} wide");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_page_that_is_made_narrow_gets_no_wider_than_that() -> Result<()> {
    visit(View::default(), |page| {
        page.wait_for("#why[aria-busy=false]")?;
        for (width, height) in [(390, 844), (1024, 768), (1440, 900), (700, 500)] {
            page.look(View {
                width,
                height,
                dark: false,
            })?;
            page.wait_until("a page and a map as wide as there is room", || {
                let fits = "const map = document.querySelector('canvas.map');
                     const room = map.parentElement.clientWidth - map.getBoundingClientRect().width;
                     return document.documentElement.scrollWidth <= innerWidth && room >= 0 && room < 40";
                Ok(page.evaluate(fits)? == true)
            })?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_bundled_recordings_are_served_with_the_page() -> Result<()> {
    visit(View::default(), |page| {
        page.wait_for("header")?;
        for (file, least) in [
            ("asyncio_burst.hwt.gz", 1_000_000),
            ("service.hwr.gz", 200_000),
        ] {
            let started = format!(
                "window.traceBytes = 0; fetch('traces/{file}').then(
                (answer) => answer.arrayBuffer()).then((bytes) => {{ window.traceBytes = bytes.byteLength; }})"
            );
            page.evaluate(&started)?;
            page.wait_until("the recording", || {
                let bytes = page.evaluate("return window.traceBytes ?? 0")?;
                Ok(bytes.as_u64() > Some(least))
            })?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_recorded_service_opens_with_what_was_measured_of_it() -> Result<()> {
    visit(View::default(), |page| {
        let opened = |page: &Page| {
            page.wait_for("#source[data-chosen=bundled-service]")?;
            settle(page)
        };
        settle(page)?;
        page.set_value("#source", "bundled-service")?;
        opened(page)?;
        let dots = page.evaluate(
            "return document.querySelector('#dots').getAttribute('d').split('M').length - 1",
        )?;
        ensure!(dots.as_u64() > Some(30), "{dots} dots");
        let said = page.evaluate("return document.querySelector('#measured').textContent")?;
        let said = said.as_str().unwrap_or_default();
        ensure!(
            said.contains("of its allocator's memory resident, and the model"),
            "{said}"
        );
        ensure!(
            said.contains("code and files") && said.contains("other mappings"),
            "{said}"
        );
        // The link to it opens it again.
        let link = page.evaluate("return location.href")?;
        ensure!(
            link.as_str().is_some_and(|link| link.contains('#')),
            "{link}"
        );
        page.set_value("#source", "decay")?;
        settle(page)?;
        page.go("?scenario=bundled-service")?;
        opened(page)
    })
}
