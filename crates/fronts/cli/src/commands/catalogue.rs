//! `highwater scenarios`: the catalogue and the patterns.

use crate::arguments::Scenarios;
use crate::input::scenario::unknown;
use anyhow::Result;
use highwater_workload::{Pattern, Scenario};
use serde::Serialize;

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    title: &'a str,
    shows: &'a str,
    source: &'a str,
    variants: Vec<&'a str>,
}

/// What to print.
pub(crate) fn list(asked: &Scenarios) -> Result<String> {
    if let Some(name) = &asked.name {
        let text = Scenario::text(name).ok_or_else(|| unknown(name))?;
        return Ok(text.to_owned());
    }
    let catalogue = Scenario::catalogue();
    if asked.json {
        let entries: Vec<Entry<'_>> = (catalogue.iter())
            .map(|scenario| Entry {
                name: &scenario.name,
                title: scenario.run.text("title"),
                shows: scenario.run.text("shows").trim(),
                source: scenario.run.text("source").trim(),
                variants: (scenario.run.parts.iter())
                    .map(|variant| variant.text("name"))
                    .collect(),
            })
            .collect();
        return crate::display::json::line(&entries);
    }
    let mut text = String::from("Scenarios (`highwater compare NAME` compares their variants):\n");
    for scenario in &catalogue {
        text += &format!(
            "  {:22} {}, {} variants\n",
            scenario.name,
            scenario.run.text("title"),
            scenario.run.parts.len()
        );
    }
    text += "Patterns (`highwater run NAME --set PARAMETER=VALUE`):\n";
    for pattern in Pattern::ALL {
        text += &format!("  {:22} {}\n", pattern.name(), pattern.title());
    }
    Ok(text)
}
