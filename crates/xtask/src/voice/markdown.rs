//! Paragraphs, headings and cells of Markdown; code is left out.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Text, markup};

/// Returns the texts of a document.
pub(super) fn texts(file: &str, source: &str) -> Vec<Text> {
    let mut texts = Vec::new();
    let mut words = String::new();
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let mut is_code = false;
    let mut is_heading = false;
    let line_of = |offset: usize| source[..offset].matches('\n').count() + 1;
    let mut end = |words: &mut String, pieces: &mut Vec<(usize, usize)>, is_heading: bool| {
        if let Some(&(_, offset)) = pieces.first() {
            let mut text = Text::new(file, line_of(offset), words);
            text.is_heading = is_heading;
            texts.extend(sentences(&text, words, pieces, &line_of));
        }
        words.clear();
        pieces.clear();
    };
    let add = |words: &mut String, pieces: &mut Vec<(usize, usize)>, piece: &str, at: usize| {
        pieces.push((words.len(), at));
        words.push_str(piece);
    };
    let mut html = Vec::new();
    for (event, range) in Parser::new_ext(source, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Start(Tag::Heading { .. }) => is_heading = true,
            Event::Text(text) if !is_code => add(&mut words, &mut pieces, &text, range.start),
            // A name: it takes part in the sentence, but is no word of it.
            Event::Code(_) => add(&mut words, &mut pieces, "X", range.start),
            Event::SoftBreak | Event::HardBreak => words.push(' '),
            Event::Html(text) | Event::InlineHtml(text) => {
                html.extend(markup::attributes(file, line_of(range.start), &text));
            }
            Event::End(
                TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell,
            ) => {
                end(&mut words, &mut pieces, is_heading);
                is_heading = false;
            }
            _ => {}
        }
    }
    texts.extend(html);
    texts.sort_by_key(|text| text.line);
    texts
}

/// A paragraph's sentences, each with its own line.
fn sentences(
    whole: &Text,
    words: &str,
    pieces: &[(usize, usize)],
    line_of: &dyn Fn(usize) -> usize,
) -> Vec<Text> {
    let mut texts = Vec::new();
    let mut begins = 0;
    let ends = words
        .match_indices(". ")
        .map(|(at, _)| at + 1)
        .chain([words.len()]);
    for ends in ends {
        let before = pieces.iter().rfind(|(start, _)| *start <= begins);
        let line = before.map_or(whole.line, |(_, offset)| line_of(*offset));
        texts.push(Text {
            line,
            is_heading: whole.is_heading,
            ..Text::new(&whole.file, line, &super::plain(&words[begins..ends]))
        });
        begins = ends;
    }
    texts
}
