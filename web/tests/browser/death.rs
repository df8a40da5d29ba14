//! A worker that dies takes nothing along but what it was at.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
    honest::drop_file,
    page::{Page, View},
    simulation::settle,
    visit, visit_folder,
};

/// Makes every worker that the page starts one that throws, where nothing catches it, when it is told to die.
const MORTAL: &str = "
    window.workers = [];
    const blob = (text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
    const ear = blob(`addEventListener('message', (event) => {
        if (!['die', 'fill', 'panic'].includes(event.data)) return;
        event.stopImmediatePropagation();
        // The program waits for its own messages: where it cannot send one it panics.
        if (event.data === 'panic') MessagePort.prototype.postMessage = () => { throw new Error('refused'); };
        else if (event.data === 'fill') throw new WebAssembly.RuntimeError('unreachable');
        else throw new Error('unreachable');
    });`);
    const Real = window.Worker;
    window.Worker = class extends Real {
        constructor(script, options) {
            super(blob(`import '${ear}'; import '${new URL(script, location)}';`), options);
            window.workers.push(this);
        }
        // The browser ends it without a word, once it has been given something to do.
        postMessage(...message) {
            super.postMessage(...message);
            if (!Array.isArray(message[0]) || !(window.ends > 0)) return;
            window.ends -= 1;
            Real.prototype.terminate.call(this);
        }
    };";

/// What keeps the browser from telling that a port is closed, as some do not, and hands the questions to workers to the test.
const DEAF: &str = "
    window.beats = [];
    const listen = MessagePort.prototype.addEventListener;
    MessagePort.prototype.addEventListener = function (kind, ...rest) {
        if (kind !== 'close') listen.call(this, kind, ...rest);
    };
    const every = window.setInterval;
    window.setInterval = (act, ms) => ms === 5000 ? window.beats.push(act) : every(act, ms);";

/// Rows of the table that are those of a finished run.
const FRESH: &str = "#what-if tbody tr[data-stale=false] td[data-column=at_end][data-value]";

fn open(page: &Page) -> Result<()> {
    // The page's policy allows only its own workers.
    page.devtools("Page.setBypassCSP", json!({ "enabled": true }))?;
    page.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": MORTAL }),
    )?;
    page.go("")?;
    settle(page)
}

