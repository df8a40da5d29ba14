//! A program that also calls `malloc_trim(0)`: the same calls, with these among them.

use crate::{
    Call, Domain, Event, Mark, Micros, Moment, Phase, PhaseKind, Phases, SiteId, ThreadId, Workload,
};
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Bytes, Decimal, repeated};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// When a program calls `malloc_trim(0)` besides the calls that it makes already. The main thread calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Trims {
    /// As often as this time has passed since the start.
    Every(Micros),
    /// When a burst is over and what it left is collected.
    AfterBursts,
    /// When nothing has been called for this time.
    Idle(Micros),
}

/// A text that says no time to trim at.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "expected `every 60 s`, `idle 2 s` or `after bursts`, with a time from 1 ms to 86400 s, not {0}"
)]
pub struct UnknownTrims(String);

/// Why a program cannot make these calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TrimsError {
    /// It is made or read on the way.
    #[error(
        "this run is too large to be kept whole, so no calls can be added to it; reduce its parameters, or record less"
    )]
    Streamed,
    /// So many calls that they would be most of the run.
    #[error(
        "this time makes {calls} calls of malloc_trim; the limit is {MOST}. Choose a longer one"
    )]
    TooMany {
        /// How many.
        calls: u64,
    },
}

/// Most calls that are added.
const MOST: u64 = 100_000;
/// The shortest time, in microseconds.
const SHORTEST: u64 = 1_000;
/// The longest time, in microseconds.
const LONGEST: u64 = 86_400_000_000;

impl FromStr for Trims {
    type Err = UnknownTrims;

    /// Reads the form that [`fmt::Display`] writes; a colon or a hyphen may replace a space.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownTrims(repeated(text));
        let plain = text.trim().to_ascii_lowercase();
        let (word, rest) = plain.split_once([':', '-', ' ']).ok_or_else(unknown)?;
        let time = || duration(rest).ok_or_else(unknown);
        match word {
            "every" => time().map(Self::Every),
            "idle" => time().map(Self::Idle),
            "after" if matches!(rest, "burst" | "bursts" | "each burst") => Ok(Self::AfterBursts),
            _ => Err(unknown()),
        }
    }
}

/// A time in seconds, or with its unit: `60`, `60 s`, `0.5s`, `500 ms`, `5 min`.
fn duration(text: &str) -> Option<Micros> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let factor = match unit.trim() {
        "" | "s" | "sec" | "second" | "seconds" => 1e6,
        "ms" => 1e3,
        "min" | "m" | "minute" | "minutes" => 60e6,
        _ => return None,
    };
    let micros = (crate::pattern::number(number)? * factor).round();
    let is_possible = (SHORTEST as f64..=LONGEST as f64).contains(&micros);
    is_possible.then_some(Micros(micros as u64))
}

impl fmt::Display for Trims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = |time: &Micros| match time.0 % 1_000_000 {
            0 => format!("{} s", time.0 / 1_000_000),
            _ => format!("{} ms", Decimal::short(time.0 as f64 / 1000.0)),
        };
        match self {
            Self::Every(time) => write!(f, "every {}", written(time)),
            Self::Idle(time) => write!(f, "idle {}", written(time)),
            Self::AfterBursts => f.write_str("after bursts"),
        }
    }
}

impl Trims {
    /// The moments at which a program calls it, in order: behind so many of its own events, and when.
    fn moments(self, workload: &Workload, phases: &Phases) -> Result<Vec<Moment>, TrimsError> {
        let events = &workload.events;
        let ends = Moment {
            event: events.len() as u64,
            time: workload.ends(),
        };
        let moments: Vec<Moment> = match self {
            Self::Every(time) => {
                let calls = ends.time.0 / time.0;
                if calls > MOST {
                    return Err(TrimsError::TooMany { calls });
                }
                let times = (1..=calls).map(|number| Micros(number * time.0));
                times.map(|time| before(events, time)).collect()
            }
            Self::Idle(time) => idle(events, ends.time, time),
            Self::AfterBursts => after_bursts(phases, ends),
        };
        match moments.len() as u64 {
            calls if calls > MOST => Err(TrimsError::TooMany { calls }),
            _ => Ok(moments),
        }
    }
}

