//! Events to a workload.

use super::call_sites::CallSites;
use super::error::Fault;
use super::line::split_pair;
use super::names::Names;
use super::{Limits, PAIR_BYTES};
use crate::numbers::BlockNumbers;
use crate::{
    Address, BlockId, Bytes, Call, Domain, Event, Mark, MarkId, Micros, Sample, SiteId, ThreadId,
    Touched, TouchedId, TouchedRun, Workload,
};
use highwater_allocator::table_bytes;
use highwater_hwr::{self as hwr, Placed, Runs};
use std::mem::{replace, take};

/// Where the events of a trace go.
pub(super) trait Sink {
    /// Takes a header line, of version 2 whatever the trace's.
    fn header_line(&mut self, _line: &[u8]) {}

    /// Takes an event, whose numbers are all in their ranges.
    fn event(&mut self, placed: &Placed) -> Result<(), Fault>;
}

/// Keeps the workload that events make.
pub(super) struct Builder {
    pub(super) limits: Limits,
    /// Bytes of marks and of samples that were read, as [`Limits::mark_text`] counts them.
    mark_text: u64,
    sample_text: u64,
    /// Runs of touched pages that were read.
    runs: u64,
    names: Names,
    sites: CallSites,
    numbers: BlockNumbers,
    /// For the block of each number the allocating calls before its own.
    allocations: Vec<u32>,
    /// Allocating calls that were read.
    allocated: u32,
    /// Events, marks and records of touched pages of the parts that were taken.
    before: (u64, usize, usize),
    pub(super) workload: Workload,
}

impl Builder {
    /// Begins with nothing; about `events` events are to come.
    pub(super) fn new(limits: Limits, events: usize) -> Self {
        let mut workload = Workload::default();
        // What cannot be had now is asked for again when it is needed.
        let events = events.min(limits.events as usize).min(1 << 22);
        let _ = workload.events.try_reserve(events);
        let _ = workload.recorded.try_reserve(events / 2);
        Self {
            limits,
            mark_text: 0,
            sample_text: 0,
            runs: 0,
            names: Names::default(),
            sites: CallSites::default(),
            numbers: BlockNumbers::default(),
            allocations: Vec::new(),
            allocated: 0,
            before: (0, 0, 0),
            workload,
        }
    }

    /// Takes what was read since the last part. Its counts, and the numbers of its records of touched pages, go on from
    /// part to part; its marks are counted anew.
    pub(super) fn take_part(&mut self) -> Workload {
        let mut next = self.counted();
        // Parts are about as long as one another. What cannot be had now is asked for again when it is needed.
        let room = |length: usize| length + length / 8;
        let part = &self.workload;
        let _ = next.events.try_reserve(room(part.events.len()));
        let _ = next.recorded.try_reserve(room(part.recorded.len()));
        let part = replace(&mut self.workload, next);
        self.before.0 += part.events.len() as u64;
        self.before.1 += part.marks.len();
        self.before.2 += part.touched.len();
        part
    }

    /// What was read.
    pub(super) fn finish(mut self) -> Workload {
        (self.workload.sites, self.workload.modules) = self.take_sites();
        self.workload
    }

    /// What the sites of all parts stand for, and the files with code that they name.
    pub(super) fn take_sites(&mut self) -> (Vec<Box<str>>, Vec<Box<str>>) {
        let sites = &mut self.sites;
        (take(&mut sites.names), take(&mut sites.modules))
    }

    /// Returns what goes on from part to part.
    fn counted(&self) -> Workload {
        Workload {
            blocks: self.workload.blocks,
            skipped: self.workload.skipped,
            passed_over: self.workload.passed_over,
            last_thread: self.workload.last_thread,
            alive: self.workload.alive,
            ..Workload::default()
        }
    }

    /// Returns about how many bytes a copy takes that has no events at hand.
    pub(super) fn footprint(&self) -> Bytes {
        let sites = self.sites.footprint();
        let tables = self.names.footprint() + self.numbers.footprint();
        tables + table_bytes(&self.allocations) + sites
    }

    /// Events that were read.
    pub(super) fn events(&self) -> u64 {
        self.before.0 + self.workload.events.len() as u64
    }