/// Opens the scenario of eight variants.
fn open_incident(page: &Page) -> Result<()> {
    open(page)?;
    page.set_value("#source", "incident")?;
    page.wait_for_text("#title", "scaled down")?;
    settle(page)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_worker_that_throws_is_replaced_and_the_other_variants_go_on() -> Result<()> {
    let folder = crate::built_page()?;
    let errors = visit_folder(&folder, View::default(), |page| {
        open_incident(page)?;
        let all = page.count("#what-if tbody tr")?;
        ensure!(all == 8, "it has {all} variants");
        let many = page.evaluate("return window.workers.length")?;
        // Enough of them that most still wait when the first worker dies.
        page.set_value("#parameter-cycles", "12")?;
        page.wait_for("main[data-busy=true]")?;
        page.evaluate("window.workers[0].postMessage('die')")?;
        page.wait_for_text("#trouble", "The other variants keep running")?;
        page.wait_for_text("#trouble", "unreachable")?;
        page.wait_for("#retry")?;
        page.wait_for("main[data-busy=false]")?;
        let failed = page.evaluate(
            "return [...document.querySelectorAll('#what-if tbody tr')].filter(
                 (row) => row.textContent.includes('failed')).length",
        )?;
        ensure!(failed == 1, "{failed} variants failed");
        let fresh = page.count(FRESH)?;
        ensure!(fresh == 7, "{fresh} of the others have a result");
        let now = page.evaluate("return window.workers.length")?;
        let more = now.as_u64().zip(many.as_u64()).context("numbers")?;
        ensure!(more.0 == more.1 + 1, "{now} workers after {many}");

        page.click("#retry")?;
        page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);

        // A recording is given to the one that takes the place of another.
        page.set_value("#source", "bundled")?;
        page.wait_for_text("#title", "asyncio burst")?;
        settle(page)?;
        page.evaluate("window.workers.forEach((worker) => worker.postMessage('die'))")?;
        page.wait_until("new ones", || {
            let now = page.evaluate("return window.workers.length")?;
            Ok(now.as_u64() > more.0.checked_add(1))
        })?;
        page.set_value("#environment", "MALLOC_TOP_PAD_=0")?;
        page.wait_for_text("#remarks", "MALLOC_TOP_PAD_")?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    let other = |line: &&String| !line.contains("unreachable");
    let others: Vec<_> = errors.iter().filter(other).collect();
    ensure!(others.is_empty(), "other errors: {others:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn what_holds_more_than_there_is_room_for_is_said_with_its_remedy() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", "incident")?;
        page.wait_for_text("#title", "scaled down")?;
        settle(page)?;
        page.evaluate(
            "document.querySelectorAll('details').forEach((more) => { more.open = true; })",
        )?;
        page.set_value("#parameter-preload", "60000")?;
        page.wait_until("what to do", || {
            let said = page.evaluate(
                "return document.querySelector('#trouble, #together-error, #outdated')?.textContent ?? ''",
            )?;
            Ok(said.as_str().is_some_and(|said| said.contains("preload")))
        })?;
        page.set_value("#parameter-preload", "0")?;
        page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_worker_that_panics_is_filled_up_or_killed_is_told_at_its_variant() -> Result<()> {
    let folder = crate::built_page()?;
    let errors = visit_folder(&folder, View::default(), |page| {
        open_incident(page)?;
        for (how, words) in [
            ("panic", "null can always be sent"),
            ("fill", "its memory is used up"),
        ] {
            let cycles = if how == "panic" { "12" } else { "11" };
            page.set_value("#parameter-cycles", cycles)?;
            page.wait_for("main[data-busy=true]")?;
            page.evaluate(&format!("window.workers.at(-1).postMessage('{how}')"))?;
            page.wait_for_text("#trouble", words)?;
            page.wait_for_text("#trouble", "The other variants keep running")?;
            page.wait_for("main[data-busy=false]")?;
            page.click("#retry")?;
            page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
            settle(page)?;
            ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        }
        // Those that the browser ends without a word, with what they run.
        page.set_value("#parameter-cycles", "12")?;
        page.wait_for("main[data-busy=true]")?;
        page.evaluate(
            "window.workers.forEach((worker) => Worker.prototype.terminate.call(worker))",
        )?;
        page.wait_for_text("#trouble", "its memory is used up")?;
        page.wait_for("main[data-busy=false]")?;
        page.click("#retry")?;
        page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        ensure!(page.count("#stopped")? == 0);
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    Ok(())
}

/// Presses "Try again", and requires that nothing is amiss after it.
fn try_again(page: &Page) -> Result<()> {
    page.evaluate("window.ends = 0")?;
    page.click("#retry")?;
    page.wait_until("nothing amiss", || {
        Ok(page.count("#trouble")? == 0 && page.count("main[data-busy=false]")? == 1)
    })?;
    settle(page)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_worker_that_ends_without_a_word_is_told_whatever_it_was_doing() -> Result<()> {
    let folder = crate::built_page()?;
    let errors = visit_folder(&folder, View::default(), |page| {
        open(page)?;
        let stopped = "the simulator stopped";
        page.set_value("#environment", "MALLOC_TOP_PAD_=0 # mine")?;
        page.wait_for_text("#remarks", "MALLOC_TOP_PAD_")?;
        settle(page)?;

        // A recording that ends each worker that reads it: no more is started after a few, and the one before stays.
        let trace = b"highwater-trace 1\nm 0 0 0x1000 10\n";
        page.evaluate("window.ends = 1000; window.before = workers.length")?;
        drop_file(page, "mine.hwt", trace)?;
        page.wait_for_text("#trouble", stopped)?;
        page.wait_for("main[data-busy=false]")?;
        page.frames(30)?;
        let many = page.evaluate("return workers.length - before")?;
        ensure!(many.as_u64() < Some(9), "{many} workers were started");
        ensure!(page.text("#title")?.contains("asyncio burst"));
        ensure!(page.value("#environment")?.contains("# mine"));
        page.evaluate("window.ends = 0")?;
        page.click("#retry")?;
        page.wait_for_text("#title", "mine.hwt")?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        page.set_value("#source", "bundled")?;
        page.wait_for_text("#title", "asyncio burst")?;
        settle(page)?;

        // A run, and a look at a moment.
        page.evaluate("window.ends = 1")?;
        page.set_value("#environment", "MALLOC_TOP_PAD_=4096 # mine")?;
        page.wait_for_text("#trouble", stopped)?;
        try_again(page)?;
        page.evaluate("window.ends = 1")?;
        page.click("#to-start")?;
        page.wait_for_text("#trouble", stopped)?;
        try_again(page)?;

        // What would be without a pin.
        page.click("#to-end")?;
        settle(page)?;
        page.evaluate("window.ends = 1")?;
        page.click("[data-without]")?;
        page.wait_for_text("#trouble", stopped)?;
        ensure!(page.count("#without")? == 0, "{}", page.text("#without")?);
        try_again(page)?;
        page.click("[data-without]")?;
        page.wait_for("#without[data-given]")?;

        // A long text is read a second time, and then told. It stays in its box.
        page.evaluate("window.ends = 2")?;
        let text = "RUN make\n".repeat(4000) + "ENV MALLOC_TOP_PAD_=0 # mine\n";
        page.set_value("#environment", &text)?;
        page.wait_for_text("#trouble", "could not be read")?;
        ensure!(page.value("#environment")?.contains("# mine"));
        page.evaluate("window.ends = 0")?;
        page.set_value("#environment", &format!("{text}\n"))?;
        page.wait_for_text("#remarks", "MALLOC_TOP_PAD_")?;
        settle(page)?;
        ensure!(page.count("#stopped")? == 0);
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_worker_that_does_not_answer_is_told_where_the_browser_does_not_tell_its_end() -> Result<()> {
    let folder = crate::built_page()?;
    let errors = visit_folder(&folder, View::default(), |page| {
        page.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": DEAF }),
        )?;
        open_incident(page)?;
        let ask = |times: u32| {
            let script =
                format!("for (let at = 0; at < {times}; at++) beats.forEach((beat) => beat())");
            page.evaluate(&script)
        };
        // Those that live answer.
        for _ in 0..4 {
            ask(5)?;
            page.set_value("#parameter-cycles", "9")?;
            settle(page)?;
            page.set_value("#parameter-cycles", "10")?;
            settle(page)?;
        }
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        page.set_value("#parameter-cycles", "12")?;
        page.wait_for("main[data-busy=true]")?;
        page.evaluate(
            "window.workers.forEach((worker) => Worker.prototype.terminate.call(worker))",
        )?;
        ask(13)?;
        page.wait_for_text("#trouble", "did not answer")?;
        page.wait_for("main[data-busy=false]")?;
        page.click("#retry")?;
        page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    Ok(())
}
