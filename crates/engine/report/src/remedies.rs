//! What changes a finding, in words: a setting or a call, what it gives, and what that costs.

use crate::sentence::Sentence;
use highwater_simulator::{Action, Cause, Cost, Finding, Gain, Remedy};

/// Returns a sentence for each remedy; that of malloc_trim is a finding of its own.
pub(crate) fn explain(finding: &Finding) -> Vec<Sentence> {
    let sets = finding.remedies.iter();
    let sets = sets.filter(|remedy| matches!(remedy.action, Action::Set { .. }));
    let is_threshold = matches!(finding.cause, Cause::RisenThreshold { .. });
    sets.map(|set| remedy(set, is_threshold)).collect()
}

/// Returns a remedy's sentence. One of a threshold that rose ends the rise, while other blocks may keep the memory.
fn remedy(remedy: &Remedy, is_threshold: bool) -> Sentence {
    let Action::Set { variables } = &remedy.action else {
        return Sentence::default();
    };
    let mut said = Sentence::default();
    for (place, variable) in variables.iter().enumerate() {
        if place > 0 {
            said = said.text(" and ");
        }
        said = said.setting(variable);
    }
    let many = variables.len() > 1;
    let said = match remedy.gives {
        // Blocks that pin memory in many arenas may pin it in one as well.
        Gain::Ends {} if remedy.cost == Cost::WaitsForTheArena => said.text(
            " keeps free memory in one arena for all threads; a run shows how much then stays.",
        ),
        Gain::Ends {} if is_threshold => said.text(
            " ends the rise. Other chunks may still keep this memory: compare a run with it.",
        ),
        Gain::Ends {} if many => said.text(" end this."),
        Gain::Ends {} => said.text(" ends this."),
        Gain::AtLeast { bytes } | Gain::Now { bytes } => Sentence::new("With ").then(said).text(
            format!(", at least {bytes} would not stay resident, with the heap as it is now."),
        ),
    };
    said.text(match remedy.cost {
        Cost::FaultsAgain => " The cost: pages are faulted in again when they are needed.",
        Cost::SlowerCalls => " The cost: more calls of malloc() and free() merge and search bins.",
        Cost::MappingForEachBlock => {
            " The cost: every block above the threshold takes a mapping, and its page faults, each time."
        }
        Cost::StaysResident => " The cost: as much memory stays resident at the top.",
        Cost::WaitsForTheArena => " The cost: threads that call at the same time wait for each other.",
        Cost::NoTraces => " The cost: no report of who allocated a block.",
        Cost::BackgroundThread => " The cost: one more thread, which wakes by itself.",
        Cost::SmallPages => " The cost: a page fault for each small page, and more TLB misses.",
    })
}
