//! Findings in words.

use crate::sentence::Sentence;
use crate::{arenas, charged, heap, objects, pages, remedies};
use highwater_simulator::{Bytes, Cause, Diagnosis, Finding};

/// A finding in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explained {
    /// The kind of finding, as it is serialised.
    pub kind: &'static str,
    /// Its sentences: what it is, what that means, and what changes it.
    pub sentences: Vec<Sentence>,
}

/// Returns the first sentence about a moment: what is resident, held, and free.
pub fn headline(diagnosis: &Diagnosis) -> Sentence {
    let elsewhere = match diagnosis.live.saturating_sub(diagnosis.live_resident) {
        Bytes::ZERO => String::new(),
        elsewhere => format!(", of which {elsewhere} is not resident"),
    };
    Sentence::new(format!(
        "{} is resident. The program holds {}{elsewhere}; {} is free in the allocator but still resident.",
        diagnosis.rss, diagnosis.live, diagnosis.free_resident
    ))
}

/// Returns a finding in words.
pub fn explain(finding: &Finding) -> Explained {
    let mut sentences = match &finding.cause {
        Cause::NothingWrong { .. }
        | Cause::Parked { .. }
        | Cause::AboveHighestLive { .. }
        | Cause::RisenThreshold { .. }
        | Cause::Top { .. }
        | Cause::LargestPin { .. }
        | Cause::SmallPins { .. }
        | Cause::Slivers { .. }
        | Cause::MallocTrim { .. }
        | Cause::HeapChurn { .. }
        | Cause::MappingChurn { .. }
        | Cause::PeakHeld { .. } => heap::explain(finding),
        Cause::OtherArenaTop { .. }
        | Cause::Arenas { .. }
        | Cause::OtherTops { .. }
        | Cause::EndedArenas { .. }
        | Cause::SharedArenas { .. } => arenas::explain(finding),
        Cause::PythonArenas { .. } | Cause::Tracemalloc { .. } => objects::explain(finding),
        Cause::Dirty { .. }
        | Cause::Resting { .. }
        | Cause::Muzzy { .. }
        | Cause::BetweenBlocks {}
        | Cause::SparseSlabs { .. }
        | Cause::ParkedPages { .. }
        | Cause::NothingToPurge {}
        | Cause::RecordedTime {} => pages::explain(finding),
        Cause::HugePages {
            huge,
            size,
            mode,
            ends,
        } => charged::explain_huge(finding.bytes, (*huge, *size), *mode, *ends),
    };
    sentences.extend(remedies::explain(finding));
    Explained {
        kind: finding.cause.name(),
        sentences,
    }
}
