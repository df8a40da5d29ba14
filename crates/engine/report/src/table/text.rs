//! The table as plain text.

use super::{COLUMNS, Column, Of, Row, Table, in_words};
use crate::one_line;

impl Table {
    fn width(&self, column: &Column) -> usize {
        self.head(column).len().max("1023.9 MiB ".len())
    }

    /// As plain text, with the figures in columns.
    pub fn text(&self) -> String {
        let wide = |of: fn(&Row) -> &str, least: usize| {
            let all = self
                .rows
                .iter()
                .map(|row| one_line(of(row)).chars().count());
            all.max().unwrap_or(0).max(least)
        };
        let names = wide(|row| &row.name, "variant".len());
        let allocators = wide(|row| &row.allocator, "allocator".len());
        let mut text = format!("{}\n\n", one_line(&self.title));
        for of in [Of::Burst, Of::Moment] {
            let column = COLUMNS.iter().find(|column| column.of == of);
            if let Some(column) = column {
                let moment = self.moment(of);
                text += &format!("{}: {}\n", self.head(column), one_line(&moment));
            }
        }
        text += &format!("\n{:<names$} {:<allocators$}", "variant", "allocator");
        for column in self.columns() {
            let width = self.width(column);
            text += &format!(" {:>width$}", self.head(column));
        }
        text.push('\n');
        for row in &self.rows {
            let name = one_line(&row.name);
            text += &format!("{name:<names$} {:<allocators$}", row.allocator);
            for column in self.columns() {
                let shown = row.figure(column).map(|summary| column.shown(summary));
                let (shown, width) = (shown.unwrap_or_else(|| "–".to_owned()), self.width(column));
                text += &format!(" {shown:>width$}");
            }
            let words = row.summary.map(|summary| in_words(&summary));
            let words = words.filter(|words| !words.is_empty());
            text += &words.map_or(String::new(), |words| format!("  {words}"));
            text.push('\n');
        }
        let with_settings = self.rows.iter().filter(|row| !row.settings.is_empty());
        let mut settings = with_settings.peekable();
        if settings.peek().is_some() {
            text.push('\n');
        }
        for row in settings {
            let (name, settings) = (one_line(&row.name), one_line(&row.settings));
            text += &format!("{name:<names$} {settings}\n");
        }
        text
    }
}
