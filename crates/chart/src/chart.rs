//! The picture of curves: resident memory of all variants over time.

use crate::{
    around::{EDGE, Entry, Head, WIDTH, begin, end, letter, name, write_settings},
    bands::Band,
    curve::{Scale, area, held, highest, outline, resident, rss_at},
    ends::ends,
    figures::{mib, tick, ticks, time_ticks},
    svg::{BOLD, MIDDLE, PLAIN, RIGHT, Svg},
    theme::{BORDER, BURST, ERROR, HELD, LINE, MUTED, variant},
};
use highwater_simulator::{Bytes, Micros, Sample};

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
}

/// The runs of some variants.
#[derive(Debug)]
pub struct Chart<'a> {
    /// What it is of.
    pub head: Head<'a>,
    /// The runs, those that lie over others last.
    pub runs: Vec<Run<'a>>,
    /// Which of them says what the program holds; it is drawn over the others.
    pub main: usize,
    /// What the program did when, in the main one.
    pub bands: &'a [Band],
    /// The main one's stages: when each begins, and its name.
    pub stages: Vec<(Micros, &'a str)>,
    /// The cap, where there is one.
    pub cap: Option<Bytes>,
    /// The time that is shown.
    pub shown: (Micros, Micros),
}

/// Where the curves are, and how large.
const LEFT: i32 = EDGE + 50;
const SIZE: (u32, u32) = (960, 440);
const WIDE: i32 = SIZE.0 as i32;
const HIGH: i32 = SIZE.1 as i32;

/// From one line of a label to the next, and from label to label at the right edge.
const STEP: i32 = 16;

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
        let pen = Pen {
            chart: self,
            scale: Scale {
                from: self.shown.0,
                to: self.shown.1,
                highest: highest(&runs, self.shown, self.cap),
            },
        };
        // What goes beyond either side of the plot is cut off there.
        svg.put(
            "<clipPath id=\"plot\"><rect width=\"@\" height=\"@\"/></clipPath><g transform=\"translate(@ @)\">",
            &[WIDE, HIGH, LEFT, svg.y],
            &[],
        );
        pen.ground(&mut svg);
        pen.curves(&mut svg);
        pen.ends(&mut svg);
        svg.put("</g>", &[], &[]);
        svg.y += HIGH + 58;
        pen.legend(&mut svg);
        end(svg, &self.head)
    }
}

struct Pen<'a> {
    chart: &'a Chart<'a>,
    scale: Scale,
}

