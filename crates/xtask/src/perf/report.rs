//! `docs/performance.md`: what was measured, on which machine and by which command.

use std::{fmt::Write as _, fs, thread};

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

    /// Writes the page.
    pub(super) fn write(&self, options: &options::Perf) -> Result<()> {
        let mut command = String::from("cargo xtask perf");
        if let Some(revision) = &options.against {
            write!(command, " --against {revision}")?;
        }
        let page = format!(
            "# Performance\n\n\
             All figures of this page were measured in one run of `{command} --runs {}`, which has written it, on {}. Times are \
             processor times; where two things are compared, they ran by turns. A figure in front of parentheses is the \
             median, those in them are the lowest and the highest.\n{}",
            options.runs,
            machine(),
            self.0
        );
        let file = workspace::root().join("docs/performance.md");
        fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
        println!("written: {}", file.display());
        Ok(())
    }
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
