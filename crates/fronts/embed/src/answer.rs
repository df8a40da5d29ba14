//! What came of a run, as objects and typed arrays.

use crate::error::{Code, unshown};
use highwater_simulator::{
    Bytes, Diagnosis, Finding, Frame, Judged, Outcome, Sample, StripKind, Summary,
};
use js_sys::{Float64Array, Object, Reflect, Uint32Array};
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// The figures that variants are compared by; sizes are in bytes.
#[derive(Tsify, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    /// The highest resident memory.
    pub(crate) peak: f64,
    /// The most that the program held.
    pub(crate) peak_live: f64,
    /// Resident after the last burst, once its garbage has been collected.
    pub(crate) after_burst: f64,
    /// Resident at the end of the last rest.
    pub(crate) after_rest: f64,
    /// What the program holds at the end of the last rest.
    pub(crate) live: f64,
    /// What `malloc_trim(0)` would give back at the end of the last rest.
    pub(crate) reclaimable: f64,
    /// The program's calls of `malloc_trim`.
    pub(crate) trims: f64,
    /// What these calls gave back.
    pub(crate) trimmed: f64,
    /// Resident at the end of the run.
    pub(crate) at_end: f64,
    /// Page faults.
    pub(crate) faults: f64,
    /// System calls.
    pub(crate) syscalls: f64,
    /// Processes killed at the cap.
    pub(crate) killed: f64,
}

impl From<Summary> for Figures {
    fn from(summary: Summary) -> Self {
        let bytes = |bytes: Bytes| bytes.0 as f64;
        Self {
            peak: bytes(summary.peak),
            peak_live: bytes(summary.peak_live),
            after_burst: bytes(summary.after_burst),
            after_rest: bytes(summary.after_rest),
            live: bytes(summary.live),
            reclaimable: bytes(summary.reclaimable),
            trims: summary.trims as f64,
            trimmed: bytes(summary.trimmed),
            at_end: bytes(summary.at_end),
            faults: summary.faults as f64,
            syscalls: summary.syscalls as f64,
            killed: summary.killed as f64,
        }
    }
}

/// A named moment.
#[derive(Tsify, Serialize)]
pub(crate) struct Mark {
    /// Its name.
    pub(crate) name: String,
    /// Its time in seconds.
    pub(crate) seconds: f64,
    /// Resident bytes.
    pub(crate) rss: f64,
    /// Bytes the program holds.
    pub(crate) live: f64,
    /// What `malloc_trim(0)` would give back.
    pub(crate) reclaimable: Option<f64>,
}

/// A chunk that keeps free memory from going back.
#[derive(Tsify, Serialize)]
pub(crate) struct Pin {
    /// Its address, in hexadecimal.
    pub(crate) address: String,
    /// Its size with its header.
    pub(crate) size: f64,
    /// `live`, `parked` or `metadata`.
    pub(crate) state: String,
    /// Free bytes that it holds.
    pub(crate) behind: f64,
}

/// The diagnosis at the end, for the first process of the last stage.
#[derive(Tsify, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reasons {
    /// The diagnosis in sentences: the first says what is resident, held and free; the others are those of the findings.
    pub(crate) sentences: Vec<String>,
    /// Free in the allocator and still resident.
    pub(crate) free_resident: f64,
    /// The pins, from the top down.
    pub(crate) pins: Vec<Pin>,
    /// Pins that are not listed.
    pub(crate) unlisted_pins: f64,
}

