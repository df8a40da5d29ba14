//! The book that `cargo xtask book` writes, beside the page whose views it embeds.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    built_page, copy, named,
    page::{Page, View},
    site::Site,
    visit_address,
};

/// A phone on which nothing is wide.
const NARROW: View = View {
    width: 360,
    height: 780,
    dark: true,
};

/// A laptop.
const WIDE: View = View {
    width: 1280,
    height: 900,
    dark: false,
};

/// No picture is higher, in pixels.
const HIGHEST: u64 = 9000;

/// The pages of mdBook that are no chapter.
const NO_CHAPTER: [&str; 2] = ["404.html", "toc.html"];

/// Keeps what the views say, from before the page's first script on.
const LISTEN: &str = "
    window.results = new Map();
    addEventListener('result', (event) => {
        if (event.detail.variants.every((variant) => variant.peak > 0)) results.set(event.target, event.detail);
    });
";

/// The book and the page, side by side on a server.
fn serve() -> Result<(TempDir, Site)> {
    let (book, page) = (named("HIGHWATER_BOOK")?, built_page()?);
    let root = TempDir::with_prefix("highwater-book-")?;
    copy(&book, &root.path().join("book"))?;
    copy(&page, &root.path().join("site"))?;
    let site = Site::serve(root.path())?;
    Ok((root, site))
}

/// The names of the book's pages.
fn pages(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("book"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".html") && !NO_CHAPTER.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    ensure!(names.len() > 9, "few pages: {names:?}");
    Ok(names)
}

/// Whatever a page loads or links to on its own server, without what stands behind `#` and `?`.
const NAMED: &str = "return [...document.querySelectorAll('[href], [src], [srcset]')]
    .filter((one) => !one.closest('iframe'))
    .flatMap((one) => ['href', 'src', 'srcset'].map((name) => one.getAttribute(name)))
    .filter((name) => name && !name.startsWith('data:'))
    .map((name) => new URL(name, location))
    .filter((url) => url.host === location.host)
    .map((url) => url.origin + url.pathname)";

/// Those of some addresses that are not there.
const MISSING: &str = "return Promise.all(arguments[0].map(async (name) => {
        const answer = await fetch(name, { method: 'HEAD' });
        return answer.ok ? [] : [name];
    })).then((names) => names.flat())";

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn every_page_opens_and_leads_somewhere() -> Result<()> {
    let (root, site) = serve()?;
    let address = format!("{}book/", site.address);
    let mut named = BTreeSet::new();
    let errors = visit_address(&address, WIDE, |page| {
        // The test asks for what the chapters name; their policy lets them ask for nothing.
        page.devtools("Page.setBypassCSP", serde_json::json!({ "enabled": true }))?;
        for name in pages(root.path())? {
            page.go(&name)?;
            page.wait_for("main h1")?;
            let here = page.evaluate(NAMED)?;
            let here = here.as_array().context("a list")?.iter();
            named.extend(here.filter_map(|name| Some(name.as_str()?.to_owned())));
            let current = page.count("#mdbook-sidebar ol.chapter a.active")?;
            ensure!(current == 1, "{name} is {current} times in the list");
        }
        let named: Vec<&String> = named.iter().collect();
        ensure!(named.len() > 15, "few links: {named:?}");
        let missing = page.evaluate_with(MISSING, vec![serde_json::to_value(named)?])?;
        let is_all_there = missing.as_array().is_some_and(Vec::is_empty);
        ensure!(is_all_there, "not there: {missing}");
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn nothing_is_wider_than_a_phone() -> Result<()> {
    let (root, site) = serve()?;
    let address = format!("{}book/", site.address);
    let errors = visit_address(&address, NARROW, |page| {
        for name in pages(root.path())? {
            page.go(&name)?;
            page.wait_for("main h1")?;
            let wide = page.evaluate("return document.documentElement.scrollWidth")?;
            ensure!(wide == NARROW.width, "{name} is {wide} wide");
            picture(page, &name, NARROW)?;
            // What is wider scrolls in itself.
            let beyond = "return [...document.querySelectorAll('main > :not(pre, .table-wrapper)')]
                .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.slice(0, 60))";
            let beyond = page.evaluate(beyond)?;
            ensure!(
                beyond.as_array().is_some_and(Vec::is_empty),
                "{name}: {beyond}"
            );
        }
        // The list is folded, and opens.
        let is_open =
            "return document.getElementById('mdbook-sidebar').getBoundingClientRect().right > 0";
        ensure!(page.evaluate(is_open)? == false, "the list covers the text");
        page.click("#mdbook-sidebar-toggle")?;
        page.wait_until("the open list", || Ok(page.evaluate(is_open)? == true))
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_views_run() -> Result<()> {
    let (root, site) = serve()?;
    let address = format!("{}book/", site.address);
    let mut all = 0;
    let errors = visit_address(&address, WIDE, |page| {
        page.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            serde_json::json!({ "source": LISTEN }),
        )?;
        for name in pages(root.path())? {
            page.go(&name)?;
            page.wait_for("main h1")?;
            let views = page.count("highwater-sim")?;
            for number in 0..views {
                run(page, number).with_context(|| format!("{name}, view {number}"))?;
            }
            all += views;
            picture(page, &name, WIDE)?;
        }
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    ensure!(all >= 5, "{all} views in the book");
    Ok(())
}

/// A picture of a whole page for people, where `HIGHWATER_SHOTS` says where they go.
fn picture(page: &Page, name: &str, view: View) -> Result<()> {
    let Some(out) = env::var_os("HIGHWATER_SHOTS").map(PathBuf::from) else {
        return Ok(());
    };
    fs::create_dir_all(&out)?;
    // A window as high as the page: what lies outside of it a browser does not draw in time.
    let height = page.evaluate("return document.documentElement.scrollHeight")?;
    let height = height.as_u64().unwrap_or_default().clamp(1, HIGHEST);
    page.look(View {
        height: u32::try_from(height)?,
        ..view
    })?;
    page.frames(40)?;
    let name = name.trim_end_matches(".html");
    let file = format!("book-{name}-{}.png", view.width);
    page.screenshot(&out.join(file), false)?;
    page.look(view)
}

/// Scrolls to a view, as a reader does, and waits for its result.
fn run(page: &Page, number: usize) -> Result<()> {
    page.evaluate(&format!(
        "window.view = document.querySelectorAll('highwater-sim')[{number}]; view.scrollIntoView()"
    ))?;
    page.wait_until("a result", || {
        Ok(page.evaluate("return results.has(view)")? == true)
    })?;
    let error = page.evaluate("return results.get(view).error ?? null")?;
    ensure!(error.is_null(), "{error}");
    // A view of the tour says a step of it instead.
    let same = "return (view.getAttribute('scenario') ?? results.get(view).scenario) === results.get(view).scenario";
    ensure!(page.evaluate(same)? == true, "another scenario");
    Ok(())
}
