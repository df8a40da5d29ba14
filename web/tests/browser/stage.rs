//! A talk fills one screen, and small frames are readable.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    built_page, copy,
    page::{Page, View},
    visit, visit_folder,
};

/// A projector's screens.
const SCREENS: [(u32, u32); 2] = [(1920, 1080), (1280, 720)];

/// What lies beyond the screen or its card, what is written smaller than 22 px, and charts too flat to be read.
const BEYOND: &str = "
    const seen = [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() && !one.closest('.hidden, .skip, dialog, .end--room'));
    const named = (one) => `${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 60)}`;
    const beyond = seen.filter((one) => {
        const place = one.getBoundingClientRect();
        const isPanel = one.matches('.tour, main, .card, .scrolls');
        return isPanel && (place.bottom > innerHeight + 1 || place.right > innerWidth + 1
            || one.scrollHeight > one.clientHeight + 2 || one.scrollWidth > one.clientWidth + 2);
    });
    const small = seen.filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
        && !one.closest('.tour__head') && parseFloat(getComputedStyle(one).fontSize) < 22);
    const flat = seen.filter((one) => one.matches('.plot') && one.getBoundingClientRect().height < 100);
    return { beyond: beyond.map(named), small: small.map(named), flat: flat.map(named), scrolls: document.documentElement.scrollHeight > innerHeight };";

fn fills_the_screen(page: &Page, step: usize) -> Result<()> {
    for (width, height) in SCREENS {
        page.look(View {
            width,
            height,
            dark: false,
        })?;
        page.frames(4)?;
        let found = page.evaluate(BEYOND)?;
        ensure!(
            found == json!({ "beyond": [], "small": [], "flat": [], "scrolls": false }),
            "step {step}, {width} wide: {found:#}"
        );
        if let Ok(folder) = crate::named("HIGHWATER_SHOTS") {
            page.screenshot(&folder.join(format!("stage-{step}-{width}.png")), false)?;
        }
    }
    Ok(())
}

/// How wide a page is, its charts that are too flat to be read, and names of curves that lie over each other.
const ON_A_PHONE: &str = "
    const places = (of) => [...document.querySelectorAll(of)].filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect());
    const names = places('.end:not(.end--room)');
    const over = names.filter((one, at) => names.slice(at + 1).some((other) => Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 4
        && Math.min(one.right, other.right) - Math.max(one.left, other.left) > 4));
    return { wide: document.documentElement.scrollWidth, flat: places('.plot').filter((one) => one.height < 200).length, over: over.length };";

fn reads_on_a_phone(page: &Page, step: usize) -> Result<()> {
    page.look(View {
        width: 390,
        height: 844,
        dark: false,
    })?;
    page.frames(4)?;
    let found = page.evaluate(ON_A_PHONE)?;
    ensure!(
        found == json!({ "wide": 390, "flat": 0, "over": 0 }),
        "step {step}: {found}"
    );
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn each_step_of_a_talk_fills_one_screen() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?tour=1")?;
        page.wait_for(".tour")?;
        page.click("#tour-talk")?;
        page.wait_for(".tour--talk")?;
        for step in 1..=10 {
            page.wait_for("main.talk[data-busy=false]")?;
            page.frames(4)?;
            fills_the_screen(page, step)?;
            reads_on_a_phone(page, step)?;
            // Curves have names, beside the chart or in the table.
            let named = page.count(".talk .names__words")? + page.count(".talk .row__name")?;
            ensure!(named > 0 || page.count("#chart")? == 0, "step {step}");
            let title = page.text("#tour-title")?;
            if step < 10 {
                page.click("#tour-next")?;
                page.wait_until("the next step", || Ok(page.text("#tour-title")? != title))?;
            }
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_map_has_the_room_of_a_talk_on_a_screen_that_was_full_before() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?tour=3")?;
        page.wait_for("main[data-busy=false] canvas.map")?;
        // The window keeps its size.
        page.evaluate("document.documentElement.requestFullscreen = () => Promise.resolve()")?;
        page.click("#tour-talk")?;
        page.wait_for("main.talk[data-busy=false]")?;
        page.frames(4)?;
        let left = "const [map, card] = ['canvas.map', '.card:has(canvas.map)'].map((one) => document.querySelector(one).getBoundingClientRect());
            return card.right - map.right";
        let left = page.evaluate(left)?.as_f64().unwrap_or_default();
        ensure!(
            (0.0..60.0).contains(&left),
            "{left} pixels are left beside the map"
        );
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_small_frame_is_readable() -> Result<()> {
    visit(View::default(), |page| {
        page.look(View {
            width: 320,
            height: 240,
            dark: false,
        })?;
        page.go("?embed=1&scenario=environment&panels=chart")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        page.frames(4)?;
        let seen = page.evaluate(
            "const place = (of) => document.querySelector(of).getBoundingClientRect();
             const chart = place('#chart'), names = place('#legend');
             return { height: chart.height, bottom: names.bottom, wide: document.documentElement.scrollWidth,
                 long: document.documentElement.scrollHeight }",
        )?;
        ensure!(seen["height"].as_f64() >= Some(96.0), "{seen}");
        ensure!(seen["bottom"].as_f64() <= Some(240.0), "{seen}");
        ensure!(seen["wide"] == 320, "{seen}");
        if let Ok(folder) = crate::named("HIGHWATER_SHOTS") {
            page.screenshot(&folder.join("small-frame.png"), false)?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_element_follows_the_colours_of_its_page() -> Result<()> {
    // On the page's own origin, so that what is in the frame can be seen.
    let folder = TempDir::with_prefix("highwater-around-")?;
    copy(&built_page()?, folder.path())?;
    fs::write(
        folder.path().join("around.html"),
        "<!doctype html><html lang=en style='color-scheme: dark'><meta charset=utf-8><link rel=icon href=data:,><title>Training</title><body>
         <script src=highwater-sim.js></script>
         <highwater-sim scenario=environment panels=chart></highwater-sim></body></html>",
    )?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        page.go("around.html")?;
        let theme = |wanted: &str| {
            let wanted = wanted.to_owned();
            page.wait_until("the colours", || {
                Ok(page.evaluate(
                    "return document.querySelector('iframe')?.contentDocument?.documentElement?.dataset.theme ?? ''",
                )? == wanted.as_str())
            })
        };
        theme("dark")?;
        page.evaluate("document.documentElement.style.colorScheme = 'light'")?;
        theme("light")
    })?;
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}
