//! `highwater advise` for many recordings together, and its units of work, which any batch engine can run.

use crate::arguments::Advise;
use crate::commands::advise;
use crate::input::scenario::Found;
use crate::parallel;
use anyhow::{Context, Result, bail};
use highwater_advise::{FleetAdvice, Line, Subject, Unit, candidates, complete, together};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Endings of the recordings in a folder.
const RECORDINGS: [&str; 4] = [".hwt", ".hwt.gz", ".hwr", ".hwr.gz"];

/// Whether more than one recording is asked for, or a part of the work on them.
pub(crate) fn is_asked(asked: &Advise) -> bool {
    let is_folder = |name: &String| Path::new(name).is_dir();
    asked.plan
        || asked.unit.is_some()
        || asked.from.is_some()
        || asked.subject.len() > 1
        || asked.subject.iter().any(is_folder)
}

/// Does what is asked for, and returns what to print.
pub(crate) fn run(asked: &Advise) -> Result<String> {
    for (is_given, option) in [
        (asked.paste.is_some(), "--paste"),
        (asked.seconds.is_some(), "--seconds"),
        (asked.variant.is_some(), "--variant"),
    ] {
        if is_given {
            bail!("{option} is for one recording; advise each by itself to use it");
        }
    }
    if let Some(text) = &asked.unit {
        let unit: Unit = serde_json::from_str(text)
            .context("--unit: expected a line that `highwater advise --plan` prints")?;
        let line = run_unit(&unit, &subject(&unit.trace, asked)?)?;
        return crate::display::json::line(&line.context("the unit was not run")?);
    }
    let traces = recordings(&asked.subject)?;
    if let Some(image) = advise::image_of_file(asked)?.filter(|_| asked.image.is_none()) {
        let said = image.in_words();
        crate::console::say(&format!(
            "{said} It decides on jemalloc; for its glibc as well give --image {}.",
            image.name
        ));
    }
    let lines = match &asked.from {
        Some(file) => {
            let lines = read_lines(file)?;
            if !traces.is_empty() {
                complete(&units(&traces, asked)?, &lines)
                    .with_context(|| format!("--from {}", file.display()))?;
            }
            lines
        }
        None => {
            let units = units(&traces, asked)?;
            if asked.plan {
                let lines = units.iter().map(crate::display::json::line);
                return lines.collect();
            }
            run_all(&units, asked)?
        }
    };
    let weights = asked.weigh.as_deref().map(str::parse).transpose();
    let weights = weights.context("--weigh")?;
    let advice = FleetAdvice::of(lines, weights, advise::costs(asked))?;
    Ok(match &asked.markdown {
        _ if asked.json => crate::display::json::line(&advice)?,
        _ if asked.csv => advice.csv(),
        Some(file) if file.as_os_str() == "-" => advice.markdown(),
        Some(_) => bail!("--markdown: for several recordings, give `-` and redirect the output"),
        None => advice.text(),
    })
}

/// The recordings that names stand for, those of a folder in the order of their names.
fn recordings(names: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for name in names {
        let path = Path::new(name);
        if !path.is_dir() {
            all.push(name.clone());
            continue;
        }
        let mut own = Vec::new();
        let mut others = 0;
        for file in fs::read_dir(path).with_context(|| name.clone())? {
            let file = file.with_context(|| name.clone())?.path();
            match is_recording(&file) {
                true => own.push(file.to_string_lossy().into_owned()),
                false => others += u64::from(file.is_file()),
            }
        }
        if own.is_empty() {
            bail!("{name}: no recording (.hwt, .hwt.gz or .hwr, or a file of another tool) in it");
        }
        if others > 0 {
            let files = if others == 1 {
                "file is no recording and is"
            } else {
                "files are no recordings and are"
            };
            crate::console::say(&format!("{name}: {others} other {files} left out."));
        }
        all.append(&mut own);
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Whether a file is a recording: by its name, or another tool's by its content.
fn is_recording(file: &Path) -> bool {
    let name = file.to_string_lossy();
    let is_other = || {
        let start = fs::File::open(file).and_then(highwater_import::recognise);
        matches!(start, Ok(Some(highwater_import::Kind::Calls(_))))
    };
    RECORDINGS.iter().any(|end| name.ends_with(end)) || file.is_file() && is_other()
}

fn subject(trace: &str, asked: &Advise) -> Result<Subject> {
    let found = Found::look_up(trace)?;
    let image = advise::image(asked)?;
    let subject = advise::subject(asked, &found, image.as_ref(), false);
    let mut subject = subject.with_context(|| trace.to_owned())?;
    if image.is_none()
        && let Some(image) = advise::image_of_file(asked)?
    {
        subject.take_image(&image)?;
    }
    Ok(subject)
}

/// Every recording with every change that may help one of them.
fn units(traces: &[String], asked: &Advise) -> Result<Vec<Unit>> {
    let own = parallel::all(traces.len(), asked.jobs, &|| false, &|number, _| {
        Ok(candidates(&subject(&traces[number], asked)?))
    });
    let own = own.into_iter().flatten().collect::<Result<Vec<_>>>()?;
    let changes = together(own);
    let of = |trace| {
        let numbered = changes.iter().enumerate();
        numbered.map(move |(number, change)| Unit::new(trace, number, change))
    };
    Ok(traces.iter().flat_map(|trace| of(trace)).collect())
}

fn run_unit(unit: &Unit, subject: &Subject) -> Result<Option<Line>> {
    let mut watch = highwater_workload::unwatched;
    Ok(unit.run(subject, &mut watch)?)
}

/// Runs all units, each recording read once while its units last.
fn run_all(units: &[Unit], asked: &Advise) -> Result<Vec<Line>> {
    let read: Mutex<HashMap<&str, Arc<Subject>>> = Mutex::default();
    let subject_of = |trace| -> Result<Arc<Subject>> {
        let known = |read: &Mutex<HashMap<&str, Arc<Subject>>>| {
            read.lock().ok().and_then(|read| read.get(trace).cloned())
        };
        if let Some(known) = known(&read) {
            return Ok(known);
        }
        let subject = Arc::new(subject(trace, asked)?);
        if let Ok(mut read) = read.lock() {
            // Units come in the order of recordings: others are done with, but for the last ones on other threads.
            read.retain(|_, other| Arc::strong_count(other) > 1);
            read.insert(trace, Arc::clone(&subject));
        }
        Ok(subject)
    };
    let lines = parallel::all(units.len(), asked.jobs, &|| false, &|number, watch| {
        let unit = &units[number];
        let subject = subject_of(&unit.trace)?;
        Ok(unit.run(&subject, watch)?)
    });
    let lines = lines.into_iter().flatten();
    lines.filter_map(Result::transpose).collect()
}

fn read_lines(file: &Path) -> Result<Vec<Line>> {
    let shown = || format!("--from {}", file.display());
    let text = match file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin().lock()),
        false => fs::read_to_string(file),
    };
    let text = text.with_context(shown)?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(number, line)| {
        serde_json::from_str(line).with_context(|| {
            format!(
                "{}, line {}: expected what `highwater advise --unit` prints",
                shown(),
                number + 1
            )
        })
    });
    read.collect()
}
