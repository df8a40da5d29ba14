//! `docs/performance.md`: what was measured, on which machine and by which command.

use std::{fmt::Write as _, fs, path::PathBuf, thread};

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

    /// Keeps what was measured until the page is written.
    pub(super) fn keep(mut self, name: &str, options: &options::Perf) -> Result<()> {
        let mut command = format!("cargo xtask perf --only {name} --runs {}", options.runs);
        if let Some(revision) = options.against.as_ref().filter(|_| name == "against") {
            write!(command, " --against {revision}")?;
        }
        write!(self.0, "\n`{command}`, on {}.\n", machine())?;
        let folder = kept();
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), self.0)?;
        Ok(())
    }
}

fn kept() -> PathBuf {
    workspace::target_dir().join("perf/parts")
}

/// Writes the page, of what was kept of these parts.
pub(super) fn write(names: &[&str]) -> Result<()> {
    let mut page = String::from(
        "# Performance\n\n\
         `cargo xtask perf` measures this page and writes it; under each part is the command for it alone, and the machine. \
         Times are processor times, and what is compared ran by turns. A figure in front of parentheses is the median of the \
         runs, those in them are the lowest and the highest.\n",
    );
    for name in names {
        page += &fs::read_to_string(kept().join(name)).unwrap_or_default();
    }
    let file = workspace::root().join("docs/performance.md");
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
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
