//! What `highwater confirm` prints of a variant.

use super::Confirmed;
use highwater_simulator::{Addresses, Micros};
use std::fmt::Write;

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
        let equal = self
            .marks
            .iter()
            .filter(|mark| mark.model == Some(mark.real));
        writeln!(
            out,
            "{} of {} addresses equal; resident memory equal at {} of {} marks",
            self.addresses_equal,
            self.addresses,
            equal.count(),
            self.marks.len()
        )?;
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
        writeln!(
            out,
            "\n{:<22} {:>11} {:>11} {:>11}",
            "mark", "time", "real", "model"
        )?;
        for mark in &self.marks {
            let model = mark.model.map_or("–".to_owned(), |model| model.to_string());
            let differs = if mark.model == Some(mark.real) {
                ""
            } else {
                "  differs"
            };
            let name = highwater_report::one_line(&mark.name);
            let time = highwater_report::seconds(Micros(mark.time_us));
            writeln!(
                out,
                "{name:<22} {time:>11} {:>11} {model:>11}{differs}",
                mark.real.to_string()
            )?;
        }
        Ok(())
    }
}
