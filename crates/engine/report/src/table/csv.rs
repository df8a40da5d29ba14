//! The table as CSV.

use super::{COLUMNS, RESIDENT, Table};
use crate::one_line;

impl Table {
    /// As CSV (RFC 4180), sizes in bytes and times in seconds.
    pub fn csv(&self) -> String {
        let mut text = "variant,allocator,settings,after_burst_at,moment".to_owned();
        for column in &COLUMNS {
            let key = match column.number {
                RESIDENT if !self.is_after_rest => "resident",
                _ => column.key,
            };
            text += &format!(",{key}");
        }
        text += ",killed,near_cap_s\n";
        for row in &self.rows {
            let words = [
                &row.name,
                &row.allocator,
                &row.settings,
                &row.burst,
                &row.moment,
            ];
            text += &words.map(|words| field(words)).join(",");
            for column in &COLUMNS {
                let value = row.figure(column);
                let value = value.map(|summary| (column.value)(summary).to_string());
                text += &format!(",{}", value.unwrap_or_default());
            }
            let killed = row.summary.map(|summary| summary.killed.to_string());
            let near = row.summary.and_then(|summary| summary.near_cap);
            let near = near.map(|near| near.decimal_seconds(6).to_string());
            text += &format!(
                ",{},{}\n",
                killed.unwrap_or_default(),
                near.unwrap_or_default()
            );
        }
        text
    }
}

/// A field of CSV, on one line. One that a spreadsheet would take for a formula begins with an apostrophe.
pub fn field(text: &str) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let text = one_line(text);
    let sign = if text.trim_start().starts_with(FORMULA) {
        "'"
    } else {
        ""
    };
    match text.contains([',', '"', ';']) {
        true => format!("\"{sign}{}\"", text.replace('"', "\"\"")),
        false => format!("{sign}{text}"),
    }
}
