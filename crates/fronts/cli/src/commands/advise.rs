//! `highwater advise`: the search for what would help, on all cores and in bounded time.

use crate::arguments::Advise;
use crate::input::environment::is_recorded;
use crate::input::imported::{self, Imported};
use crate::input::job;
use crate::input::scenario::Found;
use crate::input::variants::Asked;
use crate::output::{Files, MarkdownTo};
use crate::parallel;
use anyhow::{Context, Result, bail};
use highwater_advise::{
    Advice, Advised, Cost, Costs, Doer, Form, Image, Place, Scope, Search, Subject, Tried,
    UnknownImage, loads, paste,
};
use highwater_import::Losses;
use highwater_settings::Environment;
use highwater_simulator::{ALLOCATOR, INSTALLS_JEMALLOC, Plan, Sources, Variable};
use highwater_workload::{Header, unwatched};
use serde::{Serialize, Serializer};
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs the search, and returns what to print.
pub(crate) fn run(asked: &Advise) -> Result<String> {
    let [name] = &asked.subject[..] else {
        bail!("expected a trace or a scenario");
    };
    let mut files = Files::default();
    files.read(Path::new(name));
    asked.settings.iter().for_each(|file| files.read(file));
    let to = MarkdownTo::of(asked.markdown.as_deref(), asked.csv, asked.json)?;
    let table_file = to.claim(&mut files)?;
    let named = image(asked)?;
    let place = place(asked)?;
    let found = Found::look_up(name)?;
    let mut subject = subject(asked, &found, named.as_ref(), true)?;
    let image = match named {
        Some(named) => Some(named),
        None => image_of_file(asked)?,
    };
    // What can be installed there; what runs is the allocator of the recording, unless an image is asked for.
    if let Some(image) = &image {
        subject.take_image(image)?;
    }
    let kept = image
        .as_ref()
        .filter(|_| asked.allocator.is_none() && asked.image.is_none());
    let kept = kept.and_then(|image| {
        let stage = &subject.plan.stages[0];
        image.keeps(
            stage.variant.allocator,
            is_recorded(stage),
            &format!("--image {}", image.name),
        )
    });
    let on_image = kept.or_else(|| image.as_ref().map(Image::in_words));
    let about = About::new(&found, &subject.plan, on_image);
    let known = subject.plan.stages[0].variant.environment.clone();
    let advice = search(subject, asked)?;
    if let Some(place) = place {
        let row = chosen(&advice, asked)?;
        crate::console::say(&format!("{}: {}", row.name, advice.gain(row)));
        let pasted = paste(&advice, row, &place, &about.title, &known, image.as_ref());
        if image.is_none() && pasted.contains(INSTALLS_JEMALLOC) {
            crate::console::say(
                "The package is the one of Debian and Ubuntu. For another distribution name the image with --image.",
            );
        }
        return Ok(pasted);
    }
    if let Some(file) = table_file {
        file.write(about.markdown(&advice).as_bytes())?;
    }
    Ok(if asked.json {
        about.json(&advice)?
    } else if asked.csv {
        advice.csv()
    } else if to == MarkdownTo::Printed {
        about.markdown(&advice)
    } else {
        about.text(&advice)
    })
}

/// The container image that is named.
pub(crate) fn image(asked: &Advise) -> Result<Option<Image>> {
    let image = asked.image.as_deref().map(str::parse);
    image.transpose().context("--image")
}

/// The image that the file with the settings names for the program with these settings, where it is known.
///
/// # Errors
/// The image has another C library, or none.
pub(crate) fn image_of_file(asked: &Advise) -> Result<Option<Image>> {
    let Some(file) = &asked.settings else {
        return Ok(None);
    };
    let text = crate::input::environment::read_text(file)?;
    let (_, image) = Environment::parse_with_any_image(&text);
    match image.map(|name| name.parse()) {
        Some(Ok(image)) => Ok(Some(image)),
        Some(Err(other @ UnknownImage::Other { .. })) => {
            Err(other).with_context(|| format!("{}: its image", file.display()))
        }
        Some(Err(UnknownImage::Open(_))) | None => Ok(None),
    }
}

