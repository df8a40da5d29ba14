//! What stands around every picture: title, date and settings above or below it, and the name of the program.

use crate::{
    svg::{Svg, monospaced, proportional, wrapped},
    theme::Theme,
};
use highwater_simulator::{Choice, PageKind, Variant};

/// Width of a picture, in pixels.
pub(crate) const WIDTH: i64 = 1200;

/// What is left free at its edges.
pub(crate) const EDGE: i64 = 36;

/// How texts look.
pub(crate) const BOLD: &str = "font-weight=\"700\" font-size=\"15\"";
pub(crate) const PLAIN: &str = "font-size=\"13\"";
pub(crate) const RIGHT: &str = "font-size=\"13\" text-anchor=\"end\"";
pub(crate) const MIDDLE: &str = "font-size=\"13\" text-anchor=\"middle\"";
const TITLE: &str = "font-weight=\"700\" font-size=\"24\"";
const MONO: &str = "font-size=\"12\" font-family=\"ui-monospace,monospace\" xml:space=\"preserve\"";

/// The heights of their letters, with what is wider where they are bold.
const TITLE_HEIGHT: i64 = 27;
const BOLD_HEIGHT: i64 = 17;
const PLAIN_HEIGHT: i64 = 13;
const MONO_HEIGHT: i64 = 12;

/// What a picture is of.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The title.
    pub title: &'a str,
    /// The date, as it is to be read: `2026-03-31`.
    pub date: &'a str,
    /// What was run, with what was changed: `scenario environment · events=120`.
    pub source: &'a str,
    /// Whether it is drawn in light on dark.
    pub dark: bool,
}

/// A variant, and what it is run through.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its place among the variants, which gives its letter.
    pub number: usize,
    /// Its colour, by number.
    pub colour: usize,
    /// Its name.
    pub name: &'a str,
    /// Its stages, at least one.
    pub stages: Vec<Setting<'a>>,
}

/// What the processes of a stage are run through.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The stage's name; empty where there is only one.
    pub stage: &'a str,
    /// How many processes.
    pub processes: u64,
    /// What they are run through.
    pub variant: &'a Variant,
}

/// The letter of a variant, by its place among all.
pub fn letter(number: usize) -> char {
    char::from(b'A' + (number % 26) as u8)
}

/// A release as people say it: `CPython 3.11 on glibc 2.36`.
fn runtime(variant: &Variant) -> String {
    let (name, version) = Choice::parts(variant.allocator);
    match variant.python {
        Some(python) => format!("CPython {} on {name} {version}", python.name()),
        None => format!("{name} {version}"),
    }
}

/// Allocator, processes and machine of a stage, in a line.
fn described(setting: &Setting) -> String {
    let variant = setting.variant;
    let mut text = runtime(variant);
    if !setting.stage.is_empty() {
        text = format!("{}: {text}", setting.stage);
    }
    if setting.processes > 1 {
        text += &format!(", {} processes", setting.processes);
    }
    if let Some(cap) = variant.cap {
        text += &format!(", cap {cap}");
    }
    if let Some(cores) = variant.cores {
        text += &format!(", {} cores", cores.allowed);
    }
    if variant.environment.is_empty() {
        text += ", no settings";
    }
    text
}

/// A text in lines that fit into so many pixels.
fn fitted(text: &str, wide: i64, height: i64) -> Vec<String> {
    wrapped(text, wide * 100 / height, proportional)
}

/// The same for what stands beside others.
pub(crate) fn fitted_plain(text: &str, wide: i64) -> Vec<String> {
    fitted(text, wide, PLAIN_HEIGHT)
}

/// Begins a picture: title, subject, date and source.
pub(crate) fn begin(head: &Head, subject: &str) -> Svg {
    let theme = Theme::of(head.dark);
    let mut svg = Svg::default();
    svg.y = EDGE - 8;
    let wide = WIDTH - 2 * EDGE;
    let title = fitted(head.title, wide, TITLE_HEIGHT);
    svg.lines(EDGE, 30, TITLE, theme.ink, &title);
    let subject = fitted(subject, wide, BOLD_HEIGHT);
    svg.lines(EDGE, 25, BOLD, theme.ink, &subject);
    let source = format!("{} · {}", head.date, head.source);
    let source = fitted(&source, wide, PLAIN_HEIGHT);
    svg.lines(EDGE, 20, PLAIN, theme.muted, &source);
    svg.y += 16;
    svg
}

/// Writes a variant's letter and name into a column of this width.
pub(crate) fn name(svg: &mut Svg, theme: &Theme, of: &Entry, (x, wide): (i64, i64)) {
    let name = format!("{} {}", letter(of.number), of.name);
    let name = fitted(&name, wide, BOLD_HEIGHT);
    svg.lines(x, 20, BOLD, theme.variant(of.colour), &name);
}

/// Writes a variant's settings.
pub(crate) fn settings(svg: &mut Svg, theme: &Theme, of: &Entry, (x, wide): (i64, i64)) {
    for setting in &of.stages {
        said(svg, theme.ink, &described(setting), (x, wide));
        for variable in &setting.variant.environment {
            let lines = wrapped(&variable.to_string(), wide * 100 / MONO_HEIGHT, monospaced);
            svg.lines(x, 17, MONO, theme.ink, &lines);
        }
    }
}

/// Writes a sentence.
pub(crate) fn said(svg: &mut Svg, colour: &str, text: &str, (x, wide): (i64, i64)) {
    let lines = fitted(text, wide, PLAIN_HEIGHT);
    svg.lines(x, 19, PLAIN, colour, &lines);
}

/// Ends a picture: the name of the program, and what had to wait until its height was known.
pub(crate) fn end(mut svg: Svg, head: &Head) -> String {
    let theme = Theme::of(head.dark);
    svg.y += 34;
    let (x, y) = (EDGE, svg.y);
    svg.put(
        "<g transform=\"translate(@ @)\" fill=\"none\" stroke-linecap=\"round\" stroke-width=\"2\">\
         <path stroke=\"$\" d=\"M1 4h20\"/><path stroke=\"$\" d=\"M1 12c3-4 5-4 7 0s5 4 7 0 4-4 6-1\"/></g>",
        &[x, y - 13],
        &[theme.variant(0), theme.kind(PageKind::Live)],
    );
    svg.words((x + 30, y), PLAIN, theme.muted, "Highwater");
    let height = y + EDGE - 12;
    let mut whole = Svg::default();
    whole.put(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"@\" height=\"@\" viewBox=\"0 0 @ @\" font-family=\"system-ui,sans-serif\"><title>$</title>\
         <rect width=\"@\" height=\"@\" fill=\"$\"/>",
        &[WIDTH, height, WIDTH, height, WIDTH, height],
        &[head.title, theme.panel],
    );
    whole.into_text() + &svg.into_text() + "</svg>\n"
}
