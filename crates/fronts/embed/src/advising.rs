//! The search for what would help, in pieces.

use crate::error::{Code, unshown};
use crate::request::{self, Asked};
use highwater_advise::{
    Advice, Advised, Doer, Form, Image, Scope, Search, Subject, Trial, Tried, Work, loads, paste,
};
use highwater_simulator::{Judged, PlanRun, Sources, Variable};
use highwater_workload::unwatched;
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// What is wanted of a search.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Wishes {
    /// The kinds of change that are tried (default: all).
    pub(crate) only: Vec<String>,
    /// Kinds of change that are not tried.
    pub(crate) not: Vec<String>,
    /// The memory that counts: `peak`, `rest` or `mean`, or several with weights, such as `peak=1,mean=2`.
    pub(crate) weigh: String,
    /// The container image, such as `python:3.12-slim-bookworm`.
    pub(crate) image: String,
}

/// A variable to set.
#[derive(Tsify, Serialize)]
pub(crate) struct Setting {
    name: String,
    value: String,
}

/// A change in one of the forms that people keep settings in.
#[derive(Tsify, Serialize)]
pub(crate) struct Pasted {
    /// `dockerfile`, `compose`, `kubernetes`, `systemd`, `procfile`, `env`, or `review`, a paragraph on it.
    form: String,
    text: String,
}

/// A change that was run; sizes are in bytes.
#[derive(Tsify, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    /// Its parts in words.
    name: String,
    /// Who makes it: `settings`, `library` or `program`.
    doer: String,
    /// The allocator that runs instead, where it is another.
    allocator: Option<String>,
    settings: Vec<Setting>,
    /// When the program also calls `malloc_trim(0)`.
    trim: Option<String>,
    /// The highest resident memory.
    peak: f64,
    /// Resident at the end of the last rest.
    after_rest: f64,
    /// Resident on average over the time of the run.
    mean: f64,
    /// The memory that was weighed.
    memory: f64,
    faults: f64,
    syscalls: f64,
    /// Estimated processor time of its faults and calls in seconds: the least, the middle and the most.
    cpu_seconds: Vec<f64>,
    /// Whether it is worth its cost.
    is_worth: bool,
    /// Whether it is the usual advice.
    is_usual: bool,
    /// Whether it leaves memory and processor time as they are.
    does_nothing: bool,
    /// Sentences on it.
    words: Vec<String>,
    /// The change in each form, if it is worth its cost.
    paste: Vec<Pasted>,
}

/// What a search comes to.
#[derive(Tsify, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    /// The run as it is, then the changes that are worth their cost, the best first, the usual advice, and the others.
    changes: Vec<Change>,
    /// Changes that were not run, by name.
    not_run: Vec<String>,
    /// Changes that cannot be run, each with the reason.
    impossible: Vec<String>,
}

#[wasm_bindgen]
extern "C" {
    /// What a search comes to.
    #[wasm_bindgen(typescript_type = "Found")]
    pub type FoundJs;
}

/// A change that is being run.
struct Trying {
    work: Work,
    remarks: Vec<Judged>,
    run: PlanRun,
}

/// A search, in pieces.
#[wasm_bindgen]
pub struct Advising {
    search: Option<Search>,
    /// What of this round is still to be done, the next one last, and what was done.
    left: Vec<Work>,
    trying: Option<Trying>,
    done: Vec<(Work, Tried)>,
    begun: u32,
    title: String,
    known: Vec<Variable>,
    image: Option<Image>,
}

#[wasm_bindgen]
impl Advising {
    /// A search for the first variant of a request, with the bytes of its trace and what is wanted of the search, as JSON.
    ///
    /// # Errors
    /// What is wrong with either, and what to change.
    #[wasm_bindgen(constructor)]
    pub fn new(request: &str, trace: Option<Box<[u8]>>, wishes: &str) -> Result<Self, JsValue> {
        let wishes: Wishes =
            serde_json::from_str(wishes).map_err(|error| Code::Request.error(error))?;
        let image = (!wishes.image.is_empty()).then(|| wishes.image.parse::<Image>());
        let image = image
            .transpose()
            .map_err(|error| Code::Request.at("image", error))?;
        let mut asked = request::read(request, trace.as_deref())?;
        run_of_image(&mut asked, image.as_ref());
        let subject = subject(&asked, &wishes, image.as_ref())?;
        let known = subject.plan.stages[0].variant.environment.clone();
        let program = asked
            .trace
            .as_ref()
            .and_then(|trace| trace.first().header.program.clone());
        let title = program.unwrap_or_else(|| asked.run.text("title").to_owned());
        Ok(Self {
            search: Some(Search::new(subject)),
            left: Vec::new(),
            trying: None,
            done: Vec::new(),
            begun: 0,
            title,
            known,
            image,
        })
    }

    /// Runs about `events` more events of what is tried; false once nothing is left to try.
    pub fn advance(&mut self, events: u32) -> bool {
        let Some(trying) = &mut self.trying else {
            return self.begin_next();
        };
        match trying.run.go_on(events.max(1).into()) {
            Ok(true) => {}
            Ok(false) => {
                if let Some(trying) = self.trying.take() {
                    let trial = Trial::of(&trying.run.finish(), trying.remarks);
                    self.done.push((trying.work, Tried::Done(trial)));
                }
            }
            Err(error) => {
                let failed = self.trying.take().map(|trying| trying.work);
                let failed = failed.map(|work| (work, Tried::Impossible(error.to_string())));
                self.done.extend(failed);
            }
        }
        true
    }

