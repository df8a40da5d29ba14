//! Writes a recording as a trace in text.

use super::summary::files;
use crate::arguments::Convert;
use crate::output::Files;
use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use highwater_hwr::read::Reader;
use highwater_hwr::text::{ConvertError, Converted, convert as write_text};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

type Recording = Reader<BufReader<File>>;

/// Converts a recording, with those of the process's ancestors in front where it was forked.
pub(crate) fn convert(asked: &Convert) -> Result<String> {
    let mut names = Files::default();
    names.read(&asked.input);
    let output = names.claim("OUTPUT", &asked.output)?;
    let family = family(&asked.input)?;
    let generations = family.len();
    let is_packed = asked
        .output
        .extension()
        .is_some_and(|extension| extension == "gz");
    let mut converted = None;
    let written = output.write_with(|out| {
        let text = match is_packed {
            true => pack(family, out),
            false => write_text(family, out),
        };
        converted = Some(text.map_err(io::Error::other)?);
        Ok(())
    });
    written?;
    Ok(describe(&converted.unwrap_or_default(), generations))
}

fn pack(family: Vec<Recording>, out: &mut dyn Write) -> Result<Converted, ConvertError> {
    let mut packed = BufWriter::new(GzEncoder::new(out, Compression::default()));
    let converted = write_text(family, &mut packed)?;
    let gzip = packed.into_inner().map_err(io::IntoInnerError::into_error);
    gzip.and_then(GzEncoder::finish)
        .map_err(ConvertError::Write)?;
    Ok(converted)
}

fn describe(converted: &Converted, generations: usize) -> String {
    let mut text = format!("{} calls and marks", converted.lines);
    if converted.left_out > 0 {
        text += &format!(
            "; {} other events have no line in a trace and were left out",
            converted.left_out
        );
    }
    if generations > 1 {
        text += "; the trace begins with the calls of the process's parents before the fork";
    }
    if converted.ending.is_some_and(|ending| ending.is_cut) {
        text += "; the recording was cut off, and its last calls are missing";
    }
    text + "\n"
}

/// Opens a recording and those of its ancestors, the oldest first.
fn family(path: &Path) -> Result<Vec<Recording>> {
    let mut family = vec![open(path)?];
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    while let control = *family[0].control()
        && control.parent_ticket.is_some()
    {
        let parent = files(folder).into_iter().find_map(|path| {
            let recording = open(&path).ok()?;
            let is_parent = recording.control().process == control.parent
                && recording.control().monotonic_time < control.monotonic_time;
            is_parent.then_some(recording)
        });
        let Some(parent) = parent else {
            bail!(
                "{}: it is the recording of a forked process, and that of its parent (process {}) is not in the same folder",
                path.display(),
                control.parent
            );
        };
        family.insert(0, parent);
    }
    Ok(family)
}

fn open(path: &Path) -> Result<Recording> {
    let open = || -> Result<Recording> { Ok(Reader::new(BufReader::new(File::open(path)?))?) };
    open().with_context(|| format!("{}", path.display()))
}
