//! The page and its worker.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{built_page, page::View, simulation::settle, visit, visit_folder};

#[test]
fn the_worker_answers() -> Result<()> {
    visit(View::default(), |page| {
        page.wait_for("main[data-worker=ready]")
    })
}

#[test]
fn a_cancelled_job_is_gone_and_the_worker_takes_the_next() -> Result<()> {
    visit(View::default(), |page| {
        page.wait_for("main[data-busy=false] #chart")?;
        page.set_value("#source", "async_fanout")?;
        page.wait_for("#parameter-events")?;
        page.wait_for("main[data-busy=false]")?;
        // Some seconds of work, in calls that cannot be interrupted.
        page.set_value("#parameter-cycles", "20")?;
        page.set_value("#parameter-events", "290")?;
        page.wait_for_text(".page-header__status", "%")?;
        page.click("#cancel")?;
        page.wait_for_text("#trouble", "Cancelled")?;
        page.wait_for("main[data-busy=false]")?;
        page.set_value("#source", "bundled")?;
        page.wait_for_text("#title", "asyncio burst")?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "the trouble is over");
        Ok(())
    })
}

#[test]
fn a_page_in_another_folder_finds_its_worker() -> Result<()> {
    visit(View::default(), |page| {
        page.go("index.html?somewhere=else#here")?;
        page.wait_for("main[data-worker=ready]")
    })
}

#[test]
fn a_worker_that_cannot_be_loaded_is_said() -> Result<()> {
    let Some(page) = built_page()? else {
        return Ok(());
    };
    // Page and worker are started by one file, so the worker's is asked for where nothing lies.
    let source = "const Real = self.Worker;
        self.Worker = class extends Real {
            constructor(script, options) { super(self.isBack ? script : `${script}.gone`, options); }
        };";
    let errors = visit_folder(&page, View::default(), |page| {
        page.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": source }),
        )?;
        page.go("")?;
        page.wait_for("#status[data-state=broken]")?;
        page.wait_for_text("#trouble", "its script cannot be loaded")?;
        page.evaluate("self.isBack = true; document.querySelector('#retry').click()")?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        Ok(())
    })?;
    ensure!(!errors.is_empty(), "nothing reached the console");
    Ok(())
}
