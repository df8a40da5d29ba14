//! Advice as a table: plain text, Markdown and CSV.

use crate::advice::{Advice, Advised};
use crate::figures::Measure;
use highwater_report::table::{code, escaped, field};
use highwater_report::{count, one_line};
use highwater_simulator::Micros;

/// The heads of the columns.
pub const HEADS: [&str; 7] = [
    "peak",
    "after rest",
    "mean",
    "faults",
    "syscalls",
    "CPU time",
    "other loads",
];

/// Returns the cells of a row, in the order of [`HEADS`].
pub fn cells(row: &Advised) -> [String; 7] {
    let memory = Measure::ALL.map(|measure| measure.of(&row.figures).to_string());
    let [peak, rest, mean] = memory;
    let on = row
        .on_other_loads
        .iter()
        .map(|on| match (on.saves(), on.takes()) {
            (Some(less), _) => format!("-{less} %"),
            (None, Some(more)) => format!("+{more}"),
            (None, None) => "0 %".to_owned(),
        });
    [
        peak,
        rest,
        mean,
        count(row.figures.faults),
        count(row.figures.syscalls),
        format!("{} s", Micros(row.cpu_us[1]).decimal_seconds(3)),
        on.collect::<Vec<_>>().join(", "),
    ]
}

impl Advice {
    /// What stands before a row: its number among those that are worth their cost, and whether nothing beats it.
    pub fn mark(&self, row: &Advised) -> String {
        let number = self.worth().position(|worth| worth.name == row.name);
        match number {
            Some(number) if row.is_on_front => format!("{}*", number + 1),
            Some(number) => (number + 1).to_string(),
            None if row.is_usual => "usual".to_owned(),
            None => String::new(),
        }
    }

    /// What stands behind a row.
    pub fn note(row: &Advised) -> &'static str {
        match row {
            row if row.figures.killed > 0 => "killed at the cap",
            row if row.does_nothing => "does nothing",
            _ => "",
        }
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let rows: Vec<&Advised> = self.shown().collect();
        let names = rows.iter().map(|row| one_line(&row.name).chars().count());
        let names = names.max().unwrap_or(0);
        let mut text = format!("{:<6} {:<names$}", "", "");
        let [figures @ .., last] = HEADS;
        for head in figures {
            text += &format!(" {head:>11}");
        }
        text += &format!("  {last}\n");
        for row in &rows {
            text += &format!("{:<6} {:<names$}", self.mark(row), one_line(&row.name));
            let [figures @ .., last] = cells(row);
            for cell in figures {
                text += &format!(" {cell:>11}");
            }
            let note = Self::note(row);
            text = format!("{text}  {last}{note}").trim_end().to_owned() + "\n";
        }
        text += "\n* No other candidate has less of both memory and CPU time.\n";
        for (number, row) in self.worth().enumerate() {
            let doer = row.doer.in_words();
            text += &format!("\n{}. {} ({doer})\n", number + 1, one_line(&row.name));
            for sentence in self.sentences_in_full(row) {
                text += &format!("   {}\n", one_line(&sentence));
            }
        }
        for row in self.shown().filter(|row| row.is_usual && !row.is_worth) {
            text += &format!("\nUsual advice: {}\n", one_line(&row.name));
            for sentence in self.sentences_in_full(row) {
                text += &format!("   {}\n", one_line(&sentence));
            }
        }
        text
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| | candidate |");
        for head in HEADS {
            text += &format!(" {head} |");
        }
        text += " |\n| --- | --- |";
        text += &" ---: |".repeat(HEADS.len());
        text += " --- |\n";
        for row in self.shown() {
            text += &format!("| {} | {} |", escaped(&self.mark(row)), code(&row.name));
            for cell in cells(row) {
                text += &format!(" {cell} |");
            }
            text += &format!(" {} |\n", Self::note(row));
        }
        let explained = self.shown().filter(|row| row.is_worth || row.is_usual);
        for row in explained {
            text += &format!("\n- {}: ", code(&row.name));
            text += &escaped(&self.sentences_in_full(row).join(" "));
        }
        text.push('\n');
        text
    }

    /// Every candidate as CSV (RFC 4180), sizes in bytes and times in microseconds.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "candidate,doer,worth,on_front,usual,does_nothing,peak,after_rest,mean,memory,faults,syscalls,trims,killed,cpu_least_us,cpu_us,cpu_most_us\n",
        );
        for row in &self.candidates {
            let figures = &row.figures;
            let numbers = [
                figures.peak.0,
                figures.after_rest.0,
                figures.mean.0,
                row.memory.0,
                figures.faults,
                figures.syscalls,
                figures.trims,
                figures.killed,
                row.cpu_us[0],
                row.cpu_us[1],
                row.cpu_us[2],
            ];
            text += &format!(
                "{},{},{},{},{},{},{}\n",
                field(&row.name),
                field(row.doer.in_words()),
                row.is_worth,
                row.is_on_front,
                row.is_usual,
                row.does_nothing,
                numbers.map(|number| number.to_string()).join(",")
            );
        }
        text
    }
}