impl Pen<'_> {
    fn x(&self, time: Micros) -> i32 {
        (self.scale.share(time).clamp(0.0, 1.0) * f64::from(WIDE)) as i32
    }

    fn y(&self, mib: f64) -> i32 {
        ((1.0 - mib / self.scale.highest).clamp(0.0, 1.0) * f64::from(HIGH)) as i32
    }

    /// Bands, stages, grid, axes and the cap.
    fn ground(&self, svg: &mut Svg) {
        let chart = self.chart;
        for band in chart.bands.iter().filter(|band| band.name != "end") {
            let (from, to) = (self.x(band.from), self.x(band.to));
            if band.name == "burst" {
                self.box_of(svg, (from, 0), (to - from, HIGH), BURST);
            }
            if to - from > 40 {
                svg.words((from + 6, 16), &PLAIN, MUTED, band.name);
            }
        }
        svg.words((EDGE - LEFT, -10), &PLAIN, MUTED, "MiB");
        for value in ticks(self.scale.highest, 5.0) {
            let y = self.y(value);
            line(svg, [0, y, WIDE, 0], LINE, "none");
            svg.words((-8, y + 4), &RIGHT, MUTED, &tick(value));
        }
        for (time, label) in time_ticks(self.scale.from, self.scale.to) {
            svg.words((self.x(time), HIGH + 20), &MIDDLE, MUTED, &label);
        }
        for (index, (begins, name)) in chart.stages.iter().enumerate() {
            let ends = chart.stages.get(index + 1);
            let ends = ends.map_or(self.scale.to, |next| next.0);
            let (x, to) = (self.x(*begins), self.x(ends));
            if chart.stages.len() > 1 && to > x {
                line(svg, [x, 0, 0, HIGH], BORDER, "none");
                for (number, words) in PLAIN.wrapped(name, to - x - 8).iter().enumerate() {
                    svg.words((x + 5, 33 + STEP * number as i32), &PLAIN, MUTED, words);
                }
            }
        }
        if let Some(cap) = self.cap() {
            let y = self.y(cap.as_mib());
            line(svg, [0, y, WIDE, 0], ERROR, "5 4");
            svg.words((6, y - 5), &PLAIN, ERROR, &format!("cap {cap}"));
        }
    }

    fn box_of(&self, svg: &mut Svg, (x, y): (i32, i32), (wide, high): (i32, i32), colour: i32) {
        svg.put(
            "<rect x=\"@\" y=\"@\" width=\"@\" height=\"@\" fill=\"#\"/>",
            &[x, y, wide, high, colour],
            &[],
        );
    }

    /// The cap, where it is not above what is shown.
    fn cap(&self) -> Option<Bytes> {
        self.chart
            .cap
            .filter(|cap| cap.as_mib() < self.scale.highest)
    }

    /// What the program holds, and over it the runs, the main one last.
    fn curves(&self, svg: &mut Svg) {
        let (runs, main) = (&self.chart.runs, self.chart.main);
        svg.put(
            "<g clip-path=\"url($)\" fill=\"none\" stroke-linejoin=\"round\">",
            &[],
            &["#plot"],
        );
        if let Some(run) = runs.get(main) {
            let path = area(run.samples, &self.scale, SIZE, held);
            svg.put("<path fill=\"#\" d=\"$\"/>", &[HELD], &[&path]);
        }
        for is_main in [false, true] {
            for (index, run) in runs.iter().enumerate() {
                if (index == main) == is_main {
                    let path = outline(run.samples, &self.scale, SIZE, resident);
                    let (colour, wide) = (run.entry.colour, if is_main { 3 } else { 2 });
                    svg.put(
                        "<path class=\"curve\" stroke=\"#\" stroke-width=\"@\" stroke-dasharray=\"$\" d=\"$\"/>",
                        &[variant(colour), wide],
                        &[DASHES[colour % 4], &path],
                    );
                }
            }
        }
        svg.put("</g>", &[], &[]);
        let top = self.cap().map_or(0, |cap| self.y(cap.as_mib()));
        for run in runs {
            for time in run.killed.iter().filter(|time| self.scale.shows(**time)) {
                svg.put(
                    "<path d=\"M@ @m-6-6l12 12m0-12l-12 12\" stroke=\"#\" stroke-width=\"3\"/>",
                    &[self.x(*time), top, variant(run.entry.colour)],
                    &[],
                );
            }
        }
    }

    /// What is resident at the right edge, each with its letter; those at the same height together.
    fn ends(&self, svg: &mut Svg) {
        let runs = &self.chart.runs;
        let rss = |run: &Run| rss_at(run.samples, self.scale.to);
        let heights: Vec<f64> = (runs.iter())
            .map(|run| 1.0 - self.scale.depth(rss(run)))
            .collect();
        let high = f64::from(HIGH);
        for (height, at) in ends(&heights, 6.0 / high, f64::from(STEP) / high) {
            let (mut x, y) = (WIDE + 8, HIGH + 4 - (height * high) as i32);
            for index in &at {
                let entry = &runs[*index].entry;
                let letter = letter(entry.number).to_string();
                svg.words((x, y), &BOLD, variant(entry.colour), &letter);
                x += 12;
            }
            svg.words((x + 4, y), &PLAIN, MUTED, &mib(rss(&runs[at[0]])));
        }
    }

    /// What is drawn besides the variants, and every variant with its settings and figures, in two columns.
    fn legend(&self, svg: &mut Svg) {
        let (chart, y) = (self.chart, svg.y - 10);
        self.box_of(svg, (LEFT, y - 11), (24, 12), HELD);
        self.box_of(svg, (LEFT + 230, y - 11), (24, 12), BURST);
        let main = chart.runs.get(chart.main);
        let whose = main.map_or(' ', |run| letter(run.entry.number));
        let held = format!("held by the program (in {whose})");
        svg.words((LEFT + 32, y), &PLAIN, MUTED, &held);
        svg.words((LEFT + 262, y), &PLAIN, MUTED, "burst");
        let lines =
            "lines: resident, with every peak; on the right: MiB at the end of the shown time";
        svg.words((LEFT + 340, y), &PLAIN, MUTED, lines);
        let half = WIDTH / 2;
        let mut tops = [y + 10; 2];
        for (index, run) in chart.runs.iter().enumerate() {
            let side = index % 2;
            if side == 0 {
                tops = [tops[0].max(tops[1]) + 8; 2];
            }
            svg.y = tops[side];
            let x = [EDGE, half + HALF_GAP][side];
            let colour = run.entry.colour;
            svg.put("<g stroke-width=\"3\">", &[], &[]);
            line(
                svg,
                [x, svg.y + 15, 34, 0],
                variant(colour),
                DASHES[colour % 4],
            );
            svg.put("</g>", &[], &[]);
            let column = (x + 44, half - EDGE - HALF_GAP - 44);
            name(svg, &run.entry, column);
            write_settings(svg, &run.entry, column);
            svg.paragraph(column, &PLAIN, MUTED, &came(run, main));
            tops[side] = svg.y;
        }
        svg.y = tops[0].max(tops[1]);
    }
}

/// Draws a line from a place, so far to the right and down.
fn line(svg: &mut Svg, [x, y, right, down]: [i32; 4], colour: i32, dashes: &str) {
    svg.put(
        "<path d=\"M@ @l@ @\" stroke=\"#\" stroke-dasharray=\"$\"/>",
        &[x, y, right, down, colour],
        &[dashes],
    );
}

/// What came of a run, in a line.
fn came(run: &Run, main: Option<&Run>) -> String {
    let [peak, rest, end] = run.figures;
    let mut text = format!("peak {peak}, after rest {rest}, at the end {end}");
    if !run.killed.is_empty() {
        text += &format!("; killed at the cap: {}", run.killed.len());
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
