//! What returns it, as far as that is computed from the heap as it lies.

use crate::sentence::Sentence;
use highwater_simulator::{Action, Bytes, Cause, Diagnosis, Gain, Variable};

/// Says what a call returns at once, and what the best setting of the findings keeps from staying.
pub(super) fn say(diagnosis: &Diagnosis, kept: Bytes) -> Vec<Sentence> {
    let is_worth = |bytes: Bytes| bytes.0 * 10 >= kept.0 && bytes >= Bytes::kib(64);
    let mut said = Vec::new();
    let returned = diagnosis.reclaimable;
    if is_worth(returned) {
        let call = match diagnosis.figures {
            Some(_) => "A purge of all arenas",
            None => "malloc_trim(0)",
        };
        said.push(Sentence::new(format!(
            "{call} would return {returned} now."
        )));
    }
    if let Some((variables, bytes)) = best(diagnosis).filter(|(_, bytes)| is_worth(*bytes)) {
        let mut with = Sentence::new("With ");
        for (place, variable) in variables.iter().enumerate() {
            if place > 0 {
                with = with.text(" and ");
            }
            with = with.setting(variable);
        }
        said.push(with.text(format!(
            ", at least {bytes} would not stay resident, with the heap as it is now."
        )));
    }
    said
}

/// Says what memory costs that comes and goes, where nothing else is found.
pub(super) fn churn(diagnosis: &Diagnosis) -> Option<Sentence> {
    let churn = diagnosis
        .findings
        .iter()
        .find_map(|finding| match &finding.cause {
            Cause::HeapChurn { churn, .. } => Some((churn, "the heap grew and was trimmed")),
            Cause::MappingChurn { churn, .. } => Some((churn, "blocks were mapped and unmapped")),
            _ => None,
        });
    churn.map(|(churn, what)| {
        Sentence::new(format!(
            "But {what} by turns, {} times; the run has had {} page faults and {} system calls.",
            crate::count(churn.turns),
            crate::count(churn.faults),
            crate::count(churn.syscalls)
        ))
    })
}

/// The settings of all findings that keep most from staying.
fn best(diagnosis: &Diagnosis) -> Option<(&[Variable], Bytes)> {
    let remedies = diagnosis.findings.iter();
    let remedies = remedies.flat_map(|finding| &finding.remedies);
    let sets = remedies.filter_map(|remedy| match (&remedy.action, remedy.gives) {
        (Action::Set { variables }, Gain::AtLeast { bytes }) => Some((&variables[..], bytes)),
        _ => None,
    });
    sets.reduce(|best, other| if other.1 > best.1 { other } else { best })
}
