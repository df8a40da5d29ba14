//! Turns arguments into a workload and a variant, or into an error of one line.

use crate::arguments::{Common, Replay, Run};
use crate::environment::{self, Settings};
use crate::output::{Files, Output};
use crate::scenario::{Found, say, split, unknown};
use highwater_simulator::{
    ALLOCATOR, Bytes, Choice, Cores, Plan, PythonVersion, Remark, Sources, Stage, Tone, Variant,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Header, Pattern, Source, trace, unwatched};
use std::io::Read;
use std::path::Path;

/// What is to be run.
pub(crate) struct Job {
    pub(crate) title: String,
    pub(crate) plan: Plan,
}

impl Job {
    /// The one process that it is, if it is one.
    pub(crate) fn single(&self) -> Option<(&Source, &Variant)> {
        match &self.plan.stages[..] {
            [
                Stage {
                    sources, variant, ..
                },
            ] if sources.len() == 1 => Some((&sources[0], variant)),
            _ => None,
        }
    }
}

pub(crate) fn prepare_replay(replay: &Replay) -> Result<Job, String> {
    let file = replay.file.display();
    if let Some(set) = replay.set.first() {
        return Err(format!(
            "--set {set}: a recorded trace has no parameters; use `highwater run` with a pattern"
        ));
    }
    let bytes = read_trace(&replay.file).map_err(|error| format!("{file}: {error}"))?;
    let workload = trace::read(&bytes).map_err(|error| format!("{file}: {error}"))?;
    if workload.unended {
        crate::say(&format!(
            "{file}: the last line has no line break: the file may be cut off there and its last number too small; {} calls and \
             marks were read",
            workload.events.len()
        ));
    }
    if replay.check && workload.header.brk.is_none() {
        return Err(format!(
            "{file}: --check needs a `brk` line in the trace, with the address at which its heap began"
        ));
    }
    let recorded: &[(String, String)] = if replay.without_recorded_env {
        &[]
    } else {
        &workload.header.env
    };
    let mut environment = environment::read(recorded, &replay.common.env)?;
    let variant = Variant {
        allocator: choose(
            &replay.common,
            &workload.header,
            replay.check,
            &mut environment,
        )?,
        environment: environment.variables,
        cap: cap(&replay.common)?,
        cores: cores(&replay.common, &workload.header)?,
        seed: replay.common.seed,
        python: python(&replay.common, None)?,
    };
    Ok(Job {
        title: match &workload.header.program {
            Some(program) => format!("{program} ({file})"),
            None => file.to_string(),
        },
        plan: single(workload.into(), variant, environment.remarks),
    })
}

/// One process, with the remarks on how its settings were written.
fn single(source: Source, variant: Variant, said: Vec<Remark>) -> Plan {
    let mut stage = Stage::single(source, variant);
    stage.said = said;
    Plan {
        name: String::new(),
        stages: vec![stage],
    }
}

pub(crate) fn prepare_run(run: &Run, files: &mut Files) -> Result<Job, String> {
    let file = run
        .write
        .as_deref()
        .map(|file| files.claim("--write", file));
    let file = file.transpose()?;
    if let Some(found) = Found::look_up(&run.scenario)? {
        return prepare_scenario(run, &found, file);
    }
    let pattern: Pattern = run.scenario.parse().map_err(|_| unknown(&run.scenario))?;
    if let Some(variant) = &run.variant {
        return Err(format!(
            "--variant {variant}: a pattern has no variants; use --set, --env and --allocator"
        ));
    }
    let mut parameters = Parameters::default();
    for set in &run.set {
        let (name, value) = split(set)?;
        if !pattern.parameters().any(|p| p.name == name) {
            let known: Vec<_> = pattern.parameters().map(|p| p.name).collect();
            return Err(format!(
                "--set {set}: {pattern} has no such parameter; its parameters are {}",
                known.join(", ")
            ));
        }
        parameters
            .set_text(name, value)
            .map_err(|error| format!("--set {set}: {error}"))?;
    }
    let source = pattern.source(&parameters, &mut unwatched).map_err(say)?;
    if file.is_some() && source.is_streamed() {
        parameters.check_whole(pattern.program()).map_err(say)?;
    }
    let mut environment = environment::read(&[], &run.common.env)?;
    let variant = Variant {
        allocator: choose(&run.common, &source.first().header, false, &mut environment)?,
        environment: environment.variables,
        cap: cap(&run.common)?,
        cores: cores(&run.common, &source.first().header)?,
        seed: run.common.seed,
        python: python(&run.common, pattern.python())?,
    };
    // Only now, that nothing is written where another option cannot be used.
    if let Some(file) = file {
        write(&source, file)?;
    }
    Ok(Job {
        title: format!("{} ({pattern})", pattern.title()),
        plan: single(source, variant, environment.remarks),
    })
}

