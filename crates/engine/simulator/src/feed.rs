//! Where a simulation's events come from: a workload in memory, or one that is made part by part.

use highwater_workload::pattern::Generator;
use highwater_workload::{Call, Event, Micros, Source, Workload, unwatched};
use std::sync::Arc;

/// Of parts that are gone, the time of every so many-th event is kept: that many take less than a tenth of a millisecond.
const DATED: u64 = 256;

/// The part of a source that is being replayed, and what is known of those before.
#[derive(Clone)]
pub(crate) struct Feed {
    part: Arc<Workload>,
    /// Events of the parts before.
    before: u64,
    /// What makes the parts to come.
    rest: Option<Box<Generator>>,
    is_made_on_the_way: bool,
    /// Times of events in parts before.
    dates: Vec<Micros>,
    /// When the program made the latest call of the parts before.
    latest_call: Micros,
    /// How many events there are, and how long they take; about, where they are made on the way.
    pub(crate) events: u64,
    pub(crate) duration: Micros,
}

impl Feed {
    pub(crate) fn new(source: &Source) -> Self {
        Self {
            part: Arc::clone(source.first()),
            before: 0,
            rest: source.rest().map(Box::new),
            is_made_on_the_way: source.is_streamed(),
            dates: Vec::new(),
            latest_call: Micros(0),
            events: source.events(),
            duration: source.duration(),
        }
    }

    /// The part at hand.
    #[inline]
    pub(crate) fn part(&self) -> &Arc<Workload> {
        &self.part
    }

    /// The place in the part at hand of an event that is counted from the beginning, and lies in it or behind it.
    #[inline]
    pub(crate) fn place(&self, event: u64) -> usize {
        usize::try_from(event - self.before).unwrap_or(usize::MAX)
    }

    /// Whether parts are made on the way.
    pub(crate) fn is_streamed(&self) -> bool {
        self.rest.is_some()
    }

    /// Whether it is, or was, made in parts.
    pub(crate) fn is_made_on_the_way(&self) -> bool {
        self.is_made_on_the_way
    }

    /// Whether no part comes after the one at hand.
    pub(crate) fn is_last_part(&self) -> bool {
        self.rest.as_ref().is_none_or(|rest| rest.is_done())
    }

    /// Goes on to the next part; `false` if there is none.
    pub(crate) fn refill(&mut self) -> bool {
        let Some(rest) = &mut self.rest else {
            return false;
        };
        // Cancelled is the one thing it can be once it has begun.
        let Ok(Some(next)) = rest.next(&mut unwatched) else {
            self.rest = None;
            return false;
        };
        self.latest_call = self.latest_call_before(self.part.events.len());
        let first = self.dates.len() as u64 * DATED - self.before;
        let dated = self.part.events.iter().skip(first as usize);
        self.dates
            .extend(dated.step_by(DATED as usize).map(|event| event.time));
        self.before += self.part.events.len() as u64;
        self.part = Arc::new(next);
        true
    }

    /// When the program made its latest call before the one at a place in the part at hand. Marks are none.
    pub(crate) fn latest_call_before(&self, place: usize) -> Micros {
        let is_call = |event: &&Event| !matches!(event.call, Call::Mark(_) | Call::Touched(_));
        let latest = self.part.events[..place].iter().rev().find(is_call);
        latest.map_or(self.latest_call, |event| event.time)
    }

    /// An event that is still at hand.
    pub(crate) fn event(&self, event: u64) -> Option<&Event> {
        let place = event.checked_sub(self.before)?;
        self.part.events.get(place as usize)
    }

    /// When an event was, to a tenth of a millisecond if its part is gone.
    pub(crate) fn time(&self, event: u64) -> Option<Micros> {
        match self.event(event) {
            Some(event) => Some(event.time),
            None if event < self.before => self.dates.get((event / DATED) as usize).copied(),
            None => None,
        }
    }
}
