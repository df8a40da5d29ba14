//! What a scenario shows is loaded with its file, for who looks at it.

use anyhow::{Result, ensure};
use highwater_workload::Scenario;

use crate::{
    page::{Page, View},
    simulation::settle,
    visit, visit_single_file,
};

/// The paragraphs of the scenario that is shown.
const WORDS: &str = "return [...document.querySelectorAll('scenario-words p')].map((one) => one.textContent.trim()).join('|')";

/// Chooses scenario after scenario, and compares what the page says of each with what the catalogue says.
fn all_are_told(page: &Page) -> Result<()> {
    page.go("?scenario=dask")?;
    settle(page)?;
    for scenario in Scenario::catalogue() {
        let said = ["shows", "source"].map(|key| scenario.run.text(key).trim().to_owned());
        ensure!(said.iter().all(|text| !text.is_empty()));
        page.set_value("#source", &scenario.name)?;
        page.wait_until(&scenario.name, || {
            Ok(page.evaluate(WORDS)? == said.join("|").as_str())
        })?;
    }
    for (recording, words) in [
        ("bundled-service", "A FastAPI service that"),
        ("ten-blocks", "A program that allocates nine"),
    ] {
        page.set_value("#source", recording)?;
        page.wait_for_text("scenario-words", words)?;
        ensure!(page.count("scenario-words p")? == 1);
    }
    page.set_value("#source", "tasks")?;
    page.wait_for_text("#shows", "One task after another")?;
    ensure!(page.count("scenario-words")? == 0, "a pattern has no file");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn each_scenario_is_told_with_its_source() -> Result<()> {
    visit(View::default(), all_are_told)?;
    let errors = visit_single_file(all_are_told)?;
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}
