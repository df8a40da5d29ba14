//! Where a simulation's events come from: a workload in memory, or one that is made part by part.

use highwater_workload::pattern::Generator;
use highwater_workload::{Call, Event, Micros, Source, Workload, unwatched};
use std::sync::Arc;

/// The part of a source that is being replayed, and what is known of those before.
#[derive(Clone)]
pub(crate) struct Feed {
    part: Arc<Workload>,
    /// Events of the parts before.
    before: u64,
    /// Answers to the allocating calls of the parts before.
    answers_before: u64,
    /// What makes the parts to come.
    rest: Option<Box<Generator>>,
    is_made_on_the_way: bool,
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
            answers_before: 0,
            rest: source.rest().map(Box::new),
            is_made_on_the_way: source.is_streamed(),
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

    /// The place in the part at hand of the answer to an allocating call that is counted from the beginning.
    pub(crate) fn answer(&self, number: u64) -> usize {
        usize::try_from(number - self.answers_before).unwrap_or(usize::MAX)
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
        self.before += self.part.events.len() as u64;
        self.answers_before += self.part.recorded.len() as u64;
        self.part = Arc::new(next);
        true
    }

    /// When the program made its latest call before the one at a place in the part at hand. Marks are none.
    pub(crate) fn latest_call_before(&self, place: usize) -> Micros {
        let is_call = |event: &&Event| !matches!(event.call, Call::Mark(_) | Call::Touched(_));
        let latest = self.part.events[..place].iter().rev().find(is_call);
        latest.map_or(self.latest_call, |event| event.time)
    }
}
