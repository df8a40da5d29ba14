//! What takes time, in figures. A busy machine has less of it, so that `cargo xtask perf` runs these tests, one after
//! another, and `cargo xtask test` leaves them out.

use anyhow::{Context, Result, ensure};

use crate::{
    built_page,
    embedding::{around, serve},
    named,
    opening::time_to_curve,
    page::{Page, View},
    simulation::settle,
    visit_alone, visit_folder,
};

/// A task of the page's own thread that is as long as this is one too many.
pub(crate) const LONGEST_TASK_MS: f64 = 50.0;

/// Collects the tasks of the page's thread that block it, as the browser reports them from 50 ms on.
const WATCH_TASKS: &str = "
    window.blocked = [];
    new PerformanceObserver((list) => blocked.push(...list.getEntries().map((task) => task.duration)))
        .observe({ type: 'longtask' });";

/// A task as long as the tests' control, begun by a timer: what a test itself runs is no task of the page's.
const CONTROL: &str = "
    setTimeout(() => { const began = performance.now(); while (performance.now() - began < 200); });";

/// Prints a figure for the report of `cargo xtask perf`, and fails where it is not below its limit.
pub(crate) fn report(what: &str, figure: f64, limit: f64, unit: &str) -> Result<()> {
    println!("\nfigure|{what}|{figure:.0} {unit}|below {limit:.0} {unit}");
    ensure!(figure < limit, "{what}: {figure:.0} {unit}");
    Ok(())
}

/// Begins to collect long tasks, having seen that one of 200 ms is reported.
///
/// # Errors
/// The browser does not report it: then no test may take silence for proof.
pub(crate) fn watch_tasks(page: &Page) -> Result<()> {
    page.evaluate(WATCH_TASKS)?;
    page.evaluate(CONTROL)?;
    page.wait_until("the browser to report a task of 200 ms", || {
        Ok(page.evaluate("return blocked.some((ms) => ms >= 190)")? == true)
    })?;
    page.evaluate("blocked.length = 0")?;
    Ok(())
}

/// Returns the longest task since [`watch_tasks`], in milliseconds; 0 if none was as long as the browser reports.
pub(crate) fn longest_task(page: &Page) -> Result<f64> {
    // Reports come with a delay: once that of a second control is there, all before it are.
    page.evaluate("window.before = blocked.slice()")?;
    page.evaluate(CONTROL)?;
    page.wait_until("the browser to report a task of 200 ms", || {
        let script = "return blocked.some((ms, at) => at >= before.length && ms >= 190)";
        Ok(page.evaluate(script)? == true)
    })?;
    let longest = page.evaluate(
        "const control = blocked.findLastIndex((ms) => ms >= 190);
         return Math.max(0, ...blocked.slice(0, control))",
    )?;
    let longest = longest.as_f64().context("it is a number")?;
    println!("the longest task took {longest:.0} ms");
    Ok(longest)
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn the_curve_of_the_recording_is_there_within_one_and_a_half_seconds() -> Result<()> {
    visit_alone(View::default(), |page| {
        let first = time_to_curve(page)?;
        report(
            "the recording's first curve after opening the page",
            first,
            1500.0,
            "ms",
        )
    })
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn the_main_thread_is_not_blocked() -> Result<()> {
    visit_alone(View::default(), |page| {
        watch_tasks(page)?;
        settle(page)?;
        page.set_value("#source", "incident")?;
        page.wait_for_text("#title", "scaled down")?;
        settle(page)?;
        page.click("#to-start")?;
        page.click("#play")?;
        page.frames(120)?;
        let longest = longest_task(page)?;
        let what = "longest task of the main thread while scenarios run and play";
        report(what, longest, LONGEST_TASK_MS, "ms")
    })
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn a_page_around_a_frame_is_not_blocked() -> Result<()> {
    let (_site, address) = serve(&built_page()?)?;
    let folder = around(&format!(
        "<iframe width=640 height=400 src='{address}?embed=1&scenario=decay&events=40'></iframe>"
    ))?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        let has_result = |scenario: &str| {
            page.wait_until("the result", || {
                let script = format!(
                    "return last()?.scenario === '{scenario}' && last().variants.every((one) => one.peak > 0)"
                );
                Ok(page.evaluate(&script)? == true)
            })
        };
        has_result("decay")?;
        watch_tasks(page)?;
        page.evaluate("say({ type: 'set', scenario: 'environment', parameters: { events: 60 } })")?;
        has_result("environment")?;
        let longest = longest_task(page)?;
        report(
            "the longest task of a page around a frame",
            longest,
            LONGEST_TASK_MS,
            "ms",
        )
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn a_long_pasted_text_does_not_block_the_main_thread() -> Result<()> {
    visit_alone(View::default(), |page| {
        settle(page)?;
        watch_tasks(page)?;
        page.evaluate(
            "const box = document.querySelector('#environment');
             box.value = 'RUN make && echo \"a=b: {c, [d\"\\n'.repeat(35000) + 'ENV MALLOC_ARENA_MAX=2\\n';
             box.dispatchEvent(new Event('input', { bubbles: true }));",
        )?;
        page.wait_for_text("#environment-others", "other lines")?;
        settle(page)?;
        let longest = longest_task(page)?;
        let what = "longest task of the main thread while 1 MiB of settings is read";
        report(what, longest, 100.0, "ms")
    })
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn a_heap_of_half_a_gigabyte_is_played_smoothly() -> Result<()> {
    visit_alone(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", "paging")?;
        page.wait_for_text("#title", "pages")?;
        settle(page)?;
        page.click("#to-start")?;
        page.evaluate("window.began = performance.now()")?;
        page.click("#play")?;
        page.frames(90)?;
        let rate = page.evaluate("return 90 / (performance.now() - window.began) * 1000")?;
        let rate = rate.as_f64().context("it is a number")?;
        // Without a graphics card.
        report(
            "a picture of half a gigabyte's heap that plays",
            1000.0 / rate,
            1000.0 / 15.0,
            "ms",
        )
    })
}

#[test]
#[ignore = "it measures time; `cargo xtask perf` runs it"]
fn the_packages_example_page_stays_responsive() -> Result<()> {
    let folder = named("HIGHWATER_PACKAGE")?;
    visit_folder(&folder, View::default(), |page| {
        page.go("examples/page.html")?;
        page.wait_for_text("#says", "MiB after the rest")?;
        let plain = page.text("#says")?;
        watch_tasks(page)?;
        page.evaluate(
            "const box = document.querySelector('#threshold');
             for (const value of [131072, 65536, 32768, 16384]) { box.value = value; box.dispatchEvent(new Event('input')); }",
        )?;
        page.wait_until("another figure", || Ok(page.text("#says")? != plain))?;
        let longest = longest_task(page)?;
        let what = "longest task of a page with the package while it runs";
        report(what, longest, LONGEST_TASK_MS * 2.0, "ms")
    })?;
    Ok(())
}
