//! `highwater confirm`: the calls of a run on the real libraries of this machine, against the model.
//!
//! Each variant's calls are made by a small program in a process of its own, on whose heap nothing else ever calls malloc,
//! with the environment of the variant and without address randomisation. It writes what the program wrote, and asks the
//! kernel how much is resident at each mark.

mod text;
mod time;

use crate::arguments::Confirm;
use crate::input::scenario::Found;
use crate::input::variants::Asked;
use anyhow::{Context, Result, anyhow, bail};
use highwater_live::{
    AllocatorFamily, Answers, Difference, Environment, FidelityCounts, Library, MarkPair, ORACLE,
    Occasion, Operation, Oracle, Performance, Question, Release, Step, Wanted, execute,
    first_difference, has_own_threads, marks,
};
use highwater_simulator::{Addresses, Bytes, Choice, Explain, Options, Plan, Sources, Variant};
use highwater_workload::{Micros, Source, Workload, unwatched};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use time::Took;

/// Runs every variant, and says whether all agree.
fn run_all(asked: &Confirm, program: &Path) -> Result<Vec<Confirmed>> {
    let found = Found::look_up(&asked.runs.subject)?;
    let variants = Asked::read(&asked.runs.variant, &asked.runs.settings)?;
    let allocator = asked
        .allocator
        .iter()
        .map(|name| ("allocator", name.clone()));
    let planned = found.plan(&asked.runs.set, &variants, &allocator.collect::<Vec<_>>())?;
    let trace = found.trace()?;
    let mut sources = Sources::default();
    let mut all = Vec::new();
    for planned in &planned {
        let plan = found.make(planned, trace.as_ref(), &mut sources)?;
        let is_asked = planned.stages.iter().any(|stage| stage.allocator.is_some());
        let confirmed = confirm(&plan, is_asked, asked, program);
        let name = found.name_of(&plan);
        all.push(Confirmed {
            name: name.to_owned(),
            ..confirmed.with_context(|| name.to_owned())?
        });
    }
    Ok(all)
}

/// Confirms what is asked for, and prints it.
pub(crate) fn run(asked: &Confirm) -> Result<ExitCode> {
    if ORACLE.is_empty() {
        bail!("confirm runs on x86-64 Linux with glibc only");
    }
    let folder = tempfile::tempdir().context("the folder for temporary files")?;
    let program = folder.path().join("highwater-oracle");
    std::fs::write(&program, ORACLE).with_context(|| program.display().to_string())?;
    allow_to_run(&program)?;
    let all = run_all(asked, &program)?;
    let text = match asked.json {
        true => crate::display::json::line(&Report { variants: &all })?,
        false => {
            let texts: Vec<String> = all.iter().map(Confirmed::text).collect();
            texts.join("\n") + &time::against_first(&all)
        }
    };
    crate::console::print(&text)?;
    let agree = all.iter().all(Confirmed::agrees);
    Ok(ExitCode::from(u8::from(!agree)))
}

#[cfg(unix)]
fn allow_to_run(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(program, permissions).with_context(|| program.display().to_string())
}

#[cfg(not(unix))]
fn allow_to_run(_: &Path) -> Result<()> {
    Ok(())
}

#[derive(Serialize)]
struct Report<'a> {
    variants: &'a [Confirmed],
}

/// A variant on the real library and on the model.
#[derive(Serialize)]
pub(crate) struct Confirmed {
    name: String,
    /// What answered, in its own words.
    library: String,
    /// The release of the model.
    model: String,
    settings: String,
    addresses: u64,
    addresses_equal: u64,
    /// Other answers that differ: usable sizes, what malloc_trim returned.
    other_differences: u64,
    first_difference: Option<String>,
    marks: Vec<Mark>,
    /// The moments at which the recorded process was measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    samples: Vec<Mark>,
    /// Whether the real library had the time that the program took.
    real_time: bool,
    /// The addresses that the trace recorded, where it was recorded with the release that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<Addresses>,
    /// The processor time of the calls, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Took>,
}

/// Resident memory of the allocator's mappings at a mark or a sample.
#[derive(Serialize)]
struct Mark {
    name: String,
    time_us: u64,
    real: Bytes,
    model: Option<Bytes>,
}

