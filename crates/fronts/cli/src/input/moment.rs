//! The moment that a report is of: the one that `--at` names, or the end of the last rest.

use anyhow::{Context, Error, Result, anyhow, bail};
use highwater_report::{Answer, moment as words};
use highwater_simulator::{
    Bytes, Diagnosis, Explain, MarkSample, Micros, Moment, Options, Outcome, Plan, Run, Sample,
    Summary,
};
use serde::Serialize;

/// Marks listed where one is not found.
const LISTED: usize = 5;

/// A moment of a run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(crate) struct Place {
    /// When, counted from the beginning of the run.
    #[serde(rename = "time_us", serialize_with = "micros")]
    pub(crate) time: Micros,
    /// How many events had been run then, where that is known.
    pub(crate) event: Option<u64>,
    /// The mark that was asked for, or the phase at whose end it is.
    pub(crate) name: Option<String>,
    /// Which moment it is, in words.
    #[serde(rename = "says")]
    pub(crate) head: String,
    /// The same for the head of a column.
    #[serde(skip)]
    pub(crate) short: String,
    /// The stage it lies in.
    #[serde(skip)]
    pub(crate) stage: usize,
}

fn micros<S: serde::Serializer>(time: &Micros, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_u64(time.0)
}

/// A run at a moment.
pub(crate) struct View {
    pub(crate) place: Place,
    pub(crate) diagnosis: Diagnosis,
    /// The answer to the run, where no moment was asked for.
    pub(crate) answer: Option<Answer>,
}

impl Place {
    /// The moment that is asked for; if none is, the end of the last rest, or of a run that does not rest.
    pub(crate) fn of(outcome: &Outcome, asked: Option<&str>) -> Result<Self> {
        let ends = outcome.ends();
        let Some(asked) = asked else {
            let moment = outcome.rested();
            let rest = outcome.phases.last_rest();
            return Ok(Self {
                time: moment.time,
                event: Some(moment.event),
                name: rest.map(|rest| rest.name.clone()),
                head: words::head_of_rest(&outcome.phases, ends),
                short: words::rested(&outcome.phases, ends),
                stage: stage(outcome, moment.time, Some(moment.event)),
            });
        };
        match marked(outcome, asked)? {
            Asked::Mark(name, moment) => Ok(Self {
                time: moment.time,
                event: Some(moment.event),
                head: words::head_of_mark(&name, moment.time),
                short: format!(
                    "mark {}, {}",
                    words::quoted(&name),
                    words::time(moment.time)
                ),
                stage: stage(outcome, moment.time, Some(moment.event)),
                name: Some(name),
            }),
            Asked::Time(time) => {
                let event = outcome.sample_before(time).event;
                Ok(Self {
                    time,
                    event: None,
                    name: None,
                    head: words::head_of_time(&outcome.phases, Moment { event, time }),
                    short: words::time(time),
                    stage: stage(outcome, time, None),
                })
            }
        }
    }

    /// The first process of its stage, run again up to the moment, since a comparison keeps no heaps. Where it is killed on the
    /// way, it is as it was at its end.
    pub(crate) fn run(&self, plan: &Plan, outcome: &Outcome) -> Result<Run> {
        let stage = &plan.stages[self.stage];
        let (begins, first) = (outcome.stages.get(self.stage))
            .map_or((Micros(0), 0), |stage| (stage.begins, stage.first_event));
        let options = Options {
            samples: 1,
            explain: Explain::Nothing,
            ..Options::default()
        };
        let run = Run::new(stage.sources[0].clone(), &stage.variant, &options);
        let mut run = run.with_context(|| plan.name.clone())?;
        let time = Micros(self.time.0.saturating_sub(begins.0));
        match self.event {
            Some(event) => run.go_to_moment(Moment {
                event: event.saturating_sub(first),
                time,
            }),
            None => run.go_to(time),
        };
        run.check()?;
        Ok(run)
    }

    /// The figures of a run at the moment.
    pub(crate) fn summary(&self, plan: &Plan, outcome: &Outcome) -> Result<Summary> {
        let time = self.time;
        let sample = match self.event {
            Some(event) => outcome.sample_at(Moment { event, time }),
            None => outcome.sample_before(time),
        };
        let is_exact = Some(sample.event) == self.event && sample.time == time;
        // What several processes come to together is only known where it was measured.
        if is_exact || plan.stages[self.stage].sources.len() > 1 {
            return Ok(outcome.summary_of(&sample));
        }
        let diagnosis = self.run(plan, outcome)?.simulation().diagnose();
        Ok(outcome.summary_of(&Sample {
            rss: diagnosis.rss,
            live: diagnosis.live,
            free: diagnosis.free,
            reclaimable: Some(diagnosis.reclaimable),
            ..sample
        }))
    }
}

