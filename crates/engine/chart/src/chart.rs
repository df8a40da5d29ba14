//! The picture of curves: resident memory of all variants over time.

use crate::{
    bands::Band,
    curve::{Dot, LIMITS, Limits, Scale, area, dots, held, highest, outline, quoted, quoted_at},
    figures::{number, ticks, time_ticks},
    line_end_labels::{LineEnd, line_end_labels, lines_of},
    picture::{EDGE, Entry, Head, WIDTH, begin, end, letter, name, write_settings},
    svg::{BOLD, MIDDLE, PLAIN, RIGHT, Svg},
    theme::Colour,
};
use highwater_simulator::{Bytes, Micros, Quoted, Sample};

/// A variant's run.
#[derive(Debug)]
pub struct Run<'a> {
    /// The variant.
    pub entry: Entry<'a>,
    /// Its samples, in order of time.
    pub samples: &'a [Sample],
    /// What was resident at most, at the end of the last rest, and at the very end.
    pub figures: [Bytes; 3],
    /// When processes were killed at the cap.
    pub killed: Vec<Micros>,
    /// What was measured in a real run with its settings, in order of time, less the rest of the process.
    pub rerun: Vec<Dot>,
}

/// The runs of some variants.
#[derive(Debug)]
pub struct Chart<'a> {
    /// What it is of.
    pub head: Head<'a>,
    /// What the curves are of.
    pub quoted: Quoted,
    /// The runs, those that lie over others last.
    pub runs: Vec<Run<'a>>,
    /// Which of them says what the program holds; it is drawn over the others.
    pub main: usize,
    /// What the program did when, in the main one.
    pub bands: &'a [Band],
    /// The main one's stages: when each begins, and its name.
    pub stages: Vec<(Micros, &'a str)>,
    /// What was measured of the real process's allocator, in order of time.
    pub measured: Vec<Dot>,
    /// The cap, and `memory.high`.
    pub limits: Limits,
    /// The time that is shown.
    pub shown: (Micros, Micros),
}

/// Where the curves are.
const LEFT: i32 = EDGE + 50;

/// How wide they are at most, and how high at least: the labels at the right edge may need more room.
const WIDEST: i32 = 960;
const LOWEST: i32 = 440;

/// Letters to a line of a label at the right edge.
const LETTERS: usize = 8;

/// Between the curves and the labels, and between letters and figure.
const GAP: i32 = 6;

/// From one line of a label to the next, and from label to label at the right edge.
const STEP: i32 = 16;

/// What dots are of, in the legend.
const MEASURED: &str = "measured: resident memory of the real process's allocator";

/// Half of the gap between the two columns of variants.
const HALF_GAP: i32 = 14;

/// The dashes of a colour: curves that lie on each other are both seen.
const DASHES: [&str; 4] = ["none", "9 4", "none", "4 3"];

