//! Values as they are written: words of a shell, quoted strings, scalars of YAML.

/// A quoted text or a reference that is longer is none.
const LONGEST: usize = 4 << 10;

/// Whose quoting a word follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// A shell's: `;`, `&` and `|` end a word, too.
    Shell,
    /// Docker's and systemd's.
    Words,
}

/// The word that a text begins with, without its quotes, and how long it is as written. A quote that is never closed ends
/// the word, as do the ends of what a word may stand in.
pub(crate) fn shell_word(text: &str, quoting: Quoting) -> (String, usize) {
    let bytes = text.as_bytes();
    let mut word = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => break,
            b';' | b'&' | b'|' | b'<' | b'>' if quoting == Quoting::Shell => break,
            b'\\' => match bytes.get(at + 1) {
                Some(b'\n') => at += 1,
                Some(b'\r') if bytes.get(at + 2) == Some(&b'\n') => at += 2,
                // The end of a string in a string.
                Some(b'"') if !word.is_empty() => break,
                Some(&next) => {
                    word.push(next);
                    at += 1;
                }
                None => {}
            },
            b'"' | b'\'' => match quoted(text.get(at..).unwrap_or_default()) {
                Some((inside, length)) => {
                    word.extend(inside.bytes());
                    at += length;
                    continue;
                }
                None => break,
            },
            b'$' if matches!(bytes.get(at + 1), Some(b'(' | b'{')) => {
                let (open, close) = match bytes[at + 1] {
                    b'(' => (b'(', b')'),
                    _ => (b'{', b'}'),
                };
                let length = closing(text.get(at..).unwrap_or_default(), open, close);
                word.extend(&bytes[at..at + length]);
                at += length;
                continue;
            }
            b'`' => {
                let rest = &bytes[at + 1..];
                let line = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                let Some(end) = rest[..line].iter().position(|b| *b == b'`') else {
                    break;
                };
                word.extend(&bytes[at..=at + 1 + end]);
                at += end + 2;
                continue;
            }
            _ => word.push(byte),
        }
        at += 1;
    }
    (String::from_utf8_lossy(&word).into_owned(), at)
}

/// Where a reference ends that begins with `$` and a bracket.
pub(crate) fn closing(text: &str, open: u8, close: u8) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().take(LONGEST).enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        } else if byte == b'\n' {
            return at;
        }
    }
    text.len().min(2)
}

/// The string in quotes that a text begins with, unescaped as shells, JSON and C do where that means the same, and how
/// long it is with its quotes.
pub(crate) fn quoted(text: &str) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let quote = *bytes.first()?;
    let mut inside = Vec::new();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        if byte == quote {
            // YAML's and SQL's way to write the quote itself.
            if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') && !inside.is_empty() {
                inside.push(b'\'');
                at += 2;
                continue;
            }
            return Some((String::from_utf8_lossy(&inside).into_owned(), at + 1));
        }
        if byte == b'\\' && quote == b'"' {
            at += 1;
            match bytes.get(at) {
                Some(b'\n') | None => {}
                Some(b'0') => inside.push(0),
                Some(b'n') => inside.push(b'\n'),
                Some(b't') => inside.push(b'\t'),
                Some(&next) if b"\"\\$`/'".contains(&next) => inside.push(next),
                Some(&next) => inside.extend([b'\\', next]),
            }
        } else if inside.len() > LONGEST {
            return None;
        } else if byte == b'$' && bytes.get(at + 1) == Some(&b'(') && quote == b'"' {
            let length = closing(text.get(at..).unwrap_or_default(), b'(', b')');
            inside.extend(&bytes[at..at + length]);
            at += length;
            continue;
        } else {
            inside.push(byte);
        }
        at += 1;
    }
    None
}

/// Whether a text begins with a quote that is never closed.
pub(crate) fn is_unclosed(text: &str) -> bool {
    text.starts_with(['"', '\'']) && quoted(text).is_none()
}

