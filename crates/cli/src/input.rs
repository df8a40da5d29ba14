//! From arguments to a workload and a variant, or one line that says what is wrong.

use crate::arguments::{Common, Replay, Run};
use crate::environment;
use highwater_simulator::{Bytes, Choice, Cores, PythonVersion, Remark, Variant};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Header, Pattern, Source, Workload, trace, unwatched};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// What is to be run.
pub(crate) struct Job {
    pub(crate) title: String,
    pub(crate) source: Source,
    pub(crate) variant: Variant,
    /// What there is to say about how its environment was written.
    pub(crate) remarks: Vec<Remark>,
}

pub(crate) fn prepare_replay(replay: &Replay) -> Result<Job, String> {
    let file = replay.file.display();
    if let Some(set) = replay.set.first() {
        return Err(format!(
            "--set {set}: a recorded trace has no parameters; `highwater run` has"
        ));
    }
    let bytes = std::fs::read(&replay.file).map_err(|error| format!("{file}: {error}"))?;
    let workload = trace::read(&bytes).map_err(|error| format!("{file}: {error}"))?;
    if replay.check && workload.header.brk.is_none() {
        return Err(format!(
            "{file}: --check needs the trace's `brk` line, which says where its heap began"
        ));
    }
    let recorded: &[(String, String)] = if replay.without_recorded_env {
        &[]
    } else {
        &workload.header.env
    };
    let environment = environment::read(recorded, &replay.common.env)?;
    let variant = Variant {
        allocator: choose(&replay.common, &workload.header, replay.check)?,
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
        source: workload.into(),
        variant,
        remarks: environment.remarks,
    })
}

pub(crate) fn prepare_run(run: &Run) -> Result<Job, String> {
    let scenario: Pattern = run.scenario.parse().map_err(say)?;
    let mut parameters = Parameters::default();
    for set in &run.set {
        let (name, value) = set
            .split_once('=')
            .ok_or_else(|| format!("--set {set}: it must be PARAMETER=VALUE"))?;
        if !scenario.parameters().any(|p| p.name == name) {
            let known: Vec<_> = scenario.parameters().map(|p| p.name).collect();
            return Err(format!(
                "--set {set}: {scenario} has no such parameter; it has {}",
                known.join(", ")
            ));
        }
        parameters
            .set_text(name, value)
            .map_err(|error| format!("--set {set}: {error}"))?;
    }
    let source = scenario.source(&parameters, &mut unwatched).map_err(say)?;
    if let Some(file) = &run.write {
        if source.is_streamed() {
            parameters.check_whole(scenario.program()).map_err(say)?;
        }
        write_trace(source.first(), file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let environment = environment::read(&[], &run.common.env)?;
    let variant = Variant {
        allocator: choose(&run.common, &source.first().header, false)?,
        environment: environment.variables,
        cap: cap(&run.common)?,
        cores: cores(&run.common, &source.first().header)?,
        seed: run.common.seed,
        python: python(&run.common, scenario.python())?,
    };
    Ok(Job {
        title: format!("{} ({scenario})", scenario.title()),
        source,
        variant,
        remarks: environment.remarks,
    })
}

fn say(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn write_trace(workload: &Workload, file: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    if file.extension().is_some_and(|extension| extension == "gz") {
        trace::write_gzip(workload, None, &mut out)
    } else {
        trace::write(workload, None, &mut out)
    }
}

/// The allocator asked for; else the one that was recorded, where it is modelled; else the default. A check against the
/// answers of an allocator that is not modelled would mean nothing.
fn choose(common: &Common, header: &Header, check: bool) -> Result<Choice, String> {
    if let Some(asked) = &common.allocator {
        return asked
            .parse()
            .map_err(|error| format!("--allocator: {error}"));
    }
    let Some((name, version)) = &header.allocator else {
        return Ok(Choice::default());
    };
    match Choice::named(name, version) {
        Some(choice) => Ok(choice),
        None if check => Err(format!(
            "the trace was answered by {name} {version}, which is not modelled; name a modelled one with --allocator"
        )),
        None => Ok(Choice::default()),
    }
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
                "--python {asked}: no model of it: there is {known}"
            ))
        }
    }
}

fn cap(common: &Common) -> Result<Option<Bytes>, String> {
    match common.cap {
        Some(mib) if mib == 0 || mib > 1 << 20 => {
            Err(format!("--cap {mib}: it must be between 1 and 1048576 MiB"))
        }
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
