//! `highwater settings`: what a text means, in words or as JSON.

use crate::arguments::Settings;
use crate::input::environment::{others, read_text};
use anyhow::{Context, Result, bail};
use highwater_report::one_line;
use highwater_settings::{Effect, Environment, decode};
use highwater_simulator::{Choice, Chosen, Image, Judged, PythonVersion, Variant, choose, judge};
use serde::Serialize;
use std::fmt::Write;

/// What a text means.
struct Meaning {
    environment: Environment,
    chosen: Option<Chosen>,
    /// The allocator that the settings are judged for, and why that one, where neither the text nor the option names it.
    runs: Choice,
    instead: Option<String>,
    settings: Vec<Judged>,
}

/// What a program gets.
#[derive(Serialize)]
struct Report<'a> {
    allocator: Option<String>,
    judged_for: String,
    settings: &'a [Judged],
    other_lines: usize,
}

/// Reads the text and says what it means.
pub(crate) fn explain(asked: &Settings) -> Result<String> {
    let meaning = meaning(asked)?;
    if asked.json {
        let allocator = meaning.chosen.as_ref().and_then(Chosen::choice);
        let report = Report {
            allocator: allocator.map(|choice| choice.to_string()),
            judged_for: meaning.runs.to_string(),
            settings: &meaning.settings,
            other_lines: meaning.environment.other_lines,
        };
        return crate::display::json::line(&report);
    }
    Ok(in_words(&meaning))
}

fn meaning(asked: &Settings) -> Result<Meaning> {
    let text = if asked.file.as_os_str() == "-" {
        let bytes = crate::input::texts::read_short(std::io::stdin().lock());
        decode(&bytes.context("standard input")?)
    } else {
        read_text(&asked.file)?
    };
    let (environment, image) = Environment::parse_with_any_image(&text);
    let chosen = choose(&environment.variables, environment.linked);
    let choice = chosen.as_ref().and_then(Chosen::choice);
    let (runs, instead) = match &asked.allocator {
        Some(text) => {
            let found = Choice::nearest(text).context("--allocator")?;
            (found.choice, found.instead)
        }
        None => match choice {
            Some(choice) => (choice, None),
            None => of_image(image.as_deref()),
        },
    };
    let variant = Variant {
        allocator: runs,
        environment: environment.variables.clone(),
        python: python(asked, &environment)?,
        ..Variant::default()
    };
    let settings = judge(&environment, &variant);
    Ok(Meaning {
        environment,
        chosen,
        runs,
        instead,
        settings,
    })
}

/// The malloc of the image that the text names for these settings, and a sentence on it; the default where that is not known.
fn of_image(name: Option<&str>) -> (Choice, Option<String>) {
    let Some(name) = name else {
        return (Choice::default(), None);
    };
    match name.parse::<Image>() {
        Ok(image) => (image.choice(), Some(image.in_words())),
        Err(why) => (Choice::default(), Some(format!("{why}, with --allocator."))),
    }
}

/// The interpreter that reads Python's settings: the one asked for, and one of today where there are such settings.
fn python(asked: &Settings, environment: &Environment) -> Result<Option<PythonVersion>> {
    if let Some(name) = &asked.python {
        let known = PythonVersion::ALL.map(PythonVersion::name).join(", ");
        let Some(version) = PythonVersion::parse(name) else {
            bail!("--python {name}: unknown Python version; supported: {known}");
        };
        return Ok(Some(version));
    }
    let has_pythons = environment
        .variables
        .iter()
        .any(|v| v.name.starts_with("PYTHON"));
    Ok(has_pythons.then(|| PythonVersion::parse("3.11")).flatten())
}

fn in_words(meaning: &Meaning) -> String {
    let mut out = String::new();
    let (name, version) = meaning.runs.parts();
    if let Some(instead) = &meaning.instead {
        let _ = writeln!(out, "{instead}");
    }
    match &meaning.chosen {
        Some(chosen) => {
            let _ = writeln!(out, "{}", chosen.says(meaning.runs));
            if chosen.choice().is_some_and(|choice| choice != meaning.runs) {
                let _ = writeln!(out, "Judged for {name} {version}, as asked.");
            }
        }
        None => {
            let _ = writeln!(
                out,
                "The text chooses no allocator. Judged for {name} {version}."
            );
        }
    }
    for setting in &meaning.settings {
        let (sign, effect) = match setting.effect {
            Effect::Obeyed => ("✓", "obeyed"),
            Effect::NoEffect => ("✗", "no effect"),
            Effect::NotRead => ("✗", "not read"),
            Effect::Invalid => ("✗", "invalid"),
        };
        let _ = writeln!(
            out,
            "\n  {sign} {}={} · {effect}",
            setting.name,
            one_line(&setting.value)
        );
        let _ = writeln!(out, "    {}", one_line(&setting.says));
    }
    let about_none = |name: &str| meaning.settings.iter().all(|setting| setting.name != name);
    let mut first = true;
    for remark in &meaning.environment.remarks {
        let name = remark.within.as_deref().unwrap_or(&remark.variable);
        if about_none(name) {
            let start = if std::mem::take(&mut first) { "\n" } else { "" };
            let _ = writeln!(
                out,
                "{start}  {}: {}",
                remark.variable,
                one_line(&remark.text)
            );
        }
    }
    if meaning.settings.is_empty() && first {
        let _ = writeln!(out, "\nThe text holds no setting of an allocator.");
    }
    if let Some(text) = others(meaning.environment.other_lines) {
        let _ = writeln!(out, "\n{text}");
    }
    out
}
