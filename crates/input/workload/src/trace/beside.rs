//! Samples that were taken from outside and lie beside a recording, put among its events by their times.

use super::builder::Sink;
use super::error::Fault;
use highwater_hwr::{Domain, Event, Placed};

/// What was measured of a process from outside: when, in microseconds since its first ancestor's recording began, and
/// `key=value` pairs.
pub type Beside = (u64, String);

/// Hands events on, with samples before those that come after them.
pub(super) struct WithSamples<'a, S> {
    pub(super) sink: S,
    /// The samples that are left, in order of time.
    pub(super) samples: &'a [Beside],
}

impl<S: Sink> WithSamples<'_, S> {
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

impl<S: Sink> Sink for WithSamples<'_, S> {
    fn header_line(&mut self, line: &[u8]) {
        self.sink.header_line(line);
    }

    fn event(&mut self, placed: &Placed) -> Result<(), Fault> {
        self.put_until(placed.time)?;
        self.sink.event(placed)
    }
}
