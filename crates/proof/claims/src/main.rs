//! `cargo xtask claims`: runs what is claimed of the incident, and writes docs/claims.md and what the page shows first.

mod claim;
mod landing;
mod list;
mod report;
mod runs;

use anyhow::{Context, Result};
use claim::{Claim, Finding};
use list::CLAIMS;
use runs::Runs;

fn main() -> Result<()> {
    let out = std::env::args().nth(1);
    let is_landing = out.as_deref() == Some("landing");
    let out = out.unwrap_or_else(|| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/claims.md").to_owned()
    });
    let mut runs = Runs::default();
    std::fs::write(landing::FILE, landing::text(&mut runs)?).context(landing::FILE)?;
    println!("{}", landing::FILE);
    if is_landing {
        return Ok(());
    }
    let found = hold(&mut runs, |_| true)?;
    std::fs::write(&out, report::page(&found)).with_context(|| out.clone())?;
    println!("{out}");
    Ok(())
}

/// Holds some claims against runs.
fn hold(runs: &mut Runs, wanted: fn(&Claim) -> bool) -> Result<Vec<(&'static Claim, Finding)>> {
    let wanted = CLAIMS.iter().filter(|claim| wanted(claim));
    let held = wanted.map(|claim| {
        let finding = (claim.hold)(runs).context(claim.said)?;
        Ok((claim, finding))
    });
    held.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs every quick claim and compares it with docs/claims.md.
    #[test]
    fn the_page_says_what_comes_out() {
        let page = include_str!("../../../../docs/claims.md");
        let found =
            hold(&mut Runs::default(), |claim| claim.is_quick).expect("every claim can be run");
        assert!(found.len() > 15);
        for (claim, finding) in &found {
            assert!(page.contains(claim.said), "{}", claim.said);
            let verdict = format!("{} | {} |", claim.said, finding.verdict);
            assert!(page.contains(&verdict), "{verdict}");
            assert!(
                page.contains(&finding.model),
                "{}: {}",
                claim.said,
                finding.model
            );
            assert!(page.contains(&finding.why), "{}", claim.said);
        }
    }
}
