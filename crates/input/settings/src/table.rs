//! Settings in tables: Markdown's, reStructuredText's and HTML's.

use crate::line::Line;
use crate::near::{NEAR, tail, within};
use crate::scan::Scanner;
use crate::shape::is_value;

/// What stands around a name or a value in a table and is no part of it.
const MARKS: [char; 6] = ['`', '*', '"', '\'', ' ', '\t'];

/// Words in a column's head that say that it holds what is set.
const VALUES: [&str; 7] = [
    "value",
    "setting",
    "set to",
    "recommended",
    "our",
    "new",
    "production",
];

impl Scanner<'_, '_> {
    /// `| NAME | value |`: the value in the row of a name, if one of its cells can be one. Where that ends.
    pub(crate) fn cell(
        &mut self,
        name: &str,
        at: usize,
        from: usize,
        line: &Line,
    ) -> Option<usize> {
        let lead = tail(&self.text[line.start..from], NEAR);
        let is_row = lead.trim_start().starts_with('|')
            || (self.table.is_some() && lead.trim_matches(MARKS).is_empty());
        let rest = within(&self.text[at..line.end], NEAR);
        let (own, cells) = rest.split_once('|')?;
        if !is_row || !own.trim_matches(MARKS).is_empty() {
            return None;
        }
        let column = lead.matches('|').count();
        let heads: Vec<&str> = self.table.unwrap_or_default().split('|').collect();
        let mut best: Option<(u8, &str)> = None;
        for (number, cell) in cells.split('|').enumerate() {
            let value = cell.trim_matches(MARKS);
            // A mark without its counterpart: the row is cut off.
            let is_cut = cell.matches('`').count() % 2 == 1;
            if is_cut || !is_value(name, value) {
                continue;
            }
            let head = heads.get(column + 1 + number).copied().unwrap_or_default();
            let head = head.to_ascii_lowercase();
            let rank = match head.contains("default") {
                true => 1,
                false if VALUES.iter().any(|word| head.contains(word)) => 3,
                false => 2,
            };
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, value));
            }
        }
        let (_, value) = best?;
        self.take(name, value, from, line.number);
        Some(line.end)
    }

    /// `NAME   value` in a table whose columns blanks part, or alone in its line. Where that ends.
    pub(crate) fn columns(
        &mut self,
        name: &str,
        to: usize,
        from: usize,
        line: &Line,
    ) -> Option<usize> {
        let lead = &self.text[line.start..from];
        let rest = within(&self.text[to..line.end], NEAR).trim_start_matches(['`', '*']);
        if !lead.trim_matches(MARKS).is_empty() || !rest.starts_with([' ', '\t']) {
            return None;
        }
        let rest = rest.trim();
        let end = rest
            .find("  ")
            .or_else(|| rest.find('\t'))
            .unwrap_or(rest.len());
        self.take_cell(name, &rest[..end], from, line)?;
        Some(line.end)
    }

    /// `* - NAME` with `- value` in the next line, as reStructuredText's lists of rows have it. Where that ends.
    pub(crate) fn next_item(
        &mut self,
        name: &str,
        to: usize,
        from: usize,
        line: &Line,
    ) -> Option<usize> {
        let lead = &self.text[line.start..from];
        let is_first = lead.trim_matches(MARKS) == "-" && lead.trim_start().starts_with("* ");
        let rest = &self.text[to..line.end];
        if !is_first || !rest.trim_matches(MARKS).is_empty() {
            return None;
        }
        let next = self.text.get(line.end + 1..)?.lines().next()?;
        self.take_cell(name, next.trim_start().strip_prefix("- ")?, from, line)?;
        self.found.hold(line.number + 1, line.number + 1);
        Some(line.end + 1 + next.len())
    }

    /// Takes what a cell holds, if that can be a value of the name.
    fn take_cell(&mut self, name: &str, cell: &str, from: usize, line: &Line) -> Option<()> {
        let value = cell.trim_matches(MARKS);
        is_value(name, value).then(|| self.take(name, value, from, line.number))
    }

    /// `<td>NAME</td><td>value</td>`, `<dt>NAME</dt><dd>value</dd>`, `<NAME>value</NAME>`. Where that ends.
    pub(crate) fn marked_up(
        &mut self,
        name: &str,
        to: usize,
        from: usize,
        line: &Line,
    ) -> Option<usize> {
        let lead = tail(&self.text[line.start..from], NEAR).trim_end_matches(MARKS);
        let near = within(&self.text[to..], NEAR);
        let (mut at, is_element) = match (lead.ends_with('<'), near.strip_prefix('>')) {
            (true, Some(_)) => (1, true),
            _ if lead.ends_with('>') => (near.len() - near.trim_start_matches(MARKS).len(), false),
            _ => return None,
        };
        if !is_element && !near[at..].starts_with("</") {
            return None;
        }
        loop {
            let rest = near[at..].trim_start();
            at = near.len() - rest.len();
            let Some(tag) = rest.strip_prefix('<').filter(|_| !is_element) else {
                break;
            };
            if tag.starts_with("/tr") || tag.starts_with("tr") || tag.starts_with("dt") {
                return None;
            }
            at += tag.find('>')? + 2;
        }
        let value = near[at..].split('<').next().unwrap_or_default();
        let end = at + value.len();
        let value = value.trim_matches(MARKS).trim();
        if !is_value(name, value) {
            return None;
        }
        let last = line.number + self.lines_between(to, to + end);
        self.found.hold(line.number, last);
        self.take(name, value, from, line.number);
        Some(to + end)
    }
}
