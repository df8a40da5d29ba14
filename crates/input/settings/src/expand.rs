//! What `$NAME`, `${NAME:-default}` and their kin stand for, as far as the text itself says it.

use crate::product::product;
use crate::values::{Quoting, closing, shell_word};
use std::cell::OnceCell;
use std::collections::HashMap;

/// How deep a default may stand in another, or a variable refer to another.
const DEEPEST: usize = 8;

/// A text in which references are looked up.
pub(crate) struct Definitions<'a> {
    text: &'a str,
    /// Where each name is set, found when the first reference is met: where the assignment begins, and its value as it
    /// is written.
    found: OnceCell<HashMap<&'a str, Vec<(usize, &'a str)>>>,
    anchors: OnceCell<HashMap<&'a str, &'a str>>,
}

/// References that are followed for one value.
const MOST_REFERENCES: usize = 32;

/// A value with all put in that is known.
pub(crate) struct Expanded {
    references: usize,
    pub(crate) text: String,
    /// What is not known of it: a variable, a command, a template.
    pub(crate) open: Option<&'static str>,
}

impl Expanded {
    /// Leaves a reference as it is written, and notes what is not known of it.
    fn leave(&mut self, written: &str, open: Option<&'static str>) {
        self.text.push_str(written);
        self.open = self.open.or(open);
    }
}

const SHELL: &str = "a variable that is not set in this text";
const COMMAND: &str = "a command that runs when the program starts";
const TEMPLATE: &str = "a template";

impl<'a> Definitions<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            text,
            found: OnceCell::new(),
            anchors: OnceCell::new(),
        }
    }

    /// Puts in what a value refers to. `name` is the variable that is being set, and `at` where.
    pub(crate) fn expand(&self, name: &str, value: &str, at: usize) -> Expanded {
        let mut expanded = Expanded {
            references: 0,
            text: String::new(),
            open: None,
        };
        if value.contains(['$', '`', '{']) {
            self.put(name, value, at, DEEPEST, &mut expanded);
        } else {
            expanded.text.push_str(value);
        }
        expanded
    }

    fn put(&self, name: &str, value: &str, at: usize, depth: usize, out: &mut Expanded) {
        let mut rest = value;
        while let Some(sign) = rest.find(['$', '`', '{']) {
            out.references += 1;
            if out.references > MOST_REFERENCES {
                break;
            }
            out.text.push_str(&rest[..sign]);
            rest = &rest[sign..];
            let taken = self.reference(name, rest, at, depth, out);
            rest = &rest[taken..];
        }
        out.text.push_str(rest);
    }

    /// Puts in one reference that a text begins with, and says how long it is.
    fn reference(
        &self,
        name: &str,
        rest: &str,
        at: usize,
        depth: usize,
        out: &mut Expanded,
    ) -> usize {
        let bytes = rest.as_bytes();
        let second = bytes.get(1).copied().unwrap_or(0);
        let literal = |out: &mut Expanded, length: usize, why| {
            out.leave(&rest[..length], why);
            length
        };
        match (bytes[0], second) {
            (b'`', _) => {
                let end = rest[1..].find('`').map_or(rest.len(), |end| end + 2);
                literal(out, end, Some(COMMAND))
            }
            (b'{', b'{') | (b'$', b'{') if rest.trim_start_matches('$').starts_with("{{") => {
                let end = rest.find("}}").map_or(rest.len(), |end| end + 2);
                match default_of_template(&rest[..end]) {
                    Some(default) => {
                        out.text.push_str(default);
                        end
                    }
                    None => literal(out, end, Some(TEMPLATE)),
                }
            }
            (b'{', _) => literal(out, 1, None),
            // Compose's way to leave a reference to the shell in the container.
            (_, b'$') if matches!(bytes.get(2), Some(b'{' | b'(')) => 1,
            (_, b'$') => {
                out.text.push('$');
                2
            }
            (_, b'(') => {
                let end = closing(rest, b'(', b')');
                let sum = rest[..end].strip_prefix("$((");
                match sum.and_then(|sum| product(sum.strip_suffix("))")?)) {
                    Some(number) => out.text.push_str(&number.to_string()),
                    None => out.leave(&rest[..end], Some(COMMAND)),
                }
                end
            }
            (_, b'{') => self.braced(name, rest, at, depth, out),
            _ => {
                let length = identifier(&rest[1..]);
                let asked = &rest[1..=length];
                if matches!(asked, "" | "LIB" | "ORIGIN" | "PLATFORM") {
                    // The dynamic loader's own.
                    return literal(out, length + 1, None);
                }
                if !self.look_up(name, asked, at, depth, out) && asked != name {
                    return literal(out, length + 1, Some(SHELL));
                }
                length + 1
            }
        }
    }

    /// Puts in a reference in braces, `${NAME}` or `${NAME:-default}`, that a text begins with, and returns its length.
    fn braced(&self, name: &str, rest: &str, at: usize, depth: usize, out: &mut Expanded) -> usize {
        let end = closing(rest, b'{', b'}');
        let inside = rest[2..end].strip_suffix('}').unwrap_or(&rest[2..end]);
        let (asked, operator) = inside.split_at(identifier(inside));
        if self.look_up(name, asked, at, depth, out) {
            return end;
        }
        match default(operator) {
            Some(default) if depth > 0 => self.put(name, default, at, depth - 1, out),
            // What comes before one's own value is nothing, where the text begins with it.
            _ if asked == name || operator.starts_with(":+") => {}
            _ => out.leave(&rest[..end], Some(SHELL)),
        }
        end
    }

    /// Puts in the value that the text gives a name, if it does.
    fn look_up(
        &self,
        name: &str,
        asked: &str,
        at: usize,
        depth: usize,
        out: &mut Expanded,
    ) -> bool {
        if asked.is_empty() || depth == 0 {
            return false;
        }
        let found = self.found.get_or_init(|| definitions(self.text));
        let Some(all) = found.get(asked) else {
            return false;
        };
        // A value that refers to its own name means one set before.
        let own_line = || self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = if asked == name { own_line() } else { at };
        let before = all.partition_point(|(from, _)| *from < end);
        if asked == name && before == 0 {
            return false;
        }
        let Some((from, value)) = all.get(before.saturating_sub(1)) else {
            return false;
        };
        let word = shell_word(value, Quoting::Shell).0;
        self.put(asked, &word, *from, depth - 1, out);
        true
    }

    /// The value that a name of a program has in the text.
    pub(crate) fn value(&self, asked: &str, at: usize) -> Option<String> {
        let is_name = !asked.is_empty() && identifier(asked) == asked.len();
        let mut out = Expanded {
            references: 0,
            text: String::new(),
            open: None,
        };
        let is_known = is_name && self.look_up("", asked, at, DEEPEST, &mut out);
        (is_known && out.open.is_none()).then_some(out.text)
    }

    /// The value of a YAML anchor.
    pub(crate) fn anchor(&self, name: &str) -> Option<&'a str> {
        let all = self.anchors.get_or_init(|| {
            let parts = self.text.split('&').skip(1);
            let named = parts.filter_map(|part| {
                let line = part.lines().next()?;
                let (name, value) = line.split_once([' ', '\t'])?;
                Some((name, value.trim()))
            });
            named.collect()
        });
        all.get(name).copied()
    }
}

