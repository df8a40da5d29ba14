//! `docs/performance.md`: what was measured, on which machine and by which command.

use std::{fs, path::PathBuf, thread};

use anyhow::{Context, Result};

use crate::{options, workspace};

/// What is measured, part by part.
#[derive(Default)]
pub(super) struct Report(String);

impl Report {
    /// Begins a part; `says` explains its figures.
    pub(super) fn part(&mut self, title: &str, says: &str) {
        println!("{title}");
        self.0 += &format!("\n## {title}\n\n{says}\n");
    }

    /// Adds a table under its header.
    pub(super) fn table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let owned = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.0 += "\n";
        self.0 += &line(&owned(header));
        self.0 += &line(&owned(&vec!["---"; header.len()]));
        for row in rows {
            println!("  {}", row.join("  "));
            self.0 += &line(row);
        }
    }

    /// Adds lines as a program has printed them.
    pub(super) fn lines(&mut self, lines: &[&str]) {
        println!("{}", lines.join("\n"));
        self.0 += &format!("\n```text\n{}\n```\n", lines.join("\n"));
    }

    /// Returns the part with the command that measured it, and the machine.
    pub(super) fn finish(mut self, name: &str, options: &options::Perf) -> String {
        let mut command = format!("cargo xtask perf --only {name} --runs {}", options.runs);
        if let Some(revision) = options.against.as_ref().filter(|_| name == "against") {
            command += &format!(" --against {revision}");
        }
        self.0 += &format!("\n`{command}`, on {}.\n", machine());
        self.0
    }
}

fn page() -> PathBuf {
    workspace::root().join("docs/performance.md")
}

/// Returns a part as a page has it.
fn part_of<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let by = format!("`cargo xtask perf --only {name} ");
    let starts = page.match_indices("\n## ").map(|(start, _)| start);
    let ends = starts.clone().skip(1).chain([page.len()]);
    let mut parts = starts.zip(ends).map(|(start, end)| &page[start..end]);
    parts.find(|part| part.contains(&by))
}

/// Writes the page: the parts that were measured, by name, and of the others what it has.
pub(super) fn write(names: &[&str], measured: &[(&str, String)]) -> Result<()> {
    let before = fs::read_to_string(page()).unwrap_or_default();
    let mut text = String::from(
        "# Performance\n\n\
         `cargo xtask perf` measures this page and writes it; under each part is the command for it alone, and the machine. \
         Times are processor times, and what is compared ran by turns. A figure in front of parentheses is the median of the \
         runs, those in them are the lowest and the highest.\n",
    );
    for name in names {
        let is_new = |part: &&(&str, String)| part.0 == *name;
        let new = measured.iter().find(is_new).map(|(_, part)| part.as_str());
        text += new.or_else(|| part_of(&before, name)).unwrap_or_default();
    }
    let file = page();
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    println!("written: {}", file.display());
    Ok(())
}

/// The machine: its cores, and what Linux says of them.
fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty());
    let mut says = format!("{cores} cores");
    if let Some(model) = model {
        says += &format!(" ({model})");
    }
    if let Some(load) = load {
        says += &format!(", with a load of {load} at its end");
    }
    says
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_by_the_command_that_measured_it() {
        let page = "# Performance\n\nSays.\n\n## One\n\n`cargo xtask perf --only one --runs 2`, on it.\n\n## Two\n\n`cargo xtask perf --only two --runs 2`, on it.\n";
        let one = part_of(page, "one").expect("it is there");
        let two = part_of(page, "two").expect("it is there");
        assert!(one.starts_with("\n## One") && two.starts_with("\n## Two"));
        assert!(page.ends_with(&format!("{one}{two}")));
        assert_eq!(part_of(page, "three"), None);
    }
}
