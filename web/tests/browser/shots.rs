//! Pictures of the page, for people, in the folder that `HIGHWATER_SHOTS` names.

use std::{fs, path::Path};

use anyhow::Result;
use fantoccini::key::Key;

use crate::{
    imports,
    landing::arrive,
    named,
    page::{Page, View},
    private::drop_file,
    simulation::settle,
    visit,
};

/// A projector, a laptop, a small one, a phone.
const SIZES: [(u32, u32); 4] = [(1920, 1080), (1440, 900), (1024, 768), (390, 844)];

/// The pictures of the README and of the book's first chapter, which `cargo xtask shots` puts there.
const README_LIGHT: &str = "page.png";
const README_DARK: &str = "page-dark.png";

/// Long enough for a drawing that follows the window's size and colours with the next frames.
const SETTLED: u32 = 30;

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn take() -> Result<()> {
    let out = named("HIGHWATER_SHOTS")?;
    fs::create_dir_all(&out)?;
    visit(View::default(), |page| {
        settle(page)?;
        in_all_sizes(page, &out, "")?;
        page.click("#what-would-help")?;
        page.wait_for("#advice[data-state=over]")?;
        page.click("#advice tr[data-worth=true] button")?;
        page.wait_for("#advice-text")?;
        in_all_sizes(page, &out, "advice-")?;
        page.click("#advice-close")?;
        page.click("#tour")?;
        page.wait_for(".tour")?;
        settle(page)?;
        in_all_sizes(page, &out, "tour-")?;
        page.click(".tour__steps a:nth-child(8)")?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        page.click("#tour-talk")?;
        page.wait_for(".tour--talk")?;
        page.frames(SETTLED)?;
        in_all_sizes(page, &out, "talk-")?;
        page.click("#tour-close")?;
        page.set_value("#source", "incident")?;
        page.wait_for_text("#title", "scaled down")?;
        settle(page)?;
        in_all_sizes(page, &out, "incident-")?;
        for (name, dark) in [(README_LIGHT, false), (README_DARK, true)] {
            page.look(View {
                dark,
                ..View::default()
            })?;
            page.frames(SETTLED)?;
            page.screenshot(&out.join(name), false)?;
        }
        page.look(View::default())?;
        page.click("#compare")?;
        page.wait_for("#map-beside")?;
        picture(page, &out, "two-maps")?;
        page.click("#compare")?;
        page.set_value("#source", "threads")?;
        page.wait_for_text("#title", "Pool of threads")?;
        picture(page, &out, "threads")?;
        page.set_value("#source", "four_weeks")?;
        page.wait_for_text("#title", "four weeks")?;
        picture(page, &out, "four-weeks")?;
        page.set_value("#source", "decay")?;
        page.wait_for_text("#title", "jemalloc and time")?;
        page.click(".variant__head[data-variant='2']")?;
        page.wait_until("the muzzy pages", || {
            let muzzy = page.attribute("#free-pages", "data-muzzy");
            Ok(matches!(muzzy, Ok(Some(bytes)) if bytes != "0"))
        })?;
        // Into the rest, where pages of all ages wait.
        for _ in 0..20 {
            page.type_text("#chart", &char::from(Key::Left).to_string())?;
        }
        settle(page)?;
        in_all_sizes(page, &out, "jemalloc-")?;
        page.set_value(
            "#environment",
            "MALLOC_CONF=background_thread:true,dirty_decay_ms:5000,muzy_decay_ms:1000",
        )?;
        picture(page, &out, "jemalloc-mistyped")?;
        page.set_value("#environment", "")?;
        page.set_value("#environment", "MALLOC_TRIM_THRESHOLD=65536\nMALLOC")?;
        page.wait_for("#environment-others")?;
        page.set_value("#source", "async_fanout")?;
        page.wait_for("#parameter-streams")?;
        settle(page)?;
        page.set_value("#parameter-streams", "100")?;
        page.wait_for("#parameter-streams-error")?;
        picture(page, &out, "malformed")?;
        page.click("#help")?;
        page.wait_for("#help-title")?;
        page.screenshot(&out.join("help.png"), false)
    })
}

/// What there is to see before a run of the page's own, and of a file of another tool.
#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn take_beginnings() -> Result<()> {
    let out = named("HIGHWATER_SHOTS")?;
    fs::create_dir_all(&out)?;
    visit(View::default(), |page| {
        arrive(page)?;
        in_all_sizes(page, &out, "landing-")?;
        page.click("#landing-story")?;
        page.wait_for_text("#tour-title", "Ten blocks")?;
        page.wait_for("#strip[data-count='12']")?;
        in_all_sizes(page, &out, "story-")?;
        page.click("#tour-close")?;
        settle(page)?;
        for name in ["service.memray-1.20.bin", "churn.heaptrack.zst"] {
            drop_file(page, name, &imports::file(name)?)?;
            page.wait_for_text("#title", name)?;
            settle(page)?;
            let tool = name.split('.').nth(1).unwrap_or_default();
            let tool = tool.split('-').next().unwrap_or_default();
            in_all_sizes(page, &out, &format!("{tool}-"))?;
        }
        Ok(())
    })
}

/// The depths, and a term that is explained.
#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn take_depths() -> Result<()> {
    let out = named("HIGHWATER_SHOTS")?;
    fs::create_dir_all(&out)?;
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate("document.querySelector('#pins .term').focus()")?;
        page.wait_for("#glossary:popover-open")?;
        in_all_sizes(page, &out, "term-")?;
        page.press("Escape")?;
        page.set_value("#log-search", "gave back")?;
        page.wait_for("#decisions[data-whole=true]")?;
        page.click("#show-sizes")?;
        page.wait_for("#sizes")?;
        in_all_sizes(page, &out, "expert-")?;
        for (at, name) in ["story", "compare"].iter().enumerate() {
            page.click(&format!(".depth:nth-of-type({})", at + 1))?;
            in_all_sizes(page, &out, &format!("depth-{name}-"))?;
        }
        Ok(())
    })
}

/// A picture in each size, light and dark, and one of the whole page where it is longer.
fn in_all_sizes(page: &Page, out: &Path, prefix: &str) -> Result<()> {
    page.in_each_look(&SIZES, |view, look| {
        page.frames(SETTLED)?;
        let name = format!("{prefix}{look}");
        page.screenshot(&out.join(format!("{name}.png")), false)?;
        let length = page.evaluate("return document.documentElement.scrollHeight")?;
        if length.as_u64() > Some(view.height.into()) {
            page.screenshot(&out.join(format!("{name}-whole.png")), true)?;
        }
        Ok(())
    })
}

/// A picture of the whole page, as soon as nothing changes any more.
fn picture(page: &Page, out: &Path, name: &str) -> Result<()> {
    settle(page)?;
    page.frames(SETTLED)?;
    page.screenshot(&out.join(format!("{name}.png")), true)
}
