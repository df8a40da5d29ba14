//! The recording that is part of the project.

use highwater_workload::{Workload, trace};

/// Reads the recorded burst of an asyncio service.
pub(crate) fn asyncio_burst() -> Workload {
    let bytes = include_bytes!("../../../../../web/traces/asyncio_burst.hwt.gz");
    trace::read(bytes).expect("the recording is well formed")
}
