//! The engine for other people's JavaScript, in a browser or in Node: the same simulation as in the page and the command.
//!
//! [`Simulation`] is a run in pieces, so that whoever calls it keeps their thread responsive; `package/index.js` makes a
//! promise of it that can be cancelled. What goes in and comes out are plain objects whose TypeScript types are generated
//! from the types here, with curves and maps as typed arrays. Errors are `Error`s with a `code`.

mod advising;
mod answer;
mod error;
mod request;

use answer::{AnswerJs, answer};
use error::{Code, unshown};
use highwater_simulator::{Judged, Outcome, PlanRun, Sources};
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Prepares a new instance.
#[wasm_bindgen(start)]
pub fn begin() {
    error::throw_panics();
}

/// Events between two looks at whether to go on, where nothing else is said.
const SLICE: u32 = 1 << 16;

/// A run, in pieces.
#[wasm_bindgen]
pub struct Simulation {
    running: Option<PlanRun>,
    outcome: Option<Outcome>,
    remarks: Vec<Judged>,
}

#[wasm_bindgen]
impl Simulation {
    /// A run that has not begun, of a request as JSON and the bytes of its trace; of its first variant, or of another by its
    /// place. Making a pattern's calls happens here, and may take a second.
    ///
    /// # Errors
    /// What is wrong with the request, and what to change; its `code` says what kind of thing that is.
    #[wasm_bindgen(constructor)]
    pub fn new(
        request: &str,
        trace: Option<Box<[u8]>>,
        variant: Option<usize>,
    ) -> Result<Self, JsValue> {
        let asked = request::read(request, trace.as_deref())?;
        let variants = asked.variants()?;
        let wanted = variants.get(variant.unwrap_or(0)).unwrap_or(&variants[0]);
        let plan = asked.plan(wanted, &mut Sources::default())?;
        let options = asked.options;
        let remarks = plan.remarks();
        let running = PlanRun::new(plan, &options).map_err(|error| Code::Variant.error(error))?;
        Ok(Self {
            running: Some(running),
            outcome: None,
            remarks,
        })
    }

    /// Runs about so many events more, 65,536 if nothing is said; false once the run is over.
    ///
    /// # Errors
    /// Where a stage's variant cannot run its workload.
    pub fn advance(&mut self, events: Option<u32>) -> Result<bool, JsValue> {
        let Some(running) = &mut self.running else {
            return Ok(false);
        };
        let events = events.unwrap_or(SLICE).max(1).into();
        let goes_on = running
            .go_on(events)
            .map_err(|error| Code::Variant.error(error))?;
        if !goes_on {
            self.outcome = self.running.take().map(PlanRun::finish);
        }
        Ok(goes_on)
    }

    /// The share that is done, from 0 to 1.
    #[wasm_bindgen(getter)]
    pub fn progress(&self) -> f64 {
        match &self.running {
            Some(running) => running.progress().share().min(1.0),
            None => 1.0,
        }
    }

    /// What came of it, once it is over.
    ///
    /// # Errors
    /// It is not over.
    pub fn result(&self) -> Result<AnswerJs, JsValue> {
        match &self.outcome {
            Some(outcome) => Ok(answer(outcome, &self.remarks)?),
            None => Err(Code::Unfinished
                .error("the run is not finished: call `advance` until it returns false")),
        }
    }
}

/// The names of a request's variants, in order; one at least.
///
/// # Errors
/// What is wrong with the request.
#[wasm_bindgen]
pub fn variants(request: &str, trace: Option<Box<[u8]>>) -> Result<Vec<String>, JsValue> {
    let variants = request::read(request, trace.as_deref())?.variants()?;
    Ok(variants.into_iter().map(|variant| variant.name).collect())
}

/// A scenario of the catalogue.
#[derive(Tsify, Serialize)]
pub struct ScenarioInfo {
    /// Its name in requests.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it shows.
    pub shows: String,
    /// Where it comes from.
    pub source: String,
    /// Its variants.
    pub variants: Vec<String>,
}

#[wasm_bindgen]
extern "C" {
    /// All scenarios.
    #[wasm_bindgen(typescript_type = "ScenarioInfo[]")]
    pub type ScenariosJs;
}

/// The scenarios of the catalogue.
///
/// # Errors
/// None that could happen.
#[wasm_bindgen]
pub fn scenarios() -> Result<ScenariosJs, JsValue> {
    let info = |scenario: highwater_workload::Scenario| ScenarioInfo {
        title: scenario.run.text("title").to_owned(),
        shows: scenario.run.text("shows").trim().to_owned(),
        source: scenario.run.text("source").trim().to_owned(),
        variants: (scenario.run.parts.iter())
            .map(|variant| variant.text("name").to_owned())
            .collect(),
        name: scenario.name,
    };
    let catalogue = highwater_workload::Scenario::catalogue();
    let all: Vec<ScenarioInfo> = catalogue.into_iter().map(info).collect();
    let all = serde_wasm_bindgen::to_value(&all).map_err(unshown)?;
    Ok(all.unchecked_into())
}
