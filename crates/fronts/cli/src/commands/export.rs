//! `highwater export`: a recording in the form that other tools replay.

use crate::arguments::Form;
use crate::commands::record;
use crate::input::recorded::{Recorded, samples};
use crate::output::Files;
use anyhow::{Context, Result};
use highwater_hwr::read::Reader;
use highwater_workload::trace::{self, pack};
use std::io;
use std::path::Path;

/// Writes a recording, with those of the process's ancestors in front where it was forked, or a trace.
pub(crate) fn export(input: &Path, output: &Path, form: Form) -> Result<String> {
    let name = || input.display().to_string();
    let mut names = Files::default();
    names.read(input);
    let file = names.claim("OUTPUT", output)?;
    let recorded = Recorded::open(input).with_context(name)?;
    if form == Form::Text {
        let beside = match &recorded {
            Recorded::Family(family) => samples(family, input)?,
            _ => Vec::new(),
        };
        let converted = record::write(recorded, &beside, &mut (), input, file)?;
        return Ok(record::events(converted.events) + "\n");
    }
    let form = match form {
        Form::Android => trace::Foreign::Android,
        _ => trace::Foreign::Logalloc,
    };
    let mut exported = Ok(trace::Exported::default());
    let written = file.write_with(|out| {
        exported = match recorded {
            Recorded::Text(bytes) => {
                let mut packed = Vec::new();
                pack(&bytes, &mut packed).and_then(|_| {
                    let reader = Reader::new(&packed[..]).map_err(io::Error::other)?;
                    trace::export(vec![reader], form, out)
                })
            }
            Recorded::Family(family) | Recorded::Imported(family, _) => {
                trace::export(family, form, out)
            }
        };
        let is_whole = exported.is_ok();
        is_whole
            .then_some(())
            .ok_or_else(|| io::Error::other("the trace cannot be exported"))
    });
    let exported = exported.with_context(name)?;
    written?;
    Ok(describe(exported))
}

fn describe(exported: trace::Exported) -> String {
    let mut text = highwater_report::of(exported.calls, "call", "calls");
    if exported.left_out > 0 {
        text += "; ";
        text += &highwater_report::of(
            exported.left_out,
            "other event has no form there and is left out",
            "other events have no form there and are left out",
        );
    }
    text + "\n"
}
