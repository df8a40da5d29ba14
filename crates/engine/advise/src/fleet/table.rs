//! The advice for many recordings as a table: plain text, Markdown and CSV.

use super::{FleetAdvice, FleetAdvised};
use highwater_report::table::{code, field};
use highwater_report::{count, one_line};
use highwater_simulator::Micros;

/// Rows of the table for people, besides the usual advice.
const SHOWN: usize = 12;

/// The heads of the columns.
const HEADS: [&str; 6] = [
    "memory",
    "saves",
    "worst case",
    "helps",
    "hurts",
    "CPU time",
];

impl FleetAdvised {
    fn cells(&self) -> [String; 6] {
        [
            self.memory.to_string(),
            format!("{:.0} %", self.saves_mean),
            format!("{:.0} %", self.saves_worst),
            self.helps.to_string(),
            self.hurts.to_string(),
            format!("{} s", Micros(self.cpu_us).decimal_seconds(3)),
        ]
    }
}

impl FleetAdvice {
    fn head(&self) -> String {
        let traces = count(self.traces.len() as u64);
        let best = match self.best_setting() {
            Some(row) => format!(
                "The best single setting for all: {}. It saves {:.0} % on average, and {:.0} % in the worst case ({}).",
                row.name, row.saves_mean, row.saves_worst, row.worst
            ),
            None => {
                "No single setting helps without taking more memory in some recording.".to_owned()
            }
        };
        format!(
            "{traces} recordings together. {best} {}",
            self.costs.source()
        )
    }

    fn shown(&self) -> impl Iterator<Item = &FleetAdvised> {
        let rows = self.candidates.iter().enumerate();
        rows.filter(|(place, row)| *place <= SHOWN || row.is_usual)
            .map(|(_, row)| row)
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let names = self.shown().map(|row| one_line(&row.name).chars().count());
        let names = names.max().unwrap_or(0);
        let mut text = format!("{}\n\n{:<names$}", self.head(), "");
        for head in HEADS {
            text += &format!(" {head:>11}");
        }
        text += "  worst in\n";
        for row in self.shown() {
            text += &format!("{:<names$}", one_line(&row.name));
            for cell in row.cells() {
                text += &format!(" {cell:>11}");
            }
            text = format!("{text}  {}", one_line(&row.worst))
                .trim_end()
                .to_owned()
                + "\n";
        }
        text
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n\n| candidate |", self.head());
        for head in HEADS {
            text += &format!(" {head} |");
        }
        text += " worst in |\n| --- |";
        text += &(" ---: |".repeat(HEADS.len()) + " --- |\n");
        for row in self.shown() {
            text += &format!(
                "| {} | {} | {} |\n",
                code(&row.name),
                row.cells().join(" | "),
                code(&row.worst)
            );
        }
        text
    }

    /// Every candidate as CSV (RFC 4180), sizes in bytes and times in microseconds.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "candidate,doer,usual,memory,saves_mean,saves_worst,worst,helps,hurts,killed,impossible,cpu_us\n",
        );
        for row in &self.candidates {
            text += &format!(
                "{},{},{},{},{:.2},{:.2},{},{},{},{},{},{}\n",
                field(&row.name),
                field(row.doer.in_words()),
                row.is_usual,
                row.memory.0,
                row.saves_mean,
                row.saves_worst,
                field(&row.worst),
                row.helps,
                row.hurts,
                row.killed,
                row.impossible,
                row.cpu_us
            );
        }
        text
    }
}