    fn begin_next(&mut self) -> bool {
        let Some(search) = &mut self.search else {
            return false;
        };
        if self.left.is_empty() {
            if !self.done.is_empty() {
                search.take(std::mem::take(&mut self.done));
            }
            self.left = search.next_round();
            self.left.reverse();
        }
        let Some(work) = self.left.pop() else {
            return false;
        };
        self.begun += 1;
        let begun = work.plan(search.subject());
        let begun = begun.map_err(|error| error.to_string());
        let begun = begun.and_then(|plan| {
            let remarks = plan.remarks();
            let run = PlanRun::new(plan, &work.options());
            Ok((remarks, run.map_err(|error| error.to_string())?))
        });
        match begun {
            Ok((remarks, run)) => self.trying = Some(Trying { work, remarks, run }),
            Err(why) => self.done.push((work, Tried::Impossible(why))),
        }
        true
    }

    /// Tries nothing more: what was not run yet is named in the result.
    pub fn stop(&mut self) {
        let Some(search) = &mut self.search else {
            return;
        };
        let mut done = std::mem::take(&mut self.done);
        let unfinished = self.trying.take().map(|trying| trying.work);
        let unfinished = unfinished.into_iter().chain(self.left.drain(..).rev());
        done.extend(unfinished.map(|work| (work, Tried::BrokenOff)));
        search.take(done);
        loop {
            let round = search.next_round();
            if round.is_empty() {
                break;
            }
            search.take(
                round
                    .into_iter()
                    .map(|work| (work, Tried::BrokenOff))
                    .collect(),
            );
        }
    }

    /// How many runs were begun.
    #[wasm_bindgen(getter)]
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// What it comes to, once nothing is left to try.
    ///
    /// # Errors
    /// The run as it is could not be finished.
    pub fn result(&mut self) -> Result<FoundJs, JsValue> {
        let advice = self.search.take().and_then(Search::advice);
        let advice = advice.ok_or_else(|| {
            Code::Unfinished.error("the run as it is could not be finished; `run` says why")
        })?;
        let found = Found {
            changes: (advice.candidates.iter())
                .map(|row| self.change(&advice, row))
                .collect(),
            not_run: advice.not_run.clone(),
            impossible: (advice.impossible.iter())
                .map(|(name, why)| format!("{name}: {why}"))
                .collect(),
        };
        let found = serde_wasm_bindgen::to_value(&found).map_err(unshown)?;
        Ok(found.unchecked_into())
    }

    fn change(&self, advice: &Advice, row: &Advised) -> Change {
        let set = row.settings.iter();
        let forms = Form::ALL.iter().filter(|_| row.is_worth);
        let pasted = |form: &Form| Pasted {
            form: form.name().to_owned(),
            text: paste(
                advice,
                row,
                &(*form).into(),
                &self.title,
                &self.known,
                self.image.as_ref(),
            ),
        };
        let doer = match row.doer {
            Doer::Settings => "settings",
            Doer::Library => "library",
            Doer::Program => "program",
        };
        Change {
            name: row.name.clone(),
            doer: doer.to_owned(),
            allocator: row.allocator.clone(),
            settings: set
                .map(|set| Setting {
                    name: set.name.clone(),
                    value: set.value.clone(),
                })
                .collect(),
            trim: row.trim.clone(),
            peak: row.figures.peak.0 as f64,
            after_rest: row.figures.after_rest.0 as f64,
            mean: row.figures.mean.0 as f64,
            memory: row.memory.0 as f64,
            faults: row.figures.faults as f64,
            syscalls: row.figures.syscalls as f64,
            cpu_seconds: row.cpu_us.iter().map(|us| *us as f64 / 1e6).collect(),
            is_worth: row.is_worth,
            is_usual: row.is_usual,
            does_nothing: row.does_nothing,
            words: advice.sentences(row),
            paste: forms.map(pasted).collect(),
        }
    }
}

/// A run that says no allocator has that of the image.
fn run_of_image(asked: &mut Asked, image: Option<&Image>) {
    let recorded = asked.trace.as_ref();
    let recorded = recorded.and_then(|trace| trace.first().header.allocator.as_ref());
    let allocator = image.and_then(|image| image.allocator_of(recorded));
    if let Some(allocator) = allocator.filter(|_| asked.run.text("allocator").is_empty()) {
        asked.run.set("allocator", allocator);
    }
}

/// What help is looked for.
fn subject(asked: &Asked, wishes: &Wishes, image: Option<&Image>) -> Result<Subject, JsValue> {
    let variants = asked.variants()?;
    let mut sources = Sources::default();
    let plan = asked.plan(&variants[0], &mut sources)?;
    let mut make = |pattern, parameters: &_| sources.get(pattern, parameters, &mut unwatched);
    let others = loads(&variants[0], &plan, &mut make);
    let mut subject = Subject::new(plan);
    subject.loads = others;
    let scope = Scope::new(&wishes.only, &wishes.not);
    subject.scope = scope.map_err(|error| Code::Request.at("only, not", error))?;
    if !wishes.weigh.is_empty() {
        let weights = wishes.weigh.parse();
        subject.weights = Some(weights.map_err(|error| Code::Request.at("weigh", error))?);
    }
    if let Some(image) = image {
        let taken = subject.take_image(image);
        taken.map_err(|error| Code::Variant.error(error))?;
    }
    Ok(subject)
}
