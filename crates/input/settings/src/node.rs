//! A document as a tree: what readers of YAML and TOML make of a text.

/// How deep a document may be; a deeper one is read by the names in it.
pub(crate) const DEEPEST: usize = 100;

/// A part of a document.
#[derive(Debug)]
pub enum Node {
    /// A text, a number, or what else is one word.
    Scalar(Scalar),
    /// Items.
    List(Vec<Node>),
    /// Keys with their values, in the order of the document.
    Map(Vec<(Scalar, Node)>),
}

impl Node {
    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        let pair = pairs.iter().find(|(own, _)| own.text == key);
        pair.map(|(_, value)| value)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }
}

/// A text in a document.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The text itself.
    pub text: String,
    /// Whether it is neither in quotes nor a block, so that a number is one.
    pub(crate) is_plain: bool,
    /// Whether a tag of the document's own stands before it: its value is made elsewhere.
    pub(crate) is_tagged: bool,
    /// Whether it stands in a map in braces, as programs have them.
    pub(crate) is_in_flow: bool,
    /// The lines that it stands in.
    pub(crate) lines: (usize, usize),
}