impl Chart<'_> {
    /// The picture, as a text of SVG.
    pub fn svg(&self) -> String {
        let mut svg = begin(&self.head, "Resident memory over time");
        svg.y += 14;
        let runs: Vec<&[Sample]> = self.runs.iter().map(|run| run.samples).collect();
        let at_edge = |run: &Run| quoted_at(self.quoted, run.samples, self.shown.1);
        let values: Vec<Bytes> = self.runs.iter().map(at_edge).collect();
        let high = LOWEST.max(STEP * lines_of(&values, LETTERS) as i32);
        let reruns = self.runs.iter().flat_map(|run| &run.rerun);
        let dots: Vec<Dot> = self.measured.iter().chain(reruns).copied().collect();
        let highest = highest(self.quoted, &runs, &dots, self.shown, self.limits);
        let line = f64::from(STEP) / f64::from(high);
        let labels = line_end_labels(&values, highest, line, LETTERS);
        let room = labels.iter().map(|end| self.width(end)).max();
        let wide = WIDTH - EDGE - LEFT - GAP - room.unwrap_or_default();
        let pen = Pen {
            chart: self,
            scale: Scale {
                from: self.shown.0,
                to: self.shown.1,
                highest,
            },
            size: (wide.min(WIDEST), high),
            labels,
        };
        // What goes beyond either side of the plot is cut off there.
        svg.element("clipPath").with("id", "plot").open();
        svg.element("rect").sized(pen.size.0, high).end();
        svg.close();
        let below = svg.y;
        svg.element("g")
            .set("transform", format_args!("translate({LEFT} {below})"))
            .open();
        pen.ground(&mut svg);
        pen.curves(&mut svg);
        pen.line_ends(&mut svg);
        svg.close();
        svg.y += high + 58;
        pen.legend(&mut svg);
        end(svg, &self.head)
    }

    /// The letter of a run, and how far it is to the next.
    fn letter(&self, run: usize) -> (String, i32) {
        let letter = letter(self.runs[run].entry.number).to_string();
        let wide = BOLD.width(&letter);
        (letter, wide)
    }

    /// Pixels that a label at the right edge takes from left to right.
    fn width(&self, end: &LineEnd) -> i32 {
        let lines = end.runs.chunks(LETTERS);
        let wide = |line: &[usize]| line.iter().map(|run| self.letter(*run).1).sum::<i32>();
        let last = lines.len().saturating_sub(1);
        let figure = GAP + PLAIN.width(&end.figure);
        let widths = lines.enumerate();
        let widths = widths.map(|(at, line)| wide(line) + if at == last { figure } else { 0 });
        widths.max().unwrap_or_default()
    }
}

struct Pen<'a> {
    chart: &'a Chart<'a>,
    scale: Scale,
    /// Width and height of the plot.
    size: (i32, i32),
    /// What is written at its right edge.
    labels: Vec<LineEnd>,
}

