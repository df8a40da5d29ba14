//! What the page shows is what the engine computes natively: nothing here is compared with a figure that was typed in.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use highwater_simulator::{
    Choice, Options, PythonVersion, Recording, Sample, Simulation, Sources, Summary, Variant,
    parse_lines, run, run_plan,
};
use highwater_workload::{Pattern, Scenario, Workload, pattern::Parameters, trace, unwatched};

use crate::{
    page::{Page, View},
    visit,
};

/// The bundled recording.
pub(crate) fn bundled() -> Result<Arc<Workload>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces/asyncio_burst.hwt.gz");
    Ok(Arc::new(trace::read(&fs::read(file)?)?))
}

pub(crate) fn variant(environment: &str) -> Result<Variant> {
    Ok(Variant {
        environment: parse_lines(environment),
        ..Variant::default()
    })
}

pub(crate) fn native(workload: &Arc<Workload>, environment: &str) -> Result<Recording> {
    native_under(workload, &variant(environment)?)
}

pub(crate) fn native_under(workload: &Arc<Workload>, variant: &Variant) -> Result<Recording> {
    let options = Options::default();
    Ok(run(workload, variant, &options, &mut unwatched)?)
}

/// What a pattern comes to, with the interpreter that runs it.
fn native_as(workload: &Arc<Workload>, pattern: Pattern) -> Result<Recording> {
    let variant = Variant {
        python: pattern.python().and_then(PythonVersion::parse),
        ..Variant::default()
    };
    native_under(workload, &variant)
}

/// Waits until the worker is done and the moment is explained.
pub(crate) fn settle(page: &Page) -> Result<()> {
    page.wait_for("main[data-busy=false] #why[aria-busy=false]")
}

/// A number that an element has as an attribute.
pub(crate) fn number(page: &Page, selector: &str, name: &str) -> Result<u64> {
    let text = page.attribute(selector, name)?;
    let text = text.with_context(|| format!("`{selector}` has no {name}"))?;
    text.parse()
        .with_context(|| format!("{name} of `{selector}` is `{text}`"))
}

pub(crate) fn after_last_rest(recording: &Recording) -> Result<&Sample> {
    let mark = recording.marks.iter().rfind(|m| m.name.starts_with("rest"));
    Ok(&mark.context("the recording has a rest")?.sample)
}