impl View {
    /// A run of a plan at the moment that is asked for.
    pub(crate) fn of(plan: &Plan, outcome: &Outcome, asked: Option<&str>) -> Result<Self> {
        let place = Place::of(outcome, asked)?;
        let explained = outcome.stages.get(place.stage);
        let explained = explained.and_then(|stage| stage.recordings.first());
        let known = explained.filter(|_| asked.is_none()).and_then(|recording| {
            let is_there = |diagnosis: &&Diagnosis| {
                let first = outcome.stages[place.stage].first_event;
                Some(diagnosis.event + first) == place.event
            };
            recording.diagnosis.as_ref().filter(is_there).cloned()
        });
        let diagnosis = match known {
            Some(diagnosis) => diagnosis,
            None => place.run(plan, outcome)?.simulation().diagnose(),
        };
        let answer = asked.is_none().then(|| highwater_report::answer(outcome));
        Ok(Self {
            place,
            diagnosis,
            answer,
        })
    }
}

/// The stage that a moment lies in. A mark at the end of a stage is not of the next, which begins at the same time.
fn stage(outcome: &Outcome, time: Micros, event: Option<u64>) -> usize {
    let stage = outcome.stages.iter().rposition(|stage| match event {
        Some(event) => stage.first_event < event,
        None => stage.begins <= time,
    });
    stage.unwrap_or_default()
}

/// What `--at` names.
enum Asked {
    Mark(String, Moment),
    Time(Micros),
}

/// A mark by its name or the beginning of its name, or a time in seconds.
fn marked(outcome: &Outcome, asked: &str) -> Result<Asked> {
    let marks = &outcome.marks;
    let exact = marks.iter().filter(|mark| mark.name == asked);
    let mut found: Vec<_> = exact.collect();
    if found.is_empty() {
        if let Some(time) = seconds(outcome, asked)? {
            return Ok(Asked::Time(time));
        }
        let beginning = marks.iter().filter(|mark| mark.name.starts_with(asked));
        found = beginning.filter(|_| !asked.is_empty()).collect();
    }
    match &found[..] {
        [one] => Ok(Asked::Mark(
            one.name.clone(),
            Moment {
                event: one.sample.event,
                time: one.sample.time,
            },
        )),
        [] => Err(unmarked(outcome, asked)),
        all => bail!(
            "--at {asked}: {} marks have this name or begin with it: {}; give a full name, or a time in seconds",
            all.len(),
            listed(all)
        ),
    }
}

/// Lists the first of some marks, each with its time.
fn listed(marks: &[&MarkSample]) -> String {
    let mut shown: Vec<String> = (marks.iter().take(LISTED))
        .map(|mark| {
            let (name, time) = (words::quoted(&mark.name), words::time(mark.sample.time));
            format!("{name} ({time})")
        })
        .collect();
    if marks.len() > LISTED {
        shown.push(format!("{} more", marks.len() - LISTED));
    }
    shown.join(", ")
}

/// Returns the error for a name that no mark has, with the nearest ones.
fn unmarked(outcome: &Outcome, asked: &str) -> Error {
    let mut near: Vec<_> = outcome.marks.iter().collect();
    near.sort_by_cached_key(|mark| strsim::damerau_levenshtein(&mark.name, asked));
    let mut recordings = outcome.stages.iter().flat_map(|stage| &stage.recordings);
    let killed = recordings.find_map(|recording| recording.killed);
    let killed = killed.map_or(String::new(), |killed| {
        let time = words::time(killed.time);
        format!(" before the process was killed at {time}")
    });
    let known = match near.is_empty() {
        true => "there are no marks".to_owned(),
        false => format!("the nearest are {}", listed(&near)),
    };
    let ends = words::time(outcome.ends().time);
    anyhow!(
        "--at {asked}: no mark has this name{killed}; {known}; a time is given in seconds, from 0 to {ends}"
    )
}

/// A time in seconds, if it is one.
fn seconds(outcome: &Outcome, asked: &str) -> Result<Option<Micros>> {
    let number = asked.strip_suffix('s').unwrap_or(asked).trim_end();
    let is_number =
        number.starts_with(|first: char| "+-.".contains(first) || first.is_ascii_digit());
    let Some(seconds) = number.parse::<f64>().ok().filter(|_| is_number) else {
        return Ok(None);
    };
    let ends = outcome.ends().time;
    let time = (seconds * 1e6).round();
    if !(0.0..=ends.0 as f64).contains(&time) {
        bail!(
            "--at {asked}: the run goes from 0 s to {} s",
            ends.decimal_seconds(6)
        );
    }
    Ok(Some(Micros(time as u64)))
}

/// The figures of a moment in one line.
pub(crate) fn figures(diagnosis: &Diagnosis) -> String {
    let Diagnosis {
        rss,
        live,
        free,
        reclaimable,
        ..
    } = diagnosis;
    let parked = match diagnosis.parked {
        Bytes::ZERO => String::new(),
        parked => format!(" · {parked} parked"),
    };
    format!("{rss} resident · {live} live{parked} · {free} free · {reclaimable} reclaimable")
}
