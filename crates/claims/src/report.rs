//! The report: every claim with what was found.

use crate::claim::{Claim, Finding, Verdict};

const HEAD: &str = "\
# What is claimed, and what comes out

Each claim of the incident's published account, and of the advice around it, is run here through the models: the scenario
named with it is a file that can be read and run (`highwater matrix NAME`). This page is written by `cargo xtask claims` from
those runs; verdicts are reckoned from the figures. Figures are resident memory of the allocators' mappings alone, so they lie
below those of a whole process, and loads are smaller than the account's unless it says otherwise: what is held against a claim
is its direction and its reason, not its megabytes. What a real run says was measured on real libraries, outside this program.
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
        "\n{} claims: {} hold, {} hold in part, {} do not.\n\n| claim | verdict |\n| --- | --- |\n",
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
            None => "- Real runs: none were made.\n".to_owned(),
        };
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
