//! What is asked for, and the plan it comes to.

use crate::error::Code;
use crate::fields::{Fields, shortened};
use highwater_simulator::{
    ALLOCATOR, Bytes, Choice, Cores, Environment, Plan, PythonVersion, Remark, Sources, Stage,
    Tone, Variant, choose,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::scenario::{MAX_CAP, MAX_CORES};
use highwater_workload::{Pattern, Scenario, Source, trace, unwatched};
use std::mem;
use tsify::Tsify;
use wasm_bindgen::JsValue;

/// The most points that a curve can be asked to have.
const MOST_SAMPLES: u32 = 100_000;
/// The most heap maps that are kept.
const MOST_FRAMES: u32 = 1000;

/// What to run: exactly one of `scenario`, `pattern` and `trace`, and the options that differ from its own.
#[derive(Tsify, Default)]
#[serde(rename_all = "camelCase")]
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
    pub(crate) trace: Option<Vec<u8>>,
    /// Parameters of the scenario or pattern, by name.
    #[tsify(optional, type = "Record<string, number | string>")]
    pub(crate) parameters: Vec<(String, String)>,
    /// The allocator, such as `glibc@2.36`; the nearest modelled release replaces one that is not modelled.
    #[tsify(optional)]
    pub(crate) allocator: Option<String>,
    /// The environment, as any text with settings; it replaces the scenario's own, and is set over the one that a trace recorded.
    #[tsify(optional)]
    pub(crate) environment: Option<String>,
    /// Whether the environment that the trace recorded is left out (default: false).
    #[tsify(optional)]
    pub(crate) without_recorded_env: bool,
    /// The release of CPython that runs it, or `none`.
    #[tsify(optional)]
    pub(crate) python: Option<String>,
    /// Limit of resident memory in MiB, from 1 to 1,048,576.
    #[tsify(optional)]
    pub(crate) cap: Option<u32>,
    /// Cores of the machine, from 1 to 4,096.
    #[tsify(optional)]
    pub(crate) cores: Option<u32>,
    /// Approximate number of samples per curve, from 1 to 100,000 (default: 600).
    #[tsify(optional)]
    pub(crate) samples: Option<u32>,
    /// Number of heap maps to keep, at most 1,000 (default: none).
    #[tsify(optional)]
    pub(crate) frames: Option<u32>,
}

const KEYS: [&str; 13] = [
    "scenario",
    "variant",
    "pattern",
    "trace",
    "parameters",
    "allocator",
    "environment",
    "withoutRecordedEnv",
    "python",
    "cap",
    "cores",
    "samples",
    "frames",
];

impl Request {
    /// Reads a request. An unknown key is an error.
    pub(crate) fn read(object: &JsValue) -> Result<Self, JsValue> {
        let fields = Fields::of(object, &KEYS)?;
        Ok(Self {
            scenario: fields.text("scenario")?,
            variant: fields.text("variant")?,
            pattern: fields.text("pattern")?,
            trace: fields.bytes("trace", trace::Limits::default().text)?,
            parameters: fields.settings("parameters")?,
            allocator: fields.text("allocator")?,
            environment: fields.text("environment")?,
            without_recorded_env: fields.flag("withoutRecordedEnv")?,
            python: fields.text("python")?,
            cap: fields.whole("cap", 1..=MAX_CAP as u32)?,
            cores: fields.whole("cores", 1..=MAX_CORES)?,
            samples: fields.whole("samples", 1..=MOST_SAMPLES)?,
            frames: fields.whole("frames", 0..=MOST_FRAMES)?,
        })
    }
}

/// Returns the plan of a request.
pub(crate) fn plan(request: Request) -> Result<Plan, JsValue> {
    let set = &request.parameters;
    let mut plan = match (&request.scenario, &request.pattern, &request.trace) {
        (Some(name), None, None) => of_scenario(name, request.variant.as_deref(), set)?,
        (None, Some(name), None) => of_pattern(name, set)?,
        (None, None, Some(bytes)) => of_trace(bytes, set, request.without_recorded_env)?,
        _ => {
            return Err(
                Code::Request.error("exactly one of scenario, pattern and trace is required")
            );
        }
    };
    if request.variant.is_some() && request.scenario.is_none() {
        return Err(Code::Request.at("variant", "only a scenario has variants; remove it"));
    }
    if request.without_recorded_env && request.trace.is_none() {
        let message = "only a trace has a recorded environment; remove it";
        return Err(Code::Request.at("withoutRecordedEnv", message));
    }
    for stage in &mut plan.stages {
        set_over(stage, &request)?;
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
        let message = format!(
            "unknown scenario `{}`; the scenarios are {}",
            shortened(name),
            known.join(", ")
        );
        Code::Unknown.at("scenario", message)
    })?;
    check_each(set)?;
    let planned = scenario
        .plan_with(set)
        .map_err(|fault| Code::Parameter.at("parameters", fault))?;
    let chosen = match variant {
        None => planned.first(),
        Some(wanted) => planned.iter().find(|planned| planned.name == wanted),
    };
    let chosen = chosen.ok_or_else(|| {
        let known: Vec<&str> = planned
            .iter()
            .map(|planned| planned.name.as_str())
            .collect();
        let message = format!(
            "the scenario has no such variant; its variants are {}",
            known.join(", ")
        );
        Code::Unknown.at("variant", message)
    })?;
    let mut sources = Sources::default();
    Plan::of(chosen, &mut |pattern, parameters| {
        sources.get(pattern, parameters, &mut unwatched)
    })
    .map_err(|fault| Code::Parameter.at("parameters", fault))
}

