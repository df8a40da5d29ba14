//! The finding that explains what a candidate does: what kept memory before, or what still keeps it.

use crate::family::Family;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_simulator::{Action, CacheKind, Cause, Finding, Remedy};
use serde::Serialize;

/// Sentences of a finding that are enough to explain a row.
const ENOUGH: usize = 2;

/// A finding in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, BorshSerialize, BorshDeserialize)]
pub struct Reason {
    /// Its kind.
    pub kind: String,
    /// Resident bytes that it is about.
    pub bytes: u64,
    /// What it says.
    pub says: String,
    /// The cache that it is about.
    #[serde(skip)]
    pub cache: Option<CacheKind>,
}

impl Reason {
    /// Returns a finding as a reason; `None` if it says nothing.
    pub fn of(finding: &Finding) -> Option<Self> {
        let explained = highwater_report::explain(finding);
        // What changes it has runs of its own here.
        let is_set = |remedy: &&Remedy| matches!(remedy.action, Action::Set { .. });
        let remedies = finding.remedies.iter().filter(is_set).count();
        let own = explained.sentences.len().saturating_sub(remedies);
        let sentences = explained.sentences.iter().take(own.min(ENOUGH));
        let says: Vec<String> = sentences.map(ToString::to_string).collect();
        (!says.is_empty()).then(|| Self {
            kind: explained.kind.to_owned(),
            bytes: finding.bytes.0,
            says: says.join(" "),
            cache: match finding.cause {
                Cause::Parked { cache, .. } => Some(cache),
                _ => None,
            },
        })
    }

    /// Of the findings of the run as it is, the one that says most about a change of these kinds.
    pub(crate) fn before(families: &[Family], findings: &[Self]) -> Option<Self> {
        let kinds = families.iter().flat_map(|family| family.kinds());
        let mut own = kinds.filter_map(|kind| {
            let mut found = findings.iter();
            found.find(|finding| finding.kind == *kind && finding.fits(families))
        });
        own.next().cloned()
    }

    /// Of the findings of a run, the one about most memory; of several the first. What malloc_trim would give back is no cause,
    /// and the peak is another matter.
    pub(crate) fn left(findings: &[Self]) -> Option<Self> {
        let is_cause = |finding: &&Self| {
            !["malloc_trim", "peak_held", "nothing_wrong"].contains(&finding.kind.as_str())
        };
        let causes = findings.iter().filter(is_cause);
        let most = causes.reduce(|most, finding| {
            if finding.bytes > most.bytes {
                finding
            } else {
                most
            }
        });
        most.cloned()
    }

    /// Whether a finding about parked chunks is about the cache that is changed.
    fn fits(&self, families: &[Family]) -> bool {
        self.cache.is_none_or(|cache| {
            families.contains(&match cache {
                CacheKind::Fastbin => Family::Fastbins,
                CacheKind::Tcache => Family::ThreadCache,
            })
        })
    }
}