/// Runs a variant on both.
fn confirm(plan: &Plan, is_asked: bool, asked: &Confirm, program: &Path) -> Result<Confirmed> {
    let (source, variant) = one_process(plan)?;
    let workload = source.first();
    check(variant, workload, source.is_streamed())?;
    let environment = environment_of(variant);
    let wanted = release_of(variant.allocator);
    let mut oracle = oracle(&wanted, &environment, asked.libraries.as_deref(), program)?;
    let answered = oracle.release().clone();
    if has_own_threads(&answered, &environment) && !asked.real_time {
        return Err(needs_real_time(workload));
    }
    // Without a wish the model is that of the release that is here.
    let release = match is_asked {
        true => wanted,
        false => answered.clone(),
    };
    let performance = Performance::of(
        workload,
        Wanted {
            times: asked.real_time || release.family == AllocatorFamily::Jemalloc,
            samples: true,
        },
    );
    let sequence = &performance.sequence;
    let library = oracle.banner().unwrap_or_else(|| answered.to_string());
    let real = match asked.real_time {
        true => oracle.answer_in_real_time(sequence)?,
        false => oracle.answer(sequence)?,
    };
    let model = execute(&release, &environment, real.layout, sequence).with_context(|| {
        format!("this machine answers with {answered}; --allocator names another model")
    })?;
    let time = asked
        .time
        .map(|rounds| time::take(&mut oracle, sequence, plan, rounds));
    let counts = FidelityCounts::of(sequence, &real, &model);
    let difference = first_difference(sequence, &real, &model);
    let difference = difference.map(|found| in_words(&found, &performance, workload));
    let (samples, marks) = questions(workload, &performance, &real, &model);
    Ok(Confirmed {
        name: plan.name.clone(),
        library,
        model: release.to_string(),
        settings: settings_of(plan, variant),
        addresses: counts.addresses,
        addresses_equal: counts.addresses_equal,
        other_differences: counts.other_differences,
        first_difference: difference,
        marks,
        samples,
        real_time: asked.real_time,
        recorded: match source.trims() {
            None => recorded(workload, variant, &answered)?,
            Some(_) => None,
        },
        time: time.transpose()?,
    })
}

/// What the one process of a plan runs, and through what.
fn one_process(plan: &Plan) -> Result<(&Source, &Variant)> {
    let [stage] = &plan.stages[..] else {
        bail!("it has several stages; confirm takes one process");
    };
    let [source] = &stage.sources[..] else {
        bail!("it has several processes; confirm takes one");
    };
    Ok((source, &stage.variant))
}

/// The error of a run whose real library does something as time passes.
fn needs_real_time(workload: &Workload) -> anyhow::Error {
    let ends = workload.events.last().map_or(Micros(0), |event| event.time);
    anyhow!(
        "its background threads purge as time passes, and without --real-time none does; that takes {}",
        highwater_report::moment::time(ends)
    )
}

/// The settings of a plan of one stage, and when it calls `malloc_trim`, in one line.
fn settings_of(plan: &Plan, variant: &Variant) -> String {
    let (_, settings) = highwater_report::table::runtime([("", 1, variant)]);
    let settings = [settings]
        .into_iter()
        .chain(crate::display::text::trims_of(plan));
    let settings: Vec<String> = settings.filter(|text| !text.is_empty()).collect();
    settings.join(" ")
}

/// Whether a run can be made by the oracle.
fn check(variant: &Variant, workload: &Workload, is_streamed: bool) -> Result<()> {
    if is_streamed {
        bail!("it is too large to be kept whole; reduce its parameters");
    }
    if variant.python.is_some() {
        bail!(
            "Python's object allocator answers some of its calls; choose --variant \"NAME: python=none\""
        );
    }
    if workload.header.page != Bytes(4096) {
        bail!(
            "its pages have {}, not the 4096 B of this machine",
            workload.header.page
        );
    }
    Ok(())
}

/// The settings that the C library or jemalloc read.
fn environment_of(variant: &Variant) -> Environment {
    let set = variant.environment.iter();
    let read = set.filter(|set| highwater_settings::is_read(&set.name));
    Environment {
        lines: read
            .map(|set| (set.name.clone(), set.value.clone()))
            .collect(),
    }
}

fn release_of(choice: Choice) -> Release {
    let (name, version) = choice.parts();
    let family = match name {
        "jemalloc" => AllocatorFamily::Jemalloc,
        _ => AllocatorFamily::Glibc,
    };
    Release {
        family,
        version: version.to_owned(),
    }
}

