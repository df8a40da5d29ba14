//! Texts of TOML: all of a scenario's, and the descriptions of packages.

use anyhow::{Context, Result};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Text;

/// Returns the texts of a file.
pub(super) fn texts(file: &str, source: &str) -> Result<Vec<Text>> {
    let table = DeTable::parse(source).with_context(|| format!("{file} cannot be parsed"))?;
    let mut texts = Vec::new();
    let mut add = |key: &str, value: &Spanned<DeValue<'_>>| {
        let is_manifest = file.ends_with("Cargo.toml");
        if let DeValue::String(words) = value.get_ref()
            && (!is_manifest || key == "description")
        {
            let line = source[..value.span().start].matches('\n').count() + 1;
            texts.push(Text::new(file, line, words));
        }
    };
    visit(table.get_ref(), &mut add);
    Ok(texts)
}

fn visit(table: &DeTable<'_>, add: &mut dyn FnMut(&str, &Spanned<DeValue<'_>>)) {
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(inner) => visit(inner, add),
            DeValue::Array(values) => {
                for value in values {
                    match value.get_ref() {
                        DeValue::Table(inner) => visit(inner, add),
                        _ => add(key.get_ref(), value),
                    }
                }
            }
            _ => add(key.get_ref(), value),
        }
    }
}