/// A variant of a scenario, with what was asked for set over what it says.
fn prepare_scenario(run: &Run, found: &Found, file: Option<Output>) -> Result<Job, String> {
    let planned = found.plan(&run.set)?;
    let chosen = match &run.variant {
        None => planned.first(),
        Some(name) => planned.iter().find(|planned| planned.name == *name),
    };
    let Some(chosen) = chosen else {
        let known: Vec<&str> = planned.iter().map(|p| p.name.as_str()).collect();
        return Err(format!(
            "--variant {}: {} has no such variant; its variants are {}",
            run.variant.as_deref().unwrap_or_default(),
            found.scenario.name,
            known.join(", ")
        ));
    };
    let mut plan = found.make(chosen, &mut Sources::default())?;
    let written = match (&file, &plan.stages[..]) {
        (None, _) => None,
        (_, [stage]) if stage.sources.len() == 1 && !stage.sources[0].is_streamed() => {
            Some(stage.sources[0].clone())
        }
        (Some(file), _) => {
            return Err(format!(
                "--write {}: a trace holds one process that fits into memory, choose a variant with one process and fewer calls",
                file.name().display()
            ));
        }
    };
    for stage in &mut plan.stages {
        let header = &stage.sources[0].first().header;
        let variant = &mut stage.variant;
        let said = variant.environment.drain(..);
        let said: Vec<_> = said
            .map(|variable| (variable.name, variable.value))
            .collect();
        let mut environment = environment::read(&said, &run.common.env)?;
        if run.common.allocator.is_some() || environment.chosen.is_some() {
            variant.allocator = choose(&run.common, header, false, &mut environment)?;
            stage.said.retain(|remark| remark.variable != ALLOCATOR);
        }
        variant.environment = environment.variables;
        stage.said.extend(environment.remarks);
        variant.cap = cap(&run.common)?.or(variant.cap);
        variant.cores = cores(&run.common, header)?.or(variant.cores);
        variant.seed = run.common.seed.or(variant.seed);
        if run.common.python.is_some() {
            variant.python = python(&run.common, None)?;
        }
    }
    if let (Some(file), Some(source)) = (file, written) {
        write(&source, file)?;
    }
    Ok(Job {
        title: format!("{}: {}", found.scenario.script.title, chosen.name),
        plan,
    })
}

/// The longest scenario, and the longest text with settings, that is read, in bytes.
const MOST_TEXT: u64 = 16 << 20;

/// Reads a short text; one that is longer, or has no end, is refused.
pub(crate) fn read_short(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_TEXT {
        return Err(std::io::Error::other("the text is longer than 16 MiB"));
    }
    Ok(bytes)
}

/// Reads a scenario.
pub(crate) fn read_text(file: &Path) -> std::io::Result<String> {
    let bytes = read_short(std::fs::File::open(file)?)?;
    String::from_utf8(bytes).map_err(|_| std::io::Error::other("the text is not UTF-8"))
}

/// Reads a file that may be a trace whole, and of any other only the beginning: it may have no end.
fn read_trace(file: &Path) -> std::io::Result<Vec<u8>> {
    const BEGINNING: u64 = 4096;
    let mut file = std::fs::File::open(file)?;
    let mut bytes = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut bytes)?;
    if trace::begins_like_one(&bytes) {
        let most = trace::Limits::default().text + 1;
        file.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Writes the calls as a trace, packed where the file's name ends in `.gz`.
fn write(source: &Source, file: Output) -> Result<(), String> {
    let packed = (file.name().extension()).is_some_and(|extension| extension == "gz");
    file.write_with(|mut out| match packed {
        true => trace::write_gzip(source.first(), None, &mut out),
        false => trace::write(source.first(), None, &mut out),
    })
}

/// The allocator asked for; else the one that the settings given choose; else the one that was recorded, or the nearest
/// that is modelled; else the default. A check against the answers of an allocator that is not modelled would mean nothing.
fn choose(
    common: &Common,
    header: &Header,
    check: bool,
    settings: &mut Settings,
) -> Result<Choice, String> {
    if let Some(asked) = &common.allocator {
        let found = Choice::nearest(asked).map_err(|error| format!("--allocator: {error}"))?;
        if let Some(instead) = found.instead {
            settings.note(Tone::Surprise, instead);
        }
        return Ok(found.choice);
    }
    let Some((name, version)) = &header.allocator else {
        return Ok(settings.allocator(Choice::default()));
    };
    let recorded = match Choice::named(name, version) {
        Some(choice) => choice,
        None if check => {
            return Err(format!(
                "--check: the trace was recorded with {name} {version}, which is not modelled; choose a modelled release with --allocator"
            ));
        }
        None => {
            let asked = Choice::recorded(name, version);
            if let Some(instead) = asked.instead.filter(|_| settings.chosen.is_none()) {
                settings.note(Tone::Surprise, instead);
            }
            asked.choice
        }
    };
    Ok(settings.allocator(recorded))
}

/// The release of CPython that runs the program, if one is to; `own` if nothing is said.
fn python(common: &Common, own: Option<&str>) -> Result<Option<PythonVersion>, String> {
    let Some(asked) = common.python.as_deref().or(own) else {
        return Ok(None);
    };
    if asked == "none" {
        return Ok(None);
    }
    match PythonVersion::parse(asked) {
        Some(version) => Ok(Some(version)),
        None => {
            let known = PythonVersion::ALL.map(PythonVersion::name).join(", ");
            Err(format!(
                "--python {asked}: unknown Python version; supported: {known}, none"
            ))
        }
    }
}

fn cap(common: &Common) -> Result<Option<Bytes>, String> {
    match common.cap {
        Some(mib) if mib == 0 || mib > 1 << 20 => Err(format!(
            "--cap {mib}: the cap must be between 1 and 1048576 MiB"
        )),
        cap => Ok(cap.map(Bytes::mib)),
    }
}

/// The cores asked for; where only those that are allowed are said, of the machine that the trace names.
fn cores(common: &Common, header: &Header) -> Result<Option<Cores>, String> {
    if common.cores.is_none() && common.allowed_cores.is_none() {
        return Ok(None);
    }
    let online = common.cores.unwrap_or(header.cpus);
    let allowed = common.allowed_cores.unwrap_or(online);
    let cores = Cores { online, allowed };
    Variant::check_cores(cores).map_err(|error| format!("--cores: {error}"))?;
    Ok(Some(cores))
}
