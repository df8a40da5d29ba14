//! The paragraph for the review of an incident, with its figures.

use crate::advice::{Advice, Advised};
use crate::candidate::Doer;
use highwater_report::{count, one_line};

/// Returns the paragraph on a candidate, in Markdown.
pub(super) fn paragraph(advice: &Advice, row: &Advised, subject: &str) -> String {
    let before = advice.baseline();
    let mut said = vec![format!(
        "The allocator calls of {} were run on Highwater's model of the allocator, as they are and with {} changes.",
        one_line(subject),
        count(advice.candidates.len() as u64 - 1)
    )];
    if let Some(reason) = &row.explains {
        said.push(reason.says.clone());
    }
    said.push(format!(
        "With `{}`, {}: {}",
        row.name,
        by(row.doer),
        advice.gain(row)
    ));
    said.push(format!(
        "The peak is {} instead of {}, the average {} instead of {}.",
        row.figures.peak, before.figures.peak, row.figures.mean, before.figures.mean
    ));
    let on = row
        .on_other_loads
        .iter()
        .map(|on| format!("{} instead of {} on {}", on.after, on.before, on.load));
    let on: Vec<String> = on.collect();
    if !on.is_empty() {
        said.push(format!("On other loads: {}.", on.join(", ")));
    }
    let idle = advice
        .candidates
        .iter()
        .filter(|other| other.is_usual && other.does_nothing);
    let idle: Vec<String> = idle.map(|other| format!("`{}`", other.name)).collect();
    if !idle.is_empty() {
        let verb = if idle.len() == 1 { "does" } else { "do" };
        said.push(format!(
            "The usual advice, {}, {verb} nothing here.",
            idle.join(", ")
        ));
    }
    said.push(advice.costs.source());
    said.join(" ") + "\n"
}

fn by(doer: Doer) -> &'static str {
    match doer {
        Doer::Settings => "set in the environment of the process",
        Doer::Library => "loaded in the C library's place",
        Doer::Program => "called by the program",
    }
}
