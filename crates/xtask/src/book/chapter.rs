//! One document as HTML: headings with names to link to, links to documents as links to pages, tables that scroll in
//! themselves.

use std::{collections::BTreeSet, ops::Range};

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The element of an embedded view.
const VIEW: &str = "<highwater-sim";

/// The page's folder beside the book, from which the views' script comes.
const SITE: &str = "../site/";

/// A chapter, rendered.
#[derive(Debug)]
pub(super) struct Chapter {
    /// What stands between the frame's parts.
    pub(super) html: String,
    /// The sections, by the names that links have for them, in order.
    pub(super) sections: Vec<Section>,
    /// All names that a link may have behind its `#`.
    pub(super) anchors: BTreeSet<String>,
    /// Where its links and pictures lead, if not to other sites.
    pub(super) links: Vec<Link>,
    /// Whether a view is embedded.
    pub(super) has_view: bool,
}

/// A section of the second level.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) anchor: String,
    pub(super) title: String,
}

/// A link within the book.
#[derive(Debug)]
pub(super) struct Link {
    /// As the document has it: a file, a name behind `#`, or both.
    pub(super) to: String,
    /// The line it stands in, from 1.
    pub(super) line: usize,
}

impl Chapter {
    /// Renders a document.
    pub(super) fn render(text: &str) -> Self {
        let mut chapter = Self {
            html: String::new(),
            sections: Vec::new(),
            anchors: BTreeSet::new(),
            links: Vec::new(),
            has_view: false,
        };
        let mut events = Vec::new();
        // Where the heading that is open begins among the events.
        let mut heading = None;
        for (event, place) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let event = chapter.adapted(event, text, &place);
            match event {
                Event::Start(Tag::Heading { .. }) => {
                    heading = Some(events.len());
                    events.push(event);
                }
                Event::End(TagEnd::Heading(level)) => {
                    let start = heading.take().unwrap_or(events.len());
                    let inner = events.split_off(start);
                    events.extend(chapter.heading(level, &inner));
                }
                Event::Start(Tag::Table(_)) => {
                    events.push(Event::Html("<div class=\"table\">".into()));
                    events.push(event);
                }
                Event::End(TagEnd::Table) => {
                    events.push(event);
                    events.push(Event::Html("</div>".into()));
                }
                other => events.push(other),
            }
        }
        html::push_html(&mut chapter.html, events.into_iter());
        chapter
    }

    /// An event as it is rendered; links in it are noted.
    fn adapted<'a>(&mut self, event: Event<'a>, text: &str, place: &Range<usize>) -> Event<'a> {
        match event {
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => Event::Start(Tag::Link {
                link_type,
                dest_url: self.led(dest_url, text, place),
                title,
                id,
            }),
            Event::Start(Tag::Image { ref dest_url, .. }) => {
                self.led(dest_url.clone(), text, place);
                event
            }
            Event::Html(ref html) | Event::InlineHtml(ref html) => {
                self.has_view |= html.contains(VIEW);
                for attribute in ["src=\"", "srcset=\"", "href=\""] {
                    for rest in html.split(attribute).skip(1) {
                        let to = rest.split('"').next().unwrap_or_default();
                        if !to.starts_with(SITE) {
                            self.led(to.to_owned().into(), text, place);
                        }
                    }
                }
                event
            }
            other => other,
        }
    }

    /// Where a link leads in the book.
    fn led<'a>(&mut self, to: CowStr<'a>, text: &str, place: &Range<usize>) -> CowStr<'a> {
        if to.contains("://") || to.starts_with("mailto:") {
            return to;
        }
        let line = text[..place.start].matches('\n').count() + 1;
        self.links.push(Link {
            to: to.to_string(),
            line,
        });
        let (path, anchor) = to.split_once('#').unwrap_or((&to, ""));
        let hash = if anchor.is_empty() { "" } else { "#" };
        format!("{}{hash}{anchor}", page_name(path)).into()
    }

    /// A heading with a name and a link to itself. The events are its start and what it holds.
    fn heading<'a>(&mut self, level: HeadingLevel, events: &[Event<'a>]) -> Vec<Event<'a>> {
        let inner = events.get(1..).unwrap_or_default();
        let title: String = (inner.iter())
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let anchor = self.free_anchor(&slug(&title));
        if level == HeadingLevel::H2 {
            let anchor = anchor.clone();
            self.sections.push(Section { anchor, title });
        }
        let mut made = vec![Event::Html(format!("<{level} id=\"{anchor}\">").into())];
        made.extend_from_slice(inner);
        made.push(Event::Html(
            format!(
                " <a class=\"anchor\" href=\"#{anchor}\" aria-label=\"Link to this section\">#</a></{level}>\n"
            )
            .into(),
        ));
        made
    }

    /// A name that no heading has yet: the second of a kind gets `-1`, as mdBook and code hosts number them.
    fn free_anchor(&mut self, slug: &str) -> String {
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let mut candidates = std::iter::once(slug.to_owned()).chain(numbered);
        let free = candidates.find(|name| !self.anchors.contains(name));
        let free = free.unwrap_or_default();
        self.anchors.insert(free.clone());
        free
    }
}

/// The page that a document becomes; other files are called as they are.
pub(super) fn page_name(file: &str) -> String {
    match file.strip_suffix(".md") {
        Some(name) => format!("{name}.html"),
        None => file.to_owned(),
    }
}

/// A heading's name in links, as code hosts make it: letters, digits, `-` and `_`, with `-` for spaces.
fn slug(title: &str) -> String {
    let kept = title.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter => letter.is_alphanumeric().then_some(letter),
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_names_and_equal_ones_are_numbered() {
        let chapter = Chapter::render("# The `x` (a test)\n\n## Part\n\n## Part\n\n### Below");
        let names: Vec<&str> = chapter.anchors.iter().map(String::as_str).collect();
        assert_eq!(names, ["below", "part", "part-1", "the-x-a-test"]);
        let sections: Vec<&str> = (chapter.sections.iter())
            .map(|section| section.anchor.as_str())
            .collect();
        assert_eq!(sections, ["part", "part-1"]);
        let expected = "<h1 id=\"the-x-a-test\">The <code>x</code> (a test) ";
        assert!(chapter.html.starts_with(expected), "{}", chapter.html);
    }

    #[test]
    fn links_to_documents_become_links_to_pages() {
        let text = "[a](one.md) [b](one.md#part) [c](#part) [d](https://example.com/x.md)";
        let chapter = Chapter::render(text);
        for href in [
            "one.html",
            "one.html#part",
            "#part",
            "https://example.com/x.md",
        ] {
            let link = format!("<a href=\"{href}\">");
            assert!(chapter.html.contains(&link), "{href}: {}", chapter.html);
        }
        assert_eq!(chapter.links.len(), 3);
    }

    #[test]
    fn a_table_scrolls_in_itself() {
        let chapter = Chapter::render("| a |\n| --- |\n| b |\n\nafter");
        let (before, after) = chapter.html.split_once("</table>").expect("a table");
        assert!(
            before.starts_with("<div class=\"table\"><table>"),
            "{before}"
        );
        assert!(after.trim_start().starts_with("</div>"), "{after}");
    }

    #[test]
    fn a_view_is_seen_but_not_in_code() {
        let view = "<highwater-sim scenario=\"decay\"></highwater-sim>";
        assert!(Chapter::render(view).has_view);
        assert!(!Chapter::render(&format!("```html\n{view}\n```")).has_view);
    }
}
