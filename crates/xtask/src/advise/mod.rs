//! `cargo xtask advise`: what the advice foretells, against real reruns, and writes docs/advice-measured.md. Each program is
//! recorded once as it is; the first candidates of its advice are then put into its environment for real. It takes a quarter of an
//! hour, and its figures depend on the machine, so it is no part of `cargo xtask test`.

mod foretold;
mod subject;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};

use crate::{options, process, workspace};
use foretold::{Beside, Foretold, foretell};
use subject::Subject;

/// The programs, and what each does.
const PROGRAMS: [(&str, &str); 5] = [
    (
        "frames",
        "3 blocks of 16 MiB, then 200 pairs of 8 MiB, all freed",
    ),
    (
        "records",
        "20,000 records of a small head and a body, dropped",
    ),
    (
        "calls",
        "20 calls on the threads of a pool, each with 15 MiB of blocks",
    ),
    (
        "images",
        "12 threads decode images of many sizes at the same time",
    ),
    (
        "passes",
        "a helper thread's pass, then one of the main thread",
    ),
];
/// Candidates that are run again, from the first.
const CANDIDATES: usize = 3;

/// Measures, prints the report, and writes it.
///
/// # Errors
/// Something cannot be built, or a program ends with an error.
pub(crate) fn run(options: &options::Advise) -> Result<ExitCode> {
    process::run(process::cargo().args(["build", "--package", "highwater"]))?;
    let folder = workspace::target_dir().join("advise");
    fs::create_dir_all(&folder)?;
    // A copy, which other builds leave as it is.
    let command = folder.join("highwater");
    fs::copy(workspace::target_dir().join("debug/highwater"), &command)?;
    let ours = workspace::root().join("crates/xtask/src/advise/programs");
    let mut subjects = Vec::new();
    for (name, says) in PROGRAMS {
        let source = ours.join(name).with_extension("c");
        let program = crate::record::compile(&source, &folder, &[])?;
        subjects.push((name, says, Subject::Program(program)));
    }
    if let Some(folder) = &options.service {
        let (folder, ours) = (folder.clone(), ours.clone());
        let service = Subject::Service { folder, ours };
        subjects.push((
            "service",
            "a FastAPI service with Redis, two bursts",
            service,
        ));
    }
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    subjects.retain(|(name, ..)| wanted(name));
    let beside = beside(&command, &folder, &ours, options.rounds)?;
    let mut report = heading(options.rounds, beside);
    for (name, says, subject) in &subjects {
        let recorded = folder.join(format!("recorded-{name}"));
        let section = measure(&command, &recorded, subject, options.rounds, beside)
            .with_context(|| (*name).to_owned())?;
        let section = format!("\n## {name}\n\n{says}\n\n{section}");
        println!("{section}");
        report += &section;
    }
    if options.only.is_none() && options.service.is_some() {
        let path = workspace::root().join("docs/advice-measured.md");
        fs::write(&path, report).with_context(|| format!("{}", path.display()))?;
        println!("written: {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What jemalloc's library has resident in a program that allocates nothing, and the recorder in one that allocates one block.
fn beside(command: &Path, folder: &Path, ours: &Path, rounds: usize) -> Result<Beside> {
    let program = |name| -> Result<Subject> {
        let program = crate::record::compile(&ours.join(name), folder, &[])?;
        Ok(Subject::Program(program))
    };
    let (idle, one) = (program("idle.c")?, program("one.c")?);
    let preload = vec![("LD_PRELOAD".to_owned(), foretold::JEMALLOC.to_owned())];
    let jemalloc = bare(&idle, &preload, rounds)?.saturating_sub(bare(&idle, &Vec::new(), rounds)?);
    let mut recorded = Vec::new();
    for _ in 0..rounds {
        let recording = record(command, &folder.join("recorded-one"), &one)?;
        recorded.push(foretold::in_last_rest(command, &recording)?);
    }
    recorded.sort_unstable();
    let recorder = middle(&recorded).saturating_sub(bare(&one, &Vec::new(), rounds)?);
    Ok(Beside { jemalloc, recorder })
}

/// Records a program, and returns the file.
fn record(command: &Path, into: &Path, subject: &Subject) -> Result<PathBuf> {
    // It may not be there yet.
    let _ = fs::remove_dir_all(into);
    let before = [
        command,
        "record".as_ref(),
        "-o".as_ref(),
        into,
        "--".as_ref(),
    ];
    subject.run(&before, &Vec::new())?;
    crate::record::longest(into)
}

fn runs(subject: &Subject, variables: &subject::Variables, rounds: usize) -> Result<Vec<u64>> {
    let mut all = (0..rounds)
        .map(|_| subject.run(&[], variables))
        .collect::<Result<Vec<_>>>()?;
    all.sort_unstable();
    Ok(all)
}

fn bare(subject: &Subject, variables: &subject::Variables, rounds: usize) -> Result<u64> {
    Ok(middle(&runs(subject, variables, rounds)?))
}

fn middle(sorted: &[u64]) -> u64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// Records a program, and runs its advice again.
fn measure(
    command: &Path,
    recorded: &Path,
    subject: &Subject,
    rounds: usize,
    beside: Beside,
) -> Result<String> {
    let recording = record(command, recorded, subject)?;
    let foretold = foretell(command, &recording, CANDIDATES, beside)?;
    let mut text = String::from(
        "| candidate | foretold MiB | measured MiB | apart |\n| --- | ---: | ---: | ---: |\n",
    );
    let mut rows = Vec::new();
    for one in foretold {
        let measured = runs(subject, &one.variables, rounds)?;
        text += &row(&one, &measured);
        rows.push((one, measured));
    }
    // How it is differs from run to run in a service; the candidates are what is foretold.
    rows.retain(|(one, _)| one.number > 0);
    text += &format!("\n{}\n", order(&rows));
    Ok(text)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn row(one: &Foretold, measured: &[u64]) -> String {
    let (least, most) = (measured.first().copied(), measured.last().copied());
    let name = match one.number {
        0 => one.name.clone(),
        number => format!("{number}. `{}`", one.name),
    };
    format!(
        "| {name} | {:.1} | {:.1} ({:.1} to {:.1}) | {:+.1} % |\n",
        mebibytes(one.resident),
        mebibytes(middle(measured)),
        mebibytes(least.unwrap_or(0)),
        mebibytes(most.unwrap_or(0)),
        (one.resident as f64 / middle(measured).max(1) as f64 - 1.0) * 100.0,
    )
}

/// Whether the candidates are in the same order as measured. Two whose runs overlap have none.
fn order(rows: &[(Foretold, Vec<u64>)]) -> String {
    let mut others = Vec::new();
    for (place, (one, runs)) in rows.iter().enumerate() {
        for (other, other_runs) in &rows[place + 1..] {
            let is_below = runs.last() < other_runs.first();
            let is_above = runs.first() > other_runs.last();
            let is_other = match one.resident.cmp(&other.resident) {
                std::cmp::Ordering::Less => is_above,
                std::cmp::Ordering::Equal => false,
                std::cmp::Ordering::Greater => is_below,
            };
            if is_other {
                others.push(format!("{} and {}", one.number, other.number));
            }
        }
    }
    match &others[..] {
        [] => "The order is as foretold.".to_owned(),
        others => format!("In another order than foretold: {}.", others.join(", ")),
    }
}

fn heading(rounds: usize, beside: Beside) -> String {
    format!(
        "# Advice, measured\n\n\
         `cargo xtask advise --service DIR` writes this page. Each program is recorded once, as it is. The first {CANDIDATES} candidates of its\n\
         advice are then put into its environment, or into the program where they are calls of `malloc_trim`, and it is run again {rounds}\n\
         times without the recorder. Figures are resident MiB of the whole process at the end of its last rest: the median, with the\n\
         least and the most in brackets.\n\n\
         Foretold is what the model has resident with the candidate, and the rest of the process as it was recorded: its code,\n\
         libraries, stacks, and Python's arenas. Being recorded adds {:.2} MiB to a program that allocates one block, beyond what the\n\
         recorder leaves out itself: this is taken off. With jemalloc its library is included, {:.1} MiB, as measured in a\n\
         program that allocates nothing.\n",
        mebibytes(beside.recorder),
        mebibytes(beside.jemalloc)
    )
}
