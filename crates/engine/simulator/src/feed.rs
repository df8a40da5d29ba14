//! Where a simulation's events come from: a workload in memory, or one that is made or read part by part.

use highwater_allocator::{Bytes, table_bytes};
use highwater_workload::{Micros, Parts, Source, Workload};
use std::sync::Arc;

/// The part of a source that is being replayed, and what is known of those before.
#[derive(Clone)]
pub(crate) struct Feed {
    /// The first part, with what is known of the process.
    first: Arc<Workload>,
    part: Arc<Workload>,
    /// The part after it, where it was looked at.
    next: Option<Arc<Workload>>,
    /// Events of the parts before.
    before: u64,
    /// Answers to the allocating calls of the parts before.
    answers_before: u64,
    /// The parts to come.
    rest: Option<Box<Parts>>,
    /// Of what a pattern makes, the parts from the one at hand on, as they were before it was made.
    again: Option<Box<Parts>>,
    /// Whether the part at hand is to be made again.
    lacks_part: bool,
    is_made_on_the_way: bool,
    /// When the program made the latest call of the parts before.
    latest_call: Micros,
    /// How many events there are, and how long they take; about, where they are made on the way.
    pub(crate) events: u64,
    pub(crate) duration: Micros,
    /// Why the rest cannot be read.
    pub(crate) fault: Option<String>,
}

impl Feed {
    pub(crate) fn new(source: &Source) -> Self {
        Self {
            first: Arc::clone(source.first()),
            part: Arc::clone(source.first()),
            next: None,
            before: 0,
            answers_before: 0,
            rest: source.rest().map(Box::new),
            again: None,
            lacks_part: false,
            is_made_on_the_way: source.is_made_on_the_way(),
            latest_call: Micros(0),
            events: source.events(),
            duration: source.duration(),
            fault: None,
        }
    }

    /// The first part, with what is known of the process.
    pub(crate) fn first(&self) -> &Arc<Workload> {
        &self.first
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

    /// Whether it is, or was, made by a pattern in parts.
    pub(crate) fn is_made_on_the_way(&self) -> bool {
        self.is_made_on_the_way
    }

    /// Whether no part comes after the one at hand.
    pub(crate) fn is_last_part(&self) -> bool {
        self.next.is_none() && self.rest.as_ref().is_none_or(|rest| rest.is_done())
    }

    /// Goes on to the next part; `false` if there is none.
    pub(crate) fn refill(&mut self) -> bool {
        let Some(next) = self.next.take().or_else(|| self.read()) else {
            return false;
        };
        self.latest_call = self.latest_call_before(self.part.events.len());
        self.before += self.part.events.len() as u64;
        self.answers_before += self.part.recorded.len() as u64;
        self.part = next;
        true
    }

    /// The next part that has events.
    fn read(&mut self) -> Option<Arc<Workload>> {
        let rest = self.rest.as_mut()?;
        loop {
            let before = self.is_made_on_the_way.then(|| rest.clone());
            match rest.take() {
                Ok(Some(part)) if part.events.is_empty() => {}
                Ok(Some(part)) => {
                    self.again = before;
                    return Some(Arc::new(part));
                }
                Ok(None) => break,
                Err(error) => {
                    self.fault = Some(error.to_string());
                    break;
                }
            }
        }
        self.rest = None;
        None
    }

    /// Returns how many events of the part at hand come after so many events in all, where the part is read from a trace.
    pub(crate) fn left_of_read_part(&self, position: u64) -> usize {
        match self.is_read() {
            true => self.part.events.len().saturating_sub(self.place(position)),
            false => 0,
        }
    }

    /// Whether the part at hand was read from a trace on the way.
    pub(crate) fn is_read(&self) -> bool {
        !self.is_made_on_the_way && !Arc::ptr_eq(&self.part, &self.first)
    }

    /// Returns it as it is kept after so many events, with so many answers: without a part that a pattern makes, for a burst has
    /// millions of calls, and of one that was read without what was replayed.
    #[inline]
    pub(crate) fn stored(&self, position: u64, asked: u64) -> Self {
        if let Some(again) = &self.again {
            return Self {
                first: Arc::clone(&self.first),
                part: Arc::clone(&self.first),
                next: None,
                rest: Some(again.clone()),
                again: None,
                lacks_part: true,
                fault: self.fault.clone(),
                ..*self
            };
        }
        let mut stored = self.clone();
        if self.is_read() {
            stored.drop_replayed(position, asked);
        }
        stored
    }

    fn drop_replayed(&mut self, position: u64, asked: u64) {
        let part = Arc::clone(&self.part);
        let place = self.place(position).min(part.events.len());
        let answers = self.answer(asked).min(part.recorded.len());
        self.latest_call = self.latest_call_before(place);
        self.before += place as u64;
        self.answers_before += answers as u64;
        self.part = Arc::new(Workload {
            events: part.events[place..].to_vec(),
            recorded: part.recorded[answers..].to_vec(),
            marks: part.marks.clone(),
            blocks: part.blocks,
            ..Workload::default()
        });
    }

    /// Returns what goes on from here. A part that is to be made is taken from `near` where that has it at hand.
    #[inline]
    pub(crate) fn resumed(&self, near: Option<&Self>) -> Self {
        let mut feed = self.clone();
        if !std::mem::take(&mut feed.lacks_part) {
            return feed;
        }
        let has_part = |near: &&Self| {
            Arc::ptr_eq(&near.first, &self.first)
                && near.before == self.before
                && near.again.is_some()
        };
        match near.filter(has_part) {
            Some(near) => {
                feed.part = Arc::clone(&near.part);
                feed.rest = near.rest.clone();
                feed.again = near.again.clone();
            }
            // It was made before, so it can be made.
            None => feed.part = feed.read().unwrap_or_default(),
        }
        feed
    }

    /// Returns about how many bytes it takes as it is kept. A workload in memory, and the first part, are the source's and not
    /// counted.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        let parts = [Some(&self.part), self.next.as_ref()].into_iter().flatten();
        let own = parts.filter(|part| !Arc::ptr_eq(part, &self.first));
        let own: u64 = own.map(|part| bytes_of(part).0).sum();
        let rest = self.rest.as_ref().map(|rest| rest.footprint());
        Bytes(own) + rest.unwrap_or_default()
    }

    /// When the first event of the next part is, if there is one. What a pattern makes is not made before it is needed.
    #[cold]
    pub(crate) fn next_part_begins(&mut self) -> Option<Micros> {
        if self.next.is_none() && !self.is_made_on_the_way {
            self.next = self.read();
        }
        let next = self.next.as_ref()?;
        next.events.first().map(|event| event.time)
    }

    /// When the program made its latest call before the one at a place in the part at hand.
    pub(crate) fn latest_call_before(&self, place: usize) -> Micros {
        let mut before = self.part.events[..place].iter().rev();
        let latest = before.find(|event| event.call.is_call());
        latest.map_or(self.latest_call, |event| event.time)
    }
}

/// Returns the bytes of a part's events and of the addresses that were recorded with them.
fn bytes_of(part: &Workload) -> Bytes {
    table_bytes(&part.events) + table_bytes(&part.recorded)
}
