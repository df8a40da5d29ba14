//! The answer to a run, before everything else: what is resident after the last rest, why, and what returns it.
//!
//! It is made from the figures of the run and the findings of that moment, the same as the table's and the explanation's. A
//! remedy's effect is what the finding computed from the heap as it lies.

mod growth;
mod heaps;
mod kept;
mod remedy;
mod throttled;

use crate::moment::time;
use crate::numbers::of;
use crate::sentence::{Part, Sentence};
use crate::table::{code, escaped};
use borsh::{BorshDeserialize, BorshSerialize};
use growth::Growth;
use highwater_simulator::{Bytes, Diagnosis, Killed, Micros, Outcome, Recording, StageOutcome};
use kept::Kept;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an answer says above all.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// A process was killed at its cap.
    Killed,
    /// The program holds more from rest to rest.
    Growing,
    /// Hardly any memory stays that could go back.
    #[default]
    NothingStuck,
    /// Most of it is in use, though some stays that could go back.
    InUse,
    /// Free memory lies behind chunks in use.
    Pinned,
    /// Free memory is spread over arenas.
    Arenas,
    /// Free memory lies at the tops of heaps.
    Top,
    /// Freed mapped blocks raised the thresholds.
    Thresholds,
    /// Caches keep freed chunks, or pages of them.
    Parked,
    /// Python's own allocator has room in its arenas.
    PythonArenas,
    /// tracemalloc's own notes.
    Tracemalloc,
    /// Decay has not returned free pages yet.
    Decay,
    /// Free memory lies between blocks, in pages that are in use.
    BetweenBlocks,
    /// Figures of several processes, which no single heap explains.
    Several,
}

/// The answer to a run.
#[derive(
    Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct Answer {
    /// What it says above all.
    pub kind: AnswerKind,
    /// The answer in one sentence.
    pub sentence: Sentence,
    /// What keeps most of the memory, where it is nothing that is in use: the sentence without its moment.
    pub because: String,
    /// What goes with it: whether it is a leak, and what returns the memory. Empty where there is no more to say.
    pub more: Sentence,
}

impl AnswerKind {
    /// Returns the kind's name, as it is serialised.
    pub fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Growing => "growing",
            Self::NothingStuck => "nothing_stuck",
            Self::InUse => "in_use",
            Self::Pinned => "pinned",
            Self::Arenas => "arenas",
            Self::Top => "top",
            Self::Thresholds => "thresholds",
            Self::Parked => "parked",
            Self::PythonArenas => "python_arenas",
            Self::Tracemalloc => "tracemalloc",
            Self::Decay => "decay",
            Self::BetweenBlocks => "between_blocks",
            Self::Several => "several",
        }
    }
}

impl Answer {
    /// The answer as Markdown, with its settings as code.
    pub fn markdown(&self) -> String {
        let parts = self.sentence.parts.iter();
        let space = Part::Text { text: " ".into() };
        let parts = parts.chain([&space]).chain(&self.more.parts);
        let written = parts.map(|part| match part {
            Part::Setting { text, .. } => code(text),
            part => escaped(part.text()),
        });
        written.collect::<String>().trim_end().to_owned()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sentence)?;
        match self.more.parts.is_empty() {
            true => Ok(()),
            false => write!(f, " {}", self.more),
        }
    }
}

/// Returns the answer to a run, of which the last rest was explained ([`Explain::LastRest`](highwater_simulator::Explain)).
pub fn answer(outcome: &Outcome) -> Answer {
    let mut answer = of_run(outcome);
    if let Some(throttled) = throttled::throttled(outcome) {
        let more = std::mem::take(&mut answer.more);
        answer.more = match more.parts.is_empty() {
            true => Sentence::new(throttled),
            false => more.text(format!(" {throttled}")),
        };
    }
    answer
}