/// How many letters of a name a text begins with.
fn identifier(text: &str) -> usize {
    let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.bytes().take_while(|b| inside(*b)).count()
}

/// The default that an operator gives: `:-x`, `-x`, `:=x`, `=x`.
fn default(operator: &str) -> Option<&str> {
    let operator = operator.strip_prefix(':').unwrap_or(operator);
    operator.strip_prefix(['-', '='])
}

/// What a template falls back on: `{{ x | default(2) }}`, `{{ .Values.x | default "2" }}`.
fn default_of_template(template: &str) -> Option<&str> {
    let at = template.find("default")? + "default".len();
    let rest = template[at..].trim_start_matches([' ', '(', '"', '\'']);
    let end = rest.find([' ', ')', '"', '\'', '}', '|'])?;
    let value = &rest[..end];
    let is_plain = !value.is_empty() && !value.starts_with('.');
    is_plain.then_some(value)
}

/// Every assignment that a line begins with.
fn definitions(text: &str) -> HashMap<&str, Vec<(usize, &str)>> {
    const KEYWORDS: [&str; 13] = [
        "export ",
        "const ",
        "let ",
        "var ",
        "val ",
        "final ",
        "static ",
        "ARG ",
        "ENV ",
        "local ",
        "readonly ",
        "declare ",
        "- ",
    ];
    let mut found: HashMap<&str, Vec<(usize, &str)>> = HashMap::new();
    let mut from = 0;
    for whole in text.split_inclusive('\n') {
        let mut line = whole.trim();
        for keyword in KEYWORDS {
            line = line.strip_prefix(keyword).unwrap_or(line).trim_start();
        }
        let length = identifier(line);
        let (name, rest) = line.split_at(length);
        let rest = rest.trim_start();
        let value = [":=", "?=", "="]
            .iter()
            .find_map(|sign| rest.strip_prefix(sign));
        if let Some(value) = value.filter(|_| length > 0 && !rest.starts_with("==")) {
            found
                .entry(name)
                .or_default()
                .push((from, value.trim_start()));
        }
        from += whole.len();
    }
    found
}
