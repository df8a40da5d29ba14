//! `highwater allocators`: what is modelled, where it is found, and how its versions differ.

use highwater_simulator::{Choice, VersionDifference};
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
    Ok(())
}