impl Pen<'_> {
    fn x(&self, time: Micros) -> i32 {
        (self.scale.share(time).clamp(0.0, 1.0) * f64::from(self.size.0)) as i32
    }

    fn y(&self, mib: f64) -> i32 {
        ((1.0 - mib / self.scale.highest).clamp(0.0, 1.0) * f64::from(self.size.1)) as i32
    }

    /// Width and height as a curve takes them.
    fn extent(&self) -> (u32, u32) {
        (self.size.0 as u32, self.size.1 as u32)
    }

    /// Bands, stages, grid, axes and the cap.
    fn ground(&self, svg: &mut Svg) {
        let chart = self.chart;
        let (wide, high) = self.size;
        for band in chart.bands.iter().filter(|band| band.name != "end") {
            let (from, to) = (self.x(band.from), self.x(band.to));
            if band.name == "burst" {
                box_of(svg, (from, 0), (to - from, high), Colour::Burst);
            }
            if to - from > 40 {
                svg.words((from + 6, 16), &PLAIN, Colour::Muted, band.name);
            }
        }
        svg.words((EDGE - LEFT, -10), &PLAIN, Colour::Muted, "MiB");
        for value in ticks(self.scale.highest, 5.0) {
            let y = self.y(value);
            line(svg, [0, y, wide, 0], Colour::Line, "none");
            svg.words((-8, y + 4), &RIGHT, Colour::Muted, &number(value));
        }
        for (time, label) in time_ticks(self.scale.from, self.scale.to) {
            svg.words((self.x(time), high + 20), &MIDDLE, Colour::Muted, &label);
        }
        for (index, (begins, name)) in chart.stages.iter().enumerate() {
            let ends = chart.stages.get(index + 1);
            let ends = ends.map_or(self.scale.to, |next| next.0);
            let (x, to) = (self.x(*begins), self.x(ends));
            if chart.stages.len() > 1 && to > x {
                line(svg, [x, 0, 0, high], Colour::Border, "none");
                for (number, words) in PLAIN.wrapped(name, to - x - 8).iter().enumerate() {
                    svg.words(
                        (x + 5, 33 + STEP * number as i32),
                        &PLAIN,
                        Colour::Muted,
                        words,
                    );
                }
            }
        }
        for (name, limit) in LIMITS.iter().zip(self.limits()) {
            if let Some(limit) = limit {
                let y = self.y(limit.as_mib());
                line(svg, [0, y, wide, 0], Colour::Error, "5 4");
                let words = format!("{name} {limit}");
                svg.words((6, y - 5), &PLAIN, Colour::Error, &words);
            }
        }
    }

    /// The limits, where they are not above what is shown.
    fn limits(&self) -> Limits {
        let limits = self.chart.limits;
        limits.map(|limit| limit.filter(|limit| limit.as_mib() < self.scale.highest))
    }

    /// What the program holds, and over it the runs, the main one last.
    fn curves(&self, svg: &mut Svg) {
        let (runs, main) = (&self.chart.runs, self.chart.main);
        svg.element("g")
            .with("clip-path", "url(#plot)")
            .with("fill", "none")
            .with("stroke-linejoin", "round")
            .open();
        if let Some(run) = runs.get(main) {
            let path = area(run.samples, &self.scale, self.extent(), &held);
            svg.element("path")
                .fill(Colour::Held)
                .with("d", &path)
                .end();
        }
        for is_main in [false, true] {
            for (index, run) in runs.iter().enumerate() {
                if (index == main) == is_main {
                    let curve = quoted(self.chart.quoted);
                    let path = outline(run.samples, &self.scale, self.extent(), &curve);
                    let (colour, wide) = (run.entry.colour, if is_main { 3 } else { 2 });
                    svg.element("path")
                        .with("class", "curve")
                        .stroke(Colour::Variant(colour))
                        .number("stroke-width", wide)
                        .with("stroke-dasharray", DASHES[colour % 4])
                        .with("d", &path)
                        .end();
                }
            }
        }
        self.dots(svg);
        svg.close();
        let top = self.limits()[0].map_or(0, |cap| self.y(cap.as_mib()));
        for run in runs {
            for time in run.killed.iter().filter(|time| self.scale.shows(**time)) {
                let x = self.x(*time);
                svg.element("path")
                    .set("d", format_args!("M{x} {top}m-6-6l12 12m0-12l-12 12"))
                    .stroke(Colour::Variant(run.entry.colour))
                    .with("stroke-width", "3")
                    .end();
            }
        }
    }

    /// What was measured, over the curves.
    fn dots(&self, svg: &mut Svg) {
        let reruns = self.chart.runs.iter();
        let reruns = reruns.map(|run| (&run.rerun, Colour::Variant(run.entry.colour)));
        for (measured, colour) in [(&self.chart.measured, Colour::Ink)]
            .into_iter()
            .chain(reruns)
        {
            if !measured.is_empty() {
                dot(svg, &dots(measured, &self.scale, self.extent()), colour);
            }
        }
    }

    /// What is quoted at the right edge, each with its letter; those within 1 % together.
    fn line_ends(&self, svg: &mut Svg) {
        for end in &self.labels {
            let middle = self.size.1 - (end.height * f64::from(self.size.1)) as i32;
            let lines = end.runs.chunks(LETTERS);
            let mut y = middle + 4 - STEP * (lines.len() as i32 - 1) / 2;
            let mut x = 0;
            for line in lines {
                x = self.size.0 + GAP;
                for run in line {
                    let (letter, wide) = self.chart.letter(*run);
                    let colour = self.chart.runs[*run].entry.colour;
                    svg.words((x, y), &BOLD, Colour::Variant(colour), &letter);
                    x += wide;
                }
                y += STEP;
            }
            svg.words((x + GAP, y - STEP), &PLAIN, Colour::Muted, &end.figure);
        }
    }

    /// What is drawn besides the variants, and every variant with its settings and figures, in two columns.
    fn legend(&self, svg: &mut Svg) {
        let (chart, y) = (self.chart, svg.y - 10);
        box_of(svg, (LEFT, y - 11), (24, 12), Colour::Held);
        box_of(svg, (LEFT + 230, y - 11), (24, 12), Colour::Burst);
        let main = chart.runs.get(chart.main);
        let whose = main.map_or(' ', |run| letter(run.entry.number));
        let held = format!("held by the program (in {whose})");
        svg.words((LEFT + 32, y), &PLAIN, Colour::Muted, &held);
        svg.words((LEFT + 262, y), &PLAIN, Colour::Muted, "burst");
        let of = match chart.quoted {
            Quoted::Resident => "resident",
            Quoted::Current => "memory.current",
            Quoted::WorkingSet => "working set",
        };
        let lines =
            format!("lines: {of}, with every peak; on the right: MiB at the end of the shown time");
        svg.words((LEFT + 340, y), &PLAIN, Colour::Muted, &lines);
        let mut below = y + 10;
        if !chart.measured.is_empty() {
            below += 20;
            dot(svg, &format!("M{} {}h0", LEFT + 12, y + 15), Colour::Ink);
            svg.words((LEFT + 32, y + 20), &PLAIN, Colour::Muted, MEASURED);
        }
        let half = WIDTH / 2;
        let mut tops = [below; 2];
        for (index, run) in chart.runs.iter().enumerate() {
            let side = index % 2;
            if side == 0 {
                tops = [tops[0].max(tops[1]) + 8; 2];
            }
            svg.y = tops[side];
            let x = [EDGE, half + HALF_GAP][side];
            let colour = run.entry.colour;
            svg.element("g").with("stroke-width", "3").open();
            line(
                svg,
                [x, svg.y + 15, 34, 0],
                Colour::Variant(colour),
                DASHES[colour % 4],
            );
            svg.close();
            if !run.rerun.is_empty() {
                let path = format!("M{} {}h0", x + 17, svg.y + 15);
                dot(svg, &path, Colour::Variant(colour));
            }
            let column = (x + 44, half - EDGE - HALF_GAP - 44);
            name(svg, &run.entry, column);
            write_settings(svg, &run.entry, column);
            svg.paragraph(column, &PLAIN, Colour::Muted, &came(run, main));
            tops[side] = svg.y;
        }
        svg.y = tops[0].max(tops[1]);
    }
}

