//! What stops the page, or keeps it from starting, is told with a way on.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    built_page, copy,
    links::wait_for_link,
    page::{Page, View},
    pictures::Downloads,
    simulation::settle,
    visit_folder,
};

/// Lets the browser refuse to insert elements: the library that draws the page panics then.
const REFUSE: &str = "Node.prototype.insertBefore = () => { throw new Error('refused'); };
    document.querySelector('#add-variant').click();";

/// Opens a page in each visit under a script that runs before all others.
fn under(page: &Page, script: &str) -> Result<()> {
    page.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": script }),
    )?;
    page.go("")
}

fn report(page: &Page) -> Result<String> {
    page.wait_for("#stopped[open] #stopped-report")?;
    page.value("#stopped-report")
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_page_that_panics_says_so_and_leaves_every_way_on() -> Result<()> {
    let folder = built_page()?;
    let errors = visit_folder(&folder, View::default(), |page| {
        page.go("?scenario=decay&events=40")?;
        settle(page)?;
        page.set_value("#environment", "MALLOC_ARENA_MAX=2\n# a note of mine\n")?;
        wait_for_link(page)?;
        let link = page.evaluate("return location.href")?;
        let link = link.as_str().context("an address")?;
        page.evaluate(REFUSE)?;
        let said = report(page)?;
        let version = format!("Highwater {}: Highwater stopped", env!("CARGO_PKG_VERSION"));
        for part in [version.as_str(), "panicked at", link, "Browser: "] {
            ensure!(said.contains(part), "{part} in {said}");
        }
        page.wait_for_text("#stopped-says", "open it without this link")?;

        // What was typed is not lost, though the program is.
        let downloads = Downloads::of(page)?;
        page.click("#stopped-save")?;
        let saved = String::from_utf8(downloads.read(page, "highwater-settings.txt")?)?;
        ensure!(saved.contains("# a note of mine"), "{saved}");
        page.evaluate(
            "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }",
        )?;
        page.click("#stopped-copy")?;
        page.wait_for_text("#stopped-copy", "Report copied")?;
        ensure!(page.evaluate("return copied")? == said.as_str());

        // What is there can be looked at, and a button leads back.
        page.click("#stopped-close")?;
        ensure!(page.count("#stopped[open]")? == 0);
        ensure!(page.count("#chart .curve--rss")? > 0);
        page.click("#stopped-again")?;
        report(page)?;
        ensure!(page.count("#stopped-again")? == 0);

        page.click("#stopped-reload")?;
        page.wait_until("the page anew", || {
            Ok(page.count("#stopped")? == 0 && page.count("main[data-busy=false] #chart")? == 1)
        })?;
        page.wait_until("the scenario", || Ok(page.value("#source")? == "decay"))?;
        ensure!(page.value("#environment")?.contains("MALLOC_ARENA_MAX=2"));

        page.evaluate(REFUSE)?;
        report(page)?;
        page.click("#stopped-plain")?;
        page.wait_for("#landing-example")?;
        ensure!(page.count("#stopped")? == 0);
        let href = page.evaluate("return location.search + location.hash")?;
        ensure!(href == "" || href == "?", "{href}");
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_view_that_panics_tells_the_page_around_it() -> Result<()> {
    let folder = built_page()?;
    // Of the same origin as the page around it, so that the test reaches into it.
    let root = TempDir::with_prefix("highwater-around-")?;
    copy(&folder, &root.path().join("site"))?;
    fs::write(
        root.path().join("index.html"),
        "<!doctype html><title>Around</title><link rel=icon href=data:,>
         <script>window.heard = []; addEventListener('message', ({ data }) => heard.push(data));</script>
         <iframe width=900 height=600 src='site/?embed=1&scenario=decay&events=40&panels=chart,table,settings'></iframe>",
    )?;
    visit_folder(root.path(), View::default(), |page| {
        let heard = |kind: &str| -> Result<bool> {
            let script = format!("return heard.some((one) => one.type === '{kind}')");
            Ok(page.evaluate(&script)? == true)
        };
        page.wait_until("a result", || heard("result"))?;
        page.evaluate(
            "const view = document.querySelector('iframe').contentWindow;
             view.Node.prototype.insertBefore = () => { throw new Error('refused'); };
             view.document.querySelector('#add-variant').click();",
        )?;
        page.wait_until("the message", || heard("stopped"))?;
        let way = page.evaluate(
            "return document.querySelector('iframe').contentDocument.querySelector('#stopped-plain').search",
        )?;
        let way = way.as_str().unwrap_or_default();
        ensure!(
            way.contains("embed=1") && !way.contains("scenario"),
            "{way}"
        );
        Ok(())
    })?;
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn what_keeps_the_page_from_starting_is_told_in_a_sentence() -> Result<()> {
    let folder = built_page()?;
    let refused = "Its program could not be loaded";
    for (ending, words) in [("_bg.bin", refused), (".js", refused), ("start", refused)] {
        let root = TempDir::with_prefix("highwater-broken-")?;
        copy(&folder, root.path())?;
        for entry in fs::read_dir(root.path())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_gone = match ending {
                "start" => name.starts_with("start-"),
                _ => name.starts_with("highwater-web-") && name.ends_with(ending),
            };
            if is_gone {
                fs::remove_file(entry.path())?;
            }
        }
        let errors = visit_folder(root.path(), View::default(), |page| {
            page.wait_for_text("#stopped-says", words)?;
            ensure!(report(page)?.contains("Highwater could not start"));
            ensure!(page.count("#stopped-plain[href]")? == 1);
            Ok(())
        });
        ensure!(!errors?.is_empty(), "nothing reached the console");
    }
    for (script, words) in [
        ("delete self.WebAssembly", "does not run WebAssembly"),
        (
            "WebAssembly.instantiateStreaming = WebAssembly.instantiate = \
             () => Promise.reject(new RangeError('Out of memory: cannot allocate'))",
            "no memory left",
        ),
    ] {
        visit_folder(&folder, View::default(), |page| {
            under(page, script)?;
            page.wait_for_text("#stopped-says", words)
        })?;
    }
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_page_without_storage_or_history_starts() -> Result<()> {
    let folder = built_page()?;
    let errors = visit_folder(&folder, View::default(), |page| {
        under(
            page,
            "for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
                 Object.defineProperty(self, name, { get() { throw new DOMException('no', 'SecurityError'); } });
             history.pushState = history.replaceState = () => { throw new DOMException('no', 'SecurityError'); };
             delete self.CompressionStream;
             delete self.DecompressionStream;",
        )?;
        settle(page)?;
        page.set_value("#source", "environment")?;
        page.wait_for_text("#title", "settings")?;
        settle(page)?;
        ensure!(page.count("#stopped")? == 0);
        page.go("?again#1=AwA")?;
        page.wait_for_text("#trouble", "This link is invalid")
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}
