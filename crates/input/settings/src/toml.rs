//! TOML.

use crate::instruction::Instruction;
use crate::node::{Node, Scalar};
use highwater_allocator::places_by_key;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A text, if it is nothing but TOML with at least one table.
pub(crate) fn read(text: &str) -> Option<Node> {
    let has_table = |line: &str| line.starts_with('[') && line.trim_end().ends_with(']');
    // A unit of systemd can look the same, and has quoting of its own.
    let is_unit = text.lines().any(|line| Instruction::of(line).is_some());
    if is_unit || !text.lines().any(has_table) {
        return None;
    }
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let table = DeTable::parse(text).ok()?;
    Some(Reader { starts }.table(table.get_ref()))
}

struct Reader {
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Reader {
    fn line(&self, at: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    fn scalar(&self, text: String, is_plain: bool, span: std::ops::Range<usize>) -> Scalar {
        Scalar {
            text,
            is_plain,
            is_tagged: false,
            is_in_flow: false,
            lines: (self.line(span.start), self.line(span.end.saturating_sub(1))),
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Node {
        let pairs: Vec<_> = table.iter().collect();
        let order = places_by_key(&pairs, |(key, _)| key.span().start as u64);
        let pairs = order.map(|place| {
            let (key, value) = pairs[place];
            let key = self.scalar(key.get_ref().to_string(), false, key.span());
            (key, self.value(value))
        });
        Node::Map(pairs.collect())
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let (text, is_plain) = match value.get_ref() {
            DeValue::Table(table) => return self.table(table),
            DeValue::Array(items) => {
                return Node::List(items.iter().map(|item| self.value(item)).collect());
            }
            DeValue::String(text) => (text.to_string(), false),
            DeValue::Integer(number) => {
                let radix = match number.radix() {
                    16 => "0x",
                    8 => "0o",
                    2 => "0b",
                    _ => "",
                };
                (format!("{radix}{number}"), true)
            }
            DeValue::Float(number) => (number.to_string(), true),
            DeValue::Boolean(is) => (is.to_string(), true),
            DeValue::Datetime(when) => (when.to_string(), true),
        };
        Node::Scalar(self.scalar(text, is_plain, value.span()))
    }
}
