//! `highwater import`: a file of another tool, read and written as a recording or a trace.

use crate::arguments::Import;
use crate::commands::record;
use crate::input::imported::{self, Told};
use crate::input::recorded::{BEGINNING, Recorded};
use crate::output::Files;
use anyhow::{Context, Result, bail};
use highwater_hwr::read::Reader;
use highwater_import::ImportError;
use std::fs::File;
use std::io::{BufReader, Cursor, IsTerminal, Read};
use std::time::{Duration, Instant};

/// Reads a file of another tool, and writes it as a recording or a trace if that is asked for.
pub(crate) fn run(asked: &Import) -> Result<String> {
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
    if !imported::is_one(&start).with_context(name)? {
        bail!("{}: {}", name(), ImportError::Unknown);
    }
    let length = file.metadata().map_or(0, |about| about.len());
    let file = Cursor::new(start).chain(file);
    let told = Told::default();
    let shown = Box::new(Shown::new(file, length));
    let mut bytes = imported::open(shown, &told).with_context(name)?;
    let Some(output) = output else {
        std::io::copy(&mut bytes, &mut std::io::sink()).with_context(name)?;
        return Ok(summary(&told, None));
    };
    let shown = output.name().display().to_string();
    let recording = vec![Reader::new(BufReader::new(bytes)).with_context(name)?];
    let recorded = Recorded::Imported(recording, told.clone());
    record::write(recorded, &[], &mut (), input, output)?;
    Ok(summary(&told, Some(&shown)))
}

/// Says what was read.
fn summary(told: &Told, output: Option<&str>) -> String {
    let losses = told.losses().unwrap_or_default();
    let written = output.map_or(String::new(), |output| format!("; written to {output}"));
    let calls = highwater_report::of(losses.calls, "call", "calls");
    format!("{calls}, {losses}{written}\n")
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
                crate::console::hint("\r     \r");
                self.shown = None;
            } else if shown.elapsed() > Duration::from_millis(500) {
                let share = self.read as f64 / self.length as f64;
                crate::console::hint(&format!("\r{:3.0} %", share.min(1.0) * 100.0));
                *shown = Instant::now();
            }
        }
        Ok(read)
    }
}
