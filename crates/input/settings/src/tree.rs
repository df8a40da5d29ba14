//! Settings in a document that a parser has read: YAML, JSON or TOML.

use crate::base_image::image_of_part;
use crate::collected::{Collected, Place, says_enough};
use crate::expand::Definitions;
use crate::literal::{Plain, plain};
use crate::names::is_setting;
use crate::node::{Node, Scalar};
use crate::scan;
use crate::shape::{holds_open_part, is_expression, is_placeholder};
use crate::values::{before_command, is_number_name, plain_number, without_stop};
use highwater_allocator::Tone;

/// Keys that hold a variable's name, in small letters.
const NAME_KEYS: [&str; 5] = ["name", "key", "variable", "option_name", "optionname"];

/// Keys under which a list's items are variables, in small letters.
const LISTS: [&str; 8] = [
    "env",
    "environment",
    "envs",
    "variables",
    "literals",
    "extraenv",
    "envvars",
    "build_args",
];

/// Keys whose texts say something to a person.
const PROSE: [&str; 9] = [
    "name",
    "description",
    "title",
    "summary",
    "help",
    "comment",
    "message",
    "notes",
    "label",
];

/// Keys whose texts are looked for in a file.
const PATTERNS: [&str; 5] = ["regexp", "regex", "pattern", "search_string", "insertafter"];

/// Finds the settings of a document.
pub(crate) fn collect(document: &Node, found: &mut Collected) {
    let mut walk = Walk {
        found,
        prepares: false,
    };
    walk.node(document, "");
}

