//! The runs that claims are held against, each made when it is asked for first.

use anyhow::{Context, Result, anyhow};
use highwater_simulator::{
    Bytes, Options, Outcome, Plan, Recording, Sources, Summary, Variant, run, run_plan,
};
use highwater_workload::{Scenario, trace, unwatched};
use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

/// A scenario's variants and what came of them, in their order.
pub(crate) type Variants = Vec<(Outcome, Summary)>;

/// Runs made so far.
#[derive(Default)]
pub(crate) struct Runs {
    made: HashMap<String, Arc<Variants>>,
}

/// What came of a scenario.
pub(crate) struct Table {
    scenario: String,
    variants: Arc<Variants>,
}

impl Table {
    /// The figures of a variant.
    pub(crate) fn get(&self, name: &str) -> Result<&Summary> {
        self.of(name).map(|(_, summary)| summary)
    }

    /// Everything of a variant.
    pub(crate) fn of(&self, name: &str) -> Result<&(Outcome, Summary)> {
        let found = self
            .variants
            .iter()
            .find(|(outcome, _)| outcome.name == name);
        found.with_context(|| format!("{} has no variant `{name}`", self.scenario))
    }

    /// Everything of all variants.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.variants.iter().map(|(outcome, _)| outcome)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Summary)> {
        let variants = self.variants.iter();
        variants.map(|(outcome, summary)| (outcome.name.as_str(), summary))
    }
}

impl Runs {
    /// What comes of a scenario of the catalogue.
    pub(crate) fn scenario(&mut self, name: &str) -> Result<Table> {
        if !self.made.contains_key(name) {
            eprintln!("running {name}");
            let variants = run_all(name)?;
            self.made.insert(name.to_owned(), Arc::new(variants));
        }
        Ok(Table {
            scenario: name.to_owned(),
            variants: Arc::clone(&self.made[name]),
        })
    }
}

fn run_all(name: &str) -> Result<Variants> {
    let scenario = Scenario::named(name).with_context(|| format!("unknown scenario {name}"))?;
    let planned = scenario.plan()?;
    let mut sources = Sources::default();
    let plans: Vec<Plan> = (planned.iter())
        .map(|planned| sources.plan(planned, None))
        .collect::<Result<_, _>>()?;
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let mut variants = Vec::new();
    for plans in plans.chunks(cores) {
        let done: Vec<Result<Outcome>> = thread::scope(|scope| {
            let begun: Vec<_> = (plans.iter())
                .map(|plan| {
                    scope.spawn(|| Ok(run_plan(plan.clone(), &Options::default(), &mut unwatched)?))
                })
                .collect();
            let ended = begun.into_iter().map(|thread| thread.join());
            ended
                .map(|ended| ended.unwrap_or_else(|_| Err(anyhow!("a run was cancelled"))))
                .collect()
        });
        for outcome in done {
            let outcome = outcome?;
            let summary = outcome.summary();
            variants.push((outcome, summary));
        }
    }
    Ok(variants)
}

/// The recording that comes with the page, run through a variant.
pub(crate) fn recording(variant: &Variant) -> Result<Recording> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../web/traces/asyncio_burst.hwt.gz"
    );
    let bytes = std::fs::read(file).with_context(|| file)?;
    let workload = trace::read(&bytes)?;
    let workload = Arc::new(workload);
    Ok(run(workload, variant, &Options::default(), &mut unwatched)?)
}

/// What is resident after the last rest.
pub(crate) fn after_rest(recording: &Recording) -> Bytes {
    let mut marks = recording.marks.iter().rev();
    let rest = marks.find(|mark| mark.name.starts_with("rest:"));
    rest.map_or(Bytes::ZERO, |mark| mark.sample.rss)
}
