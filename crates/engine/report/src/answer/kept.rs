//! What keeps most of the memory that could go back, of all findings of a moment.

use super::{AnswerKind, heaps};
use crate::explain;
use crate::sentence::Sentence;
use highwater_simulator::{ArenaShare, Bytes, CacheKind, Cause, Diagnosis, Finding, Gain, Remedy};

/// Less than this is not worth an answer.
const LEAST: Bytes = Bytes::kib(64);

/// Sentences of a finding that go with an answer.
const ENOUGH: usize = 2;

/// What keeps most memory.
pub(super) struct Kept<'a> {
    /// What it is.
    pub(super) kind: AnswerKind,
    /// Resident bytes that it keeps.
    pub(super) bytes: Bytes,
    /// The finding that says so; several of free memory in heaps.
    finding: &'a Finding,
}

impl<'a> Kept<'a> {
    /// Returns what keeps most; `None` where nothing is found that keeps any.
    pub(super) fn of(diagnosis: &'a Diagnosis) -> Option<Self> {
        let mut most: Option<Self> = None;
        for finding in &diagnosis.findings {
            let Some((kind, bytes)) = weigh(diagnosis, finding) else {
                continue;
            };
            // Of the same memory the first finding speaks, and a cause before a place.
            let is_cause = kind == AnswerKind::Thresholds;
            let is_more = most
                .as_ref()
                .is_none_or(|most| bytes > most.bytes || (is_cause && bytes.0 * 2 >= most.bytes.0));
            if is_more && bytes >= LEAST {
                most = Some(Self {
                    kind,
                    bytes,
                    finding,
                });
            }
        }
        most
    }

    /// Says it: the end of a sentence that begins with how much.
    pub(super) fn say(&self, diagnosis: &Diagnosis) -> String {
        let says = match &self.finding.cause {
            Cause::RisenThreshold { .. } => {
                "stays because freeing a mapped block raised the thresholds"
            }
            Cause::Parked {
                cache: CacheKind::Fastbin,
                ..
            } => "is parked in fastbins: the program has freed it, and free() counts it as in use",
            Cause::Parked { .. } => {
                "is parked in thread caches (tcache): the program has freed it, and free() counts it as in use"
            }
            Cause::PythonArenas { .. } => "is free in arenas of Python's own allocator",
            Cause::Tracemalloc { .. } => "is what tracemalloc notes of blocks",
            Cause::Dirty { decay_ms: ..0, .. } => "is free, and no decay ever purges it",
            Cause::Dirty { .. } => "is free, but its decay has not run out",
            Cause::Muzzy { .. } => {
                "is free and offered to the kernel, and stays resident until the kernel takes it or its decay runs out"
            }
            Cause::BetweenBlocks {} => {
                "is free between blocks, in pages that are in use: no decay touches it"
            }
            Cause::SparseSlabs { .. } => "is in slabs of which less than half is in use",
            Cause::ParkedPages { .. } => {
                "is in pages that only thread caches use, of blocks that the program has freed"
            }
            _ => return heaps::free(self.kind, diagnosis),
        };
        says.to_owned()
    }

    /// Returns what the finding says besides. Its times are of its stage, so they are left out where that is not the first.
    pub(super) fn more(&self, is_first_stage: bool) -> impl Iterator<Item = Sentence> {
        let begins = match self.kind {
            // Their sentences are about one place of many.
            AnswerKind::Pinned | AnswerKind::Arenas => usize::MAX,
            AnswerKind::Top => 0,
            AnswerKind::Thresholds => usize::from(!is_first_stage),
            // The first says what the answer says.
            _ => 1,
        };
        let sentences = explain(self.finding).sentences.into_iter();
        sentences.skip(begins).take(ENOUGH)
    }

    /// Whether there is only a bound: without a figure for the remedy nobody knows how much of it other blocks would keep.
    pub(super) fn is_bound(&self) -> bool {
        let is_reckoned = |remedy: &Remedy| matches!(remedy.gives, Gain::AtLeast { .. });
        self.kind == AnswerKind::Thresholds && !self.finding.remedies.iter().any(is_reckoned)
    }
}

/// Returns what a finding is in an answer, and the resident bytes that it keeps.
fn weigh(diagnosis: &Diagnosis, finding: &Finding) -> Option<(AnswerKind, Bytes)> {
    let kind = match &finding.cause {
        Cause::Top { .. }
        | Cause::LargestPin { .. }
        | Cause::SmallPins { .. }
        | Cause::Arenas { .. }
        | Cause::OtherArenaTop { .. }
        | Cause::AboveHighestLive { .. }
        | Cause::Slivers { .. } => return Some(in_heaps(diagnosis)),
        Cause::RisenThreshold { .. } => AnswerKind::Thresholds,
        Cause::Parked { .. } | Cause::ParkedPages { .. } => AnswerKind::Parked,
        Cause::PythonArenas { .. } => AnswerKind::PythonArenas,
        Cause::Tracemalloc { .. } => AnswerKind::Tracemalloc,
        Cause::Dirty { .. } | Cause::Muzzy { .. } => AnswerKind::Decay,
        Cause::BetweenBlocks {} | Cause::SparseSlabs { .. } => AnswerKind::BetweenBlocks,
        _ => return None,
    };
    Some((kind, finding.bytes))
}

fn in_heaps(diagnosis: &Diagnosis) -> (AnswerKind, Bytes) {
    let free = heaps::free_in(diagnosis);
    let mut tops = Bytes::ZERO;
    for share in &diagnosis.arenas {
        tops += share.top_resident;
    }
    let kind = if tops.0 * 2 >= free.0 {
        AnswerKind::Top
    } else if is_spread(&diagnosis.arenas, free) {
        AnswerKind::Arenas
    } else {
        AnswerKind::Pinned
    };
    (kind, free)
}

/// Whether a tenth of the free memory or more lies outside the arena that has most.
fn is_spread(arenas: &[ArenaShare], free: Bytes) -> bool {
    let most = arenas.iter().map(|share| share.free_resident).max();
    let others = free.saturating_sub(most.unwrap_or_default());
    arenas.len() > 1 && others.0 * 10 >= free.0
}
