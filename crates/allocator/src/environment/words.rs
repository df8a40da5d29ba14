//! Words as a shell splits them: blanks between them, quotes, backslashes, continued lines and comments.
//!
//! Bytes are looked at, not characters: all that means something here is ASCII, and what lies between is copied whole.

use super::Reason;

/// A text from which words are taken.
pub(super) struct Words<'a> {
    text: &'a str,
    /// Where what has not been taken begins.
    at: usize,
    /// The line in which that is, from 1.
    pub(super) line: usize,
    /// Whether `;`, `&` and `|` end a command here.
    pub(super) commands: bool,
    /// Whether nothing of the line has been taken.
    pub(super) at_start: bool,
}

/// A word without its quotes.
pub(super) struct Word {
    pub(super) text: String,
    /// Whether a `$` stands in it that a shell would put something in for.
    pub(super) open: bool,
}

pub(super) enum Token {
    Word(Word),
    /// What ends a command within a line.
    Separator,
    LineEnd,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            commands: true,
            at_start: true,
        }
    }

    /// What has not been taken.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What of the line has not been taken, without blanks around it.
    pub(super) fn line_left(&self) -> &'a str {
        self.line_at().trim()
    }

    /// What of the line has not been taken.
    pub(super) fn line_at(&self) -> &'a str {
        self.rest().split('\n').next().unwrap_or_default()
    }

    /// The next byte; 0, which no variable can hold, where there is none.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn is_over(&self) -> bool {
        self.at >= self.text.len()
    }

    fn bump(&mut self) -> u8 {
        let byte = self.peek();
        self.at += 1;
        self.at_start = byte == b'\n';
        self.line += usize::from(self.at_start);
        byte
    }

    /// Goes to the next line, whatever stands in this one.
    pub(super) fn skip_line(&mut self) {
        while !self.is_over() && self.bump() != b'\n' {}
    }

    /// Takes the backslash and the line's end after it, if that is what comes.
    fn continues(&mut self) -> bool {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = match bytes {
            [b'\\', b'\n', ..] => 2,
            [b'\\', b'\r', b'\n', ..] => 3,
            _ => return false,
        };
        self.at += length;
        self.line += 1;
        true
    }

    /// The next word. With `whole` all that is left of the line is one word, blanks and all.
    pub(super) fn next(&mut self, whole: bool) -> Result<Token, Reason> {
        let mut continued = false;
        loop {
            if self.continues() {
                continued = true;
                continue;
            }
            match self.peek() {
                b' ' | b'\t' | b'\r' => {}
                // Docker leaves out comments between the lines of one instruction.
                b'#' if continued => {
                    self.skip_line();
                    continue;
                }
                b'#' if !whole => {
                    self.skip_line();
                    return Ok(Token::LineEnd);
                }
                b'\n' => {
                    self.bump();
                    return Ok(Token::LineEnd);
                }
                _ if self.is_over() => return Ok(Token::LineEnd),
                b';' | b'&' | b'|' if self.commands => {
                    while matches!(self.peek(), b';' | b'&' | b'|') {
                        self.bump();
                    }
                    return Ok(Token::Separator);
                }
                _ => return self.word(whole),
            }
            self.bump();
        }
    }

    fn word(&mut self, whole: bool) -> Result<Token, Reason> {
        let mut text = Vec::new();
        let mut open = false;
        let mut quote = 0;
        // Blanks at a line's end belong to nothing, unless they are quoted.
        let mut kept = 0;
        while !self.is_over() {
            if quote != b'\'' && self.continues() {
                continue;
            }
            let byte = self.peek();
            let bare = quote == 0;
            match byte {
                b'\n' if bare => break,
                b' ' | b'\t' | b'\r' if bare && whole => {
                    text.push(self.bump());
                    continue;
                }
                b' ' | b'\t' | b'\r' if bare => break,
                b';' | b'&' | b'|' if bare && self.commands => break,
                b'\'' | b'"' if bare => quote = byte,
                _ if !bare && byte == quote => quote = 0,
                b'\\' if quote != b'\'' => {
                    self.bump();
                    let next = self.peek();
                    if self.is_over() || (!bare && !b"\"\\$`".contains(&next)) {
                        text.push(b'\\');
                    }
                    if !self.is_over() {
                        text.push(next);
                    }
                }
                _ => {
                    open |= quote != b'\'' && matches!(byte, b'$' | b'`');
                    text.push(byte);
                }
            }
            self.bump();
            kept = text.len();
        }
        if quote != 0 {
            return Err("its quote is never closed".into());
        }
        text.truncate(kept);
        // Whole runs of UTF-8 were copied, cut at ASCII only.
        let text = String::from_utf8(text).unwrap_or_default();
        Ok(Token::Word(Word { text, open }))
    }
}
