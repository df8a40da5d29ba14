//! `--env`: one variable, a text that sets several, or a file of such text.

use anyhow::{Context, Result, bail};
use highwater_settings::{Environment, Remark, Tone, Variable, decode};
use highwater_simulator::{ALLOCATOR, Choice, Chosen, Image, Stage, UnknownImage, choose};
use std::path::Path;

/// The settings of a run.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) variables: Vec<Variable>,
    /// Remarks on how they were written.
    pub(crate) remarks: Vec<Remark>,
    /// The allocator that those given choose.
    pub(crate) chosen: Option<Chosen>,
    /// The image that the last text with one names.
    pub(crate) image: Option<String>,
}

/// The settings that a run has, with those given set over them.
pub(crate) fn read(known: Vec<Variable>, given: &[String]) -> Result<Settings> {
    let mut all = Environment {
        variables: known,
        ..Environment::default()
    };
    let mut of_given = Environment::default();
    let mut image = None;
    for text in given {
        let (read, of_text) = read_one(text)?;
        image = of_text.or(image);
        for variable in read.variables {
            all.set(variable.clone());
            of_given.set(variable);
        }
        all.remarks.extend(read.remarks);
        of_given.other_lines += read.other_lines;
        of_given.linked |= read.linked;
    }
    if let Some(text) = others(of_given.other_lines) {
        all.remarks.push(Remark::new("--env", Tone::NoEffect, text));
    }
    Ok(Settings {
        variables: all.variables,
        remarks: all.remarks,
        chosen: choose(&of_given.variables, of_given.linked),
        image,
    })
}

/// A sentence about lines that hold no setting.
pub(crate) fn others(lines: usize) -> Option<String> {
    match lines {
        0 => None,
        1 => Some("1 other line holds no setting of an allocator.".to_owned()),
        n => Some(format!("{n} other lines hold no setting of an allocator.")),
    }
}

/// The file that a value of `--env` names, if it names one.
pub(crate) fn file(text: &str) -> Option<&Path> {
    let path = Path::new(text);
    (!text.contains(['\n', '=']) && path.is_file()).then_some(path)
}

fn read_one(text: &str) -> Result<(Environment, Option<String>)> {
    let is_line = !text.contains('\n');
    if let Some(file) = file(text) {
        return read_file(file);
    }
    let (read, image) = Environment::parse_with_any_image(text);
    let is_empty = read.variables.is_empty() && read.remarks.is_empty();
    if is_empty && is_line && !text.contains('=') {
        let text: String = text.chars().take(60).collect();
        bail!("--env {text}: neither a setting (NAME=VALUE) nor the name of a file");
    }
    Ok((read, image))
}

/// The settings in a file, and the image that it names.
pub(crate) fn read_file(file: &Path) -> Result<(Environment, Option<String>)> {
    Ok(Environment::parse_with_any_image(&read_text(file)?))
}

/// A remark where the image that a text names has another malloc than the one that a stage runs. `how` says how an image's is run.
pub(crate) fn on_image(name: &str, stage: &Stage, how: impl Fn(&str) -> String) -> Option<Remark> {
    let runs = stage.variant.allocator;
    let text = match name.parse::<Image>() {
        Ok(image) => image.keeps(runs, is_recorded(stage), &how(&image.name))?,
        Err(UnknownImage::Other { image, has }) if runs.parts().0 == "glibc" => {
            format!("{image} has {has}.")
        }
        Err(_) => return None,
    };
    Some(Remark::new(ALLOCATOR, Tone::Surprise, text))
}

/// Whether a stage runs the allocator that its trace was recorded with.
pub(crate) fn is_recorded(stage: &Stage) -> bool {
    let header = &stage.sources[0].first().header;
    header.allocator.as_ref().is_some_and(|(name, version)| {
        let own = Choice::recorded(name, version);
        own.instead.is_none() && own.choice == stage.variant.allocator
    })
}

/// Reads a file of text in whatever encoding.
pub(crate) fn read_text(file: &Path) -> Result<String> {
    let bytes = std::fs::File::open(file).and_then(crate::input::texts::read_short);
    let bytes = bytes.with_context(|| file.display().to_string())?;
    Ok(decode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(given: &[&str]) -> Vec<(String, String)> {
        let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
        let known = vec![Variable {
            name: "MALLOC_TOP_PAD_".to_owned(),
            value: "0".to_owned(),
        }];
        let read = read(known, &given).expect("it is read");
        read.variables
            .into_iter()
            .map(|v| (v.name, v.value))
            .collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn a_value_that_the_shell_has_unquoted_is_taken_whole() {
        for (text, value) in [
            ("MALLOC_TRIM_THRESHOLD_=1", "1"),
            ("MALLOC_TRIM_THRESHOLD_=64 KB", "64 KB"),
            ("MALLOC_TRIM_THRESHOLD_='64 KB'", "64 KB"),
            ("MALLOC_TRIM_THRESHOLD_=", ""),
        ] {
            assert_eq!(
                pairs(&[text]),
                expected(&[("MALLOC_TOP_PAD_", "0"), ("MALLOC_TRIM_THRESHOLD_", value)]),
                "{text}"
            );
        }
    }

    #[test]
    fn several_can_stand_in_one_text_and_later_ones_count() {
        let all = expected(&[("MALLOC_TOP_PAD_", "2"), ("MALLOC_ARENA_MAX", "3")]);
        let texts = [
            "MALLOC_TOP_PAD_=1 MALLOC_ARENA_MAX=2",
            "MALLOC_TOP_PAD_=2",
            "ENV MALLOC_ARENA_MAX=3",
        ];
        assert_eq!(pairs(&texts), all);
        let manifest = "- name: MALLOC_TOP_PAD_\n  value: \"2\"\nMALLOC_ARENA_MAX: 3";
        assert_eq!(pairs(&[manifest]), all);
    }

    #[test]
    fn what_loads_an_allocator_chooses_it() {
        let preload = "LD_PRELOAD=/usr/lib/libjemalloc.so.2".to_owned();
        let settings = read(Vec::new(), &[preload]).expect("it is read");
        let choice = settings.chosen.and_then(|chosen| chosen.choice());
        assert_eq!(choice.expect("it is modelled").parts().0, "jemalloc");
    }
}