/// What help is looked for, on other loads as well if that is wanted.
pub(crate) fn subject(
    asked: &Advise,
    found: &Found,
    image: Option<&Image>,
    on_others: bool,
) -> Result<Subject> {
    let trace = found.trace()?;
    let mut options: Vec<(&'static str, String)> = Vec::new();
    let recorded = trace.as_ref();
    let recorded = recorded.and_then(|trace| trace.first().header.allocator.as_ref());
    let allocator = asked
        .allocator
        .clone()
        .or_else(|| image?.allocator_of(recorded));
    options.extend(allocator.map(|name| ("allocator", name)));
    options.extend(asked.cap.clone().map(|cap| ("cap", cap)));
    let variants = Asked {
        named: asked.variant.iter().cloned().collect(),
        ..Asked::default()
    };
    let planned = found.plan(&asked.set, &variants, &options)?;
    let mut sources = Sources::default();
    let mut plan = found.make(&planned[0], trace.as_ref(), &mut sources)?;
    let mut given = asked.env.clone();
    if let Some(file) = &asked.settings {
        let (read, _) = crate::input::environment::read_file(file)?;
        // A text is read as a file's name if it holds no setting.
        let lines: Vec<String> = read.variables.iter().map(ToString::to_string).collect();
        given.extend((!lines.is_empty()).then(|| lines.join("\n")));
    }
    job::set_environment(&mut plan, &given, asked.allocator.is_none())?;
    let mut make = |pattern, parameters: &_| sources.get(pattern, parameters, &mut unwatched);
    let loads = match on_others {
        true => loads(&planned[0], &plan, &mut make),
        false => Vec::new(),
    };
    let weights = asked.weigh.as_deref().map(str::parse).transpose();
    let mut subject = Subject::new(plan);
    subject.scope = Scope::new(&asked.only, &asked.not)?;
    subject.weights = weights.context("--weigh")?;
    subject.costs = costs(asked);
    subject.loads = loads;
    if let Some(image) = image {
        subject.take_image(image)?;
    }
    Ok(subject)
}

pub(crate) fn costs(asked: &Advise) -> Costs {
    let measured = Costs::MEASURED;
    let of = |given: Option<u32>, measured| given.map_or(measured, |ns| Cost::exactly(ns.into()));
    Costs {
        fault: of(asked.fault_ns, measured.fault),
        call: of(asked.call_ns, measured.call),
        is_measured: asked.fault_ns.is_none() && asked.call_ns.is_none(),
    }
}

/// Runs round after round, until nothing is left to try or the time is over.
fn search(subject: Subject, asked: &Advise) -> Result<Advice> {
    let until = asked
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
    let stopped = || until.is_some_and(|until| Instant::now() >= until);
    let mut search = Search::new(subject);
    loop {
        let round = search.next_round();
        if round.is_empty() {
            break;
        }
        let subject = search.subject();
        let trials = parallel::all(round.len(), asked.jobs, &stopped, &|number, watch| {
            round[number].run(subject, watch)
        });
        let trials = trials.into_iter();
        let trials = trials.map(|trial| trial.unwrap_or(Tried::BrokenOff));
        let done = round.into_iter().zip(trials);
        search.take(done.collect());
    }
    let advice = search.advice();
    advice.context("the run as it is could not be finished; give it more --seconds, or run it alone to see why")
}

/// Where the remedy is pasted: in the form that is named, as in the file with the settings if it is of that form or none is named.
fn place(asked: &Advise) -> Result<Option<Place>> {
    let Some(name) = asked.paste.as_deref() else {
        return Ok(None);
    };
    let form = match name {
        "" => None,
        _ => Some(name.parse::<Form>().context("--paste")?),
    };
    let Some(file) = &asked.settings else {
        return Ok(Some(form.unwrap_or(Form::Env).into()));
    };
    let text = crate::input::texts::read_text(file).with_context(|| file.display().to_string())?;
    let place = Place::of(&file.to_string_lossy(), &text);
    let other = form.filter(|form| *form != place.form());
    Ok(Some(other.map_or(place, Place::from)))
}

/// The remedy that is pasted.
fn chosen<'a>(advice: &'a Advice, asked: &Advise) -> Result<&'a Advised> {
    let count = advice.worth().count();
    match asked.choose {
        Some(number) => {
            let row = number
                .checked_sub(1)
                .and_then(|place| advice.worth().nth(place));
            row.with_context(|| {
                format!("--choose {number}: there are {count} remedies to choose from")
            })
        }
        None => {
            let mut settings = advice.worth().filter(|row| row.doer != Doer::Program);
            let first = settings.next().or_else(|| advice.worth().next());
            first.context("nothing that was tried would help; see the table without --paste")
        }
    }
}

