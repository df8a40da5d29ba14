//! What decoded events leave behind: records of a log, and sessions. Old ones go when there are more than are kept.

use super::Parameters;
use super::process::Process;
use super::python::{BYTES, Dict, Object};
use std::collections::VecDeque;

/// Nanoseconds that one takes to make.
const MAKE_NS: u64 = 2_000;

/// Something that outlives the work.
#[derive(Clone)]
enum Survivor {
    /// A record: bytes of about a given size.
    Record(Object),
    /// A dict of a dozen keys, which a client's request may find again.
    Session(Dict),
}

impl Survivor {
    fn drop(self, process: &mut Process) {
        match self {
            Self::Record(record) => record.drop(process),
            Self::Session(session) => session.drop(process),
        }
    }
}

/// All that survive, the oldest first.
#[derive(Clone, Default)]
pub(super) struct Survivors(VecDeque<Survivor>);

impl Survivors {
    /// An event was decoded.
    pub(super) fn after_event(&mut self, process: &mut Process, parameters: &Parameters) {
        // In thousandths of a percent, which is what the values are rounded to.
        let share = |percent: f64| (percent * 1000.0).round() as u32;
        if parameters.survivors > 0.0 && process.chance(share(parameters.survivors)) {
            let size = parameters.survivor_size;
            let size = process.between(size / 2, size / 2 + size + 1);
            let record = Object::new(process, u64::from(size) + BYTES);
            self.keep(process, parameters, Survivor::Record(record));
        }
        if parameters.sessions > 0.0 && process.chance(share(parameters.sessions)) {
            let session = Dict::new(process, 24);
            self.keep(process, parameters, Survivor::Session(session));
        }
    }

    fn keep(&mut self, process: &mut Process, parameters: &Parameters, survivor: Survivor) {
        self.0.push_back(survivor);
        if parameters.kept > 0
            && self.0.len() > parameters.kept as usize
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.drop(process);
        }
        process.spend_ns(MAKE_NS);
    }
}
