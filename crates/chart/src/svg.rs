//! Writes SVG.
//!
//! A picture is written piece by piece, by one function for all pieces: whatever is filled into one is escaped there, and
//! a piece is hardly more to send to a browser than its own text.

use std::fmt::Write;

/// A picture that is being written, from above downwards.
#[derive(Default)]
pub(crate) struct Svg {
    text: String,
    /// How far down it is written, in pixels.
    pub(crate) y: i64,
}

impl Svg {
    /// Writes a piece. Each `@` in it is the next of the numbers, each `$` the next of the texts.
    pub(crate) fn put(&mut self, piece: &str, numbers: &[i64], texts: &[&str]) {
        let (mut numbers, mut texts) = (numbers.iter(), texts.iter());
        for character in piece.chars() {
            match character {
                '@' => {
                    let number = numbers.next().copied().unwrap_or_default();
                    // Writing to a String cannot fail.
                    let _ = write!(self.text, "{number}");
                }
                '$' => self.escape(texts.next().copied().unwrap_or_default()),
                other => self.text.push(other),
            }
        }
    }

    /// Writes a text: `look` has its attributes, x is its left end.
    pub(crate) fn words(&mut self, (x, y): (i64, i64), look: &str, colour: &str, text: &str) {
        self.put("<text x=\"@\" y=\"@\" fill=\"$\" ", &[x, y], &[colour]);
        self.put(look, &[], &[]);
        self.put(">$</text>", &[], &[text]);
    }

    /// Writes lines of text under each other, each so many pixels below the one before, from where the picture is now.
    pub(crate) fn lines(&mut self, x: i64, step: i64, look: &str, colour: &str, lines: &[String]) {
        for line in lines {
            self.y += step;
            self.words((x, self.y), look, colour, line);
        }
    }

    /// A text as it stands in XML. What may not stand there at all is replaced.
    fn escape(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\t' | '\n' | '\r' => self.text.push(' '),
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                other => self.text.push(other),
            }
        }
    }

    /// What was written.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// How wide a letter is, in hundredths of its height: as wide as in DejaVu, the widest that texts are commonly set in.
pub(crate) fn proportional(letter: char) -> i64 {
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

/// The same of letters that are all of one width.
pub(crate) fn monospaced(letter: char) -> i64 {
    if letter < '\u{1100}' { 61 } else { 122 }
}

/// A text in lines of at most this width by what each letter takes (and at least one letter), broken behind spaces, else
/// behind the punctuation of settings, else anywhere; and where it has lines already. Nothing but spaces at a line's end
/// is left out.
pub(crate) fn wrapped(text: &str, most: i64, wide: fn(char) -> i64) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut taken) = (String::new(), 0);
    for letter in text.chars() {
        if letter == '\n' {
            lines.push(std::mem::take(&mut line));
            taken = 0;
            continue;
        }
        if taken + wide(letter) > most && !line.is_empty() {
            let at = |ends: &[char]| line.rfind(ends).map(|at| at + 1);
            let half = |at: &usize| *at > line.len() / 2;
            let broken = at(&[' ']).filter(|at| *at > 1);
            let broken = broken.or(at(&[',', ';']).filter(half));
            let broken = broken.or(at(&[':', '=', '_', '/']).filter(half));
            let rest = line.split_off(broken.unwrap_or(line.len()));
            lines.push(line.trim_end().to_owned());
            taken = rest.chars().map(wide).sum();
            line = rest;
        }
        line.push(letter);
        taken += wide(letter);
    }
    lines.push(line.trim_end().to_owned());
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_filled_in_is_escaped() {
        let mut svg = Svg::default();
        svg.put(
            "<a b=\"$\" c=\"@\">$</a>",
            &[-7],
            &["\"><x/>", "a & b\u{1}\n<$@>"],
        );
        let text = svg.into_text();
        let document = roxmltree::Document::parse(&text).expect("it is well formed");
        let root = document.root_element();
        assert_eq!(root.attribute("b"), Some("\"><x/>"));
        assert_eq!(root.attribute("c"), Some("-7"));
        assert_eq!(root.text(), Some("a & b\u{fffd} <$@>"));
    }

    fn columns(letter: char) -> i64 {
        monospaced(letter) / 61
    }

    fn wrapped(text: &str, most: i64) -> Vec<String> {
        super::wrapped(text, most, columns)
    }

    #[test]
    fn lines_are_broken_where_a_reader_would_break_them() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(
            wrapped("MALLOC_CONF=background_thread:true,dirty_decay_ms:1000", 40),
            ["MALLOC_CONF=background_thread:true,", "dirty_decay_ms:1000"]
        );
        assert_eq!(
            wrapped("dirty_decay_ms:1000,muzzy_decay_ms:1000", 32),
            ["dirty_decay_ms:1000,", "muzzy_decay_ms:1000"]
        );
        assert_eq!(wrapped("aaaaaaa", 3), ["aaa", "aaa", "a"]);
        assert_eq!(wrapped("名前名前", 4), ["名前", "名前"]);
        assert_eq!(wrapped("a\nb c", 9), ["a", "b c"]);
        assert_eq!(wrapped("  ", 4), [""; 0]);
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
            let most = random.i64(0..12);
            let lines = wrapped(&text, most);
            let bare = |text: &str| text.replace(' ', "");
            assert_eq!(bare(&lines.concat()), bare(&text), "{most}");
            assert!(
                lines
                    .iter()
                    .all(|line| line.chars().map(columns).sum::<i64>() <= most.max(2)),
                "{most}: {lines:?}"
            );
        }
    }
}