fn of_run(outcome: &Outcome) -> Answer {
    if let Some(killed) = killed(outcome) {
        return killed;
    }
    let head = match outcome.phases.last_rest() {
        Some(rest) if rest.begin == rest.end => "After the last burst",
        Some(_) => "After the last rest",
        None => "At the end of the run (no rest was found)",
    };
    let stage = stage_at(outcome);
    let processes = stage.map_or(0, |stage| stage.recordings.len());
    let explained = stage.and_then(|stage| Some((stage, explained(outcome, stage)?)));
    match explained.filter(|_| processes == 1) {
        Some((stage, diagnosis)) => of_heap(head, outcome, diagnosis, stage.first_event == 0),
        None => of_processes(head, outcome, processes),
    }
}

/// Returns the sentence about another run that leaves less at the same moment; `None` where it leaves nearly as much.
pub fn less_in(name: &str, own: Bytes, other: Bytes) -> Option<Sentence> {
    let is_less = other.0 < own.0 - own.0 / 10 && own.0 - other.0 >= Bytes::mib(1).0;
    is_less.then(|| Sentence::new(format!("In the run of {name}, {other} is resident then.")))
}

/// The stage whose processes are resident at the moment of the answer.
fn stage_at(outcome: &Outcome) -> Option<&StageOutcome> {
    let event = outcome.rested().event;
    let mut stages = outcome.stages.iter().rev();
    let found = stages.find(|stage| stage.first_event < event);
    found.or(outcome.stages.first())
}

/// The explanation of the moment of the answer, if it is of that moment.
fn explained<'a>(outcome: &Outcome, stage: &'a StageOutcome) -> Option<&'a Diagnosis> {
    let diagnosis = stage.recordings.first()?.diagnosis.as_ref()?;
    let moment = outcome.rested();
    let at = (
        diagnosis.event + stage.first_event,
        diagnosis.time + stage.begins,
    );
    (at == (moment.event, moment.time)).then_some(diagnosis)
}

/// What one heap comes to.
fn of_heap(head: &str, outcome: &Outcome, diagnosis: &Diagnosis, is_first_stage: bool) -> Answer {
    let growth = Growth::of(outcome);
    let kept = Kept::of(diagnosis);
    let (rss, live) = (diagnosis.rss, diagnosis.live);
    let holds = holds(diagnosis);
    let mut more = Vec::new();
    let kind = kind_of(growth.is_some(), kept.as_ref(), diagnosis);
    let means = growth.as_ref().map_or("", Growth::means);
    let growth = growth.map_or_else(String::new, |growth| growth.to_string());
    let said = match kind {
        AnswerKind::Growing => format!("{holds}, and it holds more and more: {growth}"),
        AnswerKind::NothingStuck => {
            more.extend(remedy::churn(diagnosis));
            format!("nothing is stuck in the allocator: {holds}")
        }
        _ => format!("most of it is in use: {holds}"),
    };
    let mut said = format!("{head}, {said}.");
    let mut because = String::new();
    if kind == AnswerKind::Growing {
        more.push(Sentence::new(means));
    }
    if let Some(kept) = kept.filter(|kept| kept.bytes.0 * 10 >= rss.0 || kind == AnswerKind::InUse)
    {
        let at_most = if kept.is_bound() { "at most " } else { "" };
        let keeps = format!(
            "{at_most}{} of the {rss} that is resident {}.",
            kept.bytes,
            kept.say(diagnosis)
        );
        match kept.kind == kind {
            true => {
                said = format!("{head}, {keeps}");
                because = keeps;
            }
            false => more.push(Sentence::new(format!("But {keeps}"))),
        }
        more.extend(kept.more(is_first_stage));
        let proves = outcome.phases.last_rest().is_some() && is_freed(diagnosis, &kept);
        if kind != AnswerKind::Growing && !growth.is_empty() {
            let grows = format!("The program also holds more and more: {growth}. {means}");
            more.push(Sentence::new(grows));
        } else if proves {
            more.push(Sentence::new(format!(
                "This is not a leak: the program holds {live}."
            )));
        }
        more.extend(remedy::say(diagnosis, kept.bytes));
    }
    Answer {
        kind,
        sentence: Sentence::new(said),
        because,
        more: joined(more),
    }
}

