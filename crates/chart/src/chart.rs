//! The picture of curves: resident memory of all variants over time.

use crate::{
    around::{
        BOLD, EDGE, Entry, Head, MIDDLE, PLAIN, RIGHT, WIDTH, begin, end, fitted_plain, letter,
        name, said, settings,
    },
    bands::Band,
    curve::{Scale, area, held, highest, outline, resident, sample_at},
    figures::{mib, tick, ticks, time_ticks},
    svg::Svg,
    theme::Theme,
};
use highwater_simulator::{Bytes, Micros, Sample, Summary};

/// A variant's run.
#[derive(Debug)]
pub struct Run<'a> {
    /// The variant.
    pub entry: Entry<'a>,
    /// Its samples, in order of time.
    pub samples: &'a [Sample],
    /// Its figures.
    pub summary: Summary,
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
const LEFT: i64 = EDGE + 50;
const SIZE: (u32, u32) = (1000, 440);

/// Between two labels at the right edge.
const LINE: i64 = 16;

/// Half of the gap between the two columns of variants.
const HALF_GAP: i64 = 14;

/// The colours that are drawn in dashes, so that curves that lie on each other are both seen.
const DASHES: [&str; 8] = ["", "9 4", "", "4 3", "", "9 4", "", "4 3"];

impl Chart<'_> {
    /// The picture, as a text of SVG.
    pub fn svg(&self) -> String {
        let theme = Theme::of(self.head.dark);
        let mut svg = begin(&self.head, "Resident memory over time");
        svg.y += 14;
        svg.words((EDGE, svg.y - 6), PLAIN, theme.muted, "MiB");
        let runs: Vec<&[Sample]> = self.runs.iter().map(|run| run.samples).collect();
        let scale = Scale {
            from: self.shown.0,
            to: self.shown.1,
            highest: highest(&runs, self.shown, self.cap),
        };
        let pen = Pen {
            chart: self,
            theme,
            scale,
        };
        svg.put("<g transform=\"translate(@ @)\">", &[LEFT, svg.y], &[]);
        pen.ground(&mut svg);
        pen.curves(&mut svg);
        pen.ends(&mut svg);
        svg.put("</g>", &[], &[]);
        svg.y += i64::from(SIZE.1) + 48;
        pen.keys(&mut svg);
        pen.legend(&mut svg);
        end(svg, &self.head)
    }
}

struct Pen<'a> {
    chart: &'a Chart<'a>,
    theme: &'a Theme,
    scale: Scale,
}

