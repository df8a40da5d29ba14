//! `cargo xtask record`: measures the recorder on this machine and writes docs/recording-measured.md. It takes minutes, and its
//! figures depend on the machine, so it is no part of `cargo xtask test`.

mod checks;
mod cost;
mod measure;

use std::{
    fs,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};

use crate::{options, process, workspace};
pub(crate) use checks::longest;
pub(crate) use cost::{Running, python_beside_redis, wait_until_it_answers};
pub(crate) use measure::compile;

use measure::Place;

const AIM_CALLS: &str = "The aim is at most 40 ns added to a call of 64 B. The touched pages of a large block are read when it is freed.\n\n";
const AIM_PROGRAMS: &str = "The aim is at most 1.03 times for Python and git, and at most 1.25 times for perl, which makes more than two million calls\n\
    a second.\n\n";
const AIM_SERVICE: &str = "A FastAPI service with Redis answers the same requests. The aim is a throughput of at least 0.97 times.\n\n";
const AIM_BYTES: &str = "The aim is at most 4.8 bytes a call, and 3.2 after gzip. The addresses are those of blocks, compared with the model's.\n\n";

/// Measures, prints the report, and writes it.
///
/// # Errors
/// Something cannot be built, or a program ends with an error.
pub(crate) fn run(options: &options::Record) -> Result<ExitCode> {
    let place = prepare(options)?;
    let python = match &options.service {
        Some(folder) => folder.join("venv/bin/python").display().to_string(),
        None => "python3".to_owned(),
    };
    let mut report = Report(heading(options, &python)?);
    add_costs(&place, options, &python, &mut report)?;
    add_checks(&place, options, &mut report)?;
    let path = workspace::root().join("docs/recording-measured.md");
    fs::write(&path, report.0).with_context(|| format!("{}", path.display()))?;
    println!("written: {}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// The report, whose sections are printed as they are made.
struct Report(String);

impl Report {
    fn add(&mut self, title: &str, aim: &str, text: &str) {
        let section = format!("## {title}\n\n{aim}{}\n", text.trim_end());
        println!("{section}");
        self.0 += &format!("\n{section}");
    }
}

/// Adds what recording costs, in time and bytes.
fn add_costs(
    place: &Place,
    options: &options::Record,
    python: &str,
    report: &mut Report,
) -> Result<()> {
    let rounds = options.rounds;
    report.add("A call", AIM_CALLS, &cost::calls(place, rounds)?);
    let programs = cost::whole(place, python, rounds)?;
    report.add("Programs", AIM_PROGRAMS, &programs);
    let (aim, service) = match &options.service {
        Some(folder) => (AIM_SERVICE, cost::service(place, folder, rounds)?),
        None => ("", "Not measured: `--service` names no folder.".into()),
    };
    report.add("A service", aim, &service);
    let sizes = cost::sizes(place, python)?;
    report.add("Bytes and addresses", AIM_BYTES, &sizes);
    Ok(())
}

/// Adds what was checked on other libraries, and of processes that end, fork or meet a limit.
fn add_checks(place: &Place, options: &options::Record, report: &mut Report) -> Result<()> {
    if let Some(folder) = &options.libraries {
        let releases = checks::releases(place, folder)?;
        report.add("Other C libraries", "", &releases);
    }
    let musl = checks::musl(place)?;
    let musl = musl.unwrap_or("Not measured: there is no musl-gcc.".into());
    report.add("musl", "", &musl);
    let checks = [
        checks::kills(place, 200)?,
        checks::limit(place)?,
        checks::forks(place, options.forks)?,
        checks::undisturbed(place)?,
    ];
    let checks = checks.map(|check| format!("- {check}\n")).concat();
    report.add("Kills, limits, forks", "", &checks);
    Ok(())
}

/// Builds the command, has it write the library, and compiles the programs.
fn prepare(options: &options::Record) -> Result<Place> {
    process::run(process::cargo().args(["build", "--package", "highwater"]))?;
    let folder = workspace::target_dir().join("record");
    fs::create_dir_all(&folder)?;
    let place = Place {
        library: folder.join("libhighwater_record.so"),
        command: workspace::target_dir().join("debug/highwater"),
        folder,
    };
    let mut command = Command::new(&place.command);
    process::run(command.args(["record", "--library"]).arg(&place.library))?;
    let root = workspace::root();
    let ours = root.join("crates/xtask/src/record/programs");
    for name in ["loop", "large", "grows"] {
        compile(&ours.join(name).with_extension("c"), &place.folder, &[])?;
    }
    if options.libraries.is_some() {
        compile(&ours.join("mixer_old.c"), &place.folder, &["-nostartfiles"])?;
    }
    for name in ["counter", "forks", "mixer", "undisturbed"] {
        let source = root.join("crates/record/tests/programs").join(name);
        compile(&source.with_extension("c"), &place.folder, &[])?;
    }
    let script = "asyncio_service.py";
    fs::copy(ours.join(script), place.folder.join(script))?;
    Ok(place)
}

/// Returns the report's beginning: what was measured, where.
fn heading(options: &options::Record, python: &str) -> Result<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let processor = processor.map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let version = |program: &str, argument: &str| -> Result<String> {
        let output = Command::new(program).arg(argument).output();
        let Ok(output) = output else {
            return Ok(format!("no {program}"));
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().next().unwrap_or(program).trim().to_owned())
    };
    let programs = [
        version(python, "--version")?,
        version("perl", "-v").map(|_| "perl".to_owned())?,
        version("git", "--version")?,
        version("heaptrack", "--version")?,
    ];
    Ok(format!(
        "# The recorder, measured\n\n\
         `cargo xtask record` writes this page: programs run by turns with and without the recorder, {} rounds of each after one that\n\
         does not count. A figure is the median, with the quartiles in brackets. Times of programs are processor time, with that of\n\
         all processes that they start; a ratio is taken within a round.\n\n\
         - Processor: {processor}, {cores} cores. Kernel {}.\n\
         - Programs: {}.\n",
        options.rounds,
        kernel.trim(),
        programs.join(", "),
    ))
}
