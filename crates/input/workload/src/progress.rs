//! How long work says how far it is, and is stopped.

use std::ops::ControlFlow;

/// How far a piece of work is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What is done, from 0 to `total`, in a unit that only the work knows (bytes of the file, tasks of the pattern).
    pub done: u64,
    /// The whole work; never 0.
    pub total: u64,
}

impl Progress {
    /// The share that is done, from 0 to 1.
    pub fn share(self) -> f64 {
        self.done as f64 / self.total.max(1) as f64
    }
}

/// Told of progress from time to time (often enough to answer within some milliseconds); breaking off makes the work
/// return its `Cancelled` error, with nothing kept.
pub type Watch<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// The watch of those who just wait.
pub fn unwatched(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
