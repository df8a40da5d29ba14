//! The parts that every picture has: its title and date above, settings, and the name of the program below.

use crate::{
    svg::{BOLD, MONO, PLAIN, Svg, TITLE, add},
    theme::Colour,
};
use highwater_settings::is_read;
use highwater_simulator::{PageKind, Variant};

/// Width of a picture, in pixels.
pub(crate) const WIDTH: i32 = 1200;

/// What is left free at its edges.
pub(crate) const EDGE: i32 = 36;

/// The column that goes from edge to edge.
pub(crate) const WHOLE: (i32, i32) = (EDGE, WIDTH - 2 * EDGE);

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
    /// The [`settings`] of its stages, one after another.
    pub settings: String,
}

/// The letter of a variant, by its place among all.
pub fn letter(number: usize) -> char {
    char::from(b'A' + (number % 26) as u8)
}

/// What the processes of a stage are run through, in lines: behind a tab allocator, processes and machine, then the
/// variables that an allocator reads. A picture is passed on, so it holds no others. The stage's name is empty where there is
/// only one.
pub fn settings(stage: &str, processes: u64, variant: &Variant) -> String {
    let mut text = String::new();
    let mut say = |parts: &[&str]| add(&mut text, parts);
    say(&["\t"]);
    if !stage.is_empty() {
        say(&[stage, ": "]);
    }
    if let Some(python) = variant.python {
        say(&["CPython ", python.name(), " on "]);
    }
    let (name, version) = variant.allocator.parts();
    say(&[name, " ", version]);
    if processes > 1 {
        say(&[", ", &processes.to_string(), " processes"]);
    }
    if let Some(cap) = variant.cap {
        say(&[", cap ", &cap.to_string()]);
    }
    if let Some(high) = variant.high {
        say(&[", memory.high ", &high.to_string()]);
    }
    if let Some(cores) = variant.cores {
        say(&[", ", &cores.allowed.to_string(), " cores"]);
    }
    let variables = variant.environment.iter();
    let lines: Vec<String> = variables
        .filter(|variable| is_read(&variable.name))
        .map(ToString::to_string)
        .collect();
    if lines.is_empty() {
        say(&[", no settings"]);
    }
    for line in &lines {
        say(&["\n", line]);
    }
    say(&["\n"]);
    text
}

/// Begins a picture: title, subject, date and source.
pub(crate) fn begin(head: &Head, subject: &str) -> Svg {
    let mut svg = Svg::new(head.dark);
    svg.y = EDGE - 8;
    svg.paragraph(WHOLE, &TITLE, Colour::Ink, head.title);
    svg.y += 4;
    svg.paragraph(WHOLE, &BOLD, Colour::Ink, subject);
    let mut source = String::new();
    add(&mut source, &[head.date, " · ", head.source]);
    svg.paragraph(WHOLE, &PLAIN, Colour::Muted, &source);
    svg.y += 16;
    svg
}

/// Writes a variant's letter and name.
pub(crate) fn name(svg: &mut Svg, of: &Entry, column: (i32, i32)) {
    let name = format!("{} {}", letter(of.number), of.name);
    svg.paragraph(column, &BOLD, Colour::Variant(of.colour), &name);
}

/// Writes a variant's settings.
pub(crate) fn write_settings(svg: &mut Svg, of: &Entry, column: (i32, i32)) {
    for line in of.settings.split('\n') {
        match line.strip_prefix('\t') {
            Some(line) => svg.paragraph(column, &PLAIN, Colour::Ink, line),
            None => svg.paragraph(column, &MONO, Colour::Ink, line),
        }
    }
}

/// Ends a picture: the name of the program, and what had to wait until its height was known.
pub(crate) fn end(mut svg: Svg, head: &Head) -> String {
    svg.y += 34;
    let y = svg.y;
    svg.element("g")
        .set("transform", format_args!("translate({EDGE} {})", y - 13))
        .with("fill", "none")
        .with("stroke-linecap", "round")
        .with("stroke-width", "2")
        .open();
    for (colour, path) in [
        (Colour::Variant(0), "M1 4h20"),
        (
            Colour::Kind(PageKind::Live),
            "M1 12c3-4 5-4 7 0s5 4 7 0 4-4 6-1",
        ),
    ] {
        svg.element("path").stroke(colour).with("d", path).end();
    }
    svg.close();
    svg.words((EDGE + 30, y), &PLAIN, Colour::Muted, "Highwater");
    let height = y + EDGE - 12;
    let mut whole = Svg::new(head.dark);
    whole
        .element("svg")
        .with("xmlns", "http://www.w3.org/2000/svg")
        .with("xmlns:xlink", "http://www.w3.org/1999/xlink")
        .sized(WIDTH, height)
        .with("font-family", "system-ui,sans-serif")
        .set("viewBox", format_args!("0 0 {WIDTH} {height}"))
        .open();
    whole.element("title").words(head.title);
    let ground = whole.element("rect").with("width", "100%");
    ground.with("height", "100%").fill(Colour::Panel).end();
    whole.into_text() + &svg.into_text() + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::{Bytes, Cores, PythonVersion, Variable};

    #[test]
    fn settings_are_those_that_an_allocator_reads_and_no_others() {
        let plain = Variant::default();
        assert_eq!(settings("", 1, &plain), "\tglibc 2.36, no settings\n");
        let variable = |name: &str, value: &str| Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let variant = Variant {
            environment: vec![
                variable("DATABASE_URL", "postgres://admin:hunter2@db"),
                variable("MALLOC_ARENA_MAX", "1"),
                variable("MALLOC_ARENA_MAX_TOKEN", "hunter2"),
                variable("MALLOC_CONF", "a\nb"),
            ],
            cap: Some(Bytes::mib(500)),
            cores: Some(Cores::all(8)),
            python: PythonVersion::parse("3.11"),
            ..plain
        };
        assert_eq!(
            settings("then", 4, &variant),
            "\tthen: CPython 3.11 on glibc 2.36, 4 processes, cap 500.0 MiB, 8 cores\nMALLOC_ARENA_MAX=1\n\
             MALLOC_CONF='a\nb'\n"
        );
    }
}
