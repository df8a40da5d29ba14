//! What is asked for, and the plan it comes to.

use crate::error::{Code, unshown};
use highwater_simulator::{
    Bytes, Choice, Cores, Environment, Plan, PythonVersion, Sources, Variant, choose,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, Scenario, Source, trace, unwatched};
use js_sys::Object;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tsify::Tsify;
use wasm_bindgen::{JsCast, JsValue};

/// A parameter's value.
#[derive(Tsify, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    /// A number.
    Number(f64),
    /// The name of a choice, or a number as text.
    Text(String),
}

/// What to run: exactly one of `scenario`, `pattern` and `trace`, and the options that differ from its own.
#[derive(Tsify, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    /// A scenario of the catalogue.
    #[tsify(optional)]
    pub(crate) scenario: Option<String>,
    /// One of the scenario's variants (default: the first).
    #[tsify(optional)]
    pub(crate) variant: Option<String>,
    /// A pattern.
    #[tsify(optional)]
    pub(crate) pattern: Option<String>,
    /// A trace, plain or gzip.
    #[tsify(optional, type = "Uint8Array")]
    #[serde(with = "bytes")]
    pub(crate) trace: Option<Vec<u8>>,
    /// Parameters of the scenario or pattern, by name.
    #[tsify(optional, type = "Record<string, number | string>")]
    pub(crate) parameters: HashMap<String, Value>,
    /// The allocator, such as `glibc@2.36`.
    #[tsify(optional)]
    pub(crate) allocator: Option<String>,
    /// The environment, as lines; it replaces the scenario's own.
    #[tsify(optional)]
    pub(crate) environment: Option<String>,
    /// The release of CPython that runs it, or `none`.
    #[tsify(optional)]
    pub(crate) python: Option<String>,
    /// Limit of resident memory in MiB.
    #[tsify(optional)]
    pub(crate) cap: Option<u32>,
    /// Cores of the machine.
    #[tsify(optional)]
    pub(crate) cores: Option<u32>,
    /// Approximate number of samples per curve (default: 600).
    #[tsify(optional)]
    pub(crate) samples: Option<u32>,
    /// Number of heap maps to keep (default: none).
    #[tsify(optional)]
    pub(crate) frames: Option<u32>,
}

impl Request {
    /// Reads a request. An unknown name is an error here, because the reader of objects only looks for the names that it knows.
    pub(crate) fn read(object: &JsValue) -> Result<Self, JsValue> {
        let given = object
            .dyn_ref::<Object>()
            .ok_or_else(|| Code::Request.error("the request must be an object"))?;
        let known = serde_wasm_bindgen::to_value(&Self::default()).map_err(unshown)?;
        let known = Object::keys(known.unchecked_ref::<Object>());
        if let Some(name) = Object::keys(given)
            .iter()
            .find(|name| !known.includes(name, 0))
        {
            let name = name.as_string().unwrap_or_default();
            let known = known.join(", ");
            return Err(Code::Request.error(format!("unknown key `{name}`; the keys are {known}")));
        }
        serde_wasm_bindgen::from_value(object.clone()).map_err(|error| Code::Request.error(error))
    }
}

/// Bytes as a typed array, where they are there.
mod bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_wasm_bindgen::preserve;
    use wasm_bindgen::JsCast;

    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        #[derive(Deserialize)]
        struct Kept(#[serde(with = "preserve")] wasm_bindgen::JsValue);
        let Kept(value) = Kept::deserialize(from)?;
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        let array: &js_sys::Uint8Array = value
            .dyn_ref()
            .ok_or_else(|| serde::de::Error::custom("trace must be a Uint8Array"))?;
        Ok(Some(array.to_vec()))
    }
}

/// Returns the plan of a request.
pub(crate) fn plan(request: Request) -> Result<Plan, JsValue> {
    let set: Vec<(String, String)> = (request.parameters.iter())
        .map(|(name, value)| {
            let text = match value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => text.clone(),
            };
            (name.clone(), text)
        })
        .collect();
    let mut plan = match (&request.scenario, &request.pattern, &request.trace) {
        (Some(name), None, None) => of_scenario(name, request.variant.as_deref(), &set)?,
        (None, Some(name), None) => of_pattern(name, &set)?,
        (None, None, Some(bytes)) => of_trace(bytes, &set)?,
        _ => {
            return Err(
                Code::Request.error("exactly one of scenario, pattern and trace is required")
            );
        }
    };
    if request.variant.is_some() && request.scenario.is_none() {
        return Err(Code::Request.error("only a scenario has variants"));
    }
    for stage in &mut plan.stages {
        set_over(&mut stage.variant, &request)?;
    }
    Ok(plan)
}