/// What is said of a heap above all.
fn kind_of(is_growing: bool, kept: Option<&Kept>, diagnosis: &Diagnosis) -> AnswerKind {
    let rss = diagnosis.rss.0;
    let is_mostly_live = diagnosis.live_resident.0 * 2 >= rss;
    match kept {
        _ if is_growing && (is_mostly_live || kept.is_none()) => AnswerKind::Growing,
        None => AnswerKind::NothingStuck,
        Some(kept) if kept.bytes.0 * 4 < rss && is_mostly_live => AnswerKind::InUse,
        Some(kept) => kept.kind,
    }
}

/// What the program holds of what is resident, and beside it.
fn holds(diagnosis: &Diagnosis) -> String {
    let (rss, resident) = (diagnosis.rss, diagnosis.live_resident);
    let holds = format!("the program holds {resident} of the {rss} that is resident");
    match diagnosis.live.saturating_sub(resident) {
        elsewhere if elsewhere >= Bytes::mib(1) => format!("{holds}, and {elsewhere} that is not"),
        _ => holds,
    }
}

/// Sentences as one text.
fn joined(sentences: Vec<Sentence>) -> Sentence {
    let mut all = Sentence::default();
    for sentence in sentences {
        let space = if all.parts.is_empty() { "" } else { " " };
        all = all.text(space).then(sentence);
    }
    all
}

/// Whether what the program holds proves that it has freed what stays.
fn is_freed(diagnosis: &Diagnosis, kept: &Kept) -> bool {
    let is_most = kept.bytes.0 * 2 >= diagnosis.rss.0;
    let holds_little = diagnosis.live.0 * 4 <= diagnosis.rss.0;
    is_most && holds_little && diagnosis.live.0 * 2 <= diagnosis.peak_live.0
}

/// What several processes come to together.
fn of_processes(head: &str, outcome: &Outcome, processes: usize) -> Answer {
    let summary = outcome.summary();
    let processes = of(processes as u64, "process", "processes");
    let said = format!(
        "{head}, {} is resident in {processes}. {} of it is held by the program; giving back all that is free (malloc_trim(0), \
         or a purge) would return {}.",
        summary.after_rest, summary.live, summary.reclaimable
    );
    let growth = Growth::of(outcome);
    let more = growth
        .map(|growth| Sentence::new(format!("What is held grows: {growth}. {}", growth.means())));
    Answer {
        kind: AnswerKind::Several,
        sentence: Sentence::new(said),
        because: String::new(),
        more: more.unwrap_or_default(),
    }
}

/// What a run comes to in which a process was killed.
fn killed(outcome: &Outcome) -> Option<Answer> {
    let mut first: Option<(Micros, &Recording, Killed)> = None;
    let (mut all, mut processes) = (0, 0);
    for stage in &outcome.stages {
        for recording in &stage.recordings {
            processes += 1;
            let Some(killed) = recording.killed else {
                continue;
            };
            all += 1;
            let at = killed.time + stage.begins;
            if first.as_ref().is_none_or(|(earlier, ..)| at < *earlier) {
                first = Some((at, recording, killed));
            }
        }
    }
    let (at, recording, killed) = first?;
    let cap = recording.variant.cap.unwrap_or(killed.cap);
    let who = match processes {
        1 => "the process".to_owned(),
        n => format!("{all} of {n} processes, the first"),
    };
    let live = recording
        .samples
        .last()
        .map_or(Bytes::ZERO, |last| last.live);
    let resident = killed.resident;
    // What the program holds no allocator lowers; what it does not hold may be lowered.
    let means = match live.0 * 10 < resident.0 * 9 {
        true => "the rest is the allocator's, where settings matter",
        false => "no allocator and no setting lowers that",
    };
    Some(Answer {
        kind: AnswerKind::Killed,
        sentence: Sentence::new(format!(
            "The run failed: at the cap of {cap} the kernel killed {who} at {}, with {resident} resident and {} of page tables.",
            time(at),
            killed.charged - resident
        )),
        because: String::new(),
        more: Sentence::new(format!("The program held {live} of it: {means}.")),
    })
}
