//! The report: every claim with what was found.

use crate::claim::{Claim, Finding, Verdict};

const HEAD: &str = "\
# The claims about the incident

This page checks each claim of the incident's published account, and of the advice around it, with a run of the models. The
scenario after each claim is a file that you can read and run (`highwater matrix NAME`). `cargo xtask claims` writes this page
from those runs and computes the verdicts from their figures. Figures are resident memory of the allocators' mappings alone,
so they are lower than those of a whole process, and loads are smaller than the account's unless stated. A verdict judges a
claim's direction and reason, not its megabytes. Real runs were measured on real libraries, outside this program.
";

/// The whole page.
pub(crate) fn page(found: &[(&Claim, Finding)]) -> String {
    let mut text = HEAD.to_owned();
    let count = |verdict| {
        found
            .iter()
            .filter(|(_, found)| found.verdict == verdict)
            .count()
    };
    text += &format!(
        "\n{} claims: {} hold, {} hold in part and {} do not.\n\n| claim | verdict |\n| --- | --- |\n",
        found.len(),
        count(Verdict::Holds),
        count(Verdict::InPart),
        count(Verdict::DoesNotHold)
    );
    for (number, (claim, finding)) in (1..).zip(found) {
        text += &format!("| {number}. {} | {} |\n", claim.said, finding.verdict);
    }
    for (number, (claim, finding)) in (1..).zip(found) {
        text += &format!(
            "\n## {number}. {}\n\n**{}.** {}\n\n- The model (`{}`): {}\n",
            claim.said,
            capitalised(&finding.verdict.to_string()),
            finding.why,
            claim.scenario,
            finding.model
        );
        text += &match claim.real {
            Some(real) => format!("- Real runs: {real}\n"),
            None => "- Real runs: none.\n".to_owned(),
        };
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
