//! What is added to the events of a recording while it is converted: samples that were taken from outside, by their times, and names
//! for places in code.

use super::builder::Sink;
use super::error::Fault;
use highwater_hwr::{Domain, Event, Placed};

/// What was measured of a process from outside: when, in microseconds since its first ancestor's recording began, and
/// `key=value` pairs.
pub type Beside = (u64, String);

/// Names places in code.
pub trait Naming {
    /// Takes a file with code: its name in places, its build id or `-`, and its path, one space between each.
    fn module(&mut self, text: &str);

    /// Returns the places of a site, one space between each, with names where they are known; `None` if no place is given another
    /// name.
    fn frames(&mut self, frames: &str) -> Option<String>;
}

/// Leaves places as they are.
impl Naming for () {
    fn module(&mut self, _: &str) {}

    fn frames(&mut self, _: &str) -> Option<String> {
        None
    }
}

/// Hands events on, with samples before those that come after them, and with names.
pub(super) struct Completed<'a, S> {
    pub(super) sink: S,
    /// The samples that are left, in order of time.
    pub(super) samples: &'a [Beside],
    pub(super) names: &'a mut dyn Naming,
}

impl<S: Sink> Completed<'_, S> {
    /// Hands on the samples up to a time. They are of no thread: they bear the number of the first.
    pub(super) fn put_until(&mut self, time: u64) -> Result<(), Fault> {
        while let Some(((at, text), rest)) = self.samples.split_first()
            && *at < time
        {
            self.samples = rest;
            self.sink.event(&Placed {
                ticket: 0,
                width: 0,
                time: *at,
                thread: 0,
                domain: Domain::default(),
                site: 0,
                event: Event::Sample(text.as_bytes()),
            })?;
        }
        Ok(())
    }
}

impl<S: Sink> Sink for Completed<'_, S> {
    fn header_line(&mut self, line: &[u8]) {
        self.sink.header_line(line);
    }

    fn event(&mut self, placed: &Placed) -> Result<(), Fault> {
        self.put_until(placed.time)?;
        // Both texts are UTF-8: what is not was replaced when it was read.
        match placed.event {
            Event::Module(text) => self.names.module(str::from_utf8(text).unwrap_or_default()),
            Event::Site { number, frames } => {
                let named = str::from_utf8(frames).ok();
                if let Some(named) = named.and_then(|frames| self.names.frames(frames)) {
                    let frames = named.as_bytes();
                    let event = Event::Site { number, frames };
                    return self.sink.event(&Placed { event, ..*placed });
                }
            }
            _ => {}
        }
        self.sink.event(placed)
    }
}