/// The moment before everything that happens at a time.
fn before(events: &[Event], time: Micros) -> Moment {
    let event = events.partition_point(|event| event.time < time) as u64;
    Moment { event, time }
}

/// The moments at which nothing has been called for a time, of a program that ends at a moment.
fn idle(events: &[Event], ends: Micros, time: Micros) -> Vec<Moment> {
    let mut calls = events.iter().filter(|event| event.call.is_call());
    let mut moments = Vec::new();
    let Some(mut latest) = calls.next().map(|event| event.time) else {
        return moments;
    };
    for next in calls.map(|event| event.time).chain([ends]) {
        if next.0 - latest.0 >= time.0 {
            moments.push(before(events, Micros(latest.0 + time.0)));
        }
        latest = next;
    }
    moments
}

/// The ends of the bursts, or of what collects after them. At the very end of a program there is nothing left to trim for.
fn after_bursts(phases: &Phases, ends: Moment) -> Vec<Moment> {
    let is_work = |phase: &Phase| matches!(phase.kind, PhaseKind::Burst | PhaseKind::Collect);
    let phases = phases.0.iter().enumerate().filter(|(place, phase)| {
        let goes_on = phases.0.get(place + 1);
        is_work(phase) && goes_on.is_none_or(|next| next.kind != PhaseKind::Collect)
    });
    let bursts = phases.map(|(_, phase)| phase.end);
    bursts.filter(|burst| *burst < ends).collect()
}

/// A workload with these calls at moments in order.
pub(crate) fn with_calls(workload: &Workload, moments: &[Moment]) -> Workload {
    let mut events = Vec::with_capacity(workload.events.len() + moments.len());
    let mut done = 0;
    for moment in moments {
        let until = (moment.event as usize).min(workload.events.len());
        events.extend_from_slice(&workload.events[done..until]);
        done = until;
        events.push(Event {
            time: moment.time,
            thread: ThreadId::MAIN,
            domain: Domain::default(),
            site: SiteId::UNKNOWN,
            call: Call::Trim { pad: Bytes::ZERO },
        });
    }
    events.extend_from_slice(&workload.events[done..]);
    Workload {
        events,
        header: workload.header.clone(),
        // What was measured, at marks and between them, was measured of the program as it was.
        marks: workload
            .marks
            .iter()
            .map(|mark| Mark {
                name: mark.name.clone(),
                measured: Vec::new(),
            })
            .collect(),
        samples: Vec::new(),
        recorded: workload.recorded.clone(),
        touched: workload.touched.clone(),
        sites: workload.sites.clone(),
        modules: workload.modules.clone(),
        ..*workload
    }
}

/// The phases of a program in which calls at these moments, in order, are added. A call at the very end of a phase belongs to
/// the next.
fn moved(phases: &Phases, calls: &[Moment]) -> Phases {
    let moved = |moment: Moment| Moment {
        event: moment.event + calls.partition_point(|call| *call < moment) as u64,
        time: moment.time,
    };
    let phases = phases.0.iter().map(|phase| Phase {
        begin: moved(phase.begin),
        end: moved(phase.end),
        ..phase.clone()
    });
    Phases(phases.collect())
}

/// The program with `malloc_trim(0)` called at other moments, too, and its phases: those that it had.
pub(crate) fn changed(
    workload: &Workload,
    phases: &Phases,
    trims: Trims,
) -> Result<(Workload, Phases), TrimsError> {
    let moments = trims.moments(workload, phases)?;
    Ok((with_calls(workload, &moments), moved(phases, &moments)))
}

#[cfg(test)]
mod tests;
