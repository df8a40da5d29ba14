//! Writes a recording as a trace in text, and a trace in text as a recording.

use crate::arguments::Convert;
use crate::input::names::Names;
use crate::input::recorded::{Recorded, samples};
use crate::output::{Files, Output};
use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};
use highwater_hwr::read::Reader;
use highwater_workload::Header;
use highwater_workload::trace::{
    Beside, ConvertError, Converted, Naming, pack, pack_recording, unpack,
};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Converts a recording, with those of the process's ancestors in front where it was forked, or a trace.
pub(crate) fn convert(asked: &Convert) -> Result<String> {
    let mut files = Files::default();
    files.read(&asked.input);
    let output = files.claim("OUTPUT", &asked.output)?;
    let recorded =
        Recorded::open(&asked.input).with_context(|| asked.input.display().to_string())?;
    let told = recorded.told();
    let (generations, beside) = match &recorded {
        Recorded::Family(family) => (family.len(), samples(family, &asked.input)?),
        _ => (1, Vec::new()),
    };
    let mut found = Names::default();
    let names: &mut dyn Naming = match asked.addresses {
        true => &mut (),
        false => &mut found,
    };
    let converted = write(recorded, &beside, names, &asked.input, output)?;
    if let Some(told) = told {
        told.tell(&asked.input, &mut Header::default());
    }
    Ok(describe(&converted, generations))
}

/// Writes what was recorded in the form that the output's name ends in.
pub(crate) fn write(
    recorded: Recorded,
    beside: &[Beside],
    names: &mut dyn Naming,
    input: &Path,
    output: Output,
) -> Result<Converted> {
    let form = output
        .name()
        .extension()
        .and_then(|extension| extension.to_str())
        .map(str::to_owned);
    let form = form.as_deref();
    let mut result = Ok(Converted::default());
    let written = output.write_with(|out| {
        let written = match (recorded, form) {
            (Recorded::Text(bytes), form) => through(&bytes, form, names, out),
            (Recorded::Family(family) | Recorded::Imported(family, _), form) => match form {
                Some("hwr") => pack_recording(family, beside, names, out),
                Some("gz") => zip(family, beside, names, out),
                _ => unpack(family, beside, names, out),
            },
        };
        match written {
            Err(ConvertError::Write(error)) => return Err(error),
            Err(ConvertError::Read(error)) => result = Err(error),
            Ok(converted) => result = Ok(converted),
        }
        // What cannot be read leaves no file, and the error names what was read.
        let is_whole = result.is_ok();
        is_whole
            .then_some(())
            .ok_or_else(|| io::Error::other("the input cannot be read"))
    });
    let converted = result.with_context(|| input.display().to_string())?;
    written?;
    Ok(converted)
}

/// Writes a trace in text of any version in the form that a name ends in.
fn through(
    bytes: &[u8],
    form: Option<&str>,
    names: &mut dyn Naming,
    out: &mut dyn Write,
) -> Result<Converted, ConvertError> {
    let mut packed = Vec::new();
    pack(bytes, &mut packed)?;
    let family = vec![Reader::new(&packed[..]).map_err(io::Error::other)?];
    match form {
        Some("hwr") => pack_recording(family, &[], names, out),
        Some("gz") => zip(family, &[], names, out),
        _ => unpack(family, &[], names, out),
    }
}

fn zip<R: io::Read>(
    family: Vec<Reader<R>>,
    samples: &[Beside],
    names: &mut dyn Naming,
    out: &mut dyn Write,
) -> Result<Converted, ConvertError> {
    let mut packed = BufWriter::new(GzEncoder::new(out, Compression::default()));
    let converted = unpack(family, samples, names, &mut packed)?;
    let gzip = packed
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    gzip.finish()?;
    Ok(converted)
}

/// So many events of a recording, in words.
pub(crate) fn events(count: u64) -> String {
    highwater_report::of(count, "event", "calls and other events")
}

fn describe(converted: &Converted, generations: usize) -> String {
    let mut text = events(converted.events);
    if generations > 1 {
        text += "; they begin with those of the process's parents before the fork";
    }
    if converted.ending.is_some_and(|ending| ending.is_cut) {
        text += "; the recording was cut off, and its last calls are missing";
    }
    text + "\n"
}
