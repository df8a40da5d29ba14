//! What stands around a chapter: the list of all, the way to the one before and the next.

use std::fmt::Write;

use crate::policy;

use super::{
    chapter::{Chapter, page_name},
    summary::Entry,
};

/// The style of all pages, and its file's name in the book.
pub(super) const STYLE: &str = include_str!("book.css");
pub(super) const STYLE_NAME: &str = "book.css";

/// More sections than that are not listed beside the chapter.
const MOST_SECTIONS: usize = 14;

/// The page of a chapter of the book, by its number in the list.
pub(super) fn page(entries: &[Entry], number: usize, chapter: &Chapter) -> String {
    let entry = &entries[number];
    let title = text(&entry.title);
    let list = list(entries, number, chapter);
    let before = number.checked_sub(1).and_then(|number| entries.get(number));
    let turn = [
        step(before, "prev", "Previous"),
        step(entries.get(number + 1), "next", "Next"),
    ]
    .concat();
    format!(
        "<!doctype html>\n\
<html lang=\"en\">\n\
<head>\n\
<meta charset=\"utf-8\">\n\
{}\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"color-scheme\" content=\"light dark\">\n\
<title>{title} · Highwater</title>\n\
<link rel=\"icon\" href=\"data:,\">\n\
<link rel=\"stylesheet\" href=\"{STYLE_NAME}\">\n\
</head>\n\
<body>\n\
<a class=\"skip\" href=\"#text\">To the text</a>\n\
<header class=\"top\">\n\
<a class=\"name\" href=\"index.html\">{LOGO} Highwater</a>\n\
<a class=\"open\" href=\"../site/\">Open the page</a>\n\
</header>\n\
<div class=\"sheet\">\n\
<nav class=\"side\" aria-label=\"Chapters\">{list}</nav>\n\
<nav class=\"menu\" aria-label=\"Chapters\"><details><summary>Chapters</summary>{list}</details></nav>\n\
<main id=\"text\">\n{}\
<nav class=\"turn\" aria-label=\"Neighbours\">{turn}</nav>\n\
</main>\n\
</div>\n\
</body>\n\
</html>\n",
        policy::meta(policy::BOOK),
        chapter.html
    )
}

const LOGO: &str = "<svg viewBox=\"0 0 22 18\" width=\"22\" height=\"18\" aria-hidden=\"true\">\
<path class=\"mark\" d=\"M1 4h20\"/><path class=\"water\" d=\"M1 12c3-4 5-4 7 0s5 4 7 0 4-4 6-1\"/></svg>";

/// All chapters, with the sections of the one that is shown.
fn list(entries: &[Entry], shown: usize, chapter: &Chapter) -> String {
    let mut list = String::from("<ul>");
    for (number, entry) in entries.iter().enumerate() {
        let class = if entry.is_part { " class=\"part\"" } else { "" };
        let is_shown = number == shown;
        let current = if is_shown {
            " aria-current=\"page\""
        } else {
            ""
        };
        let (href, title) = (href(&entry.file), text(&entry.title));
        // Writing to a text cannot fail.
        let _ = write!(list, "<li{class}><a href=\"{href}\"{current}>{title}</a>");
        if is_shown && (2..=MOST_SECTIONS).contains(&chapter.sections.len()) {
            list.push_str("<ul>");
            for section in &chapter.sections {
                let (anchor, title) = (&section.anchor, text(&section.title));
                let _ = write!(list, "<li><a href=\"#{anchor}\">{title}</a></li>");
            }
            list.push_str("</ul>");
        }
        list.push_str("</li>");
    }
    list.push_str("</ul>");
    list
}

/// The way to a neighbour, if there is one.
fn step(entry: Option<&Entry>, direction: &str, words: &str) -> String {
    let Some(entry) = entry else {
        return String::new();
    };
    let (href, title) = (href(&entry.file), text(&entry.title));
    format!(
        "<a class=\"{direction}\" rel=\"{direction}\" href=\"{href}\"><small>{words}</small>{title}</a>"
    )
}

fn text(plain: &str) -> String {
    plain
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn href(file: &str) -> String {
    text(&page_name(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_its_neighbours_and_its_sections() {
        let entry = |title: &str, file: &str| Entry {
            title: title.to_owned(),
            file: file.to_owned(),
            is_part: false,
        };
        let entries = [
            entry("A", "a.md"),
            entry("B & C", "b.md"),
            entry("D", "d.md"),
        ];
        let chapter = Chapter::render("# B\n\n## One\n\n## Two");
        let page = page(&entries, 1, &chapter);
        for part in [
            "<title>B &amp; C · Highwater</title>",
            "<a class=\"prev\" rel=\"prev\" href=\"a.html\">",
            "<a class=\"next\" rel=\"next\" href=\"d.html\">",
            "<a href=\"b.html\" aria-current=\"page\">",
            "<li><a href=\"#two\">Two</a></li>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("<script"));
    }
}
