//! `highwater allocators`: what is modelled, where it is found, and how its versions differ.

use highwater_simulator::{Choice, PythonVersion, VersionDifference, jemalloc_presets};
use serde::Serialize;
use std::fmt::Write;

#[derive(Serialize)]
struct Allocator {
    name: &'static str,
    version: &'static str,
    /// What `--allocator` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<Choice>,
    /// What `--python` takes, of an object allocator that stands on one of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    python: Option<PythonVersion>,
    /// Whether it is taken where none is named.
    default: bool,
    found_in: String,
    /// Images of distributions that have it, which `--allocator` takes as well.
    images: Vec<String>,
    /// The real library with which its model was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_with: Option<&'static str>,
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
    let Choice::Jemalloc(version) = choice else {
        return Vec::new();
    };
    let env = |value: &str| match value {
        "" => String::new(),
        value => format!("MALLOC_CONF={value}"),
    };
    jemalloc_presets(version)
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
            choice: Some(choice),
            python: None,
            default: choice == Choice::default(),
            found_in: choice.found_in(),
            images: choice.images(),
            compared_with: choice.compared_with(),
            differences: choice.differences(),
            presets: presets(choice),
        }
    }

    fn python(version: PythonVersion) -> Self {
        Self {
            name: "python",
            version: version.name(),
            choice: None,
            python: Some(version),
            default: false,
            found_in: version.found_in().to_owned(),
            images: Vec::new(),
            compared_with: None,
            differences: version.differences(),
            presets: Vec::new(),
        }
    }
}

/// The list, as text or as JSON.
pub(crate) fn list(json: bool) -> anyhow::Result<String> {
    let pythons = PythonVersion::ALL.into_iter().map(Allocator::python);
    let allocators: Vec<Allocator> = Choice::all().map(Allocator::new).chain(pythons).collect();
    if json {
        return crate::display::json::line(&allocators);
    }
    let mut text = String::new();
    for allocator in allocators {
        // Writing to a String cannot fail.
        let _ = describe(&mut text, &allocator);
    }
    Ok(text)
}

fn describe(out: &mut String, allocator: &Allocator) -> std::fmt::Result {
    let default = if allocator.default {
        " (the default)"
    } else {
        ""
    };
    let name = match (allocator.choice, allocator.python) {
        (Some(choice), _) => choice.to_string(),
        (None, Some(python)) => {
            format!("python@{python}  (--python {python}, over any of the others)")
        }
        (None, None) => allocator.name.to_owned(),
    };
    writeln!(out, "{name}  {}{default}", allocator.found_in)?;
    if !allocator.images.is_empty() {
        writeln!(out, "  also named: {}", allocator.images.join(", "))?;
    }
    if let Some(library) = allocator.compared_with {
        writeln!(out, "  compared with: {library}")?;
    }
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
