//! Texts and attributes of HTML.

use super::Text;

/// Attributes that a reader sees or hears.
const READ: [&str; 5] = ["alt", "aria-label", "content", "placeholder", "title"];

/// Elements that end a text.
const BLOCKS: [&str; 14] = [
    "button", "div", "h1", "h2", "h3", "head", "label", "li", "noscript", "option", "p", "script",
    "style", "title",
];

/// Returns the texts of a page: what stands between its blocks, and attributes.
pub(super) fn texts(file: &str, source: &str) -> Vec<Text> {
    let mut texts = Vec::new();
    let (mut words, mut first) = (String::new(), 1);
    let mut rest = source;
    let mut is_hidden = false;
    loop {
        let line = source[..source.len() - rest.len()].matches('\n').count() + 1;
        let Some(open) = rest.find('<') else { break };
        if !is_hidden {
            if words.trim().is_empty() {
                first = line + rest[..open].len() - rest[..open].trim_start_matches('\n').len();
            }
            words += &rest[..open];
        }
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let end = rest.find('>').map_or(rest.len(), |end| end + 1);
        let tag = &rest[..end];
        let name = tag.trim_start_matches(['<', '/']);
        let name = name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if BLOCKS.contains(&name) {
            texts.push(Text::new(file, first, &words));
            words.clear();
        }
        if ["script", "style"].contains(&name) {
            is_hidden = !tag.starts_with("</");
        }
        texts.extend(attributes(file, line, tag));
        rest = &rest[end..];
    }
    texts.push(Text::new(file, first, &words));
    texts.retain(|text| !text.words.is_empty());
    texts
}

/// Returns the attributes of tags that a reader sees or hears.
pub(super) fn attributes(file: &str, line: usize, tags: &str) -> Vec<Text> {
    let mut texts = Vec::new();
    for name in READ {
        for (at, found) in tags.match_indices(&format!(" {name}=\"")) {
            let value = &tags[at + found.len()..];
            let value = &value[..value.find('"').unwrap_or(value.len())];
            texts.push(Text::new(file, line, value));
        }
    }
    texts
}
