//! Files of other tools, and what every command says of one that it opens.

use anyhow::{Result, bail};
use highwater_import::{self as import, Kind, Losses};
use highwater_workload::{Header, trace};
use serde::Serialize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The header line of a trace that another tool recorded.
const LINE: &str = "imported";

/// What a file lacks, which its reader tells when it has read it.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Option<Losses>>>);

impl Told {
    /// Returns what was told.
    pub(crate) fn losses(&self) -> Option<Losses> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }

    /// Says what a file lacks, and notes it in its header.
    pub(crate) fn tell(&self, path: &Path, header: &mut Header) {
        let Some(losses) = self.losses() else { return };
        crate::console::say(&format!("{}: {losses}", path.display()));
        let line = header.noted.iter_mut().find(|(name, _)| name == LINE);
        if let Some((_, line)) = line {
            *line = losses.header_line();
        }
    }
}

/// Whether a file that begins with these bytes is one of another tool.
///
/// # Errors
/// It is one that cannot be replayed.
pub(crate) fn is_one(start: &[u8]) -> Result<bool> {
    match import::recognise(start)? {
        Some(Kind::Calls(_)) => Ok(true),
        Some(Kind::Refused(refused)) => bail!("{refused}"),
        None => Ok(false),
    }
}

/// Opens a file of another tool as a recording.
pub(crate) fn open(file: trace::Bytes, told: &Told) -> Result<trace::Bytes, import::ImportError> {
    let told = told.clone();
    let tell = Box::new(move |losses: &Losses| {
        let mut told = told.0.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Some(losses.clone());
    });
    Ok(Box::new(import::Recording::open(file)?.telling(tell)))
}

/// Returns what a trace lacks that another tool recorded.
pub(crate) fn losses(header: &Header) -> Option<Losses> {
    let line = header.noted.iter().find(|(name, _)| name == LINE);
    line.map(|(_, text)| Losses::from_header_line(text))
}

/// What an imported trace lacks, for programs.
#[derive(Serialize)]
pub(crate) struct Imported {
    format: String,
    lost: Vec<Lost>,
    /// The answers that this affects, and those that it does not.
    affected: Vec<&'static str>,
    unaffected: Vec<&'static str>,
}

#[derive(Serialize)]
struct Lost {
    name: &'static str,
    what: &'static str,
}

impl Imported {
    /// Describes a trace; `None` if our own recorder wrote it.
    pub(crate) fn of(header: &Header) -> Option<Self> {
        losses(header).map(Self::from)
    }
}

impl From<Losses> for Imported {
    fn from(losses: Losses) -> Self {
        let answers = |are_affected| {
            let answers = losses.answers(are_affected);
            answers.into_iter().map(import::Answer::name).collect()
        };
        let lost = losses.lost.iter().map(|loss| Lost {
            name: loss.word(),
            what: loss.what(),
        });
        Self {
            lost: lost.collect(),
            affected: answers(true),
            unaffected: answers(false),
            format: losses.format,
        }
    }
}
