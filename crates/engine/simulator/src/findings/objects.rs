//! What Python's object allocator holds: what a change of malloc does not reach.

use super::finding::Finding;
use super::kinds::Cause;
use super::remedy::{Cost, Gain, Remedy, variable};
use super::scene::Scene;
use highwater_allocator::{Bytes, Objects};

/// What an object allocator takes for itself is told from this size on.
const OWN_WORTH: Bytes = Bytes::kib(64);

impl Scene<'_> {
    /// Finds room in arenas of small objects, and what tracemalloc keeps.
    pub(super) fn objects(&self, objects: &Objects) -> Vec<Finding> {
        let mut found = Vec::new();
        let free = objects.free_resident;
        if self.is_worth(free) {
            let cause = Cause::PythonArenas {
                arenas: objects.arenas,
                arena_bytes: objects.arena_bytes,
                live: objects.live,
                half_free: objects.arenas_half_free,
            };
            let finding = Finding::new(cause, free);
            found.push(finding.by("arena_goes_back_when_empty", "_PyObject_Free"));
        }
        let own = &objects.own;
        if own.traces >= OWN_WORTH {
            let cause = Cause::Tracemalloc { blocks: own.traced };
            let off = vec![variable("PYTHONTRACEMALLOC", 0)];
            let remedy = Remedy::set(off, Gain::Ends {}, Cost::NoTraces);
            let finding = Finding::new(cause, own.traces);
            found.push(
                finding
                    .by("tracemalloc_keeps_traces", "tracemalloc_add_trace")
                    .with([remedy]),
            );
        }
        found
    }
}
