//! `highwater allocators`: what is modelled, where it is found, and how its versions differ.

use highwater_simulator::{Choice, VersionDifference, jemalloc_presets};
use serde::Serialize;
use std::fmt::Write;

#[derive(Serialize)]
struct Allocator {
    name: &'static str,
    version: &'static str,
    /// What `--allocator` takes.
    choice: Choice,
    /// Whether it is taken where none is named.
    default: bool,
    found_in: &'static str,
    differences: Vec<VersionDifference>,
    /// Settings that are in use elsewhere.
    presets: Vec<Preset>,
}

#[derive(Serialize)]
struct Preset {
    name: &'static str,
    /// As `--env` takes it; empty for no setting.
    env: String,
    text: &'static str,
}

fn presets(choice: Choice) -> Vec<Preset> {
    if !matches!(choice, Choice::Jemalloc(_)) {
        return Vec::new();
    }
    let env = |value: &str| match value {
        "" => String::new(),
        value => format!("MALLOC_CONF={value}"),
    };
    jemalloc_presets()
        .iter()
        .map(|preset| Preset {
            name: preset.name,
            env: env(preset.value),
            text: preset.text,
        })
        .collect()
}

impl Allocator {
    fn new(choice: Choice) -> Self {
        let (name, version) = choice.parts();
        Self {
            name,
            version,
            choice,
            default: choice == Choice::default(),
            found_in: choice.found_in(),
            differences: choice.differences(),
            presets: presets(choice),
        }
    }
}

/// The list, as text or as JSON.
pub(crate) fn list(json: bool) -> String {
    let allocators: Vec<Allocator> = Choice::all().map(Allocator::new).collect();
    if json {
        return match serde_json::to_string(&allocators) {
            Ok(text) => text + "\n",
            Err(error) => unreachable!("a list of texts is always JSON: {error}"),
        };
    }
    let mut text = String::new();
    for allocator in allocators {
        // Writing to a String cannot fail.
        let _ = describe(&mut text, &allocator);
    }
    text
}

fn describe(out: &mut String, allocator: &Allocator) -> std::fmt::Result {
    let default = if allocator.default {
        " (the default)"
    } else {
        ""
    };
    writeln!(out, "{}  {}{default}", allocator.choice, allocator.found_in)?;
    for difference in &allocator.differences {
        writeln!(
            out,
            "  {}: {} [{}]",
            difference.title, difference.text, difference.source
        )?;
    }
    for preset in allocator.presets.iter().filter(|p| !p.env.is_empty()) {
        writeln!(
            out,
            "  setting {}: {} ({})",
            preset.name, preset.env, preset.text
        )?;
    }
    Ok(())
}