struct Walk<'c> {
    found: &'c mut Collected,
    /// Whether this is in what runs before a pod's containers start.
    prepares: bool,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, key: &str) {
        match node {
            Node::Scalar(scalar) => self.text(scalar, key),
            Node::List(items) => {
                if self.parted(items) {
                    return;
                }
                for item in items {
                    match item {
                        Node::Scalar(scalar) => self.item(scalar, key),
                        other => self.node(other, key),
                    }
                }
            }
            Node::Map(pairs) => {
                let is_container = matches!(key, "containers" | "containerDefinitions");
                self.part(pairs, key, is_container);
            }
        }
    }

    /// A map that may be a container or a service: one with an image, and one of those where `must_be`.
    fn part(&mut self, pairs: &[(Scalar, Node)], key: &str, must_be: bool) {
        let image = image_of_part(pairs).or_else(|| must_be.then(String::new));
        let Some(image) = image else {
            return self.map(pairs, key);
        };
        let has_items = |node: &Node| match node {
            Node::Scalar(_) => false,
            Node::List(items) => !items.is_empty(),
            Node::Map(pairs) => !pairs.is_empty(),
        };
        let mut pairs_of = pairs.iter();
        let has_variables = pairs_of.any(|(key, node)| is_list(&key.text) && has_items(node));
        let around = self.found.enter(&image, has_variables, self.prepares);
        self.map(pairs, key);
        self.found.leave(around);
    }

    /// A name and its value as items of one list, as Salt has them. Whether it is that.
    fn parted(&mut self, items: &[Node]) -> bool {
        let single = |wanted: &str| {
            items.iter().find_map(|item| match item {
                Node::Map(pairs) => match &pairs[..] {
                    [(key, Node::Scalar(text))] if key.text == wanted => Some(text),
                    _ => None,
                },
                _ => None,
            })
        };
        let name = single("name").filter(|name| is_setting(&name.text));
        let Some((name, value)) = name.zip(single("value")) else {
            return false;
        };
        self.found.hold(name.lines.0, name.lines.1);
        self.set(&name.text, value);
        true
    }

    fn map(&mut self, pairs: &[(Scalar, Node)], parent: &str) {
        let named = pairs.iter().find_map(|(key, node)| match node {
            Node::Scalar(name) if is_one_of(&key.text, &NAME_KEYS) && is_setting(&name.text) => {
                Some((key, name))
            }
            _ => None,
        });
        if let Some((key, name)) = named {
            self.found.hold(key.lines.0, name.lines.1);
            match value_of(pairs) {
                Some((key, Node::Scalar(value))) => {
                    self.found.hold(key.lines.0, key.lines.1);
                    self.set(&name.text, value);
                }
                Some(_) => self.found.elsewhere(&name.text, "another place"),
                // A manifest without a value is one with an empty value, unless another key says where it is.
                None if pairs.len() == 1 && !is_list(parent) => {}
                None if pairs.len() == 1 => {
                    self.found
                        .set(&name.text, "", name.lines.0, Place::Anywhere);
                }
                None => {
                    let place = "another place (`valueFrom` or the like)";
                    self.found.elsewhere(&name.text, place);
                }
            }
            return;
        }
        // A pod's containers start after those that prepare it, wherever these stand.
        let is_first = |key: &Scalar| matches!(&*key.text, "initContainers" | "init_container");
        let (first, rest): (Vec<_>, Vec<_>) = pairs.iter().partition(|(key, _)| is_first(key));
        for (key, node) in first.into_iter().chain(rest) {
            let before = self.prepares;
            self.prepares |= is_first(key);
            self.pair(key, node, parent);
            self.prepares = before;
        }
    }

    /// A key of a map under another, and its value.
    fn pair(&mut self, key: &Scalar, node: &Node, parent: &str) {
        if matches!(key.text.as_str(), "envFrom" | "env_file") {
            let text = "Settings from there are not known here. Paste them as well.";
            self.found.say(&key.text, Tone::NoEffect, text);
        }
        let name = key.text.strip_prefix("env.").unwrap_or(&key.text);
        if !is_setting(name) || is_in_small_letters(name) {
            return match node {
                Node::Map(pairs) if parent == "services" => self.part(pairs, &key.text, true),
                _ => self.node(node, &key.text),
            };
        }
        self.found.hold(key.lines.0, key.lines.1);
        if matches!(parent, "args" | "build_args" | "build-args") {
            self.found.build_only(name);
            return;
        }
        match node {
            Node::Scalar(value) => self.set(name, value),
            Node::Map(inner) => match value_of(inner) {
                Some((key, Node::Scalar(value))) => {
                    self.found.hold(key.lines.0, key.lines.1);
                    self.set(name, value);
                }
                _ => self.found.elsewhere(name, "another place"),
            },
            Node::List(_) => self.found.elsewhere(name, "another place"),
        }
    }

    /// An item of a list: `NAME=value`, a name alone, or a part of a command.
    fn item(&mut self, scalar: &Scalar, key: &str) {
        let is_variable = is_list(key);
        if let Some((name, value)) = scalar.text.split_once('=') {
            if is_setting(name) {
                let is_cut = before_command(name, value).len() < value.len();
                let is_several = is_number_name(name) && value.contains('=');
                if is_cut && (!is_variable || is_several) {
                    // A command follows.
                    return self.text(scalar, key);
                }
                let value = Scalar {
                    text: value.to_owned(),
                    is_plain: false,
                    ..scalar.clone()
                };
                return self.set(name, &value);
            }
        } else if is_variable && is_setting(&scalar.text) {
            self.found.hold(scalar.lines.0, scalar.lines.1);
            return self
                .found
                .elsewhere(&scalar.text, "the shell that starts it");
        }
        self.text(scalar, key);
    }

    /// A text that may hold settings itself: a command, a file.
    fn text(&mut self, scalar: &Scalar, key: &str) {
        if !is_one_of(key, &PROSE) && !is_one_of(key, &PATTERNS) {
            scan(&scalar.text, scalar.lines.0, self.found);
        }
    }

    fn set(&mut self, name: &str, scalar: &Scalar) {
        self.found.hold(scalar.lines.0, scalar.lines.1);
        let text = scalar.text.as_str();
        if scalar.is_tagged || (scalar.is_plain && matches!(text, "" | "~" | "null")) {
            return self.found.elsewhere(name, "another place");
        }
        let is_code = ["||", "??", "process.env"]
            .iter()
            .any(|sign| text.contains(sign));
        if scalar.is_plain && is_code {
            return match plain(name, text, true) {
                Some((Plain::Value(value), _)) => {
                    self.found
                        .set(name, &value, scalar.lines.0, Place::Anywhere);
                }
                _ => self.found.elsewhere(name, "another place"),
            };
        }
        if is_placeholder(name, text) {
            return self.found.placeholder(name);
        }
        if scalar.is_plain && scalar.is_in_flow && is_expression(name, text) {
            return self.found.expression(name);
        }
        // A sentence such as `MALLOC_ARENA_MAX: 2.` is YAML as well; where it is meant as that, the full stop makes the same number.
        let value = match scalar.is_plain {
            true => without_stop(text),
            false => text.trim_end_matches('\n'),
        };
        let value = match plain_number(value).filter(|_| scalar.is_plain) {
            Some(number) => number,
            None => value.to_owned(),
        };
        let expanded = Definitions::of("").expand(name, &value, 0);
        match expanded.open {
            Some(place) if !says_enough(name, &expanded.text) => {
                return self.found.elsewhere(name, place);
            }
            Some(_) => {
                let text = "A part of its path is only known when the program starts.";
                self.found.say(name, Tone::Surprise, text);
            }
            None if holds_open_part(&expanded.text) => {
                let text = "A part of its path is only known when the program starts.";
                self.found.say(name, Tone::Surprise, text);
            }
            None => {}
        }
        self.found
            .set(name, &expanded.text, scalar.lines.0, Place::Anywhere);
    }
}

fn value_of(pairs: &[(Scalar, Node)]) -> Option<(&Scalar, &Node)> {
    let named = |wanted: &str| {
        let mut pairs = pairs.iter();
        pairs.find(|(key, _)| key.text.eq_ignore_ascii_case(wanted))
    };
    let found = named("value").or_else(|| named("default"));
    found.map(|(key, node)| (key, node))
}

/// Whether a key's items are variables.
fn is_list(key: &str) -> bool {
    is_one_of(key, &LISTS) || key.to_ascii_lowercase().ends_with("env")
}

fn is_one_of(key: &str, known: &[&str]) -> bool {
    known.iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// Keys in small letters are a manifest's own, even where they are like a variable's name.
fn is_in_small_letters(name: &str) -> bool {
    !name.starts_with("glibc.") && name.bytes().any(|b| b.is_ascii_lowercase())
}
