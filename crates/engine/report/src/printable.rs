//! Text of others, made safe to show: names in traces, scenarios and links may hold anything.

use std::borrow::Cow;

/// Replaces characters that would steer a terminal or change the order in which text is read: control characters but the
/// end of a line, marks and embeddings of direction, and those without width. Each becomes its `\u001b`, which is also how
/// JSON writes it, so that JSON stays JSON.
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, |c| c == '\n')
}

/// Does the same to what must stay one line: ends of lines become `\n`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

fn escape(text: &str, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_safe = |c: char| keeps(c) || !steers(c);
    if text.chars().all(is_safe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if is_safe(c) => safe.push(c),
            '\n' => safe += "\\n",
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    safe += &format!("\\u{unit:04x}");
                }
            }
        }
    }
    Cow::Owned(safe)
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_as_its_number() {
        let evil = "\u{1b}]0;evil\u{7}\u{1b}[31mred\r\u{9b}2J";
        let shown = printable(evil);
        assert_eq!(shown, "\\u001b]0;evil\\u0007\\u001b[31mred\\u000d\\u009b2J");
        assert_eq!(printable("ab\u{202e}cd\u{feff}"), "ab\\u202ecd\\ufeff");
        assert_eq!(printable("\u{e0041}"), "\\udb40\\udc41");
    }

    #[test]
    fn text_of_any_language_stays_as_it_is() {
        for text in [
            "plain",
            "größer ≥ 2 · Ω",
            "日本語 עברית العربية 🙂",
            "two\nlines",
        ] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(one_line("two\nlines"), "two\\nlines");
    }
}
