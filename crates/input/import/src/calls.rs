//! From a tool's records to events in their ranges.

use crate::error::Fault;
use crate::losses::{Loss, Losses};
use highwater_hwr::{Domain, Event, Placed};
use rustc_hash::FxHashMap;
use std::io;

/// Where events go.
pub trait Sink {
    /// Takes an event, whose numbers are all in their ranges.
    ///
    /// # Errors
    /// What writing it reports.
    fn event(&mut self, placed: &Placed) -> io::Result<()>;
}

impl<W: io::Write> Sink for highwater_hwr::write::Writer<W> {
    fn event(&mut self, placed: &Placed) -> io::Result<()> {
        self.placed(placed)
    }
}

/// Addresses and sizes at and above which a file is damaged.
const ADDRESS_END: u64 = 1 << 48;
const SIZE_END: u64 = 1 << 47;
/// Microseconds at which a time is no longer believed.
const TIME_END: u64 = 1 << 53;
/// Threads that are kept apart.
const THREADS: usize = 1 << 16;
/// Least microseconds between two samples that are kept.
const SAMPLE_EVERY: u64 = 100_000;

/// The largest alignment that an address is taken to show.
const GUESSED_LARGEST: u64 = 4096;
/// Alignments that malloc gives without being asked.
const GUESSED_LEAST: u64 = 16;

/// Returns the alignment that an address shows: the largest power of two that divides it, up to a page.
pub(crate) fn guessed_alignment(address: u64) -> u64 {
    let divides = 1 << address.trailing_zeros().min(63);
    u64::clamp(divides, GUESSED_LEAST, GUESSED_LARGEST)
}

/// Who made a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) thread: u32,
    pub(crate) domain: Domain,
    pub(crate) site: u64,
}

impl Origin {
    /// A call of a thread, of which nothing else is known.
    pub(crate) fn thread(thread: u32) -> Self {
        Self {
            thread,
            ..Self::default()
        }
    }
}

/// Numbers the events of a file, and keeps what is common to all formats.
pub(crate) struct Calls<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) sink: &'a mut dyn Sink,
}

/// What is known of a file up to here.
#[derive(Default)]
pub(crate) struct State {
    /// Events that were handed on.
    pub(crate) events: u64,
    /// Microseconds since the beginning.
    time: u64,
    threads: FxHashMap<u64, u32>,
    /// When the last sample was handed on, and the one that was not.
    sampled: Option<u64>,
    held_back: Option<u64>,
    pub(crate) losses: Losses,
}

impl Calls<'_> {
    /// Returns the number of a thread, by first appearance.
    #[inline]
    pub(crate) fn thread(&mut self, id: u64) -> u32 {
        let threads = &mut self.state.threads;
        let next = threads.len();
        if next >= THREADS && !threads.contains_key(&id) {
            return (THREADS - 1) as u32;
        }
        *threads.entry(id).or_insert(next as u32)
    }

    /// Forgets a thread, whose number the tool may give to another.
    pub(crate) fn forget_thread(&mut self, id: u64) {
        // The key is one that no tool gives, so that numbers go on.
        if let Some(number) = self.state.threads.remove(&id) {
            self.state
                .threads
                .insert(u64::MAX - u64::from(number), number);
        }
    }

    /// Sets the time to come; one that lies before is the last one's.
    pub(crate) fn time(&mut self, time: u64) -> Result<(), Fault> {
        if time >= TIME_END {
            return Err(Fault::Bad("a time of 2^53 µs or more"));
        }
        self.state.time = self.state.time.max(time);
        Ok(())
    }

    /// Hands a call on.
    #[inline]
    pub(crate) fn call(&mut self, origin: Origin, event: Event) -> Result<(), Fault> {
        if let Some(what) = impossible(&event) {
            return Err(Fault::Bad(what));
        }
        self.state.losses.calls += 1;
        self.hand_on(origin, event)
    }

    /// Hands on what is no call.
    #[inline]
    pub(crate) fn hand_on(&mut self, origin: Origin, event: Event) -> Result<(), Fault> {
        let placed = Placed {
            ticket: self.state.events,
            width: 0,
            time: self.state.time,
            thread: origin.thread,
            domain: origin.domain,
            site: origin.site,
            event,
        };
        self.state.events += 1;
        Ok(self.sink.event(&placed)?)
    }

    /// Hands on the resident size of the process, if the last one is long past.
    pub(crate) fn resident(&mut self, bytes: u64) -> Result<(), Fault> {
        let is_due = |last| self.state.time >= last + SAMPLE_EVERY;
        if self.state.sampled.is_none_or(is_due) {
            return self.sample(bytes);
        }
        self.state.held_back = Some(bytes);
        Ok(())
    }

    fn sample(&mut self, bytes: u64) -> Result<(), Fault> {
        self.state.sampled = Some(self.state.time);
        self.state.held_back = None;
        let text = format!("rss={bytes}");
        self.hand_on(Origin::default(), Event::Sample(text.as_bytes()))
    }

    /// Ends the file: its last sample says how long the process was there.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        let held_back = self.state.held_back.take();
        held_back.map_or(Ok(()), |bytes| self.sample(bytes))
    }

    /// Notes that something is lost.
    pub(crate) fn lose(&mut self, loss: Loss) {
        self.state.losses.add(loss);
    }
}

/// Returns what of a call cannot be.
#[inline]
fn impossible(event: &Event) -> Option<&'static str> {
    const ADDRESS: &str = "an address of 2^48 or more";
    const SIZE: &str = "a size of 2^47 or more";
    let (address, other, size) = match *event {
        Event::Malloc { address, size } => (address, 0, size),
        Event::Calloc {
            address,
            count,
            size,
        } => (address, 0, count.saturating_mul(size)),
        Event::Aligned {
            address,
            alignment,
            size,
        } => {
            if alignment > u64::from(u32::MAX) {
                return Some("an alignment of 2^32 or more");
            }
            (address, 0, size)
        }
        Event::Realloc { address, old, size } => (address, old, size),
        Event::Free { address } => (address, 0, 0),
        Event::Trim { pad } => (1, 0, pad),
        _ => return None,
    };
    if address >= ADDRESS_END || other >= ADDRESS_END {
        return Some(ADDRESS);
    }
    (address != 0 && size >= SIZE_END).then_some(SIZE)
}

#[cfg(test)]
mod tests {
    use super::guessed_alignment;

    #[test]
    fn an_address_shows_an_alignment_up_to_a_page() {
        for (address, alignment) in [(0x7f10, 16), (0x7f40, 64), (0x10_0000, 4096), (0x7f08, 16)] {
            assert_eq!(guessed_alignment(address), alignment);
        }
    }
}