/// Sets each parameter by itself, so that an error names it.
fn check_each(set: &[(String, String)]) -> Result<Parameters, JsValue> {
    let mut parameters = Parameters::default();
    for (name, value) in set {
        let set = parameters.set_text(name, value);
        set.map_err(|error| Code::Parameter.at(&format!("parameters.{}", shortened(name)), error))?;
    }
    Ok(parameters)
}

fn of_pattern(name: &str, set: &[(String, String)]) -> Result<Plan, JsValue> {
    let pattern: Pattern = (name.parse()).map_err(|error| Code::Unknown.at("pattern", error))?;
    let parameters = check_each(set)?;
    let has = |name: &str| pattern.parameters().any(|parameter| parameter.name == name);
    if let Some((name, _)) = set.iter().find(|(name, _)| !has(name)) {
        let known: Vec<_> = pattern
            .parameters()
            .map(|parameter| parameter.name)
            .collect();
        let message = format!(
            "{pattern} has no such parameter; its parameters are {}",
            known.join(", ")
        );
        return Err(Code::Parameter.at(&format!("parameters.{name}"), message));
    }
    let source = pattern.source(&parameters, &mut unwatched);
    let source = source.map_err(|error| Code::Parameter.at("parameters", error))?;
    let variant = Variant {
        python: pattern.python().and_then(PythonVersion::parse),
        ..Variant::default()
    };
    Ok(Plan::single(source, variant))
}

fn of_trace(
    bytes: &[u8],
    set: &[(String, String)],
    without_recorded_env: bool,
) -> Result<Plan, JsValue> {
    if let Some((name, _)) = set.first() {
        let key = format!("parameters.{}", shortened(name));
        return Err(Code::Parameter.at(&key, "a trace has no parameters; remove it"));
    }
    let workload = trace::read(bytes).map_err(|error| Code::Trace.at("trace", error))?;
    let recorded = workload.header.allocator.as_ref();
    let asked = recorded.map(|(name, version)| Choice::recorded(name, version));
    let recorded: &[(String, String)] = if without_recorded_env {
        &[]
    } else {
        &workload.header.env
    };
    let environment = Environment::recorded(recorded);
    let variant = Variant {
        allocator: asked.as_ref().map(|asked| asked.choice).unwrap_or_default(),
        environment: environment.variables,
        ..Variant::default()
    };
    let mut plan = Plan::single(Source::from(workload), variant);
    let instead = asked.and_then(|asked| asked.instead);
    plan.stages[0].said = environment.remarks;
    plan.stages[0].said.extend(instead.map(note));
    Ok(plan)
}

fn note(says: String) -> Remark {
    Remark::new(ALLOCATOR, Tone::Surprise, says)
}

/// Applies the request's options to a stage.
fn set_over(stage: &mut Stage, request: &Request) -> Result<(), JsValue> {
    let Stage { variant, said, .. } = stage;
    if let Some(lines) = &request.environment {
        let mut read = Environment::parse(lines);
        let chosen = choose(&read.variables, read.linked);
        // What a trace recorded stays, with the remarks on it.
        if request.trace.is_some() {
            let given = mem::replace(&mut read.variables, mem::take(&mut variant.environment));
            given.into_iter().for_each(|variable| read.set(variable));
        } else {
            said.retain(|remark| remark.variable == ALLOCATOR);
        }
        said.extend(read.remarks);
        if let Some(chosen) = chosen {
            variant.allocator = chosen.choice().unwrap_or(variant.allocator);
            said.retain(|remark| remark.variable != ALLOCATOR);
            said.push(note(chosen.says(variant.allocator)));
        }
        variant.environment = read.variables;
    }
    if let Some(name) = &request.allocator {
        let asked = Choice::nearest(name).map_err(|error| Code::Variant.at(ALLOCATOR, error))?;
        variant.allocator = asked.choice;
        said.retain(|remark| remark.variable != ALLOCATOR);
        said.extend(asked.instead.map(note));
    }
    match request.python.as_deref() {
        None => {}
        Some("none") => variant.python = None,
        Some(name) => {
            let known = PythonVersion::parse(name);
            let unknown = || {
                let message = format!(
                    "unknown Python version `{}`; use 3.9 to 3.14, or none",
                    shortened(name)
                );
                Code::Variant.at("python", message)
            };
            variant.python = Some(known.ok_or_else(unknown)?);
        }
    }
    if let Some(mib) = request.cap {
        variant.cap = Some(Bytes::mib(mib.into()));
    }
    if let Some(cores) = request.cores {
        let cores = Cores::all(cores);
        Variant::check_cores(cores).map_err(|error| Code::Variant.at("cores", error))?;
        variant.cores = Some(cores);
    }
    Ok(())
}
