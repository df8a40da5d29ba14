//! YAML, and JSON as a part of it.

use crate::tree::{DEEPEST, Node, Scalar};
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;

/// Texts that are longer, or hold more brackets, are read by the names in them.
const LONGEST: usize = 1 << 20;

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
        reader.take(event, lines)?;
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

#[derive(Default)]
struct Reader {
    documents: Vec<Node>,
    /// The lists and maps that are open, with the key that waits for its value.
    open: Vec<(Node, Option<Scalar>)>,
    anchors: HashMap<usize, Scalar>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, lines: (usize, usize)) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_tagged = tag.is_some_and(|tag| !tag.is_yaml_core_schema());
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let scalar = Scalar {
                    text: text.into_owned(),
                    is_plain: style == ScalarStyle::Plain,
                    is_tagged,
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
            Event::Alias(anchor) => {
                // What an alias of a map stands for was found where the map is.
                let known = self.anchors.get(&anchor).cloned();
                let empty = Scalar {
                    text: String::new(),
                    is_plain: true,
                    is_tagged: false,
                    lines,
                };
                self.put(Node::Scalar(Scalar {
                    lines,
                    ..known.unwrap_or(empty)
                }));
            }
            Event::SequenceStart(..) => self.open.push((Node::List(Vec::new()), None)),
            Event::MappingStart(..) => self.open.push((Node::Map(Vec::new()), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let (node, _) = self.open.pop()?;
                self.put(node);
            }
            _ => {}
        }
        (self.open.len() <= DEEPEST).then_some(())
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some((Node::List(items), _)) => items.push(node),
            Some((Node::Map(pairs), key)) => match (key.take(), node) {
                (Some(key), node) => pairs.push((key, node)),
                (None, Node::Scalar(scalar)) => *key = Some(scalar),
                // A key that is a list or a map names nothing here.
                (None, _) => {
                    *key = Some(Scalar {
                        text: String::new(),
                        is_plain: false,
                        is_tagged: false,
                        lines: (0, 0),
                    });
                }
            },
            Some((Node::Scalar(_), _)) => {}
        }
    }
}
