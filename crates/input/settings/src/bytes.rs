//! Bytes of a file to text: UTF-8, UTF-16 of Windows, and what neither is.

use std::borrow::Cow;

/// Reads a file's bytes as text, whatever they are: UTF-16 by its mark or its zero bytes, and UTF-8 with a sign in place of
/// each byte that is none.
pub fn decode(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A pasted text without a byte order mark, the zero bytes of UTF-16, and the carriage returns of old line ends.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let text = text.trim_start_matches(['\u{feff}', '\u{fffe}', '\u{fffd}']);
    let mut cleaned = Cow::Borrowed(text);
    let zeros = text.bytes().filter(|b| *b == 0).count();
    if zeros > 2 && zeros * 5 > text.len() * 2 {
        cleaned = Cow::Owned(text.replace('\0', ""));
    }
    if cleaned.contains('\r') {
        cleaned = Cow::Owned(cleaned.replace("\r\n", "\n").replace('\r', "\n"));
    }
    if cleaned.contains('\u{a0}') {
        cleaned = Cow::Owned(cleaned.replace('\u{a0}', " "));
    }
    if cleaned.contains(['\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}']) {
        cleaned = Cow::Owned(straight(&cleaned));
    }
    const ENTITIES: [(&str, &str); 6] = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ];
    for (written, sign) in ENTITIES {
        if cleaned.contains(written) {
            cleaned = Cow::Owned(cleaned.replace(written, sign));
        }
    }
    cleaned
}

/// Puts straight quotes in the place of those that chats and word processors make of them, but for apostrophes.
fn straight(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(sign) = rest.next() {
        let between = before.is_alphabetic() && rest.peek().is_some_and(|c| c.is_alphabetic());
        out.push(match sign {
            '\u{201c}' | '\u{201d}' => '"',
            '\u{2018}' | '\u{2019}' if !between => '\'',
            other => other,
        });
        before = sign;
    }
    out
}