/// The library that answers: of a folder the one of the release that is wanted, else this machine's own.
fn oracle(
    wanted: &Release,
    environment: &Environment,
    folder: Option<&Path>,
    program: &Path,
) -> Result<Oracle> {
    let is_jemalloc = wanted.family == AllocatorFamily::Jemalloc;
    let libraries = match (folder, is_jemalloc) {
        (Some(folder), false) => {
            Library::in_folder(folder).with_context(|| folder.display().to_string())?
        }
        (Some(folder), true) => {
            Library::jemallocs_in_folder(folder).with_context(|| folder.display().to_string())?
        }
        (None, false) => vec![Library::installed()],
        (None, true) => Library::installed_jemalloc().into_iter().collect(),
    };
    let mut others = Vec::new();
    for library in libraries {
        let oracle = Oracle::start(&library.asked_by(program), environment)?;
        if folder.is_none() || oracle.release() == wanted {
            return Ok(oracle);
        }
        others.push(oracle.release().to_string());
    }
    match (folder, &others[..]) {
        (Some(folder), []) => bail!(
            "--libraries {}: no library of {} in it",
            folder.display(),
            wanted.family
        ),
        (Some(folder), others) => bail!(
            "--libraries {}: no {wanted} in it, only {}",
            folder.display(),
            others.join(", ")
        ),
        (None, _) => bail!(
            "this machine has no libjemalloc.so.2; install it, or name a folder with --libraries"
        ),
    }
}

/// The recorded addresses against the model's, where the model is of the release that recorded them.
fn recorded(
    workload: &Workload,
    variant: &Variant,
    answered: &Release,
) -> Result<Option<Addresses>> {
    let header = &workload.header;
    let is_same = header.allocator.as_ref().is_some_and(|(name, version)| {
        *name == answered.family.to_string() && *version == answered.version
    });
    let recorded_with = highwater_settings::Environment::recorded(&header.env).variables;
    let is_as_recorded = is_same
        && header.brk.is_some()
        && !workload.recorded.is_empty()
        && recorded_with == variant.environment;
    if !is_as_recorded {
        return Ok(None);
    }
    let options = Options {
        check: true,
        decisions: 0,
        explain: Explain::Nothing,
        ..Options::default()
    };
    let recording = highwater_simulator::run(workload.clone(), variant, &options, &mut unwatched)?;
    Ok(Some(recording.addresses))
}

/// The samples, and the marks with their names; behind them the end.
fn questions(
    workload: &Workload,
    performance: &Performance,
    real: &Answers,
    model: &Answers,
) -> (Vec<Mark>, Vec<Mark>) {
    let pairs = marks(&performance.sequence, real, model);
    let both = performance.questions.iter().zip(pairs);
    let (samples, marks): (Vec<_>, Vec<_>) =
        both.partition(|(question, _)| question.of == Occasion::Sample);
    let all = |part: Vec<(&Question, MarkPair)>| {
        let mark = |(question, pair): (&Question, MarkPair)| Mark {
            name: name_of(question.of, workload),
            time_us: question.time.0,
            real: pair.real,
            model: pair.model,
        };
        part.into_iter().map(mark).collect()
    };
    (all(samples), all(marks))
}

/// What a question is about.
fn name_of(of: Occasion, workload: &Workload) -> String {
    match of {
        Occasion::Mark(mark) => {
            let mark = workload.marks.get(mark.0 as usize);
            mark.map(|mark| mark.name.clone()).unwrap_or_default()
        }
        Occasion::Sample => "(sample)".to_owned(),
        Occasion::End => "(end)".to_owned(),
    }
}

/// A difference by the event or the question at which it is.
fn in_words(found: &Difference, performance: &Performance, workload: &Workload) -> String {
    let steps = &performance.sequence.steps[..=found.index];
    let is_question = |step: &&Step| step.operation == Operation::Mark;
    let questions = steps.iter().filter(is_question).count();
    let question = performance.questions.get(questions.saturating_sub(1));
    let question = question.filter(|_| steps.last().is_some_and(|step| is_question(&step)));
    let number = performance.event_of(found.index);
    let place = match (question, workload.events.get(number)) {
        (Some(question), _) => format!(
            "{} at {} µs",
            highwater_report::one_line(&name_of(question.of, workload)),
            question.time.0
        ),
        (None, Some(event)) => format!(
            "event {number} ({} µs), {:?} by thread {}",
            event.time.0, event.call, event.thread.0
        ),
        (None, None) => "the beginning".to_owned(),
    };
    let model = match &found.model {
        Some(model) => model.to_string(),
        None => "no answer".to_owned(),
    };
    format!("{place}: the library {}, the model {model}", found.real)
}

impl Confirmed {
    /// Whether model and library agree in everything, and with what was recorded.
    fn agrees(&self) -> bool {
        let recorded = self.recorded.as_ref();
        self.first_difference.is_none() && recorded.is_none_or(|all| all.equal == all.compared)
    }
}