pub(crate) fn key(key: Key) -> String {
    char::from(key).to_string()
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_first_picture_is_the_native_run_at_the_end_of_its_last_rest() -> Result<()> {
    let recording = native(&bundled()?, "")?;
    let expected = after_last_rest(&recording)?;
    visit(View::default(), |page| {
        settle(page)?;
        let shown = |name| number(page, "#chart", name);
        ensure!(shown("data-peak")? == recording.peak_rss.0, "the peak");
        ensure!(shown("data-rss")? == expected.rss.0, "resident");
        ensure!(shown("data-live")? == expected.live.0, "held");
        ensure!(
            shown("data-samples")? >= recording.samples.len() as u64,
            "samples"
        );
        let reclaimable = expected.reclaimable.context("it is known at marks")?;
        ensure!(number(page, "#why", "data-reclaimable")? == reclaimable.0);
        ensure!(number(page, "#why", "data-rss")? == expected.rss.0);
        ensure!(number(page, "#trim", "data-top")? == expected.top.0);
        let kinds = page.attribute("#map", "data-kinds")?.unwrap_or_default();
        let pages = kinds.split(' ').map(str::parse::<u64>);
        let pages: Vec<u64> = pages.collect::<Result<_, _>>()?;
        // Those given back and those never touched come last.
        let resident: u64 = pages.iter().rev().skip(2).sum();
        ensure!(
            resident * recording.page_size.0 == expected.rss.0,
            "the map shows {kinds}"
        );
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn moving_the_playhead_with_the_keyboard_changes_map_and_diagnosis() -> Result<()> {
    let workload = bundled()?;
    visit(View::default(), |page| {
        settle(page)?;
        let pins = page.text("#pins")?;
        page.type_text("#chart", &key(Key::Home))?;
        page.wait_for("#why[data-event='0'][aria-busy=false]")?;
        ensure!(number(page, "#map", "data-event")? == 0);
        for _ in 0..40 {
            page.type_text("#chart", &key(Key::Right))?;
        }
        for _ in 0..5 {
            page.type_text("#chart", &key(Key::PageUp))?;
        }
        settle(page)?;
        let event = number(page, "#chart", "data-event")?;
        ensure!(event > 0, "the playhead did not move");
        page.wait_for(&format!("#why[data-event='{event}'][aria-busy=false]"))?;
        ensure!(number(page, "#map", "data-event")? == event);
        let mut simulation = Simulation::new(&workload, &Variant::default())?;
        simulation.run_until(event);
        let expected = simulation.diagnose();
        ensure!(number(page, "#why", "data-rss")? == expected.rss.0);
        ensure!(number(page, "#why", "data-reclaimable")? == expected.reclaimable.0);
        ensure!(number(page, "#pins", "data-count")? == expected.pins.len() as u64);
        ensure!(page.text("#pins")? != pins, "the pins are the same");
        for finding in &expected.findings {
            for sentence in highwater_report::explain(finding).sentences {
                page.wait_for_text("#sentences", &sentence.to_string())?;
            }
        }
        // Going back begins anew and comes to the same.
        page.type_text("#chart", &key(Key::Home))?;
        page.wait_for("#why[data-event='0'][data-rss='0']")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_changed_setting_runs_that_variant_again() -> Result<()> {
    let workload = bundled()?;
    let lines = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.trim_threshold=65536";
    let (plain, changed) = (native(&workload, "")?, native(&workload, lines)?);
    let (plain, changed) = (after_last_rest(&plain)?.rss, after_last_rest(&changed)?.rss);
    ensure!(plain != changed, "the setting does nothing");
    visit(View::default(), |page| {
        settle(page)?;
        page.type_text("#environment", lines)?;
        page.wait_for(&format!("#chart[data-rss='{}']", changed.0))?;
        settle(page)?;
        ensure!(number(page, "#why", "data-rss")? == changed.0);
        ensure!(number(page, "#what-if td[data-column=after_rest]", "data-value")? == changed.0);
        for remark in variant(lines)?.remarks() {
            page.wait_for_text("#remarks", &remark.text)?;
        }
        page.click("[data-preset='no setting']")?;
        page.wait_for(&format!("#chart[data-rss='{}']", plain.0))
    })
}

/// What the variants of a scenario come to.
fn native_scenario(scenario: &Scenario, set: &[(&str, &str)]) -> Result<Vec<(String, Summary)>> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let set = set.iter().map(own).collect();
    let mut sources = Sources::default();
    let planned = scenario.plan_with(set)?;
    let outcomes = planned.iter().map(|planned| {
        let plan = sources.plan(planned, None)?;
        let outcome = run_plan(plan, &Options::default(), &mut unwatched)?;
        Ok((outcome.name.clone(), outcome.summary()))
    });
    outcomes.collect()
}

/// Waits until the table shows what was computed natively.
fn table_is(page: &Page, expected: &[(String, Summary)]) -> Result<()> {
    for (number, (name, summary)) in expected.iter().enumerate() {
        let row = format!("#what-if tbody tr:nth-child({})", number + 1);
        page.wait_for_text(&row, name)?;
        for (column, value) in [
            ("peak", summary.peak.0),
            ("after_burst", summary.after_burst.0),
            ("after_rest", summary.after_rest.0),
            ("live", summary.live.0),
            ("free", summary.free.0),
            ("reclaimable", summary.reclaimable.0),
            ("at_end", summary.at_end.0),
            ("faults", summary.faults),
            ("syscalls", summary.syscalls),
        ] {
            page.wait_for(&format!(
                "{row} td[data-column={column}][data-value='{value}']"
            ))?;
        }
    }
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn every_scenario_of_the_catalogue_runs_as_it_does_natively() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        for scenario in Scenario::catalogue() {
            // The one in full takes its time.
            if scenario.name == "incident_full" {
                page.wait_for("#source option[value=incident_full]")?;
                continue;
            }
            let expected = native_scenario(&scenario, &[])?;
            page.set_value("#source", &scenario.name)?;
            page.wait_for_text("#title", scenario.run.text("title"))?;
            table_is(page, &expected).with_context(|| scenario.name.clone())?;
            settle(page)?;
            ensure!(page.count("#trouble")? == 0, "{}", scenario.name);
            ensure!(number(page, "#chart", "data-curves")? == expected.len() as u64);
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn every_pattern_runs_and_a_changed_parameter_runs_all_variants_again() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        for pattern in Pattern::ALL {
            let workload = pattern.build(&Parameters::default(), &mut unwatched)?;
            let expected = native_as(&Arc::new(workload), pattern)?;
            page.set_value("#source", pattern.name())?;
            page.wait_for_text("#title", pattern.title())?;
            page.wait_for(&format!("#chart[data-peak='{}']", expected.peak_rss.0))?;
            settle(page)?;
        }
        let paging = Scenario::named("paging").context("it is in the catalogue")?;
        page.set_value("#source", "paging")?;
        page.wait_for("#parameter-payload")?;
        ensure!(page.count("#parameter-threads")? == 0, "it has no threads");
        page.set_value("#parameter-events", "60")?;
        page.set_value("#parameter-payload", "5000")?;
        table_is(
            page,
            &native_scenario(&paging, &[("events", "60"), ("payload", "5000")])?,
        )?;
        // What is a choice is chosen by name.
        page.evaluate(
            "document.querySelectorAll('details').forEach((more) => { more.open = true; })",
        )?;
        page.set_value("#parameter-shape", "chunks")?;
        let set = [("events", "60"), ("payload", "5000"), ("shape", "chunks")];
        table_is(page, &native_scenario(&paging, &set)?)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn every_version_runs_and_arenas_are_told_apart() -> Result<()> {
    let workload = Pattern::Threads.build(&Parameters::default(), &mut unwatched)?;
    let workload = Arc::new(workload);
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", Pattern::Threads.name())?;
        page.wait_for_text("#title", Pattern::Threads.title())?;
        settle(page)?;
        ensure!(page.text("#pins")?.contains("arena 1 · "));
        ensure!(page.text("#map-says")?.contains("heaps of other arenas"));
        for choice in Choice::all() {
            let variant = Variant {
                allocator: choice,
                ..Variant::default()
            };
            let recording = native_under(&workload, &variant)?;
            page.set_value("#allocator", &choice.to_string())?;
            let name = choice.to_string().replace('@', " ");
            page.wait_for_text(".variant__head[data-variant='0']", &name)?;
            page.wait_for(&format!("#chart[data-peak='{}']", recording.peak_rss.0))?;
            settle(page)?;
            ensure!(number(page, "#why", "data-rss")? == after_last_rest(&recording)?.rss.0);
        }
        Ok(())
    })
}
