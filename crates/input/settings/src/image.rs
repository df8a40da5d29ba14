//! The image that the program with a text's settings runs in, wherever the text names it.
//!
//! A command that starts a container names it for the settings in that command. A document's parts and a Dockerfile's stages come
//! next (`base_image`). In every other text, such as a unit of Podman or the languages of Nomad and Terraform, `image` is a key, and
//! the smallest block in brackets that holds a setting and an image says which belong together.

use crate::base_image::base_image;
use crate::comments::{self, Whole};
use crate::expand::Definitions;
use crate::names::is_setting;
use crate::near::{NEAR, tail};
use crate::run_command::{commands, is_image};
use crate::scan::is_name_byte;
use crate::{Environment, bytes, cut, parse};
use std::ops::Range;

/// Keys, blocks and settings beyond these many are not looked at.
const MOST: usize = 4096;

/// Reads the settings in a text as [`Environment::parse_with_image`] does, and the image also out of commands and of texts in no
/// language that a parser reads.
pub(crate) fn parse_with_any_image(text: &str) -> (Environment, Option<String>) {
    let text = cut::joined(bytes::clean(text));
    if text.contains('\0') {
        return Environment::parse_with_image(&text);
    }
    let (found, of_document) = parse(&text);
    let image = image(&text, of_document);
    let filled = text.lines().map(|line| !line.trim().is_empty());
    (found.finish(filled), image)
}

fn image(text: &str, of_document: Option<Option<String>>) -> Option<String> {
    let definitions = Definitions::of(text);
    let lines = lines(text);
    let settings = settings(text, &lines);
    let commands = commands(text, &definitions, &lines);
    // What the text builds has its name only from there.
    let real = |image: &str| match commands.built.iter().any(|built| built == image) {
        true => base_image(text),
        false => Some(image.to_owned()),
    };
    let sets = |at: &Range<usize>| settings.iter().any(|setting| at.contains(setting));
    let mut last = commands.started.iter().rev();
    if let Some(command) = last.find(|command| sets(&command.at)) {
        return real(&command.image);
    }
    if let Some(image) = of_document {
        return image;
    }
    if let Some(image) = base_image(text) {
        return Some(image);
    }
    let started: Vec<&str> = commands.started.iter().map(|c| &*c.image).collect();
    if let [first, rest @ ..] = &started[..] {
        let is_same = rest.iter().all(|image| image == first);
        return is_same.then(|| real(first)).flatten();
    }
    of_keys(text, &lines, settings.last().copied())
}

/// Where the lines are that are no comments, each with those that continue it.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let (mut at, mut continues, mut comment) = (0, false, None);
    for whole in text.split_inclusive('\n') {
        let from = at;
        at += whole.len();
        let line = whole.trim();
        if let Some(end) = comment {
            comment = Some(end).filter(|end| !line.contains(end));
            continue;
        }
        match comments::whole(line) {
            Whole::Until(end) => comment = Some(end),
            Whole::Comment => {}
            Whole::No => {
                match lines.last_mut().filter(|_| continues) {
                    Some(last) => last.end = at,
                    None => lines.push(from..at),
                }
                continues = line.ends_with('\\') || line.ends_with(" ^") || line.ends_with(" `");
            }
        }
    }
    lines
}

/// Where settings are named.
fn settings(text: &str, lines: &[Range<usize>]) -> Vec<usize> {
    let words = lines.iter().flat_map(|line| words(text, line.clone()));
    let named = words.filter(|word| {
        let name = &text[word.clone()];
        is_setting(name) || name.strip_prefix('e').is_some_and(is_setting)
    });
    named.map(|word| word.start).take(MOST).collect()
}

/// Where the names in a part of a text are.
fn words(text: &str, within: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let bytes = &text.as_bytes()[..within.end];
    let mut at = within.start;
    std::iter::from_fn(move || {
        let from = at + bytes[at..].iter().position(|b| is_name_byte(*b))?;
        let length = bytes[from..].iter().take_while(|b| is_name_byte(**b));
        at = from + length.count();
        Some(from..at)
    })
}

/// The image of the smallest block that holds the setting and an image, or of the whole text.
fn of_keys(text: &str, lines: &[Range<usize>], setting: Option<usize>) -> Option<String> {
    let blocks = blocks(text, lines);
    let words = lines.iter().flat_map(|line| words(text, line.clone()));
    let keys = words.filter(|word| text[word.clone()].eq_ignore_ascii_case("image"));
    let keys = keys.take(MOST).filter_map(|word| {
        let is_within = blocks.iter().any(|block| block.contains(&word.start));
        Some((word.start, value(text, word, is_within)?))
    });
    let keys: Vec<(usize, Option<String>)> = keys.collect();
    let around = |block: &&Range<usize>| setting.is_some_and(|at| block.contains(&at));
    let mut around: Vec<&Range<usize>> = blocks.iter().filter(around).collect();
    around.sort_by_key(|block| block.len());
    let whole = 0..text.len();
    around.push(&whole);
    let own = around.into_iter().find_map(|block| {
        let mut own = keys.iter().filter(|(at, _)| block.contains(at));
        let (_, first) = own.next()?;
        Some(
            first
                .as_ref()
                .filter(|_| own.all(|(_, image)| image == first)),
        )
    });
    own.flatten().cloned()
}

/// The value of a key that may name an image: none where it is no key, and an empty one where its value is an expression.
fn value(text: &str, key: Range<usize>, is_within: bool) -> Option<Option<String>> {
    let before = text[..key.start].chars().next_back();
    if before.is_some_and(|c| matches!(c, '-' | '.' | '/' | '$' | '@')) {
        return None;
    }
    let rest = text[key.end..].trim_start_matches(['"', '\'']);
    let rest = rest
        .trim_start_matches([' ', '\t'])
        .strip_prefix([':', '='])?;
    let rest = rest.trim_start_matches([' ', '\t', '>']);
    let mut inside = rest.chars();
    let name = match inside.next()? {
        quote @ ('"' | '\'' | '`') => inside.as_str().split([quote, '\n']).next()?,
        _ if is_within => return Some(None),
        _ => Some(rest.lines().next()?.trim_end()).filter(|_| begins_line(text, key.start))?,
    };
    let definitions = Definitions::of("");
    let name = definitions.expand("", name, 0).text;
    is_image(&name).then_some(Some(name))
}

/// Whether only blanks and the dash of a list stand before a place in its line.
fn begins_line(text: &str, at: usize) -> bool {
    let line = tail(&text[..at], NEAR).rsplit('\n').next();
    let line = line.unwrap_or_default();
    line.trim_matches([' ', '\t', '-']).is_empty()
}

/// The parts of a text in brackets, of any kind.
fn blocks(text: &str, lines: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut open, mut blocks) = (Vec::new(), Vec::new());
    for line in lines {
        let mut quote = None;
        let mut bytes = text.as_bytes()[line.clone()].iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            let at = line.start + at;
            match (byte, quote) {
                (b'\\', _) => _ = bytes.next(),
                (b'\n', _) => quote = None,
                (byte, Some(end)) if *byte == end => quote = None,
                (_, Some(_)) => {}
                (b'"' | b'\'', None) => quote = Some(*byte),
                (b'{' | b'[' | b'(', None) => open.push(at),
                (b'}' | b']' | b')', None) => {
                    let from = open.pop().filter(|_| blocks.len() < MOST);
                    blocks.extend(from.map(|from| from..at));
                }
                _ => {}
            }
        }
    }
    blocks
}
