//! A column of the tables in which variants are compared.

use crate::outcome::Summary;

/// A figure of a summary, under a heading.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its head, for people.
    pub head: &'static str,
    /// Its name, for programs.
    pub key: &'static str,
    /// What of a summary stands in it.
    pub value: fn(&Summary) -> u64,
    /// Whether that is bytes, and not a count.
    pub is_bytes: bool,
}

impl Column {
    /// A column of bytes.
    pub const fn bytes(head: &'static str, key: &'static str, value: fn(&Summary) -> u64) -> Self {
        Self {
            head,
            key,
            value,
            is_bytes: true,
        }
    }

    /// A column of counts.
    pub const fn count(head: &'static str, key: &'static str, value: fn(&Summary) -> u64) -> Self {
        Self {
            is_bytes: false,
            ..Self::bytes(head, key, value)
        }
    }
}