    /// Adds a call.
    #[inline]
    fn push(&mut self, placed: &Placed, call: Call) -> Result<(), Fault> {
        // No thread has a greater number.
        let thread = ThreadId(placed.thread as u16);
        self.workload.last_thread = self.workload.last_thread.max(thread);
        let site = match placed.site {
            0 => SiteId::UNKNOWN,
            number => self.sites.of(number),
        };
        let events = &mut self.workload.events;
        if events.len() == events.capacity() {
            events
                .try_reserve(events.len().max(1024))
                .map_err(|_| Fault::OutOfMemory)?;
        }
        events.push(Event {
            time: Micros(placed.time),
            thread,
            domain: match placed.domain {
                hwr::Domain::Raw => Domain::Raw,
                hwr::Domain::Object | hwr::Domain::Unknown => Domain::Object,
            },
            site,
            call,
        });
        Ok(())
    }

    fn calloc(&mut self, address: u64, count: u64, size: u64) -> Result<Call, Fault> {
        let (count, size) = match (u32::try_from(count), u32::try_from(size)) {
            (Ok(count), _) => (count, size),
            (_, Ok(size)) => (size, count),
            // The product does not fit 64 bits and neither does this one: it fails as the recorded call did.
            _ => (u32::MAX, u64::MAX),
        };
        let block = self.allocated(Address(address), false)?;
        let size = Bytes(size);
        Ok(Call::Calloc { block, count, size })
    }

    #[inline]
    fn realloc(&mut self, new: u64, old: u64, size: u64) -> Result<Option<Call>, Fault> {
        let (new, pointer) = (Address(new), Address(old));
        let failed = new.is_null() && size != 0;
        let old = match pointer {
            Address::NULL => None,
            _ if failed => self.names.get(pointer),
            _ => self.names.forget(pointer),
        };
        if !pointer.is_null() && old.is_none() {
            self.workload.skipped += 1;
            if new.is_null() && !failed {
                return Ok(None);
            }
        }
        // Its number is not the old one's, whose life ends with the call.
        // One to no bytes that returned nothing has freed the old one, and nothing was refused: where an allocator answers it with
        // a block, that has a number, which is free at once.
        let is_freed = !pointer.is_null() && new.is_null() && !failed;
        let block = self.allocated(new, is_freed)?;
        if let Some(old) = old.filter(|_| !failed) {
            self.numbers.give_back(old);
        }
        if is_freed {
            self.numbers.give_back(block);
        }
        let size = Bytes(size);
        Ok(Some(Call::Realloc { block, old, size }))
    }

    #[inline]
    fn free(&mut self, address: u64) -> Option<Call> {
        if address == 0 {
            return None;
        }
        let block = self.names.forget(Address(address));
        match block {
            Some(block) => self.numbers.give_back(block),
            None => self.workload.skipped += 1,
        }
        block.map(|block| Call::Free { block })
    }

    fn mark(&mut self, text: &[u8]) -> Result<Call, Fault> {
        if self.before.1 + self.workload.marks.len() >= self.limits.marks as usize {
            return Err(Fault::TooMuch {
                what: "marks",
                limit: self.limits.marks.into(),
            });
        }
        let text = String::from_utf8_lossy(text);
        let mut words = text.split(' ');
        let mut mark = Mark {
            name: words.next().unwrap_or_default().to_owned(),
            measured: Vec::new(),
        };
        self.count_mark_text(mark.name.len())?;
        for (key, value) in words.filter_map(split_pair) {
            self.count_mark_text(key.len() + PAIR_BYTES as usize)?;
            mark.measured.push((key.to_owned(), value));
        }
        // No more marks than events, which are counted in 32 bits.
        let id = MarkId(self.workload.marks.len() as u32);
        self.workload.marks.push(mark);
        Ok(Call::Mark(id))
    }

