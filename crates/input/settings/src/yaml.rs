//! YAML, and JSON as a part of it.

use crate::names::is_setting;
use crate::node::{DEEPEST, Node, Scalar};
use crate::values::{Quoting, is_unclosed, shell_word};
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::{HashMap, HashSet};

/// Texts that are longer, or hold more brackets, are read by the names in them.
const LONGEST: usize = 256 << 10;

/// Settings that aliases put in at most, and those of one list or map: aliases of aliases multiply.
const MOST_PUT_IN: usize = 4096;
const MOST_OF_ONE: usize = 256;

/// The documents of a text, if it is nothing but YAML and one of them has keys or items.
pub(crate) fn read(text: &str) -> Option<Node> {
    if text.len() > LONGEST || !text.contains([':', '{', '[', '-']) || is_deep(text) {
        return None;
    }
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let lines = (
            span.start.line().saturating_sub(1),
            span.end.line().saturating_sub(1),
        );
        let is_sign = span.end.index() > span.start.index();
        reader.take(event, lines, is_sign)?;
    }
    let documents = reader.documents;
    let has_keys = |node: &Node| !matches!(node, Node::Scalar(_));
    (!documents.is_empty() && documents.iter().all(has_keys)).then_some(Node::List(documents))
}

/// Whether brackets are nested deeper than any document's, which parsers take long for.
fn is_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// Whether a word of a text sets a variable.
fn assigns(text: &str) -> bool {
    let mut words = text.split([' ', '\t']);
    words.any(|word| {
        word.split_once('=')
            .is_some_and(|(name, _)| is_setting(name))
    })
}

/// Characters of a setting's name at most: so far back a name is looked for.
const LONGEST_NAME: usize = 64;

/// Whether a text ends within the quotes of a setting, or of its value.
fn is_cut(text: &str) -> bool {
    let mut signs = text.match_indices('=');
    signs.any(|(at, _)| {
        let near = at.saturating_sub(LONGEST_NAME);
        let blank = |b: &u8| matches!(b, b' ' | b'\t');
        let from = text.as_bytes()[near..at].iter().rposition(blank);
        let from = from.map_or(near, |blank| near + blank + 1);
        // A name that began further back is none.
        let name = text.get(from..at).unwrap_or_default();
        if !is_setting(name.trim_start_matches(['"', '\''])) {
            return false;
        }
        let word = match text[from..].starts_with(['"', '\'']) {
            true => &text[from..],
            false => &text[at + 1..],
        };
        is_unclosed(&word[shell_word(word, Quoting::Shell).1..])
    })
}

impl Scalar {
    /// A text without quotes, in these lines.
    fn plain(text: String, lines: (usize, usize)) -> Self {
        Self {
            text,
            is_plain: true,
            is_tagged: false,
            is_in_flow: false,
            lines,
        }
    }
}

fn names_image(key: &str) -> bool {
    matches!(key, "image" | "build")
}

#[derive(Default)]
struct Reader {
    documents: Vec<Node>,
    /// The lists and maps that are open, with the key that waits for its value.
    open: Vec<Open>,
    anchors: HashMap<usize, Scalar>,
    /// Settings of the lists and maps that have an anchor.
    groups: HashMap<usize, Group>,
    put_in: usize,
}

/// A list or a map on its way.
struct Open {
    node: Node,
    /// The key that waits for its value.
    key: Option<Scalar>,
    anchor: usize,
    /// Whether it is in braces or brackets.
    is_flow: bool,
}

/// The settings that stand in a list or a map itself, and the image that they are for.
#[derive(Clone)]
enum Group {
    List(Vec<Scalar>),
    Map(Vec<(Scalar, Scalar)>),
}

