//! The guided tour: steps, each a state of the page and some words about it, read from a text that a team can edit or translate
//! (`web/tour/`, which says itself how it is written).

pub mod figures;

/// A tour that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Tour {
    /// Its language, which is the name of its file.
    pub language: String,
    /// Its steps, at least one.
    pub steps: Vec<Step>,
    /// Which of them is shown.
    pub at: usize,
    /// Whether it is given as a talk: what a step is about fills the screen.
    pub is_talk: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its heading.
    pub title: String,
    /// The state it shows, as an address of the page: `?scenario=decay` or `#1=…`.
    pub place: String,
    /// What it says.
    pub paragraphs: Vec<Paragraph>,
}

/// A paragraph.
#[derive(Debug, Clone, PartialEq)]
pub struct Paragraph {
    /// Its text, with marks in it.
    pub text: String,
    /// Whether it is something to try.
    pub is_try: bool,
}

/// A piece of a paragraph.
#[derive(Debug, PartialEq)]
pub enum Piece<'a> {
    /// As it is.
    Plain(&'a str),
    /// In bold.
    Strong(&'a str),
    /// What somebody types.
    Code(&'a str),
    /// A figure of the run, by name.
    Figure(&'a str),
    /// Words that lead to an address.
    Link(&'a str, &'a str),
}

/// The steps of a text.
///
/// # Errors
/// What is wrong with it, and in which step.
pub fn read(text: &str) -> Result<Vec<Step>, String> {
    let text = format!("\n{}", text.replace('\r', ""));
    let mut steps = Vec::new();
    for part in text.split("\n# ").skip(1) {
        let mut paragraphs = part.split("\n\n").map(str::trim);
        let title = paragraphs.next().unwrap_or_default().to_owned();
        let place = paragraphs.next().map(pieces);
        let place = match place.as_deref() {
            Some([Piece::Link(_, place)]) if is_of_page(place) => place,
            _ => {
                return Err(format!(
                    "the tour is invalid: the first paragraph after the heading \"{title}\" must be a link that begins \
                     with `?` or `#`, and nothing else"
                ));
            }
        };
        let said = paragraphs.filter(|text| !text.is_empty());
        let said = said.map(|text| {
            let tried = text.strip_prefix('>');
            Paragraph {
                text: tried.unwrap_or(text).replace("\n>", "\n").trim().to_owned(),
                is_try: tried.is_some(),
            }
        });
        steps.push(Step {
            place: (*place).to_owned(),
            paragraphs: said.collect(),
            title,
        });
    }
    if steps.is_empty() {
        return Err("the tour is invalid: it has no first-level heading".to_owned());
    }
    Ok(steps)
}

/// Whether a place is a state of the page, and no address elsewhere.
pub fn is_of_page(place: &str) -> bool {
    place.starts_with(['?', '#'])
}

/// Whether an address leads to a page: a relative one, or one of http or https. Others run something (`javascript:`) or hold
/// a page themselves (`data:`).
fn is_page(place: &str) -> bool {
    let end = place.find(['/', '?', '#']).unwrap_or(place.len());
    // A browser drops control characters from an address, so they may hide a scheme.
    let is_plain = !place.contains(|letter: char| letter.is_control() || letter == '\\');
    is_plain
        && match place[..end].split_once(':') {
            Some((scheme, _)) => ["http", "https"].contains(&&*scheme.to_ascii_lowercase()),
            None => true,
        }
}

/// A paragraph's pieces. What is opened and never closed is as it is.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut plain = 0;
    while let Some(at) = rest[plain..].find(['*', '`', '{', '[']) {
        let at = plain + at;
        let Some((piece, length)) = marked(&rest[at..]) else {
            plain = at + 1;
            continue;
        };
        if at > 0 {
            pieces.push(Piece::Plain(&rest[..at]));
        }
        pieces.push(piece);
        rest = &rest[at + length..];
        plain = 0;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    pieces
}

/// The marked piece that a text begins with, and its length in bytes.
fn marked(text: &str) -> Option<(Piece<'_>, usize)> {
    let between = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        let end = inner.find(close)?;
        Some((&inner[..end], open.len() + end + close.len()))
    };
    let strong = between("**", "**").map(|(inner, length)| (Piece::Strong(inner), length));
    let code = || between("`", "`").map(|(inner, length)| (Piece::Code(inner), length));
    let figure = || between("{", "}").map(|(inner, length)| (Piece::Figure(inner), length));
    let link = || {
        let (words, length) = between("[", "](")?;
        let place = &text[length..];
        let end = place.find(')')?;
        is_page(&place[..end]).then_some(())?;
        Some((Piece::Link(words, &place[..end]), length + end + 1))
    };
    strong.or_else(code).or_else(figure).or_else(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_step_by_step() -> Result<(), String> {
        let text = "What this is.\r\n\r\n# One\n\n[x](?scenario=decay)\n\nA *b*\nc.\n\n\n> Try\n> this.\n\n# Two # 2\n\n[y](#1=abc)\n";
        let steps = read(text)?;
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].title, "One");
        assert_eq!(steps[0].place, "?scenario=decay");
        let said: Vec<_> = (steps[0].paragraphs.iter())
            .map(|paragraph| (paragraph.text.as_str(), paragraph.is_try))
            .collect();
        assert_eq!(said, [("A *b*\nc.", false), ("Try\n this.", true)]);
        assert_eq!(steps[1].title, "Two # 2");
        assert_eq!(steps[1].place, "#1=abc");
        Ok(())
    }

    #[test]
    fn a_text_that_is_no_tour_is_refused_with_the_place() {
        assert!(read("").is_err_and(|error| error.contains("heading")));
        for text in [
            "# One\n\nno link",
            "# One",
            "# One\n\n[x](?a) and more",
            "# One\n\n[x](https://a.example)",
        ] {
            assert!(
                read(text).is_err_and(|error| error.contains("\"One\"")),
                "{text}"
            );
        }
    }

    #[test]
    fn pieces_are_told_apart_and_nothing_is_lost() {
        assert_eq!(
            pieces("a **b** `c{d}` {A.rest}; [e f](?g)é"),
            [
                Piece::Plain("a "),
                Piece::Strong("b"),
                Piece::Plain(" "),
                Piece::Code("c{d}"),
                Piece::Plain(" "),
                Piece::Figure("A.rest"),
                Piece::Plain("; "),
                Piece::Link("e f", "?g"),
                Piece::Plain("é"),
            ]
        );
        for text in [
            "[x](javascript:x)",
            "[x](JaVaScRiPt:x)",
            "[x]( javascript:x)",
            "[x](java\nscript:x)",
            "[x](\u{1}javascript:x)",
            "[x](data:text/html,x)",
            "[x](vbscript:x)",
            "[x](blob:https://a/b)",
            "[x](\\\\evil.example)",
        ] {
            assert_eq!(pieces(text), [Piece::Plain(text)], "{text}");
        }
        for place in [
            "?a:b",
            "#1=a",
            "a/b:c",
            "https://a.example/x",
            "HTTP://a",
            "//a.example",
        ] {
            let text = format!("[x]({place})");
            assert_eq!(pieces(&text), [Piece::Link("x", place)]);
        }
        for text in ["2 * 3 ** 4", "`", "{[", "a [b] (c)", "[b](c", "**", ""] {
            let expected: Vec<_> = Some(Piece::Plain(text))
                .filter(|_| !text.is_empty())
                .into_iter()
                .collect();
            assert_eq!(pieces(text), expected);
        }
    }
}
