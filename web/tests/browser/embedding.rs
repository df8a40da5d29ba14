//! The page inside another, on another origin.

use std::{fs, path::Path};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::{
    built_page, page::View, simulation::settle, site::Site, visit, visit_address, visit_folder,
};

/// A page around Highwater, in a folder of its own.
pub(crate) fn around(body: &str) -> Result<TempDir> {
    let folder = TempDir::with_prefix("highwater-around-")?;
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=data:,><title>Training</title>
         <script>
           window.heard = [];
           addEventListener('message', (event) => heard.push({{ origin: event.origin, data: event.data }}));
           window.last = () => heard.filter((one) => one.data.type === 'result').at(-1)?.data;
           window.say = (message) => document.querySelector('iframe').contentWindow
             .postMessage({{ highwater: 1, ...message }}, '*');
         </script>{body}"
    );
    fs::write(folder.path().join("index.html"), page)?;
    Ok(folder)
}

/// Highwater on another site than the page around it, as it is wherever that is somebody else's.
pub(crate) fn serve(built: &Path) -> Result<(Site, String)> {
    let site = Site::serve(built)?;
    let address = site.address.replace("127.0.0.1", "localhost");
    Ok((site, address))
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_frame_on_another_origin_is_driven_by_messages() -> Result<()> {
    let built = built_page()?;
    let (_site, address) = serve(&built)?;
    let folder = around(&format!(
        "<iframe width=640 height=400 src='{}?embed=1&scenario=decay&events=40&panels=chart,table&controls=0'></iframe>",
        address
    ))?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        let is = |condition: &str| -> Result<bool> {
            Ok(page.evaluate(&format!("return Boolean({condition})"))? == true)
        };
        page.wait_until("the first message", || {
            is("heard[0]?.data.highwater === 1 && heard[0].data.type === 'ready'")
        })?;
        page.wait_until("the first result", || {
            is("last()?.variants.every((one) => one.peak > 0) && last().scenario === 'decay'")
        })?;
        page.evaluate(
            "window.first = last().variants[0].peak; say({ type: 'set', scenario: 'environment', \
                       parameters: { events: 60 }, environment: 'MALLOC_MMAP_THRESHOLD_=16384' })",
        )?;
        page.wait_until("another result", || {
            is("last().scenario === 'environment' && last().error === null
                && last().variants.every((one) => one.peak > 0)")
        })?;
        // The setting was the first variant's, and does something.
        ensure!(is(
            "last().variants[0].afterRest < last().variants[1].afterRest"
        )?);
        page.evaluate("say({ type: 'set', link: '?scenario=decay&events=30&variant=B' })")?;
        page.wait_until("what a link says", || {
            is("last().scenario === 'decay' && last().error === null
                && last().variants.every((one) => one.peak > 0)")
        })?;
        page.evaluate("say({ type: 'set', scenario: 'nosuch' })")?;
        page.wait_until("what is wrong", || is("last().error?.includes('nosuch')"))?;
        // What is not one of the messages does nothing.
        page.evaluate("const before = heard.length; document.querySelector('iframe').contentWindow.postMessage('x', '*'); \
                       say({ type: 'seek' }); say({ type: 'seek', seconds: 1 }); say({ type: 'theme', theme: 'dark' }); \
                       say({ type: 'play' }); say({ type: 'play', playing: false })")?;
        ensure!(is("heard.every((one) => one.origin !== location.origin)")?);
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_element_stands_twice_on_a_page() -> Result<()> {
    let built = built_page()?;
    let (_site, address) = serve(&built)?;
    let folder = around(&format!(
        "<script src='{}highwater-sim.js'></script>
         <script>addEventListener('result', (event) => (event.target.result = event.detail))</script>
         <highwater-sim id=one scenario=decay events=40 panels=chart></highwater-sim>
         <highwater-sim id=two scenario=environment events=50 env='MALLOC_ARENA_MAX=2' panels=why theme=dark></highwater-sim>",
        address
    ))?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        let done = "return [one, two].every((sim) => sim.result?.variants.every((variant) => variant.peak > 0))";
        page.wait_until("both results", || Ok(page.evaluate(done)? == true))?;
        page.evaluate("one.set({ scenario: 'environment', parameters: { events: 50 } })")?;
        page.wait_until("the first as the second", || {
            let same = "return one.result.scenario === two.result.scenario
                && one.result.variants[1].peak === two.result.variants[1].peak";
            Ok(page.evaluate(same)? == true)
        })
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

/// The addresses of the views on a page, each without what lies before its parameters.
const ADDRESSES: &str =
    "return [...document.querySelectorAll('iframe')].map((frame) => new URL(frame.src).search)";

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_element_passes_on_only_what_is_documented() -> Result<()> {
    let built = built_page()?;
    let (_site, address) = serve(&built)?;
    let folder = around(&format!(
        "<script src='{address}highwater-sim.js'></script>
         <script src='{address}highwater-sim.js'></script>
         <script>addEventListener('result', (event) => (event.target.result = event.detail))</script>
         <highwater-sim id=one data-v-1a2b3c aria-label=x class=wide hidden onclick='1' tabindex=0 slot=a part=b
             style='color: red' title=Mine scenario=decay events=40 panels=chart></highwater-sim>"
    ))?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        let result = |condition: &str| {
            page.wait_until(condition, || {
                Ok(page.evaluate(&format!("return Boolean({condition})"))? == true)
            })
        };
        page.evaluate("window.one = document.querySelector('#one'); one.hidden = false")?;
        result("one.result?.variants.every((variant) => variant.peak > 0)")?;
        result("one.result.notes.length === 0 && one.result.error === null")?;
        let origin = page.evaluate("return encodeURIComponent(location.origin)")?;
        let origin = origin.as_str().unwrap_or_default();
        let expected = format!("?embed=1&origin={origin}&scenario=decay&panels=chart&events=40");
        let found = page.evaluate(ADDRESSES)?;
        ensure!(found == serde_json::json!([expected]), "{found}");

        // Changed attributes are followed, those of the page's own are not.
        page.evaluate(
            "window.frame = one.querySelector('iframe'); window.steps = history.length;
             one.setAttribute('data-x', '1'); one.setAttribute('tabindex', '2'); one.className = 'narrow';
             one.title = 'Yours'; one.setAttribute('height', '300')",
        )?;
        let same = "return one.querySelector('iframe') === frame && frame.title === 'Yours' && frame.style.height === '300px'";
        ensure!(page.evaluate(same)? == true, "another frame");
        page.evaluate("one.result = undefined; one.setAttribute('scenario', 'environment'); one.setAttribute('events', '50')")?;
        result(
            "one.result?.scenario === 'environment' && one.result.variants.every((variant) => variant.peak > 0)",
        )?;
        ensure!(
            page.evaluate("return history.length === steps")? == true,
            "a step in the history"
        );

        // Taken off the page, put back elsewhere, and beside another.
        page.evaluate(
            "one.result = undefined; one.remove(); document.body.append(one);
             window.other = document.createElement('highwater-sim');
             other.id = 'other'; other.setAttribute('scenario', 'decay'); other.setAttribute('events', '30');
             document.body.append(other)",
        )?;
        result(
            "[one, other].every((sim) => sim.result?.variants.every((variant) => variant.peak > 0))",
        )?;
        result("one.result.scenario === 'environment' && other.result.scenario === 'decay'")?;
        page.evaluate("other.remove(); other.setAttribute('events', '31'); other.seek(1)")?;
        ensure!(page.count("iframe")? == 1);
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_element_takes_every_parameter_and_says_which_word_is_none() -> Result<()> {
    let built = built_page()?;
    let (_site, address) = serve(&built)?;
    let all = highwater_workload::pattern::Parameters::ALL;
    let attributes: Vec<String> = all.iter().map(|one| format!("{}=1", one.name)).collect();
    let folder = around(&format!(
        "<script src='{address}highwater-sim.js'></script>
         <script>addEventListener('result', (event) => (event.target.result = event.detail))</script>
         <highwater-sim id=all {}></highwater-sim>
         <highwater-sim id=one scenario=decay events=40 event=1 panels=chart></highwater-sim>",
        attributes.join(" ")
    ))?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        let names = page.evaluate(
            "return [...new URL(document.querySelector('#all iframe').src).searchParams.keys()]
                .filter((name) => name !== 'embed' && name !== 'origin')",
        )?;
        let expected: Vec<&str> = all.iter().map(|parameter| parameter.name).collect();
        ensure!(names == serde_json::json!(expected), "{names}");
        page.wait_until("a note about the word that is no parameter", || {
            let notes = page.evaluate("return document.querySelector('#one').result?.notes")?;
            Ok(notes == serde_json::json!(["Ignored `event`: there is no such parameter."]))
        })
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_frame_without_an_origin_says_who_gets_its_results() -> Result<()> {
    let built = built_page()?;
    // Of the same origin, so that the test reaches into it.
    let root = TempDir::with_prefix("highwater-around-")?;
    crate::copy(&built, &root.path().join("site"))?;
    let body = around("")?;
    let page = fs::read_to_string(body.path().join("index.html"))?;
    let frame =
        "<iframe width=900 height=700 src='site/?embed=1&scenario=decay&events=40ORIGIN'></iframe>";
    fs::write(
        root.path().join("index.html"),
        page.clone() + &frame.replace("ORIGIN", ""),
    )?;
    fs::write(
        root.path().join("stated.html"),
        page + frame
            + "<script>const view = document.querySelector('iframe');
            view.src = view.src.replace('ORIGIN', `&origin=${location.origin}`);</script>",
    )?;
    let errors = visit_folder(root.path(), View::default(), |page| {
        for (address, is_told) in [("", true), ("stated.html", false)] {
            page.go(address)?;
            page.wait_until("a result", || {
                Ok(page
                    .evaluate("return Boolean(last()?.variants.every((one) => one.peak > 0))")?
                    == true)
            })?;
            let told = "return document.querySelector('iframe').contentDocument.querySelector('#tells-anyone') !== null";
            ensure!(page.evaluate(told)? == false, "a scenario is nobody's own");
            page.evaluate(
                "const view = document.querySelector('iframe').contentWindow;
                 const files = new view.DataTransfer();
                 files.items.add(new view.File(['highwater-trace 1\\nm 1 0 0x10 64\\n'], 'mine.hwt'));
                 view.document.querySelector('main').dispatchEvent(new view.DragEvent('drop',
                     { bubbles: true, cancelable: true, dataTransfer: files }))",
            )?;
            page.wait_until("the file's result", || {
                Ok(page.evaluate("return last()?.variants.every((one) => one.peak > 0) && last().scenario !== 'decay'")? == true)
            })?;
            ensure!(page.evaluate(told)? == is_told, "{address}");
        }
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn only_the_panels_that_are_asked_for_are_shown() -> Result<()> {
    let built = built_page()?;
    let small = View {
        width: 320,
        height: 240,
        ..View::default()
    };
    let errors = visit_folder(&built, small, |page| {
        page.go("?embed=1&scenario=decay&events=40&panels=chart&controls=0&theme=dark")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        for (selector, count) in [
            ("#chart", 1),
            (".maps", 0),
            ("#what-if", 0),
            ("#source", 0),
            ("#scrub", 0),
            ("header h1", 0),
        ] {
            ensure!(page.count(selector)? == count, "{selector}");
        }
        ensure!(page.evaluate("return document.documentElement.dataset.theme")? == "dark");
        let wide = "return document.documentElement.scrollWidth <= innerWidth";
        ensure!(page.evaluate(wide)? == true, "it scrolls sideways");
        ensure!(
            page.attribute("#open-whole", "href")?
                .is_some_and(|href| !href.contains("embed=1"))
        );
        page.go("?embed=1&scenario=decay&events=40&panels=map,why,table,settings")?;
        page.wait_for("main[data-busy=false] .maps")?;
        for (selector, count) in [
            ("#chart", 0),
            ("#what-if", 1),
            ("#source", 1),
            ("#scrub", 1),
        ] {
            ensure!(page.count(selector)? == count, "{selector}");
        }
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_copied_frame_shows_the_same_in_another_page() -> Result<()> {
    let built = built_page()?;
    let (site, address) = serve(&built)?;
    let snippet = std::cell::RefCell::new(String::new());
    let errors = visit_address(&site.address, View::default(), |page| {
        page.go("?scenario=decay&events=40")?;
        settle(page)?;
        page.evaluate(
            "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }",
        )?;
        page.click("#copy-frame")?;
        page.wait_for_text("#copy-frame", "copied")?;
        page.wait_until("the frame", || {
            Ok(page.evaluate("return window.copied")?.is_string())
        })?;
        let copied = page.evaluate("return window.copied")?;
        snippet.replace(copied.as_str().unwrap_or_default().to_owned());
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    // Somebody else's page has another origin.
    let snippet = snippet.into_inner().replace(&site.address, &address);
    ensure!(
        snippet.starts_with(&format!("<iframe src=\"{address}?embed=1#2=")),
        "{snippet}"
    );
    let folder = around(&snippet)?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        let same =
            "return last()?.scenario === 'decay' && last().variants.every((one) => one.peak > 0)";
        page.wait_until("the result", || Ok(page.evaluate(same)? == true))
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn without_a_clipboard_the_link_is_shown() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate(
            "navigator.clipboard.writeText = () => Promise.reject(new Error('no'));
             window.prompt = (_, text) => { window.shown = text; return null; }",
        )?;
        page.click("#copy-link")?;
        page.wait_until("the link", || {
            let shown = page.evaluate("return window.shown")?;
            Ok(shown.as_str().is_some_and(|shown| shown.contains("#2=")))
        })
    })
}