fn of_scenario(
    name: &str,
    variant: Option<&str>,
    set: &[(String, String)],
) -> Result<Plan, JsValue> {
    let scenario = Scenario::named(name).ok_or_else(|| {
        let known: Vec<String> = Scenario::catalogue().into_iter().map(|s| s.name).collect();
        Code::Unknown.error(format!(
            "unknown scenario `{name}`; the scenarios are {}",
            known.join(", ")
        ))
    })?;
    let planned = scenario
        .plan_with(set)
        .map_err(|fault| Code::Parameter.error(fault))?;
    let chosen = match variant {
        None => planned.first(),
        Some(wanted) => planned.iter().find(|planned| planned.name == wanted),
    };
    let chosen = chosen.ok_or_else(|| {
        let known: Vec<&str> = planned
            .iter()
            .map(|planned| planned.name.as_str())
            .collect();
        Code::Unknown.error(format!(
            "unknown variant; the variants are {}",
            known.join(", ")
        ))
    })?;
    let mut sources = Sources::default();
    Plan::of(chosen, &mut |pattern, parameters| {
        sources.get(pattern, parameters, &mut unwatched)
    })
    .map_err(|fault| Code::Parameter.error(fault))
}

fn of_pattern(name: &str, set: &[(String, String)]) -> Result<Plan, JsValue> {
    let pattern: Pattern = name.parse().map_err(|error| Code::Unknown.error(error))?;
    let mut parameters = Parameters::default();
    for (name, value) in set {
        let set = parameters.set_text(name, value);
        set.map_err(|error| Code::Parameter.error(error))?;
    }
    let source = pattern.source(&parameters, &mut unwatched);
    let source = source.map_err(|error| Code::Parameter.error(error))?;
    let variant = Variant {
        python: pattern.python().and_then(PythonVersion::parse),
        ..Variant::default()
    };
    Ok(Plan::single(source, variant))
}

fn of_trace(bytes: &[u8], set: &[(String, String)]) -> Result<Plan, JsValue> {
    if let Some((name, _)) = set.first() {
        return Err(Code::Parameter.error(format!("{name}: a trace has no parameters; remove it")));
    }
    let workload = trace::read(bytes).map_err(|error| Code::Trace.error(error))?;
    let recorded = workload.header.allocator.as_ref();
    let own = recorded.and_then(|(name, version)| Choice::named(name, version));
    let variant = Variant {
        allocator: own.unwrap_or_default(),
        ..Variant::default()
    };
    Ok(Plan::single(Source::from(workload), variant))
}

/// Applies the request's options to a variant.
fn set_over(variant: &mut Variant, request: &Request) -> Result<(), JsValue> {
    if let Some(name) = &request.allocator {
        variant.allocator = name.parse().map_err(|error| Code::Variant.error(error))?;
    }
    if let Some(lines) = &request.environment {
        let read = Environment::parse(lines);
        let chosen = choose(&read.variables, read.linked).and_then(|chosen| chosen.choice());
        if let (None, Some(choice)) = (&request.allocator, chosen) {
            variant.allocator = choice;
        }
        variant.environment = read.variables;
    }
    match request.python.as_deref() {
        None => {}
        Some("none") => variant.python = None,
        Some(name) => {
            let known = PythonVersion::parse(name);
            let unknown = || {
                Code::Variant.error(format!(
                    "unknown Python version `{name}`; use 3.9 to 3.14, or none"
                ))
            };
            variant.python = Some(known.ok_or_else(unknown)?);
        }
    }
    if let Some(mib) = request.cap {
        variant.cap = Some(Bytes::mib(mib.into()));
    }
    if let Some(cores) = request.cores {
        let cores = Cores::all(cores);
        Variant::check_cores(cores).map_err(|error| Code::Variant.error(error))?;
        variant.cores = Some(cores);
    }
    Ok(())
}