/// What the advice is about, in words.
#[derive(Serialize)]
struct About {
    subject: String,
    #[serde(skip)]
    title: String,
    /// The allocator of the run as it is.
    allocator: String,
    settings: Vec<Variable>,
    /// Remarks on the image and on the allocator.
    says: Vec<String>,
    /// What a recording lacks that another tool made. On a terminal it is said when the file is opened.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_imported"
    )]
    imported: Option<Losses>,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    about: &'a About,
    costs_from: String,
    #[serde(flatten)]
    advice: &'a Advice,
    /// What is said of each candidate, in their order.
    words: Vec<Vec<String>>,
}

/// What the advice is worth for a program that was recorded on an allocator without a model, such as musl's: it reads no setting
/// of the one that runs here.
fn on_another(header: &Header, runs: impl std::fmt::Display) -> Option<String> {
    let (recorded, _) = header.allocator.as_ref()?;
    (!["glibc", "jemalloc"].contains(&recorded.as_str())).then(|| {
        format!(
            "The program was recorded on {recorded}, which reads none of these settings: the figures hold for the program on {runs}."
        )
    })
}

fn as_imported<S: Serializer>(losses: &Option<Losses>, to: S) -> Result<S::Ok, S::Error> {
    losses.clone().map(Imported::from).serialize(to)
}

impl About {
    fn new(found: &Found, plan: &Plan, on_image: Option<String>) -> Self {
        let stage = &plan.stages[0];
        let replaced = stage
            .said
            .iter()
            .filter(|remark| remark.variable == ALLOCATOR);
        let mut says: Vec<String> = on_image.into_iter().collect();
        says.extend(replaced.map(|remark| remark.text.clone()));
        let header = &stage.sources[0].first().header;
        says.extend(on_another(header, stage.variant.allocator));
        let read = stage.variant.environment.iter();
        let read = read.filter(|set| highwater_settings::is_read(&set.name));
        let program = header.program.clone();
        Self {
            subject: found.scenario.name.clone(),
            title: match program.filter(|_| found.is_trace()) {
                Some(program) => program,
                None => found.title().to_owned(),
            },
            allocator: stage.variant.allocator.to_string(),
            settings: read.cloned().collect(),
            says,
            imported: imported::losses(header),
        }
    }

    /// What stands above the table.
    fn head(&self, advice: &Advice) -> Vec<String> {
        let settings: Vec<String> = self.settings.iter().map(ToString::to_string).collect();
        let settings = match settings.is_empty() {
            true => String::new(),
            false => format!(" with {}", settings.join(" ")),
        };
        let run = advice.candidates.len() - 1;
        let mut said = vec![format!(
            "{} on {}{settings}: {run} changes were run.",
            self.title, self.allocator
        )];
        said.extend(self.says.iter().cloned());
        said.extend(advice.head());
        said
    }

    fn text(&self, advice: &Advice) -> String {
        let head: String = self
            .head(advice)
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        format!("{head}\n{}", advice.text())
    }

    fn markdown(&self, advice: &Advice) -> String {
        let lacks = self.imported.as_ref();
        let lacks = lacks.map(|losses| format!("The recording was {losses}."));
        let head: Vec<String> = self.head(advice).into_iter().chain(lacks).collect();
        format!("{}\n\n{}", head.join(" "), advice.markdown())
    }

    fn json(&self, advice: &Advice) -> Result<String> {
        let rows = advice.candidates.iter();
        crate::display::json::line(&Report {
            about: self,
            costs_from: advice.costs.source(),
            advice,
            words: rows.map(|row| advice.sentences_in_full(row)).collect(),
        })
    }
}
