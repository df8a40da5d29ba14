//! Values as a description of a run holds them: texts, lists and tables, whatever the language they are written in.
//!
//! JSON is read and written here. A reader for any type would be a twentieth of the page.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// How deep lists and tables may lie in one another.
const DEEPEST: usize = 16;

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub enum Tree {
    /// A value that is not there.
    Nothing,
    /// A text, or a number as its text.
    Text(String),
    /// Values one after another.
    List(Vec<Tree>),
    /// Values by their keys, in the order in which they stand.
    Table(Vec<(String, Tree)>),
}

impl Tree {
    /// What kind of value it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// The line at which it is no JSON.
    pub fn from_json(text: &str) -> Result<Self, usize> {
        let mut reader = Reader { text, at: 0 };
        let tree = reader.value(0);
        let tree = tree.filter(|_| reader.next_sign().is_none());
        tree.ok_or_else(|| 1 + text[..reader.at].matches('\n').count())
    }

    /// Writes JSON, without a blank.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Nothing => out.push_str("null"),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (number, item) in items.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Table(pairs) => {
                out.push('{');
                for (number, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    quote(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\0'..='\x1f' => {
                out.push_str("\\u00");
                for half in [letter as u32 >> 4, letter as u32 & 15] {
                    out.extend(char::from_digit(half, 16));
                }
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn next_sign(&mut self) -> Option<u8> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, sign: u8) -> bool {
        let is_there = self.next_sign() == Some(sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self, depth: usize) -> Option<Tree> {
        match self.next_sign()? {
            b'{' | b'[' if depth == DEEPEST => None,
            b'"' => self.string().map(Tree::Text),
            b'[' => {
                let mut items = Vec::new();
                self.items(b']', &mut |reader| {
                    items.push(reader.value(depth + 1)?);
                    Some(())
                })?;
                Some(Tree::List(items))
            }
            b'{' => {
                let mut pairs = Vec::new();
                self.items(b'}', &mut |reader| {
                    let key = reader.string()?;
                    let value = reader.takes(b':').then(|| reader.value(depth + 1));
                    pairs.push((key, value??));
                    Some(())
                })?;
                Some(Tree::Table(pairs))
            }
            _ => self.word(),
        }
    }

    /// What stands between brackets, with commas.
    fn items(&mut self, end: u8, take: &mut dyn FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        if self.takes(end) {
            return Some(());
        }
        loop {
            take(self)?;
            if !self.takes(b',') {
                return self.takes(end).then_some(());
            }
        }
    }

    /// A number, or one of three words.
    fn word(&mut self) -> Option<Tree> {
        let rest = &self.text[self.at..];
        let inside = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let is_number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
            && word.ends_with(|c: char| c.is_ascii_digit());
        self.at += end;
        match word {
            "null" => Some(Tree::Nothing),
            "true" | "false" => Some(Tree::Text(word.to_owned())),
            _ => is_number.then(|| Tree::Text(word.to_owned())),
        }
    }

    fn string(&mut self) -> Option<String> {
        if !self.takes(b'"') {
            return None;
        }
        let mut read = String::new();
        loop {
            let letter = self.letter()?;
            match letter {
                '"' => return Some(read),
                '\\' => read.push(self.escaped()?),
                '\0'..='\x1f' => return None,
                _ => read.push(letter),
            }
        }
    }

    fn letter(&mut self) -> Option<char> {
        let letter = self.text[self.at..].chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.letter()? {
            letter @ ('"' | '\\' | '/') => letter,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\x08',
            'f' => '\x0c',
            'u' => {
                let first = self.unit()?;
                match first {
                    0xd800..0xdc00 if self.letter() == Some('\\') && self.letter() == Some('u') => {
                        let second = self.unit().filter(|unit| (0xdc00..0xe000).contains(unit))?;
                        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))?
                    }
                    _ => char::from_u32(first)?,
                }
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        let is_digit = |byte: u8| byte.is_ascii_hexdigit();
        let number = u32::from_str_radix(digits, 16).ok();
        number.filter(|_| digits.bytes().all(is_digit))
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Table(pairs) => {
                serializer.collect_map(pairs.iter().map(|(key, tree)| (key, tree)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a text, a list or a table")
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Nothing)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_string()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_owned()))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Tree::List(items))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut table: A) -> Result<Tree, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = table.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Tree::Table(pairs))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
