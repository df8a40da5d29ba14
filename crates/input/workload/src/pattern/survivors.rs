//! What decoded events leave behind: records of a log, and sessions. Old ones go when there are more than are kept.

use super::kind::Share;
use super::process::Process;
use super::python::{BYTES, Dict, Object};
use super::table::ServiceParameters;
use crate::{Bytes, Nanos};
use std::collections::VecDeque;

/// The time that one takes to make.
const MAKE_TIME: Nanos = Nanos(2_000);

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
    pub(super) fn after_event(&mut self, process: &mut Process, parameters: &ServiceParameters) {
        if parameters.survivors > Share::NONE && process.chance(parameters.survivors) {
            let size = parameters.survivor_size.0 as u32;
            let size = process.between(size / 2, size / 2 + size + 1);
            let record = Object::new(process, BYTES + Bytes::from(size));
            self.keep(process, parameters, Survivor::Record(record));
        }
        if parameters.sessions > Share::NONE && process.chance(parameters.sessions) {
            let session = Dict::new(process, 24);
            self.keep(process, parameters, Survivor::Session(session));
        }
    }

    fn keep(&mut self, process: &mut Process, parameters: &ServiceParameters, survivor: Survivor) {
        self.0.push_back(survivor);
        if let Some(kept) = parameters.kept
            && self.0.len() > kept as usize
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.drop(process);
        }
        process.spend(MAKE_TIME);
    }
}