    fn count_mark_text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.mark_text += bytes as u64;
        within(self.mark_text, self.limits.mark_text, "bytes of marks")
    }

    /// Keeps what was measured beside the calls: it is none.
    fn sample(&mut self, time: u64, text: &[u8]) -> Result<(), Fault> {
        self.sample_text += text.len() as u64 + PAIR_BYTES;
        let limit = self.limits.mark_text.saturating_mul(4);
        within(self.sample_text, limit, "bytes of samples")?;
        self.workload.alive = self.workload.alive.max(Micros(time));
        self.workload.samples.push(Sample {
            event: self.events() as u32,
            time: Micros(time),
            text: String::from_utf8_lossy(text).into(),
        });
        Ok(())
    }

    /// Keeps which pages of a block were touched up to here.
    fn touched(&mut self, address: u64, runs: Runs) -> Result<Option<Call>, Fault> {
        let Some(block) = self.names.get(Address(address)) else {
            self.workload.skipped += 1;
            return Ok(None);
        };
        let limit = self.limits.events.into();
        let mut kept = Vec::new();
        for (skipped, pages) in runs.iter() {
            kept.try_reserve(1).map_err(|_| Fault::OutOfMemory)?;
            kept.push(TouchedRun { skipped, pages });
        }
        self.runs += kept.len() as u64;
        within(self.runs, limit, "runs of touched pages")?;
        // No more of them than events, which are counted in 32 bits.
        let id = TouchedId((self.before.2 + self.workload.touched.len()) as u32);
        self.workload.touched.push(Touched {
            block,
            allocation: self.allocations[block.0 as usize],
            recorded: Address(address),
            runs: kept.into(),
        });
        Ok(Some(Call::Touched(id)))
    }

    /// Numbers the block that an allocating line returned.
    #[inline]
    fn allocated(&mut self, pointer: Address, is_freed: bool) -> Result<BlockId, Fault> {
        let recorded = &mut self.workload.recorded;
        if recorded.len() == recorded.capacity() {
            recorded
                .try_reserve(recorded.len().max(1024))
                .map_err(|_| Fault::OutOfMemory)?;
        }
        recorded.push(pointer);
        // No more of them than events, which are counted in 32 bits.
        let number = self.allocated;
        self.allocated += 1;
        if pointer.is_null() && !is_freed {
            return Ok(BlockId::REFUSED);
        }
        let block = self.numbers.take();
        self.workload.blocks = self.numbers.end;
        match self.allocations.get_mut(block.0 as usize) {
            Some(allocation) => *allocation = number,
            // Numbers that are new come in turn.
            None => self.allocations.push(number),
        }
        if !pointer.is_null() {
            self.names.name(pointer, block);
        }
        Ok(block)
    }
}

impl Clone for Builder {
    /// Returns one that goes on with the next part.
    fn clone(&self) -> Self {
        Self {
            names: self.names.clone(),
            sites: self.sites.clone(),
            numbers: self.numbers.clone(),
            allocations: self.allocations.clone(),
            workload: self.counted(),
            ..*self
        }
    }
}

impl Sink for Builder {
    #[inline]
    fn event(&mut self, placed: &Placed) -> Result<(), Fault> {
        if self.events() >= self.limits.events.into() {
            return Err(Fault::TooManyEvents);
        }
        let call = match placed.event {
            hwr::Event::Malloc { address, size } => Call::Malloc {
                block: self.allocated(Address(address), false)?,
                size: Bytes(size),
            },
            hwr::Event::Free { address } => match self.free(address) {
                Some(call) => call,
                None => return Ok(()),
            },
            hwr::Event::Calloc {
                address,
                count,
                size,
            } => self.calloc(address, count, size)?,
            hwr::Event::Realloc { address, old, size } => {
                match self.realloc(address, old, size)? {
                    Some(call) => call,
                    None => return Ok(()),
                }
            }
            hwr::Event::Aligned {
                address,
                alignment,
                size,
            } => Call::Aligned {
                block: self.allocated(Address(address), false)?,
                // No alignment is greater.
                alignment: alignment as u32,
                size: Bytes(size),
            },
            hwr::Event::Trim { pad } => Call::Trim { pad: Bytes(pad) },
            hwr::Event::ThreadEnd => Call::ThreadExit,
            hwr::Event::Mark(text) => self.mark(text)?,
            hwr::Event::Mallopt { parameter, value } => Call::Mallopt {
                // Both are numbers of 32 bits.
                option: parameter as i32,
                value: value as i32,
            },
            hwr::Event::Child => Call::Forked,
            hwr::Event::Touched { address, runs } => match self.touched(address, runs)? {
                Some(call) => call,
                None => return Ok(()),
            },
            hwr::Event::Sample(text) => return self.sample(placed.time, text),
            hwr::Event::Site { number, frames } => {
                return self.sites.name(number, frames, self.limits.mark_text);
            }
            hwr::Event::Module(text) => return self.sites.module(text, self.limits.mark_text),
            // No model has a use for these yet.
            hwr::Event::Fork | hwr::Event::Mapping(_) => {
                self.workload.passed_over += 1;
                return Ok(());
            }
        };
        self.push(placed, call)
    }
}

fn within(amount: u64, limit: u64, what: &'static str) -> Result<(), Fault> {
    match amount > limit {
        true => Err(Fault::TooMuch { what, limit }),
        false => Ok(()),
    }
}
