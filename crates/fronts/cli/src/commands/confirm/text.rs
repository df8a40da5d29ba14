//! What `highwater confirm` prints of a variant.

use super::{Confirmed, Mark};
use crate::display::text::names;
use highwater_simulator::{Addresses, Micros};
use std::borrow::Cow;
use std::fmt::Write;

/// Samples that are listed among the marks.
const SAMPLES: usize = 12;

impl Mark {
    fn is_equal(&self) -> bool {
        self.model == Some(self.real)
    }
}

impl Confirmed {
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let settings = match &self.settings[..] {
            "" => "no settings",
            settings => settings,
        };
        writeln!(out, "{}: {settings}", self.name)?;
        writeln!(out, "Library: {}", self.library)?;
        writeln!(out, "Model:   {}", self.model)?;
        let equal = |all: &[Mark]| all.iter().filter(|mark| mark.is_equal()).count();
        write!(
            out,
            "{} of {} addresses equal; resident memory equal at {} of {} marks",
            self.addresses_equal,
            self.addresses,
            equal(&self.marks),
            self.marks.len()
        )?;
        if !self.samples.is_empty() {
            let (equal, all) = (equal(&self.samples), self.samples.len());
            write!(out, " and {equal} of {all} samples")?;
        }
        writeln!(out)?;
        if self.real_time {
            writeln!(
                out,
                "In real time: each wait lasted as long as in the recording"
            )?;
        }
        if let Some(difference) = &self.first_difference {
            writeln!(out, "First difference: {difference}")?;
        }
        if let Some(recorded) = &self.recorded {
            let Addresses {
                compared,
                equal,
                first_difference,
            } = recorded;
            writeln!(out, "{equal} of {compared} recorded addresses equal")?;
            if let Some(difference) = first_difference {
                writeln!(out, "First difference from the recording: {difference}")?;
            }
        }
        self.write_marks(out)
    }

    /// Writes the table of marks, and of some of many samples among them.
    fn write_marks(&self, out: &mut String) -> std::fmt::Result {
        let every = self.samples.len().div_ceil(SAMPLES).max(1);
        let samples = self.samples.iter().skip(every - 1).step_by(every);
        let mut shown: Vec<&Mark> = samples.chain(&self.marks).collect();
        shown.sort_by_key(|mark| mark.time_us);
        let named: Vec<Cow<str>> = (shown.iter())
            .map(|mark| highwater_report::one_line(&mark.name))
            .collect();
        let width = names::width(named.iter().map(AsRef::as_ref), 22);
        writeln!(
            out,
            "\n{:<width$} {:>11} {:>11} {:>11}",
            "mark", "time", "real", "model"
        )?;
        for (mark, name) in shown.iter().zip(&named) {
            let model = mark.model.map_or("–".to_owned(), |model| model.to_string());
            let differs = if mark.is_equal() { "" } else { "  differs" };
            let name = names::fitted(name, width);
            let time = highwater_report::moment::time(Micros(mark.time_us));
            writeln!(
                out,
                "{name:<width$} {time:>11} {:>11} {model:>11}{differs}",
                mark.real.to_string()
            )?;
        }
        Ok(())
    }
}