/// The result of a run. `series` has one typed array for each curve, `frames` the heap maps.
#[derive(Tsify, Serialize)]
pub(crate) struct Plain {
    /// The figures to compare.
    pub(crate) figures: Figures,
    /// Named moments.
    pub(crate) marks: Vec<Mark>,
    /// The diagnosis: why memory does not go back.
    pub(crate) reasons: Reasons,
}

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = r#"
/** Curves: one entry per sample, in bytes except for `seconds`. `reclaimable` is NaN where it was not measured. */
export interface Series {
    seconds: Float64Array;
    rss: Float64Array;
    rssPeak: Float64Array;
    /** What a control group is charged for, as far as it is known: resident memory and page tables. */
    memoryCurrent: Float64Array;
    /** That without the memory marked with MADV_FREE, which the kernel counts as `inactive_file`. */
    workingSet: Float64Array;
    live: Float64Array;
    parked: Float64Array;
    free: Float64Array;
    top: Float64Array;
    trimThreshold: Float64Array;
    reclaimable: Float64Array;
}
/** A remedy: a setting to start the process with, or a call. */
export interface Remedy {
    action: "set" | "malloc_trim";
    variables?: { name: string; value: string }[];
    gives: { basis: "now" | "at_least" | "ends"; bytes?: number };
    cost: string;
}
/** One reason why memory is as it is, the most important first. Each kind has fields of its own besides: docs/findings.md. */
export interface Finding {
    kind: string;
    bytes: number;
    rule?: { id: string; function: string };
    remedies?: Remedy[];
    /** The same in sentences. */
    words: string[];
    [field: string]: unknown;
}
/** Why memory is as it is. */
export interface ReasonsWithFindings extends Reasons {
    findings: Finding[];
}
/** A moment of a run: after how many events, and at which microsecond. */
export interface Moment {
    event: number;
    time: number;
}
/** A stretch of a run in which the program does one thing, as `replay --json` has it. */
export interface Phase {
    kind: "start" | "burst" | "collect" | "rest" | "trim" | "end";
    begin: Moment;
    end: Moment;
    /** The mark that bounds it; otherwise its kind and a number. */
    name: string;
    /** Whether the name is that of a mark. */
    is_marked: boolean;
    /** Where it is known from: a mark, or the number of calls in it. */
    source: { mark: string } | { calls: number };
}
/** The effect of a setting, as `highwater settings --json` has it. A remark on the allocator has the name `allocator`. */
export interface Remark {
    name: string;
    value: string;
    effect: "obeyed" | "no_effect" | "not_read" | "invalid";
    says: string;
}
/** A heap map: strips of pages, each as runs of a kind (upper 4 bits) and a length (lower 28 bits). */
export interface HeapMap {
    seconds: number;
    strips: { kind: string; start: string; pages: number; runs: Uint32Array }[];
    /** Huge pages: the small pages that each takes the place of, those in use, and those that are resident only because of it. */
    huge: { start: string; pages: number; used: number; unwritten: number }[];
}
/** The result of a run. */
export interface Answer extends Omit<Plain, "reasons"> {
    reasons: ReasonsWithFindings;
    phases: Phase[];
    remarks: Remark[];
    series: Series;
    frames: HeapMap[];
}
"#;

#[wasm_bindgen]
extern "C" {
    /// What came of a run.
    #[wasm_bindgen(typescript_type = "Answer")]
    pub type AnswerJs;
}

/// Everything that came of a run.
pub(crate) fn answer(outcome: &Outcome, remarks: &[Judged]) -> Result<AnswerJs, JsValue> {
    let plain = Plain {
        figures: outcome.summary().into(),
        marks: (outcome.marks.iter())
            .map(|mark| Mark {
                name: mark.name.clone(),
                seconds: mark.sample.time.as_seconds(),
                rss: mark.sample.rss.0 as f64,
                live: mark.sample.live.0 as f64,
                reclaimable: mark.sample.reclaimable.map(|bytes| bytes.0 as f64),
            })
            .collect(),
        reasons: reasons(outcome),
    };
    let object = serde_wasm_bindgen::to_value(&plain).map_err(unshown)?;
    if let Some(diagnosis) = diagnosis(outcome) {
        let reasons = Reflect::get(&object, &"reasons".into())?;
        set(&reasons, "findings", &findings(diagnosis)?);
    }
    set(&object, "phases", &parsed(&outcome.phases)?);
    set(&object, "remarks", &parsed(remarks)?);
    set(&object, "series", &series(&outcome.samples));
    let frames = outcome.stages.iter().flat_map(|stage| {
        let first = stage.recordings.first().into_iter();
        first.flat_map(|recording| recording.frames.iter().map(map_of))
    });
    set(&object, "frames", &frames.collect::<js_sys::Array>());
    Ok(object.unchecked_into())
}

/// The end of the first process of the last stage.
fn diagnosis(outcome: &Outcome) -> Option<&Diagnosis> {
    let last = outcome.stages.last()?.recordings.first()?;
    last.diagnosis.as_ref()
}

/// The first sentence and those of every finding.
fn sentences(diagnosis: &Diagnosis) -> Vec<String> {
    let mut all = vec![highwater_report::headline(diagnosis).to_string()];
    for finding in &diagnosis.findings {
        let explained = highwater_report::explain(finding);
        all.extend(explained.sentences.iter().map(ToString::to_string));
    }
    all
}

