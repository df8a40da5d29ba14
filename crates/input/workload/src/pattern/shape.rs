//! The shapes of what an event carries.
//!
//! They are those of the service that was recorded: one long text; a document with suggestions of every size;
//! texts that are all too large for the interpreter's pools; tokens that are all small enough for them.

/// How the text of an event is made up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// One long text.
    Text,
    /// A document of a third to two thirds, and suggestions of some tens to some thousands of bytes.
    Mixed,
    /// Texts of 600 bytes and more.
    Chunks,
    /// Tokens: a word and a number each.
    Small,
}