/// Draws a line from a place, so far to the right and down.
fn line(svg: &mut Svg, [x, y, right, down]: [i32; 4], colour: Colour, dashes: &str) {
    svg.element("path")
        .set("d", format_args!("M{x} {y}l{right} {down}"))
        .stroke(colour)
        .with("stroke-dasharray", dashes)
        .end();
}

/// Draws dots, each with an edge by which it is seen on any curve.
fn dot(svg: &mut Svg, path: &str, colour: Colour) {
    for (colour, wide) in [(Colour::Panel, 7), (colour, 4)] {
        svg.element("path")
            .with("class", "dots")
            .stroke(colour)
            .number("stroke-width", wide)
            .with("stroke-linecap", "round")
            .with("d", path)
            .end();
    }
}

/// Draws an area of one colour.
fn box_of(svg: &mut Svg, (x, y): (i32, i32), (wide, high): (i32, i32), colour: Colour) {
    svg.element("rect")
        .at(x, y)
        .sized(wide, high)
        .fill(colour)
        .end();
}

/// What came of a run, in a line.
fn came(run: &Run, main: Option<&Run>) -> String {
    let [peak, rest, end] = run.figures;
    let mut text = format!("peak {peak}, after rest {rest}, at the end {end}");
    if !run.killed.is_empty() {
        text += &format!("; killed at the cap: {}", run.killed.len());
    }
    if !run.rerun.is_empty() {
        text += "; dots: measured in a real run, less the rest of the process";
    }
    // A curve that is not to be seen is not forgotten.
    if let Some(main) = main.filter(|main| is_under(run, main)) {
        text += "; the same curve as ";
        text.push(letter(main.entry.number));
    }
    text
}

/// Whether another's curve lies over that of a run.
fn is_under(run: &Run, other: &Run) -> bool {
    let point = |sample: &Sample| (sample.time, sample.rss, sample.rss_peak);
    run.entry.number != other.entry.number
        && run.samples.len() == other.samples.len()
        && (0..run.samples.len()).all(|at| point(&run.samples[at]) == point(&other.samples[at]))
}

#[cfg(test)]
mod tests;
