//! `fidelity`: holds the glibc model against every C library at hand, and writes down how much of it agrees.
//!
//! Unlike the tests, which stop at the first difference, it counts: for each library, workload and setting the addresses
//! that are equal and the largest difference in resident memory. `cargo xtask fidelity` runs it.

mod measure;
mod options;
mod report;
mod workloads;

use highwater_live::{Library, Oracle};
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
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut libraries = vec![Library::installed()];
    if let Some(folder) = &options.libraries {
        libraries.extend(Library::in_folder(folder).map_err(|error| named(folder, &error))?);
    }
    let libraries = subjects(libraries)?;
    let workloads = workloads::all(options)?;
    let started = std::time::Instant::now();
    let rows = measure::all(&libraries, &workloads)?;
    let text = report::render(options, &libraries, &workloads, &rows);
    if let Some(folder) = options.out.parent() {
        std::fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
    }
    std::fs::write(&options.out, text).map_err(|error| named(&options.out, &error))?;
    let unequal = rows.iter().filter(|row| !row.is_equal()).count();
    println!(
        "{} runs, {unequal} with differences, {:.0} s: {}",
        rows.len(),
        started.elapsed().as_secs_f64(),
        options.out.display()
    );
    Ok(())
}

/// A library that is modelled.
pub(crate) struct Subject {
    pub(crate) library: Library,
    /// `2.36`
    pub(crate) version: String,
    /// What it says of itself in full.
    pub(crate) banner: String,
}

/// The modelled ones, by version; of two that are the very same package the first.
fn subjects(libraries: Vec<Library>) -> Result<Vec<Subject>, highwater_live::OracleError> {
    let mut subjects: Vec<Subject> = Vec::new();
    for library in libraries {
        let oracle = Oracle::start(&library, &highwater_live::Environment::default())?;
        let version = oracle.release().version.clone();
        let banner = oracle
            .banner()
            .unwrap_or_else(|| format!("glibc {version}"));
        if highwater_glibc::Version::parse(&version).is_none() {
            eprintln!(
                "{}: glibc {version} is not modelled, and left out",
                library.name
            );
        } else if !subjects.iter().any(|subject| subject.banner == banner) {
            subjects.push(Subject {
                library,
                version,
                banner,
            });
        }
    }
    subjects.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(subjects)
}

/// The error with the path it is about.
pub(crate) fn named(path: &std::path::Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
