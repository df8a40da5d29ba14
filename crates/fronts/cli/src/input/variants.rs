//! Variants as the command line names them: those of a scenario by their names, and new ones by their settings.

use crate::input::environment;
use anyhow::{Context, Result, bail};
use highwater_settings::Environment;
use highwater_workload::spec::Level;
use std::path::{Path, PathBuf};

/// What may be said of a variant before its settings, as `KEY=VALUE`.
const OPTIONS: [&str; 10] = [
    "allocator",
    "python",
    "cap",
    "high",
    "cores",
    "seed",
    "trim",
    "thp",
    "khugepaged",
    "page_size",
];

/// The variants that are asked for.
#[derive(Default)]
pub(crate) struct Asked {
    /// The scenario's own, by name; all of them where none is named.
    pub(crate) named: Vec<String>,
    /// New ones.
    pub(crate) added: Vec<Level>,
    /// New ones whose settings a file has that names an image: the variant, the file and the image.
    pub(crate) images: Vec<(String, PathBuf, String)>,
}

impl Asked {
    /// Reads `--variant` and `--settings`.
    pub(crate) fn read(variants: &[String], files: &[impl AsRef<Path>]) -> Result<Self> {
        let mut asked = Self::default();
        for text in variants {
            match parted(text) {
                Some((name, settings)) => {
                    let level = asked.level(name, settings);
                    let level = level.with_context(|| format!("--variant {text}"))?;
                    asked.added.push(level);
                }
                None => asked.named.push(text.clone()),
            }
        }
        for file in files.iter().map(AsRef::as_ref) {
            let level = asked.of_file(file)?;
            asked.added.push(level);
        }
        Ok(asked)
    }

    /// A variant with options and settings.
    fn level(&mut self, name: &str, settings: &str) -> Result<Level> {
        let mut level = Level::with("name", name);
        let mut others = Vec::new();
        for word in settings.split(' ').filter(|word| !word.is_empty()) {
            let option = word.split_once('=').and_then(|(key, value)| {
                let key = OPTIONS.into_iter().find(|option| *option == key)?;
                Some((key, value))
            });
            match option {
                Some((key, value)) => level.set(key, value.to_owned()),
                None => others.push(word),
            }
        }
        let text = others.join(" ");
        let text = match environment::file(&text) {
            Some(file) => {
                let (read, image) = environment::read_file(file)?;
                // With an allocator that is asked for, the image's is not missed.
                if level.get("allocator").is_none() {
                    self.note(name, file, image);
                }
                said(&read)
            }
            None => text,
        };
        let read = Environment::parse(&text);
        if read.variables.is_empty() && !text.is_empty() {
            bail!(
                "no setting of an allocator in it; give NAME=VALUE, a file, or one of {} as KEY=VALUE",
                OPTIONS.join(", ")
            );
        }
        if !text.is_empty() {
            level.set("environment", text);
        }
        Ok(level)
    }

    /// The variant that the settings in a file make, with the file's name.
    fn of_file(&mut self, file: &Path) -> Result<Level> {
        let name = file.file_name().unwrap_or(file.as_os_str());
        let name = name.to_string_lossy();
        let mut level = Level::with("name", &*name);
        let (read, image) = environment::read_file(file)?;
        self.note(&name, file, image);
        if read.variables.is_empty() {
            bail!(
                "--settings {}: no setting of an allocator in it",
                file.display()
            );
        }
        level.set("environment", said(&read));
        Ok(level)
    }

    /// Notes the image of a variant's settings.
    fn note(&mut self, name: &str, file: &Path, image: Option<String>) {
        self.images
            .extend(image.map(|image| (name.to_owned(), file.to_owned(), image)));
    }
}

/// The name and the settings of a new variant; of the form without a name the settings are it. None for a name alone.
fn parted(text: &str) -> Option<(&str, &str)> {
    match text.split_once(": ") {
        Some((name, settings)) if !name.contains('=') => Some((name.trim(), settings.trim())),
        _ => text.contains('=').then(|| (text.trim(), text.trim())),
    }
}

/// Settings as text, one to a line.
fn said(environment: &Environment) -> String {
    let lines = environment.variables.iter().map(ToString::to_string);
    lines.collect::<Vec<_>>().join("\n")
}
