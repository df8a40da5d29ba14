//! Settings out of any text that people keep them in.
//!
//! People keep settings in a Dockerfile, a manifest, a unit file, a shell's history, and paste all of it. So no text is
//! refused and no dialect has to be chosen: what an allocator reads is looked for, and everything else is skipped and
//! counted. Where a whole text is YAML, JSON or TOML, a parser of that language says what is set to what (`tree`): only it
//! gets nesting, anchors and folded text right. Everything else, and every string in such a document, is read by the names
//! in it (`scan`).
//!
//! What a setting then does is for the allocators' models to say.

mod around;
mod assigned;
mod base_image;
mod bytes;
mod collected;
mod comments;
mod conf;
mod couple;
mod cut;
mod expand;
mod image;
mod instruction;
mod line;
mod lines;
mod literal;
mod names;
mod near;
mod node;
mod options;
mod pairs;
mod plain;
mod preload;
mod product;
mod run_command;
mod scan;
mod shape;
mod table;
mod toml;
mod tree;
mod unset;
mod values;
mod written;
mod yaml;

pub use base_image::{base_image, begins_stage};
use borsh::{BorshDeserialize, BorshSerialize};
pub use bytes::decode;
use collected::{Collected, Place};
use expand::Definitions;
pub use highwater_allocator::{Effect, Remark, Tone, Variable};
pub(crate) use names::PRELOAD;
pub use names::{is_read, is_setting};
pub use node::{Node, Scalar};
pub use preload::{Loaded, Preload, preloaded};
use scan::Scanner;

/// What a text sets, before any allocator has looked at it.
#[derive(Clone, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Environment {
    /// The settings that count, each name once, in the order in which they first stood.
    pub variables: Vec<Variable>,
    /// What happened on the way: values that are not in the text, names that were set twice, and the like.
    pub remarks: Vec<Remark>,
    /// Settings in lines that are refused where such lines are used, so that they do not count; a remark says why.
    pub refused: Vec<Variable>,
    /// How many lines hold something else. Empty ones do not count.
    pub other_lines: usize,
    /// Whether it is the source of a program that has jemalloc linked into it.
    pub linked: bool,
}

impl Environment {
    /// Reads the settings in a text. It never fails: what is not known is skipped and counted. Of two values of one name
    /// the later counts.
    pub fn parse(text: &str) -> Self {
        Self::parse_with_image(text).0
    }

    /// Reads the settings in a text, as [`parse`](Self::parse) does, and the name of the image that the program with these settings runs
    /// in: the one that the last stage of a Dockerfile is built from, or that of the container or service that sets them. None where
    /// the text does not say it, or several may be meant.
    pub fn parse_with_image(text: &str) -> (Self, Option<String>) {
        let text = cut::joined(bytes::clean(text));
        if text.contains('\0') {
            return (from_process(&text, Collected::default()), None);
        }
        let (found, image) = parse(&text);
        let image = image.flatten().or_else(|| base_image(&text));
        let filled = text.lines().map(|line| !line.trim().is_empty());
        (found.finish(filled), image)
    }

    /// Reads the settings in a text and the image, as [`parse_with_image`](Self::parse_with_image) does, the image also out of the
    /// commands that start a container (`docker run ... IMAGE` and its kin) and out of texts that no parser reads, where it is the
    /// value of `image` in the smallest block around the settings.
    pub fn parse_with_any_image(text: &str) -> (Self, Option<String>) {
        image::parse_with_any_image(text)
    }

    /// Takes the settings of an environment that a trace recorded. Of its other variables only the number is told.
    pub fn recorded(variables: &[(String, String)]) -> Self {
        let mut read = Self::default();
        let mut others = 0;
        for (name, value) in variables {
            if is_setting(name) {
                let (name, value) = (name.clone(), value.clone());
                read.set(Variable { name, value });
            } else {
                others += 1;
            }
        }
        if others > 0 {
            let variables = if others == 1 { "variable" } else { "variables" };
            let text = format!("{others} other {variables}, which no allocator reads.");
            let of = "the recorded environment";
            read.remarks.push(Remark::new(of, Tone::NoEffect, text));
        }
        read
    }

    /// Sets a variable. The later of two values counts, in the place of the earlier.
    pub fn set(&mut self, variable: Variable) {
        let mut known = self.variables.iter_mut();
        match known.find(|known| known.name == variable.name) {
            Some(known) => known.value = variable.value,
            None => self.variables.push(variable),
        }
    }
}

/// Reads the settings in a text, by a parser of its language or by their names, and the image that a document's parts name: none
/// where it has no such parts, and an empty one where they leave it open.
fn parse(text: &str) -> (Collected, Option<Option<String>>) {
    let mut found = Collected::default();
    let document = yaml::read(text).or_else(|| toml::read(text));
    if let Some(tree) = &document {
        tree::collect(tree, &mut found);
    }
    let image = found.has_parts().then(|| found.image());
    if document.is_none() || found.is_empty() {
        found = Collected::default();
        scan(text, 0, &mut found);
    }
    (found, image)
}

/// Reads the documents of a YAML text, and JSON as a part of YAML; `None` for one that is neither, or longer than 256 KiB. What an
/// alias names is left out, but for settings in it.
pub fn documents(text: &str) -> Option<Vec<Node>> {
    match yaml::read(text)? {
        Node::List(documents) => Some(documents),
        _ => None,
    }
}

/// The variables that a text sets; see [`Environment::parse`].
pub fn parse_lines(text: &str) -> Vec<Variable> {
    Environment::parse(text).variables
}

/// Looks for settings by their names.
fn scan(text: &str, first_line: usize, found: &mut Collected) {
    let definitions = Definitions::of(text);
    let mut scanner = Scanner {
        text,
        first_line,
        definitions: &definitions,
        found,
        stage_names: Vec::new(),
        step: scan::Step::None,
        done: 0,
        table: None,
        previous: "",
        is_markdown: comments::is_markdown(text),
        is_fenced: false,
    };
    scanner.read();
}

/// Whether a text is the name of a variable.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(scan::is_name_byte)
}

/// The environment of a process as /proc shows it: entries with a zero byte after each, values as they are.
fn from_process(text: &str, mut found: Collected) -> Environment {
    let mut filled = Vec::new();
    for entry in text.split('\0') {
        let line = filled.len();
        match entry.split_once('=') {
            Some((name, value)) if is_name(name) => {
                if is_setting(name) {
                    found.set(name, value, line, Place::Anywhere);
                    found.hold(line, line);
                }
                filled.push(true);
            }
            _ => {
                scan(entry, line, &mut found);
                filled.extend(entry.lines().map(|line| !line.trim().is_empty()));
            }
        }
    }
    found.finish(filled.into_iter())
}
