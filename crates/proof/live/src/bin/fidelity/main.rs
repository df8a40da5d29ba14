//! `fidelity`: holds the models against every C library and every jemalloc at hand, and writes down how much of it agrees.
//!
//! Unlike the tests, which stop at the first difference, it counts: for each release, workload and setting the addresses
//! that are equal and the largest difference in resident memory and in the figures that jemalloc reports.
//! `cargo xtask fidelity` runs it.

mod measure;
mod options;
mod report;
mod workloads;

use anyhow::{Context, Result};
use highwater_live::{
    AllocatorFamily, Environment, Library, ModelError, Oracle, OracleError, Release, Sequence,
    execute,
};
use options::Options;
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = Options::parse(lexopt::Parser::from_env()).and_then(|options| match options {
        Some(options) => run(&options),
        None => {
            print!("{}", options::HELP);
            Ok(())
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let mut libraries = vec![Library::installed()];
    libraries.extend(Library::installed_jemalloc());
    if let Some(folder) = &options.libraries {
        libraries.extend(Library::in_folder(folder).with_context(|| folder.display().to_string())?);
        let found = Library::jemallocs_in_folder(folder);
        libraries.extend(found.with_context(|| folder.display().to_string())?);
    }
    let subjects = subjects(libraries)?;
    let programs = workloads::programs(options)?;
    let started = std::time::Instant::now();
    let mut parts = Vec::new();
    for family in options.families.iter().copied() {
        let subjects: Vec<&Subject> = subjects
            .iter()
            .filter(|subject| subject.release.family == family)
            .collect();
        let workloads = workloads::all(family, &programs, options.operations);
        let rows = measure::all(&subjects, &workloads)?;
        parts.push(Part {
            family,
            subjects,
            workloads,
            rows,
        });
    }
    let before = std::fs::read_to_string(&options.out).unwrap_or_default();
    let text = report::render(options, &parts, &before);
    if let Some(folder) = options.out.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(&options.out, text).with_context(|| options.out.display().to_string())?;
    let rows: Vec<_> = parts.iter().flat_map(|part| &part.rows).collect();
    let unequal = rows.iter().filter(|row| !row.is_equal()).count();
    println!(
        "{} runs, {unequal} with differences, {:.0} s: {}",
        rows.len(),
        started.elapsed().as_secs_f64(),
        options.out.display()
    );
    Ok(())
}

/// An allocator of a release that is modelled.
pub(crate) struct Subject {
    pub(crate) library: Library,
    pub(crate) release: Release,
    /// What it says of itself in full.
    pub(crate) banner: String,
}

/// All that was measured on the releases of one allocator.
pub(crate) struct Part<'a> {
    pub(crate) family: AllocatorFamily,
    pub(crate) subjects: Vec<&'a Subject>,
    pub(crate) workloads: Vec<workloads::Workload>,
    pub(crate) rows: Vec<measure::Row>,
}

/// The modelled ones, by release; of two that are the very same the first.
fn subjects(libraries: Vec<Library>) -> Result<Vec<Subject>, OracleError> {
    let mut subjects: Vec<Subject> = Vec::new();
    let (no_settings, nothing) = (Environment::default(), Sequence::default());
    for library in libraries {
        let mut oracle = Oracle::start(&library, &no_settings)?;
        let release = oracle.release().clone();
        let banner = oracle.banner().unwrap_or_else(|| release.to_string());
        let layout = oracle.answer(&nothing)?.layout;
        if let Err(error @ ModelError::Version(_)) =
            execute(&release, &no_settings, layout, &nothing)
        {
            eprintln!("{}: {error}; skipped", library.name);
        } else if !subjects.iter().any(|subject| subject.banner == banner) {
            subjects.push(Subject {
                library,
                release,
                banner,
            });
        }
    }
    subjects.sort_by(|a, b| a.release.cmp(&b.release));
    Ok(subjects)
}
