//! Writes SVG, element by element. Whatever is filled in is escaped here.

use crate::theme::{Colour, Theme};
use std::fmt::{Arguments, Write};

/// A picture that is being written, from above downwards.
pub(crate) struct Svg {
    text: String,
    theme: &'static Theme,
    /// The names of elements that have no end yet.
    unended: Vec<&'static str>,
    /// How far down it is written, in pixels.
    pub(crate) y: i32,
}

/// An element that is being written: its name and some of its attributes.
#[must_use = "an element has an end"]
pub(crate) struct Element<'a>(&'a mut Svg);

/// How a text looks.
pub(crate) struct Look {
    /// Its attributes, by name.
    attributes: &'static [(&'static str, &'static str)],
    /// The height of its letters, in pixels, with what is wider where they are bold.
    height: i32,
    /// From one line to the next.
    step: i32,
    /// How wide a letter is, in hundredths of its height.
    wide: fn(char) -> i32,
}

/// One in proportional letters of a height.
pub(crate) const fn look(attributes: &'static [(&str, &str)], height: i32) -> Look {
    Look {
        attributes,
        height,
        step: height + 6,
        wide: proportional,
    }
}

pub(crate) static TITLE: Look = look(&[("font-weight", "700"), ("font-size", "24")], 27);
pub(crate) static BOLD: Look = look(&[("font-weight", "700"), ("font-size", "15")], 17);
pub(crate) static PLAIN: Look = look(&[("font-size", "13")], 13);
pub(crate) static RIGHT: Look = look(&[("font-size", "13"), ("text-anchor", "end")], 13);
pub(crate) static MIDDLE: Look = look(&[("font-size", "13"), ("text-anchor", "middle")], 13);
pub(crate) static MONO: Look = Look {
    wide: monospaced,
    ..look(
        &[
            ("font-size", "12"),
            ("font-family", "ui-monospace,monospace"),
            ("xml:space", "preserve"),
        ],
        12,
    )
};

impl Svg {
    /// One in which nothing is written yet.
    pub(crate) fn new(dark: bool) -> Self {
        Self {
            text: String::new(),
            theme: Theme::of(dark),
            unended: Vec::new(),
            y: 0,
        }
    }

    /// Begins an element.
    #[inline(never)]
    pub(crate) fn element(&mut self, name: &'static str) -> Element<'_> {
        add(&mut self.text, &["<", name]);
        self.unended.push(name);
        Element(self)
    }

    /// Ends the element that was opened last.
    #[inline(never)]
    pub(crate) fn close(&mut self) {
        let name = self.unended.pop().unwrap_or_default();
        add(&mut self.text, &["</", name, ">"]);
    }

    /// Writes a text at a place: its left end, unless it looks otherwise.
    pub(crate) fn words(&mut self, (x, y): (i32, i32), look: &Look, colour: Colour, text: &str) {
        let mut element = self.element("text").at(x, y).fill(colour);
        for (name, value) in look.attributes {
            element = element.with(name, value);
        }
        element.words(text);
    }

    /// Writes a text in as many lines as it takes in a column of this width, below what is written.
    pub(crate) fn paragraph(
        &mut self,
        (x, wide): (i32, i32),
        look: &Look,
        colour: Colour,
        text: &str,
    ) {
        for line in look.wrapped(text, wide) {
            self.y += look.step;
            self.words((x, self.y), look, colour, line);
        }
    }

    fn write(&mut self, text: Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(text);
    }

    /// What was written.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

impl Element<'_> {
    /// An attribute.
    #[inline(never)]
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        add(&mut self.0.text, &[" ", name, "=\""]);
        escape(&mut self.0.text, value);
        self.0.text.push('"');
        self
    }

    /// An attribute of numbers, with letters that need no escape.
    #[inline(never)]
    pub(crate) fn set(self, name: &str, value: Arguments<'_>) -> Self {
        self.0.write(format_args!(" {name}=\"{value}\""));
        self
    }

    /// An attribute that is a number.
    #[inline(never)]
    pub(crate) fn number(self, name: &str, value: i32) -> Self {
        self.set(name, format_args!("{value}"))
    }

    /// Its place.
    #[inline(never)]
    pub(crate) fn at(self, x: i32, y: i32) -> Self {
        self.number("x", x).number("y", y)
    }

    /// Its width and height.
    #[inline(never)]
    pub(crate) fn sized(self, wide: i32, high: i32) -> Self {
        self.number("width", wide).number("height", high)
    }

    /// The colour of its area.
    pub(crate) fn fill(self, colour: Colour) -> Self {
        self.painted("fill", colour)
    }

    /// The colour of its line.
    pub(crate) fn stroke(self, colour: Colour) -> Self {
        self.painted("stroke", colour)
    }

    #[inline(never)]
    fn painted(self, name: &str, colour: Colour) -> Self {
        let colour = self.0.theme.get(colour);
        self.set(name, format_args!("#{colour:06x}"))
    }

    /// Ends it.
    #[inline(never)]
    pub(crate) fn end(self) {
        self.0.unended.pop();
        self.0.text.push_str("/>");
    }

    /// Leaves it open for others within it.
    pub(crate) fn open(self) {
        self.0.text.push('>');
    }

    /// Ends it with a text.
    pub(crate) fn words(self, text: &str) {
        self.0.text.push('>');
        escape(&mut self.0.text, text);
        self.0.close();
    }
}

/// Adds a piece of markup to a text: each `$` in it is the next of the texts, escaped.
pub fn markup(text: &mut String, piece: &str, texts: &[&str]) {
    let mut texts = texts.iter();
    for character in piece.chars() {
        match character {
            '$' => escape(text, texts.next().copied().unwrap_or_default()),
            other => text.push(other),
        }
    }
}