impl Group {
    fn of(node: &Node) -> Self {
        match node {
            Node::Map(pairs) => {
                let settings = pairs.iter().filter_map(|(key, value)| match value {
                    Node::Scalar(value) if is_setting(&key.text) || names_image(&key.text) => {
                        Some((key.clone(), value.clone()))
                    }
                    _ => None,
                });
                Self::Map(settings.take(MOST_OF_ONE).collect())
            }
            Node::List(items) => {
                let settings = items.iter().filter_map(|item| match item {
                    Node::Scalar(text) => {
                        let name = text.text.split('=').next()?;
                        is_setting(name).then(|| text.clone())
                    }
                    _ => None,
                });
                Self::List(settings.take(MOST_OF_ONE).collect())
            }
            Node::Scalar(_) => Self::List(Vec::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Map(pairs) => pairs.len(),
        }
    }

    /// The same in other lines.
    fn at(self, lines: (usize, usize)) -> Node {
        let there = |scalar: Scalar| Scalar { lines, ..scalar };
        match self {
            Self::List(items) => Node::List(
                items
                    .into_iter()
                    .map(|item| Node::Scalar(there(item)))
                    .collect(),
            ),
            Self::Map(pairs) => {
                let pairs = pairs.into_iter();
                let pairs = pairs.map(|(key, value)| (there(key), Node::Scalar(there(value))));
                let mut pairs: Vec<_> = pairs.collect();
                // As where a map is merged: not all of it was put in.
                if !pairs.is_empty() {
                    let text = "<<".to_owned();
                    let key = Scalar::plain(text, lines);
                    pairs.push((key, Node::List(Vec::new())));
                }
                Node::Map(pairs)
            }
        }
    }
}

/// Puts in what `<<` names: a map's own keys win, and of several maps the first. The key stays, as not all was put in.
fn merged(node: Node) -> Node {
    let Node::Map(pairs) = node else { return node };
    let (merges, mut own): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(key, _)| key.text == "<<");
    own.extend(
        merges
            .first()
            .map(|(key, _)| (key.clone(), Node::List(Vec::new()))),
    );
    let maps = merges.into_iter().flat_map(|(_, value)| match value {
        Node::List(items) => items,
        other => vec![other],
    });
    let mut all: Vec<(Scalar, Node)> = Vec::new();
    let mut known: HashSet<String> = own.iter().map(|(key, _)| key.text.clone()).collect();
    for map in maps {
        let Node::Map(pairs) = map else { continue };
        all.extend(
            pairs
                .into_iter()
                .filter(|(key, _)| known.insert(key.text.clone())),
        );
    }
    all.extend(own);
    Node::Map(all)
}

impl Reader {
    /// Takes an event; `is_sign` where it stands for something in the text itself, as a bracket does.
    fn take(&mut self, event: Event<'_>, lines: (usize, usize), is_sign: bool) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // Where YAML sees a comment in a shell's quotes, or one text in several lines that set something, or a text in
                // what other languages have as a comment, the text is no YAML.
                let is_folded = lines.0 < lines.1 && assigns(&text);
                let is_comment = text.starts_with("//");
                if style == ScalarStyle::Plain && (is_folded || is_comment || is_cut(&text)) {
                    return None;
                }
                let is_tagged = tag.is_some_and(|tag| !tag.is_yaml_core_schema());
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let scalar = Scalar {
                    text: text.into_owned(),
                    is_plain: style == ScalarStyle::Plain,
                    is_tagged,
                    is_in_flow: self.open.last().is_some_and(|open| open.is_flow),
                    lines: match is_block {
                        true => (lines.0, lines.1.saturating_sub(1).max(lines.0)),
                        false => lines,
                    },
                };
                if anchor > 0 {
                    self.anchors.insert(anchor, scalar.clone());
                }
                self.put(Node::Scalar(scalar));
            }
            Event::Alias(anchor) => self.alias(anchor, lines),
            Event::SequenceStart(anchor, ..) => self.open(Node::List(Vec::new()), anchor, is_sign),
            Event::MappingStart(anchor, ..) => self.open(Node::Map(Vec::new()), anchor, is_sign),
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            _ => {}
        }
        (self.open.len() <= DEEPEST).then_some(())
    }

    /// Puts in what an alias names: the settings of a list or map, or a text.
    fn alias(&mut self, anchor: usize, lines: (usize, usize)) {
        if let Some(group) = self.groups.get(&anchor) {
            self.put_in += group.len();
            let fits = self.put_in <= MOST_PUT_IN;
            let group = fits.then(|| group.clone());
            return self.put(group.unwrap_or(Group::List(Vec::new())).at(lines));
        }
        let known = self.anchors.get(&anchor).cloned();
        let named = known.unwrap_or_else(|| Scalar::plain(String::new(), lines));
        self.put(Node::Scalar(Scalar { lines, ..named }));
    }

    /// Ends the list or map that was opened last.
    fn close(&mut self) -> Option<()> {
        let open = self.open.pop()?;
        let has_merge = match &open.node {
            Node::Map(pairs) => pairs.iter().any(|(key, _)| key.text == "<<"),
            _ => false,
        };
        let node = match has_merge {
            true => merged(open.node),
            false => open.node,
        };
        if open.anchor > 0 {
            self.groups.insert(open.anchor, Group::of(&node));
        }
        self.put(node);
        Some(())
    }

    fn open(&mut self, node: Node, anchor: usize, is_flow: bool) {
        self.open.push(Open {
            node,
            key: None,
            anchor,
            is_flow,
        });
    }

    fn put(&mut self, node: Node) {
        let Some(Open {
            node: parent, key, ..
        }) = self.open.last_mut()
        else {
            return self.documents.push(node);
        };
        match parent {
            Node::List(items) => items.push(node),
            Node::Map(pairs) => match (key.take(), node) {
                (Some(key), node) => pairs.push((key, node)),
                (None, Node::Scalar(scalar)) => *key = Some(scalar),
                // A key that is a list or a map names nothing here.
                (None, _) => {
                    *key = Some(Scalar {
                        text: String::new(),
                        is_plain: false,
                        is_tagged: false,
                        is_in_flow: false,
                        lines: (0, 0),
                    });
                }
            },
            Node::Scalar(_) => {}
        }
    }
}
