//! The command line.

use anyhow::{Result, bail};
use highwater_live::AllocatorFamily;
use lexopt::prelude::*;
use std::path::PathBuf;

pub(crate) const HELP: &str = "\
Usage: cargo xtask fidelity [--only glibc|jemalloc] [--libraries DIR] [--out FILE] [--operations N] [TRACE...]

Compares the models with the machine's own C library, and with its jemalloc if it has one, and writes the report to FILE
(default: docs/fidelity.md).

  --only FAMILY     compare only these, and leave the others in FILE as they are
  --libraries DIR   also use the libraries unpacked in DIR, each C library in its own folder, with or without a jemalloc
                    (as `dpkg -x` unpacks the packages libc6 and libjemalloc2)
  --operations N    approximate number of random operations on each release (default: 2000000)
  TRACE             traces (.hwt, .hwt.gz) to replay in addition to the bundled one
";

/// All that are modelled, in the order in which the report has them.
pub(crate) const FAMILIES: [AllocatorFamily; 2] =
    [AllocatorFamily::Glibc, AllocatorFamily::Jemalloc];

/// The options.
pub(crate) struct Options {
    /// The allocators that are compared.
    pub(crate) families: Vec<AllocatorFamily>,
    pub(crate) libraries: Option<PathBuf>,
    pub(crate) out: PathBuf,
    pub(crate) operations: u64,
    pub(crate) traces: Vec<PathBuf>,
}

impl Options {
    /// Returns `None` if only help is requested.
    pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Option<Self>> {
        let mut options = Self {
            families: FAMILIES.to_vec(),
            libraries: None,
            out: PathBuf::from("docs/fidelity.md"),
            operations: 2_000_000,
            traces: Vec::new(),
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("only") => {
                    let wanted = parser.value()?.string()?;
                    options.families = FAMILIES.to_vec();
                    options
                        .families
                        .retain(|family| family.to_string() == wanted);
                    if options.families.is_empty() {
                        bail!("--only {wanted}: it is glibc or jemalloc");
                    }
                }
                Long("libraries") => options.libraries = Some(parser.value()?.into()),
                Long("out") => options.out = parser.value()?.into(),
                Long("operations") => options.operations = parser.value()?.parse()?,
                Long("help") | Short('h') => return Ok(None),
                Value(trace) => options.traces.push(trace.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }
}
