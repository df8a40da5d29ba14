//! The table as Markdown.

use super::{RESIDENT, Table, in_words};
use crate::one_line;

impl Table {
    /// As Markdown, for a document.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "**{}**\n\n| variant | allocator | settings |",
            escaped(&self.title)
        );
        for column in self.columns() {
            text += &format!(" {}", self.head(column));
            let moment = self.moment(column.of);
            if [1, RESIDENT].contains(&column.number) && !moment.is_empty() {
                text += &format!(" ({})", moment_in_markdown(&moment));
            }
            text += " |";
        }
        text += " |\n| --- | --- | --- |";
        text += &" ---: |".repeat(self.columns().count());
        text += " --- |\n";
        for row in &self.rows {
            text += &format!(
                "| {} | {} | {} |",
                escaped(&row.name),
                escaped(&row.allocator),
                code(&row.settings)
            );
            for column in self.columns() {
                let shown = row.figure(column).map(|summary| column.shown(summary));
                text += &format!(" {} |", shown.unwrap_or_else(|| "–".to_owned()));
            }
            let words = row.summary.map(|summary| in_words(&summary));
            text += &format!(" {} |\n", words.unwrap_or_default());
        }
        text
    }
}

/// Text in a cell of a Markdown table, which says nothing but itself there.
pub fn escaped(text: &str) -> String {
    let text = one_line(text);
    let mut escaped = String::new();
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = *letters.peek().unwrap_or(&' ');
        let is_sign = match letter {
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' => true,
            '<' => next.is_ascii_alphabetic() || "/!?".contains(next),
            '&' => next.is_ascii_alphabetic() || next == '#',
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            _ => false,
        };
        if is_sign {
            escaped.push('\\');
        }
        escaped.push(letter);
        before = letter;
    }
    escaped
}

/// Text in a cell of a Markdown table, as code.
pub fn code(text: &str) -> String {
    // A bar in code is written with a backslash, and where one is there already it would end the cell.
    if text.is_empty() || text.contains("\\|") {
        return escaped(text);
    }
    let text = one_line(text).replace('|', "\\|");
    let longest = text.split(|letter| letter != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0) + 1);
    match text.starts_with('`') || text.ends_with('`') {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

/// A moment in a cell of a Markdown table: the name of a mark in it is code.
fn moment_in_markdown(moment: &str) -> String {
    let name = moment.find('`').zip(moment.rfind('`'));
    match name.filter(|(from, to)| from < to) {
        Some((from, to)) => {
            let (before, name, after) = (&moment[..from], &moment[from + 1..to], &moment[to + 1..]);
            format!("{}{}{}", escaped(before), code(name), escaped(after))
        }
        None => escaped(moment),
    }
}
