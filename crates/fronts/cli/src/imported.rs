//! Files of other tools: `highwater import`, and what every command says of one that it opens.

use crate::arguments::Import as Asked;
use crate::output::Files;
use crate::record;
use crate::recorded::{BEGINNING, Recorded};
use anyhow::{Context, Result, bail};
use highwater_hwr::read::Reader;
use highwater_import::{self as import, Kind, Losses};
use highwater_workload::{Header, trace};
use serde::Serialize;
use std::fs::File;
use std::io::{BufReader, Cursor, IsTerminal, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
        crate::say(&format!("{}: {losses}", path.display()));
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
    Ok(Box::new(import::Recording::open(file, tell)?))
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
        let losses = losses(header)?;
        let answers = |are_affected| {
            let answers = losses.answers(are_affected);
            answers.into_iter().map(import::Answer::name).collect()
        };
        let lost = losses.lost.iter().map(|loss| Lost {
            name: loss.word(),
            what: loss.what(),
        });
        Some(Self {
            lost: lost.collect(),
            affected: answers(true),
            unaffected: answers(false),
            format: losses.format,
        })
    }
}

/// Reads a file of another tool, and writes it as a recording or a trace if that is asked for.
pub(crate) fn import(asked: &Asked) -> Result<String> {
    let input = &asked.input;
    let name = || input.display().to_string();
    let mut files = Files::default();
    files.read(input);
    let output = asked.output.as_deref();
    let output = output.map(|output| files.claim("OUTPUT", output));
    let output = output.transpose()?;
    let file = File::open(input).with_context(name)?;
    let mut start = Vec::new();
    file.try_clone()?
        .take(BEGINNING)
        .read_to_end(&mut start)
        .with_context(name)?;
    if !is_one(&start).with_context(name)? {
        bail!("{}: {}", name(), import::ImportError::Unknown);
    }
    let length = file.metadata().map_or(0, |about| about.len());
    let file = Cursor::new(start).chain(file);
    let told = Told::default();
    let shown = Box::new(Shown::new(file, length));
    let mut bytes = open(shown, &told).with_context(name)?;
    let Some(output) = output else {
        std::io::copy(&mut bytes, &mut std::io::sink()).with_context(name)?;
        return Ok(summary(&told, None));
    };
    let shown = output.name().display().to_string();
    let recording = vec![Reader::new(BufReader::new(bytes)).with_context(name)?];
    let recorded = Recorded::Imported(recording, told.clone());
    record::write(recorded, &[], input, output)?;
    Ok(summary(&told, Some(&shown)))
}

/// Says what was read.
fn summary(told: &Told, output: Option<&str>) -> String {
    let losses = told.losses().unwrap_or_default();
    let written = output.map_or(String::new(), |output| format!("; written to {output}"));
    let calls = highwater_report::count(losses.calls);
    format!("{calls} calls, {losses}{written}\n")
}

/// Shows how far a file has been read, where a person watches.
struct Shown<R> {
    file: R,
    length: u64,
    read: u64,
    /// When it was shown last; `None` where nobody watches.
    shown: Option<Instant>,
}

impl<R> Shown<R> {
    fn new(file: R, length: u64) -> Self {
        let is_watched = std::io::stderr().is_terminal() && length > 0;
        Self {
            file,
            length,
            read: 0,
            shown: is_watched.then(Instant::now),
        }
    }
}

impl<R: Read> Read for Shown<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        if let Some(shown) = &mut self.shown {
            if read == 0 {
                crate::run::hint("\r     \r");
                self.shown = None;
            } else if shown.elapsed() > Duration::from_millis(500) {
                let share = self.read as f64 / self.length as f64;
                crate::run::hint(&format!("\r{:3.0} %", share.min(1.0) * 100.0));
                *shown = Instant::now();
            }
        }
        Ok(read)
    }
}
