//! Turns arguments into a workload and a variant, or into an error of one line.

use crate::arguments::{Common, Replay, Run, Touch};
use crate::input::environment;
use crate::input::scenario::Found;
use crate::input::variants::Asked;
use crate::output::{Files, Output};
use anyhow::{Context, Result, bail};
use highwater_simulator::{ALLOCATOR, Choice, Cores, Plan, Remark, Sources, Stage, Tone, Variant};
use highwater_workload::spec::Calls;
use highwater_workload::{Header, Source, Workload, trace};

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

pub(crate) fn prepare_replay(replay: &Replay) -> Result<Job> {
    let name = replay.file.to_string_lossy().into_owned();
    let found = Found::of_trace(&name);
    let change = |workload: &mut Workload| {
        if replay.without_recorded_env {
            workload.header.env.clear();
        }
        touch(workload, replay.touch);
    };
    let trace = found.streamed_trace()?.map(|trace| trace.with(change));
    let planned = found.plan(&replay.set, &Asked::default(), &replay.common.options())?;
    let mut plan = found.make(&planned[0], trace.as_ref(), &mut Sources::default())?;
    let source = &plan.stages[0].sources[0];
    let (workload, events) = (source.first().clone(), source.events());
    if workload.unended {
        crate::console::say(&format!(
            "{name}: the last line has no line break: the file may be cut off there and its last number too small; {events} calls and \
             marks were read"
        ));
    }
    if replay.check {
        check(&replay.common, &workload.header).with_context(|| name.clone())?;
    }
    set_over(&mut plan, &replay.common)?;
    Ok(Job {
        title: match &workload.header.program {
            Some(program) => format!("{program} ({name})"),
            None => name,
        },
        plan,
    })
}

/// Has a trace's program touch other pages than the trace says.
fn touch(workload: &mut Workload, touch: Touch) {
    if touch != Touch::Trace {
        workload.header.touch = touch == Touch::All;
        workload.touched.clear();
    }
}

/// Whether addresses can be compared: with an allocator that is not modelled it would mean nothing.
fn check(common: &Common, header: &Header) -> Result<()> {
    if header.snapshot > 0 {
        bail!(
            "--check: the recording begins in the middle and does not say which free memory lay in which cache or bin then, so later \
             addresses need not be equal; record without --last"
        );
    }
    if let Some(losses) = crate::input::imported::losses(header)
        && let Some(why) = losses.check_refusal()
    {
        bail!(
            "--check: the addresses of {} cannot be compared: {why}",
            losses.format
        );
    }
    if header.brk.is_none() {
        bail!("--check needs a `brk` line in the trace, with the address at which its heap began");
    }
    match &header.allocator {
        Some((name, version))
            if common.allocator.is_none() && Choice::named(name, version).is_none() =>
        {
            // Of others than these two no release is modelled.
            if !["glibc", "jemalloc"].contains(&name.as_str()) {
                bail!(
                    "--check: the trace was recorded with {name}, which is not modelled, so its addresses cannot be compared"
                );
            }
            bail!(
                "--check: the trace was recorded with {name} {version}, which is not modelled; choose a modelled release with --allocator"
            )
        }
        _ => Ok(()),
    }
}

pub(crate) fn prepare_run(run: &Run, files: &mut Files) -> Result<Job> {
    let file = run
        .write
        .as_deref()
        .map(|file| files.claim("--write", file));
    let file = file.transpose()?;
    let found = Found::look_up(&run.scenario)?;
    let asked = Asked {
        named: run.variant.iter().cloned().collect(),
        ..Asked::default()
    };
    let planned = found.plan(&run.set, &asked, &run.common.options())?;
    let chosen = &planned[0];
    let trace = found.trace()?;
    let mut plan = found.make(chosen, trace.as_ref(), &mut Sources::default())?;
    if let Some(file) = &file {
        can_be_written(&plan, &chosen.stages[0].calls)
            .with_context(|| format!("--write {}", file.name().display()))?;
    }
    set_over(&mut plan, &run.common)?;
    // Only now, that nothing is written where another option cannot be used.
    if let Some(file) = file {
        write(&plan.stages[0].sources[0], file)?;
    }
    let title = match found.scenario.run.text("title") {
        "" => &run.scenario,
        title => title,
    };
    Ok(Job {
        title: match &chosen.name {
            name if name == title || name.is_empty() => title.to_owned(),
            name => format!("{title}: {name}"),
        },
        plan,
    })
}

/// Whether the calls of a plan make a trace.
fn can_be_written(plan: &Plan, calls: &Calls) -> Result<()> {
    match (&plan.stages[..], calls) {
        ([stage], Calls::Pattern(pattern, parameters)) if stage.sources[0].is_streamed() => {
            Ok(parameters.check_whole(pattern.program())?)
        }
        ([stage], _) if stage.sources.len() == 1 => Ok(()),
        _ => bail!("a trace holds one process; choose a variant with one process"),
    }
}

/// Sets over every stage what only the command has: settings beside those that the run has, and the cores that the process may
/// use.
fn set_over(plan: &mut Plan, common: &Common) -> Result<()> {
    set_environment(plan, &common.env, common.allocator.is_none())?;
    for stage in &mut plan.stages {
        let header = &stage.sources[0].first().header;
        let variant = &mut stage.variant;
        if let Some(allowed) = common.allowed_cores {
            let online = variant.cores.map_or(header.cpus, |cores| cores.online);
            let cores = Cores { online, allowed };
            Variant::check_cores(cores).context("--allowed-cores")?;
            variant.cores = Some(cores);
        }
    }
    Ok(())
}

/// Sets settings over those that every stage has; they choose the allocator if they may.
pub(crate) fn set_environment(plan: &mut Plan, given: &[String], may_choose: bool) -> Result<()> {
    for stage in &mut plan.stages {
        let variant = &mut stage.variant;
        let known = std::mem::take(&mut variant.environment);
        let read = environment::read(known, given)?;
        variant.environment = read.variables;
        if let (Some(chosen), true) = (&read.chosen, may_choose) {
            variant.allocator = chosen.choice().unwrap_or(variant.allocator);
            let says = chosen.says(variant.allocator);
            stage.said.retain(|remark| remark.variable != ALLOCATOR);
            stage
                .said
                .push(Remark::new(ALLOCATOR, Tone::Surprise, says));
        }
        let how = |image: &str| format!("--allocator {image}");
        let image = read.image.filter(|_| may_choose);
        let remark = image.and_then(|image| environment::on_image(&image, stage, how));
        stage.said.extend(remark);
        stage.said.extend(read.remarks);
    }
    Ok(())
}

/// Writes the calls as a trace, packed where the file's name ends in `.gz`.
fn write(source: &Source, file: Output) -> Result<()> {
    let packed = (file.name().extension()).is_some_and(|extension| extension == "gz");
    file.write_with(|mut out| match packed {
        true => trace::write_gzip(source.first(), None, &mut out),
        false => trace::write(source.first(), None, &mut out),
    })
}