/// A plain number as YAML 1.1 and TOML write it, in the digits that the program gets to see: without `_`, and in decimal.
pub(crate) fn plain_number(text: &str) -> Option<String> {
    let digits = text.replace('_', "");
    let (sign, bare) = match digits.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", digits.as_str()),
    };
    let radix = |prefix: &str, radix| {
        let rest = bare.strip_prefix(prefix)?;
        u64::from_str_radix(rest, radix).ok()
    };
    let based = radix("0x", 16)
        .or_else(|| radix("0o", 8))
        .or_else(|| radix("0b", 2));
    if let Some(number) = based {
        return Some(format!("{sign}{number}"));
    }
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let is_number = begins && !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit());
    (is_number && text.contains('_')).then(|| digits.clone())
}

/// Signs of other scripts that end a value in a sentence.
const WIDE: [char; 6] = [
    '\u{ff08}', '\u{ff0c}', '\u{3002}', '\u{ff1b}', '\u{3001}', '\u{ff01}',
];

/// Where a value ends at the latest that stands in a sentence of a script with wide signs.
pub(crate) fn before_wide(value: &str) -> &str {
    &value[..value.find(WIDE).unwrap_or(value.len())]
}

/// Signs that end a sentence.
const STOPS: [char; 4] = ['.', '!', '?', '\u{2026}'];

/// What may follow such a sign, or stand before it, and belongs to the sentence as well.
const QUOTES: [char; 7] = ['"', '\'', '`', '*', ')', '\u{201d}', '\u{2019}'];

/// A value without quotes, without the signs by which a sentence ends after a number: `65536.`, `dirty_decay_ms:0!`. After
/// anything but a number, or a number with its unit, such signs may be the value's own: a path's, a list's.
pub(crate) fn without_stop(value: &str) -> &str {
    let is_stop = |c: char| STOPS.contains(&c) || WIDE.contains(&c);
    let bare = before_wide(value);
    let bare = bare.trim_end_matches(|c| is_stop(c) || QUOTES.contains(&c));
    let number = bare.trim_end_matches(|c: char| "kmgibKMGIB".contains(c));
    let is_number =
        bare.len() <= number.len() + 3 && number.ends_with(|c: char| c.is_ascii_digit());
    match is_number && value[bare.len()..].contains(is_stop) {
        true => bare,
        false => value,
    }
}

/// Whether a variable takes a number, so that its value is one word.
pub(crate) fn is_number_name(name: &str) -> bool {
    name.starts_with("MALLOC_") && !name.starts_with("MALLOC_CONF") && name != "MALLOC_TRACE"
}

/// The unit that someone has written after a number and a blank, where nothing else follows.
pub(crate) fn unit_after<'a>(name: &str, rest: &'a str) -> Option<&'a str> {
    let unit = rest.trim();
    let begins = |first: u8| matches!(first | 0x20, b'b' | b'k' | b'm' | b'g');
    let is_unit = unit.len() <= 5
        && unit.bytes().next().is_some_and(begins)
        && unit
            .to_ascii_lowercase()
            .ends_with(['b', 'k', 'm', 'g', 's']);
    (is_number_name(name) && rest.starts_with(' ') && is_unit).then_some(unit)
}

/// What of a quoted text is the value of a variable that it begins with, where a command may follow it.
pub(crate) fn before_command<'a>(name: &str, text: &'a str) -> &'a str {
    let mut end = 0;
    for (at, _) in text
        .match_indices([' ', '\t', '\n'])
        .chain([(text.len(), "")])
    {
        if at < end {
            continue;
        }
        end = at;
        let next = text[at..].trim_start().split([' ', '\t', '\n']).next();
        let next = next.unwrap_or_default();
        let goes_on = match name {
            crate::PRELOAD => next.contains(".so"),
            _ if is_number_name(name) => unit_after(name, &text[at..]).is_some(),
            _ => text[..at].ends_with([',', ':']) && next.contains([':', '=']),
        };
        if !goes_on {
            break;
        }
    }
    &text[..end]
}
