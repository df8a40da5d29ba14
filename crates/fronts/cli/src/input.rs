//! What the arguments stand for: recordings, scenarios, variants, moments.

pub(crate) mod environment;
pub(crate) mod imported;
pub(crate) mod job;
pub(crate) mod moment;
pub(crate) mod names;
pub(crate) mod recorded;
pub(crate) mod rerun;
pub(crate) mod scenario;
pub(crate) mod texts;
pub(crate) mod variants;
