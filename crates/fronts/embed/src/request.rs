//! What is asked for, and the plan it comes to.

use crate::error::Code;
use highwater_simulator::{Options, Plan, Sources, repeated};
use highwater_workload::scenario::{Scenario, catalogued};
use highwater_workload::spec::{Fault, FaultKind, Planned, Step, Tree, whole};
use highwater_workload::{RunSpec, Source, trace};
use wasm_bindgen::prelude::*;

/// The most points that a curve can be asked to have.
const MOST_SAMPLES: u64 = 100_000;
/// The most heap maps that are kept.
const MOST_FRAMES: u64 = 1000;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Options of a run, of one of its variants, or of a stage of one. */
export interface RunOptionsOfLevel {
  /** A pattern. */
  pattern?: string;
  /** Parameters of the scenario or pattern, by name. */
  parameters?: Record<string, number | string>;
  /** The allocator, such as `glibc@2.36`; the nearest modelled release replaces one that is not modelled. */
  allocator?: string;
  /** The environment, as any text with settings; it replaces the scenario's own, and is set over the one that a trace recorded. */
  environment?: string;
  /** The release of CPython that runs it, or `none`. */
  python?: string;
  /** Limit of memory in MiB, from 1 to 1,048,576: a process is killed when resident memory and page tables exceed it (`memory.max`). */
  cap?: number | string;
  /** Limit in MiB above which the kernel slows processes down (`memory.high`). */
  high?: number | string;
  /** Cores of the machine, from 1 to 4,096. */
  cores?: number | string;
  /** Seed of jemalloc's random states. */
  seed?: number | string;
  /** Who gets transparent huge pages: `always`, `madvise` or `never`. */
  thp?: string;
  /** How far khugepaged adds to them: `off`, `clock` or `everything`. */
  khugepaged?: string;
  /** Size of a page in KiB: 4, 16 or 64. */
  page_size?: number | string;
  /** Processes side by side, from 1 to 64, each with its own seed. */
  workers?: number | string;
}

/** One way to run it. */
export interface VariantOfRun extends RunOptionsOfLevel {
  name?: string;
  /** The scenario's variant that it begins as (default: the first). */
  base?: string;
  /** What runs one after another. */
  stage?: (RunOptionsOfLevel & { name?: string })[];
}

/** The description of a run: exactly one of `scenario`, `pattern` and `trace`, and the options that differ from its own. */
export interface Request extends RunOptionsOfLevel {
  /** The version of this form (default: 1). */
  version?: number | string;
  title?: string;
  shows?: string;
  source?: string;
  /** A scenario of the catalogue. */
  scenario?: string;
  /** A trace, plain or gzip. */
  trace?: Uint8Array;
  /** Whether the environment that the trace recorded is left out (default: false). */
  withoutRecordedEnv?: boolean;
  /** The CRC-32 that the trace must have, in hexadecimal. */
  checksum?: string;
  /** One of the scenario's variants by name (default: the first), or variants of your own, of which the first runs. */
  variant?: string | VariantOfRun[];
  /** Approximate number of samples per curve, from 1 to 100,000 (default: 600). */
  samples?: number | string;
  /** Number of heap maps to keep, at most 1,000 (default: none). */
  frames?: number | string;
}
"#;

/// A request that was read.
pub(crate) struct Asked {
    /// The description of the run.
    pub(crate) run: RunSpec,
    /// Its trace, if it is of one.
    pub(crate) trace: Option<Source>,
    /// What is to be kept of the run.
    pub(crate) options: Options,
}

