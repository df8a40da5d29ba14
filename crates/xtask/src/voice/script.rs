//! String literals of JavaScript, and the comments of TypeScript's declarations, which editors show.

use super::Text;

/// Returns the texts of a script.
pub(super) fn texts(file: &str, source: &str) -> Vec<Text> {
    let is_declaration = file.ends_with(".d.ts");
    let mut texts = Vec::new();
    let mut rest = source;
    let line = |rest: &str| source[..source.len() - rest.len()].matches('\n').count() + 1;
    while let Some(at) = rest.find(['"', '\'', '`', '/']) {
        rest = &rest[at..];
        let comment = if let Some(after) = rest.strip_prefix("//") {
            after
                .find('\n')
                .map_or(Some(after.len()), Some)
                .map(|end| (after, end, end))
        } else if let Some(after) = rest.strip_prefix("/*") {
            let end = after.find("*/").unwrap_or(after.len());
            Some((after, end, (end + 2).min(after.len())))
        } else {
            None
        };
        if let Some((after, end, next)) = comment {
            if is_declaration {
                let words: Vec<&str> = after[..end]
                    .lines()
                    .map(|line| line.trim_start_matches([' ', '*']))
                    .collect();
                texts.push(Text::new(file, line(rest), &words.join(" ")));
            }
            rest = &after[next..];
            continue;
        }
        let quote = rest.chars().next().unwrap_or_default();
        let after = &rest[1..];
        if quote == '/' {
            rest = after;
            continue;
        }
        let Some(end) = closing(after, quote) else {
            rest = after;
            continue;
        };
        texts.push(Text::new(
            file,
            line(rest),
            &after[..end].replace("\\n", " "),
        ));
        rest = &after[end + 1..];
    }
    texts
}

/// Where a literal ends; a plain one never goes over its line.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quote != '`' => return None,
            _ if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}
