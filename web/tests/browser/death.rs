//! A worker that dies takes nothing along but what it was at.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
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
    };";

/// What keeps the browser from telling that a port is closed, as some do not, and hands the questions to workers to the test.
const DEAF: &str = "
    window.beats = [];
    const listen = MessagePort.prototype.addEventListener;
    MessagePort.prototype.addEventListener = function (kind, ...rest) {
        if (kind !== 'close') listen.call(this, kind, ...rest);
    };
    const [every, no] = [window.setInterval, window.clearInterval];
    // No timer of the browser's has such a number.
    window.setInterval = (act, ms) => ms === 5000 ? 1e15 + window.beats.push(act) : every(act, ms);
    window.clearInterval = (timer) => timer > 1e15 ? void (window.beats[timer - 1e15 - 1] = () => {}) : no(timer);";

/// Ends all workers, of which the browser tells nothing.
const KILL: &str = "window.workers.forEach((worker) => Worker.prototype.terminate.call(worker))";

/// Asks all workers so many times whether they are there, as the page does every five seconds.
fn ask(page: &Page, times: u32) -> Result<()> {
    let script = format!("for (let at = 0; at < {times}; at++) beats.forEach((beat) => beat())");
    page.evaluate(&script).map(drop)
}

/// The times of asking after which a worker without an answer is given up.
const PATIENCE: u32 = 13;

/// Waits until the page is done, and nothing is wrong.
fn settle_well(page: &Page) -> Result<()> {
    settle(page)?;
    ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
    Ok(())
}

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

/// Has so many cycles run, and does something in the page as soon as they are on their way: between two commands of a driver they
/// could end, on a slow machine.
fn while_it_runs(page: &Page, cycles: &str, script: &str) -> Result<()> {
    let script = format!(
        "const main = document.querySelector('main');
         const cycles = document.querySelector('#parameter-cycles');
         cycles.value = arguments[0];
         return new Promise((done) => {{
             let is_done = false;
             const act = () => {{
                 if (is_done || main.dataset.busy !== 'true') return;
                 is_done = true;
                 seen.disconnect();
                 {script};
                 done(true);
             }};
             const seen = new MutationObserver(act);
             seen.observe(main, {{ attributes: true }});
             cycles.dispatchEvent(new Event('input', {{ bubbles: true }}));
             cycles.dispatchEvent(new Event('change', {{ bubbles: true }}));
             // Those of before may be on their way still, and these follow them without a pause.
             requestAnimationFrame(act);
         }});"
    );
    page.evaluate_with(&script, vec![cycles.into()])?;
    Ok(())
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
        while_it_runs(page, "12", "window.workers[0].postMessage('die')")?;
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
        settle_well(page)?;

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
        settle_well(page)
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
        settle_well(page)
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
            let act = format!("window.workers.at(-1).postMessage('{how}')");
            while_it_runs(page, cycles, &act)?;
            page.wait_for_text("#trouble", words)?;
            page.wait_for_text("#trouble", "The other variants keep running")?;
            page.wait_for("main[data-busy=false]")?;
            page.click("#retry")?;
            page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
            settle_well(page)?;
        }
        // One that ends without a word is replaced when it is asked to stop.
        while_it_runs(page, "12", KILL)?;
        page.click("#cancel")?;
        page.wait_for_text("#trouble", "Cancelled")?;
        page.click("#retry")?;
        page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
        settle(page)?;
        ensure!(page.count("#stopped")? == 0);
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    Ok(())
}

/// Visits the page where a worker's end is not told.
fn visit_deaf(test: impl FnOnce(&Page) -> Result<()>) -> Result<()> {
    let folder = crate::built_page()?;
    let errors = visit_folder(&folder, View::default(), |page| {
        page.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": DEAF }),
        )?;
        test(page)?;
        ensure!(page.count("#stopped")? == 0);
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_worker_that_does_not_answer_is_told_where_the_browser_does_not_tell_its_end() -> Result<()> {
    visit_deaf(|page| {
        open_incident(page)?;
        // Those that live answer.
        for _ in 0..4 {
            ask(page, 5)?;
            page.set_value("#parameter-cycles", "9")?;
            settle(page)?;
            page.set_value("#parameter-cycles", "10")?;
            settle(page)?;
        }
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        while_it_runs(page, "12", KILL)?;
        ask(page, PATIENCE)?;
        page.wait_for_text("#trouble", "did not answer")?;
        page.wait_for("main[data-busy=false]")?;
        page.click("#retry")?;
        page.wait_until("all variants", || Ok(page.count(FRESH)? == 8))?;
        settle_well(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_recording_whose_readers_do_not_answer_is_read_when_it_is_tried_again() -> Result<()> {
    visit_deaf(|page| {
        open_incident(page)?;
        page.evaluate(KILL)?;
        page.set_value("#source", "bundled")?;
        page.wait_for("main[data-busy=true]")?;
        ask(page, PATIENCE)?;
        page.wait_for_text("#trouble", "did not answer")?;
        page.wait_for("main[data-busy=false]")?;
        // What was shown before is shown, and can be changed.
        page.wait_for_text("#title", "scaled down")?;
        page.click("#retry")?;
        page.wait_for_text("#title", "asyncio burst")?;
        settle_well(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_moment_that_nobody_answers_for_is_looked_into_when_it_is_tried_again() -> Result<()> {
    visit_deaf(|page| {
        open(page)?;
        page.evaluate(KILL)?;
        page.set_value("#scrub", "250")?;
        ask(page, PATIENCE)?;
        page.wait_for_text("#trouble", "did not answer")?;
        page.click("#retry")?;
        settle_well(page)?;
        // Another moment is looked into as well.
        page.set_value("#scrub", "500")?;
        settle_well(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_long_text_whose_reader_does_not_answer_is_read_by_the_next() -> Result<()> {
    visit_deaf(|page| {
        open(page)?;
        page.evaluate(KILL)?;
        let long = "x: &a [MALLOC, 1]\n".repeat(50_000) + "ENV MALLOC_ARENA_MAX=2\n";
        page.set_value("#environment", &long)?;
        page.wait_for("#environment-reading")?;
        ask(page, PATIENCE)?;
        page.wait_for_text("#environment-others", "50000 other lines")?;
        settle(page)
    })
}