impl Pen<'_> {
    fn x(&self, time: Micros) -> i64 {
        (self.scale.share(time).clamp(0.0, 1.0) * f64::from(SIZE.0)).round() as i64
    }

    fn y(&self, bytes: Bytes) -> i64 {
        (self.scale.depth(bytes).clamp(0.0, 1.0) * f64::from(SIZE.1)).round() as i64
    }

    /// Bands, stages, grid and axes, the cap.
    fn ground(&self, svg: &mut Svg) {
        let theme = self.theme;
        let (wide, high) = (i64::from(SIZE.0), i64::from(SIZE.1));
        for band in self.chart.bands.iter().filter(|band| band.name != "end") {
            let (from, to) = (self.x(band.from), self.x(band.to));
            if band.name == "burst" {
                svg.put(
                    "<rect x=\"@\" width=\"@\" height=\"@\" fill=\"$\"/>",
                    &[from, to - from, high],
                    &[theme.burst],
                );
            }
            if to - from > 40 {
                svg.words((from + 6, 16), PLAIN, theme.muted, band.name);
            }
        }
        for value in ticks(self.scale.highest, 5.0) {
            let y = high - (value / self.scale.highest * high as f64).round() as i64;
            svg.put(
                "<path d=\"M0 @H@\" stroke=\"$\"/>",
                &[y, wide],
                &[theme.line],
            );
            svg.words((-8, y + 4), RIGHT, theme.muted, &tick(value));
        }
        for (time, label) in time_ticks(self.scale.from, self.scale.to) {
            svg.words((self.x(time), high + 20), MIDDLE, theme.muted, &label);
        }
        self.stages(svg);
        if let Some(cap) = self.cap() {
            let y = self.y(cap);
            svg.put(
                "<path d=\"M0 @H@\" stroke=\"$\" stroke-width=\"2\" stroke-dasharray=\"5 4\"/>",
                &[y, wide],
                &[theme.error],
            );
            svg.words((6, y - 5), PLAIN, theme.error, &format!("cap {cap}"));
        }
    }

    /// Where stages begin, and their names, where there are several.
    fn stages(&self, svg: &mut Svg) {
        let stages = &self.chart.stages;
        for (index, (begins, name)) in stages.iter().enumerate() {
            let ends = stages.get(index + 1).map_or(self.scale.to, |next| next.0);
            let (x, to) = (self.x(*begins), self.x(ends));
            if stages.len() == 1 || to == x {
                continue;
            }
            svg.put(
                "<path d=\"M@ 0V@\" stroke=\"$\"/>",
                &[x, SIZE.1.into()],
                &[self.theme.border],
            );
            for (line, words) in fitted_plain(name, to - x - 8).iter().enumerate() {
                let at = (x + 5, 33 + LINE * line as i64);
                svg.words(at, PLAIN, self.theme.muted, words);
            }
        }
    }

    /// The cap, where it is not above what is shown.
    fn cap(&self) -> Option<Bytes> {
        self.chart
            .cap
            .filter(|cap| cap.as_mib() < self.scale.highest)
    }

    /// What the program holds, and over it the runs, the main one last.
    fn curves(&self, svg: &mut Svg) {
        // What goes beyond either side is cut off there.
        svg.put(
            "<clipPath id=\"plot\"><rect width=\"@\" height=\"@\"/></clipPath>\
             <g clip-path=\"url(#plot)\" fill=\"none\" stroke-linejoin=\"round\">",
            &[SIZE.0.into(), SIZE.1.into()],
            &[],
        );
        let runs = &self.chart.runs;
        let main = self.chart.main.min(runs.len().saturating_sub(1));
        if let Some(run) = runs.get(main) {
            let path = area(run.samples, &self.scale, SIZE, held);
            svg.put("<path fill=\"$\" d=\"$\"/>", &[], &[self.theme.held, &path]);
        }
        let others = (0..runs.len()).filter(|index| *index != main);
        for index in others.chain(runs.get(main).map(|_| main)) {
            let (run, colour) = (&runs[index], runs[index].entry.colour);
            let path = outline(run.samples, &self.scale, SIZE, resident);
            svg.put(
                "<path class=\"curve\" stroke=\"$\" stroke-width=\"@\" stroke-dasharray=\"$\" d=\"$\"/>",
                &[if index == main { 3 } else { 2 }],
                &[self.theme.variant(colour), dashes(colour), &path],
            );
        }
        svg.put("</g>", &[], &[]);
        for run in runs {
            let top = self.cap().map_or(0, |cap| self.y(cap));
            for time in run.killed.iter().filter(|time| self.scale.shows(**time)) {
                svg.put(
                    "<path d=\"M@ @m-6-6l12 12m0-12l-12 12\" stroke=\"$\" stroke-width=\"3\"/>",
                    &[self.x(*time), top],
                    &[self.theme.variant(run.entry.colour)],
                );
            }
        }
    }

    /// What is resident at the right edge, each with its letter; those at the same height together.
    fn ends(&self, svg: &mut Svg) {
        // From below upwards: the height, and the runs there.
        let mut labels: Vec<(i64, Vec<usize>)> = Vec::new();
        let rss = |index: usize| sample_at(self.chart.runs[index].samples, self.scale.to).rss;
        for index in 0..self.chart.runs.len() {
            let y = self.y(rss(index));
            let place = labels.iter().position(|(other, _)| *other <= y + 5);
            let place = place.unwrap_or(labels.len());
            match labels.get_mut(place) {
                Some((other, runs)) if (y - *other).abs() <= 5 => runs.push(index),
                _ => labels.insert(place, (y, vec![index])),
            }
        }
        let mut most = i64::MAX;
        for (y, runs) in labels {
            let y = y.min(most);
            let figure = mib(rss(runs[0]));
            let x = i64::from(SIZE.0) + 8;
            // Of many at the same height the letters stand above the figure.
            let is_high = runs.len() > 3;
            let above = if is_high { LINE } else { 0 };
            most = y - above - LINE;
            for (place, index) in runs.iter().enumerate() {
                let entry = &self.chart.runs[*index].entry;
                let colour = self.theme.variant(entry.colour);
                let at = (x + 12 * place as i64, y + 4 - above);
                svg.words(at, BOLD, colour, &letter(entry.number).to_string());
            }
            let after = if is_high {
                0
            } else {
                12 * runs.len() as i64 + 4
            };
            svg.words((x + after, y + 4), PLAIN, self.theme.muted, &figure);
        }
    }

    /// What is drawn besides the variants.
    fn keys(&self, svg: &mut Svg) {
        let (theme, y) = (self.theme, svg.y);
        let main = self.chart.runs.get(self.chart.main);
        let whose = main.map_or(' ', |run| letter(run.entry.number));
        let held = format!("held by the program (in {whose})");
        for (x, colour, words) in [
            (LEFT, theme.held, &held[..]),
            (LEFT + 230, theme.burst, "burst"),
        ] {
            svg.put(
                "<rect x=\"@\" y=\"@\" width=\"24\" height=\"12\" fill=\"$\" stroke=\"$\"/>",
                &[x, y - 11],
                &[colour, theme.line],
            );
            svg.words((x + 32, y), PLAIN, theme.muted, words);
        }
        let lines =
            "lines: resident, with every peak; at the right MiB at the end of what is shown";
        svg.words((LEFT + 340, y), PLAIN, theme.muted, lines);
        svg.y += 10;
    }

    /// Every variant with its settings and figures, in two columns.
    fn legend(&self, svg: &mut Svg) {
        let half = WIDTH / 2;
        let wide = half - EDGE - HALF_GAP - 44;
        let mut below = svg.y;
        for (index, run) in self.chart.runs.iter().enumerate() {
            let is_left = index % 2 == 0;
            let x = if is_left { EDGE } else { half + HALF_GAP };
            let top = if is_left { below + 8 } else { svg.y };
            svg.y = top;
            let colour = run.entry.colour;
            svg.put(
                "<path d=\"M@ @h34\" stroke=\"$\" stroke-width=\"3\" stroke-dasharray=\"$\"/>",
                &[x, top + 15],
                &[self.theme.variant(colour), dashes(colour)],
            );
            let column = (x + 44, wide);
            name(svg, self.theme, &run.entry, column);
            settings(svg, self.theme, &run.entry, column);
            said(svg, self.theme.muted, &self.came(run), column);
            below = below.max(svg.y);
            if is_left {
                svg.y = top;
            }
        }
        svg.y = below;
    }

    /// What came of a run, in a line.
    fn came(&self, run: &Run) -> String {
        let summary = &run.summary;
        let mut text = format!("peak {}, after rest {}", summary.peak, summary.after_rest);
        if summary.trims > 0 {
            text += &format!(", at the end {}", summary.at_end);
        }
        match run.killed.len() {
            0 => {}
            1 => text += ", 1 process killed at the cap",
            n => text += &format!(", {n} processes killed at the cap"),
        }
        // A curve that is not to be seen is not forgotten.
        let main = self.chart.runs.get(self.chart.main);
        if let Some(main) = main.filter(|main| !std::ptr::eq(*main, run))
            && is_same(main.samples, run.samples)
        {
            text += &format!("; the same curve as {}", letter(main.entry.number));
        }
        text
    }
}

/// Whether two curves lie on each other.
fn is_same(one: &[Sample], other: &[Sample]) -> bool {
    let point = |sample: &Sample| (sample.time, sample.rss, sample.rss_peak);
    one.iter().map(point).eq(other.iter().map(point))
}

fn dashes(colour: usize) -> &'static str {
    match DASHES[colour % DASHES.len()] {
        "" => "none",
        dashes => dashes,
    }
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