/// Adds a text as it stands in XML. What may not stand there at all is replaced.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        let written = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\t' | '\n' | '\r' => " ",
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
            other => {
                let mut bytes = [0; 4];
                // What would turn the order of letters around is shown as its number.
                out.push_str(&highwater_report::printable(other.encode_utf8(&mut bytes)));
                continue;
            }
        };
        out.push_str(written);
    }
}

impl Look {
    /// Pixels that a text takes at most, in one line.
    pub(crate) fn width(&self, text: &str) -> i32 {
        let letters = text.chars().map(self.wide).sum::<i32>();
        (letters * self.height + 99) / 100
    }

    /// A text in lines that fit into a width in pixels.
    pub(crate) fn wrapped<'a>(&self, text: &'a str, wide: i32) -> Vec<&'a str> {
        wrapped(text, wide * 100 / self.height, self.wide)
    }
}

/// As wide as in DejaVu, the widest that texts are commonly set in.
fn proportional(letter: char) -> i32 {
    match letter {
        ' ' | '!' | '\'' | '(' | ')' | ',' | '.' | ':' | ';' | 'I' | 'f' | 'i' | 'j' | 'l'
        | 'r' | 't' | '|' | '·' => 40,
        'M' | 'W' | 'm' | 'w' | '%' | '@' => 98,
        '+' | '<' | '=' | '>' => 84,
        'A'..='Z' => 76,
        '\u{1100}'.. => 100,
        _ => 64,
    }
}

fn monospaced(letter: char) -> i32 {
    if letter < '\u{1100}' { 61 } else { 122 }
}

/// A text in lines of at most this width by what each letter takes (and at least one letter), broken behind spaces, else
/// behind the punctuation of settings, else anywhere. Nothing but spaces at a line's end is left out.
fn wrapped(text: &str, most: i32, wide: fn(char) -> i32) -> Vec<&str> {
    let mut lines = Vec::new();
    // Where the line begins, how wide it is, and where it may be broken: behind a space, a comma, other punctuation.
    let (mut start, mut taken, mut breaks) = (0, 0, [0; 3]);
    for (at, letter) in text.char_indices() {
        taken += wide(letter);
        while taken > most && at > start {
            let half = start + (at - start) / 2;
            let mut end = at;
            if breaks[0] > start {
                end = breaks[0];
            } else if breaks[1] > half {
                end = breaks[1];
            } else if breaks[2] > half {
                end = breaks[2];
            }
            lines.push(text[start..end].trim_end());
            start = end;
            taken = wide(letter);
            text[end..at]
                .chars()
                .for_each(|letter| taken += wide(letter));
        }
        let kind = match letter {
            ' ' => 0,
            ',' | ';' => 1,
            ':' | '=' | '_' | '/' => 2,
            _ => continue,
        };
        breaks[kind] = at + 1;
    }
    lines.push(text[start..].trim_end());
    lines.retain(|line| !line.is_empty());
    lines
}

/// Adds parts to a text.
#[inline(never)]
pub(crate) fn add(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_filled_in_is_escaped() {
        let mut svg = Svg::new(false);
        svg.element("a")
            .with("b", "\"><x/>")
            .set("c", format_args!("{}", -7))
            .fill(Colour::Panel)
            .words("a & b\u{1}\n<$@#>");
        let text = svg.into_text();
        let document = roxmltree::Document::parse(&text).expect("it is well formed");
        let root = document.root_element();
        assert_eq!(root.attribute("b"), Some("\"><x/>"));
        assert_eq!(root.attribute("c"), Some("-7"));
        assert_eq!(root.attribute("fill"), Some("#ffffff"));
        assert_eq!(root.text(), Some("a & b\u{fffd} <$@#>"));
    }

    fn columns(letter: char) -> i32 {
        monospaced(letter) / 61
    }

    fn in_columns(text: &str, most: i32) -> Vec<&str> {
        wrapped(text, most, columns)
    }

    #[test]
    fn lines_are_broken_where_a_reader_would_break_them() {
        assert_eq!(in_columns("one two three", 8), ["one two", "three"]);
        assert_eq!(
            in_columns("MALLOC_CONF=background_thread:true,dirty_decay_ms:1000", 40),
            ["MALLOC_CONF=background_thread:true,", "dirty_decay_ms:1000"]
        );
        assert_eq!(
            in_columns("dirty_decay_ms:1000,muzzy_decay_ms:1000", 32),
            ["dirty_decay_ms:1000,", "muzzy_decay_ms:1000"]
        );
        assert_eq!(in_columns("aaaaaaa", 3), ["aaa", "aaa", "a"]);
        assert_eq!(in_columns("名前名前", 4), ["名前", "名前"]);
        assert_eq!(in_columns("  ", 4), [""; 0]);
    }

    #[test]
    fn nothing_is_cut_off() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..500 {
            let length = random.usize(0..60);
            let letters = ['a', 'b', ' ', ',', '=', 'é', '名', '_'];
            let text: String = (0..length)
                .map(|_| random.choice(letters).unwrap_or('a'))
                .collect();
            let most = random.i32(0..12);
            let lines = in_columns(&text, most);
            let bare = |text: &str| text.replace(' ', "");
            assert_eq!(bare(&lines.concat()), bare(&text), "{most}");
            let wide = |line: &&str| line.chars().map(columns).sum::<i32>();
            assert!(
                lines.iter().all(|line| wide(line) <= most.max(2)),
                "{most}: {lines:?}"
            );
        }
    }
}
