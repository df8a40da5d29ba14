//! Shorter names for what the page's script gives to its module. Each name that wasm-bindgen makes ends in a hash, which no
//! compression can do anything about, and stands in both files: together a fiftieth of what is sent.
//!
//! Both files keep their names, whose hash is that of what they were made from; what is done to them follows from that alone.

use std::{collections::BTreeMap, convert::Infallible, fs, path::Path};

use anyhow::{Context, Result, ensure};
use wasm_encoder::{
    ImportSection, Module,
    reencode::{Error, Reencode, utils},
};
use wasmparser::{CustomSectionReader, Imports, Parser};

/// Shortens them in the script and the module of a folder that was built, whose names are given.
pub(crate) fn shorten(folder: &Path, script: &str, module: &str) -> Result<()> {
    let (script, module) = (folder.join(script), folder.join(module));
    let text = fs::read_to_string(&script)?;
    let bytes = fs::read(&module)?;
    let (text, bytes) = shortened(&text, &bytes)
        .with_context(|| format!("cannot shorten the names in {}", module.display()))?;
    fs::write(&script, text)?;
    Ok(fs::write(&module, bytes)?)
}

/// A script and its module with short names for what the one gives to the other.
fn shortened(script: &str, module: &[u8]) -> Result<(String, Vec<u8>)> {
    let hashed = hashed_names(script);
    let short = (0..hashed.len()).map(|number| format!("i{number}"));
    let mut shorter = Shorter {
        names: hashed.into_iter().zip(short).collect(),
        renamed: 0,
    };
    let mut made = Module::new();
    shorter.parse_core_module(&mut made, Parser::new(0), module)?;
    // A name of the script's that the module does not ask for would show that one of the two was read wrongly.
    ensure!(
        shorter.renamed == shorter.names.len(),
        "{} names in the script, {} in the module",
        shorter.names.len(),
        shorter.renamed
    );
    let mut text = String::with_capacity(script.len());
    let mut rest = script;
    while let Some((before, name, after)) = next_hashed(rest) {
        text.push_str(before);
        text.push_str(&shorter.names[name]);
        rest = after;
    }
    text.push_str(rest);
    // Nothing in it goes over several lines but code.
    Ok((compact(&text), made.finish()))
}

/// A text without indentation, blank lines, and lines that are a comment of a script.
pub(crate) fn compact(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect();
    lines.join("\n")
}

/// The names in a script that end in a hash, each once, in order.
fn hashed_names(script: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = script;
    while let Some((_, name, after)) = next_hashed(rest) {
        names.push(name);
        rest = after;
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The next name that ends in a hash, what stands before it, and what behind.
fn next_hashed(text: &str) -> Option<(&str, &str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut from = 0;
    loop {
        let start = from + text[from..].find("__wb")?;
        let name = &text[start..];
        let end = start + name.find(|c| !is_part(c)).unwrap_or(name.len());
        let name = &text[start..end];
        let begins = !text[..start].ends_with(is_part);
        let hash = name.rsplit('_').next().unwrap_or_default();
        if begins && hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some((&text[..start], name, &text[end..]));
        }
        from = end;
    }
}

/// Writes a module again with other names for what it is given.
struct Shorter<'a> {
    names: BTreeMap<&'a str, String>,
    renamed: usize,
}

impl Reencode for Shorter<'_> {
    type Error = Infallible;

    /// Leaves out sections for tools: names of closures, and what the module was made with.
    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        Ok(())
    }

    fn parse_imports(
        &mut self,
        section: &mut ImportSection,
        imports: Imports<'_>,
    ) -> Result<(), Error<Infallible>> {
        match imports {
            Imports::Single(_, import) if self.names.contains_key(import.name) => {
                self.renamed += 1;
                let entity = self.entity_type(import.ty)?;
                section.import(import.module, &self.names[import.name], entity);
                Ok(())
            }
            other => utils::parse_imports(self, section, other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{EntityType, TypeSection};

    const SCRIPT: &str = "// What it gives.\n   const i = { __wbg_b_0123456789abcdef: f, __wbg_a_fedcba9876543210: g, keep_0123456789abcdef: h,\n\
                          __wbindgen_throw: t, x__wbg_b_0123456789abcdef: 1 }; i.__wbg_b_0123456789abcdef;";

    fn module(names: &[&str]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        for name in names {
            imports.import("./m.js", name, EntityType::Function(0));
        }
        let mut module = Module::new();
        module.section(&types).section(&imports);
        module.finish()
    }

    #[test]
    fn both_files_get_the_same_names_and_nothing_else_changes() -> Result<()> {
        let names = [
            "__wbindgen_throw",
            "__wbg_b_0123456789abcdef",
            "__wbg_a_fedcba9876543210",
        ];
        let (script, bytes) = shortened(SCRIPT, &module(&names))?;
        assert_eq!(
            script,
            "const i = { i1: f, i0: g, keep_0123456789abcdef: h,\n\
             __wbindgen_throw: t, x__wbg_b_0123456789abcdef: 1 }; i.i1;"
        );
        assert_eq!(bytes, module(&["__wbindgen_throw", "i1", "i0"]));
        Ok(())
    }

    #[test]
    fn a_compact_script_has_the_same_code() {
        let script = "// Why.\n\nif (a) {\n  b(\"//\"); // Here.\n}\n";
        assert_eq!(compact(script), "if (a) {\nb(\"//\"); // Here.\n}");
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        assert!(shortened(SCRIPT, &module(&["__wbg_b_0123456789abcdef"])).is_err());
        assert!(shortened(SCRIPT, b"no module").is_err());
    }
}