/// Reads a request as JSON, with the bytes of its trace.
pub(crate) fn read(json: &str, bytes: Option<&[u8]>) -> Result<Asked, JsValue> {
    let tree = Tree::from_json(json).map_err(|_| Code::Request.error("the request is no JSON"))?;
    let Tree::Table(pairs) = tree else {
        return Err(Code::Request.error("the request must be an object"));
    };
    let mut options = Options::default();
    let mut of_run = Vec::new();
    let mut without_env = false;
    for (key, value) in pairs {
        let number = |range| {
            let text = match &value {
                Tree::Text(text) => text,
                other => other.kind(),
            };
            whole(text, range).map_err(|error| Code::Request.at(&key, error))
        };
        match key.as_str() {
            "samples" => options.samples = number(1..=MOST_SAMPLES)? as u32,
            "frames" => options.frames = number(0..=MOST_FRAMES)? as u32,
            "withoutRecordedEnv" => {
                without_env = match &value {
                    Tree::Text(text) if text == "true" => true,
                    Tree::Text(text) if text == "false" => false,
                    other => {
                        let message = format!("expected true or false, not {}", other.kind());
                        return Err(Code::Request.at(&key, message));
                    }
                };
                if without_env && bytes.is_none() {
                    let message = "only a trace has a recorded environment; remove it";
                    return Err(Code::Request.at(&key, message));
                }
            }
            _ => of_run.push((key, value)),
        }
    }
    let run = RunSpec::try_from(Tree::Table(of_run)).map_err(|fault| refused(&fault))?;
    let trace = bytes.map(|bytes| read_trace(&run, bytes, without_env));
    Ok(Asked {
        trace: trace.transpose()?,
        run,
        options,
    })
}

fn read_trace(run: &RunSpec, bytes: &[u8], without_env: bool) -> Result<Source, JsValue> {
    let wanted = run.checksum().map_err(|fault| wrong(&fault))?;
    let sum = trace::checksum(bytes);
    if wanted.is_some_and(|wanted| wanted != sum) {
        let message = format!("the trace's is {sum:08x}");
        return Err(Code::Trace.at("checksum", message));
    }
    let mut workload = trace::read(bytes).map_err(|error| Code::Trace.at("trace", error))?;
    if without_env {
        workload.header.env.clear();
    }
    Ok(Source::from(workload))
}

impl Asked {
    /// Its variants, in order; one at least.
    pub(crate) fn variants(&self) -> Result<Vec<Planned>, JsValue> {
        self.run.plan(&catalogued).map_err(|fault| wrong(&fault))
    }

    /// The plan of a variant.
    pub(crate) fn plan(&self, variant: &Planned, sources: &mut Sources) -> Result<Plan, JsValue> {
        let made = sources.plan(variant, self.trace.as_ref());
        made.map_err(|fault| wrong(&fault))
    }
}

/// A request that does not have the form of one.
fn refused(fault: &Fault) -> JsValue {
    Code::Request.error(format!("{}{}", named(fault), fault.message))
}

/// A request that names something that cannot run.
fn wrong(fault: &Fault) -> JsValue {
    let keys: Vec<&str> = fault.keys().collect();
    let code = match (&keys[..], fault.kind) {
        ([.., "allocator" | "python"], _) => Code::Variant,
        (keys, _) if keys.contains(&"parameters") => Code::Parameter,
        (_, FaultKind::Unknown) => Code::Unknown,
        _ => Code::Request,
    };
    let mut message = format!("{}{}", named(fault), fault.message);
    if keys == ["scenario"] && fault.kind == FaultKind::Unknown {
        let known = Scenario::catalogue()
            .into_iter()
            .map(|scenario| scenario.name);
        message += &format!(
            "; the scenarios are {}",
            known.collect::<Vec<_>>().join(", ")
        );
    }
    code.error(message)
}

/// The keys that lead to a fault: `variant 2: cap: `, `parameters.events: `.
fn named(fault: &Fault) -> String {
    let place = &fault.place;
    let steps = place.iter().enumerate();
    let keys = steps.filter_map(|(at, step)| match (step, place.get(at + 1)) {
        // The path has it, with its number.
        (Step::Key(_), Some(Step::Number(_))) | (Step::Number(_), _) => None,
        (Step::Key(key), _) => Some(key.as_str()),
    });
    let keys = keys.collect::<Vec<_>>().join(".");
    match keys.is_empty() {
        true => fault.path(),
        false => format!("{}{}: ", fault.path(), repeated(&keys)),
    }
}