/// The findings as data, each with its words. They go through JSON, whose numbers may be larger than JavaScript keeps
/// exactly: a threshold can be set to any.
fn findings(diagnosis: &Diagnosis) -> Result<JsValue, JsValue> {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(flatten)]
        finding: &'a Finding,
        words: Vec<String>,
    }
    let tell = |finding| {
        let explained = highwater_report::explain(finding);
        Told {
            finding,
            words: explained
                .sentences
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    };
    let told: Vec<Told> = diagnosis.findings.iter().map(tell).collect();
    parsed(&told)
}

/// The objects that a value has in JSON.
fn parsed<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    let text = serde_json::to_string(value).map_err(|error| Code::Result.error(error))?;
    js_sys::JSON::parse(&text)
}

fn reasons(outcome: &Outcome) -> Reasons {
    let Some(diagnosis) = diagnosis(outcome) else {
        return Reasons {
            sentences: Vec::new(),
            free_resident: 0.0,
            unlisted_pins: 0.0,
            pins: Vec::new(),
        };
    };
    Reasons {
        sentences: sentences(diagnosis),
        unlisted_pins: diagnosis.unlisted_pins.count as f64,
        free_resident: diagnosis.free_resident.0 as f64,
        pins: (diagnosis.pins.iter())
            .map(|pin| Pin {
                address: pin.address.to_string(),
                size: pin.size.0 as f64,
                state: match pin.state {
                    highwater_simulator::PinState::Live => "live",
                    highwater_simulator::PinState::Parked => "parked",
                    highwater_simulator::PinState::Metadata => "metadata",
                }
                .to_owned(),
                behind: pin.behind.0 as f64,
            })
            .collect(),
    }
}

fn series(samples: &[Sample]) -> JsValue {
    let object = Object::new();
    let bytes = |of: fn(&Sample) -> Bytes| -> Vec<f64> {
        samples.iter().map(|sample| of(sample).0 as f64).collect()
    };
    let seconds: Vec<f64> = samples.iter().map(|s| s.time.as_seconds()).collect();
    let reclaimable: Vec<f64> = (samples.iter())
        .map(|sample| sample.reclaimable.map_or(f64::NAN, |bytes| bytes.0 as f64))
        .collect();
    for (name, values) in [
        ("seconds", seconds),
        ("rss", bytes(|s| s.rss)),
        ("rssPeak", bytes(|s| s.rss_peak)),
        ("memoryCurrent", bytes(Sample::charged)),
        ("workingSet", bytes(Sample::working_set)),
        ("live", bytes(|s| s.live)),
        ("parked", bytes(|s| s.parked)),
        ("free", bytes(|s| s.free)),
        ("top", bytes(|s| s.top)),
        ("trimThreshold", bytes(|s| s.trim_threshold)),
        ("reclaimable", reclaimable),
    ] {
        set(&object, name, &Float64Array::from(&values[..]));
    }
    object.into()
}

fn map_of(frame: &Frame) -> JsValue {
    let object = Object::new();
    set(&object, "seconds", &frame.time.as_seconds().into());
    let strips = frame.strips.iter().map(|strip| {
        let of_strip = Object::new();
        let kind = match strip.kind {
            StripKind::Heap => "heap".to_owned(),
            StripKind::Mappings => "mappings".to_owned(),
            StripKind::Arena { arena, heap } => format!("arena {arena}, heap {heap}"),
        };
        let runs: Vec<u32> = (strip.runs.iter())
            .map(|(kind, length)| u32::from(*kind) << 28 | length)
            .collect();
        set(&of_strip, "kind", &kind.into());
        set(&of_strip, "start", &strip.start.to_string().into());
        set(&of_strip, "pages", &(strip.pages as f64).into());
        set(&of_strip, "runs", &Uint32Array::from(&runs[..]));
        JsValue::from(of_strip)
    });
    set(&object, "strips", &strips.collect::<js_sys::Array>());
    let huge = frame.huge.iter().map(|page| {
        let of_page = Object::new();
        set(&of_page, "start", &page.start.to_string().into());
        set(&of_page, "pages", &page.pages.into());
        set(&of_page, "used", &page.used.into());
        set(&of_page, "unwritten", &page.unwritten.into());
        JsValue::from(of_page)
    });
    set(&object, "huge", &huge.collect::<js_sys::Array>());
    object.into()
}

/// Sets a property of an object that was just made, which cannot fail.
fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}
