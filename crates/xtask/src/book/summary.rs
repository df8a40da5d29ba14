//! The order of the chapters, from `SUMMARY.md`: a list of links, nested where a chapter belongs to another, as mdBook has it.

use anyhow::{Result, ensure};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Where it stands in the folder of the documents.
pub(super) const FILE: &str = "SUMMARY.md";

/// A chapter as it is listed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) title: String,
    /// Its file's name, in the folder of the documents.
    pub(super) file: String,
    /// Whether it belongs to the chapter before it.
    pub(super) is_part: bool,
}

/// Reads the list.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    let (mut depth, mut within) = (0, false);
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::List(_)) => depth += 1,
            Event::End(TagEnd::List(_)) => depth -= 1,
            Event::Start(Tag::Link { dest_url, .. }) => {
                let name = dest_url.strip_suffix(".md");
                let is_plain = name.is_some_and(|name| !name.contains(['/', '#', ':']));
                ensure!(
                    is_plain,
                    "{FILE}: `{dest_url}` is not a document of the same folder"
                );
                ensure!(depth <= 2, "{FILE}: {dest_url} is nested too deeply");
                within = true;
                entries.push(Entry {
                    title: String::new(),
                    file: dest_url.into_string(),
                    is_part: depth == 2,
                });
            }
            Event::End(TagEnd::Link) => within = false,
            Event::Text(text) | Event::Code(text) if within => {
                if let Some(entry) = entries.last_mut() {
                    entry.title.push_str(&text);
                }
            }
            _ => {}
        }
    }
    ensure!(!entries.is_empty(), "{FILE} names no chapter");
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_come_in_their_order_with_parts_within() -> Result<()> {
        let text = "# Summary\n\n[Start](index.md)\n\n- [One](one.md)\n  - [Its part](part.md)\n- [Two](two.md)\n";
        let found = parse(text)?;
        let shown: Vec<_> = (found.iter())
            .map(|entry| (entry.title.as_str(), entry.file.as_str(), entry.is_part))
            .collect();
        assert_eq!(
            shown,
            [
                ("Start", "index.md", false),
                ("One", "one.md", false),
                ("Its part", "part.md", true),
                ("Two", "two.md", false),
            ]
        );
        Ok(())
    }

    #[test]
    fn what_is_no_document_of_the_folder_is_refused() {
        for link in ["https://example.com", "../README.md", "one.html", "a.md#b"] {
            assert!(parse(&format!("- [x]({link})")).is_err(), "{link}");
        }
        assert!(parse("no links").is_err());
    }
}
