//! Draws the curves of runs: resident memory of each variant over time, and under them what the program holds.
//!
//! What is drawn comes through plotters, whose backends are a text of SVG (for a file) or a canvas (in a page); the numbers
//! of the axes and the colours are chosen here.

use highwater_simulator::{Bytes, Micros, Outcome, Sample};
use plotters::coord::Shift;
use plotters::prelude::*;

/// The colours of variants, in order: those of Okabe and Ito, which colour-blind people tell apart.
pub const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(96, 96, 96),
    RGBColor(148, 103, 189),
];

/// What the program holds.
const HELD: RGBColor = RGBColor(120, 134, 156);
const INK: RGBColor = RGBColor(32, 38, 46);
const GRID: RGBColor = RGBColor(222, 226, 232);
const CAP: RGBColor = RGBColor(190, 30, 45);

const MIB: f64 = (1 << 20) as f64;

/// A curve as it is drawn.
struct Curve<'a> {
    outcome: &'a Outcome,
    colour: RGBColor,
}

/// The chart of some runs, as a text of SVG.
///
/// # Errors
/// What the library that draws says.
pub fn svg(title: &str, outcomes: &[Outcome], size: (u32, u32)) -> Result<String, String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&WHITE).map_err(|error| error.to_string())?;
        draw(&area, title, outcomes)?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(text)
}

/// Draws on any area.
///
/// # Errors
/// What the library that draws says.
pub fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    title: &str,
    outcomes: &[Outcome],
) -> Result<(), String> {
    let said = |error: DrawingAreaErrorKind<B::ErrorType>| error.to_string();
    let curves: Vec<Curve<'_>> = (outcomes.iter().enumerate())
        .map(|(number, outcome)| Curve {
            outcome,
            colour: COLOURS[number % COLOURS.len()],
        })
        .collect();
    let samples = || outcomes.iter().flat_map(|outcome| &outcome.samples);
    let longest = samples()
        .map(|sample| sample.time.0)
        .max()
        .unwrap_or_default();
    let highest = samples().map(|sample| sample.rss_peak.max(sample.live_peak).0);
    let cap = cap(outcomes);
    let highest = highest
        .chain(cap.map(|cap| cap.0))
        .max()
        .unwrap_or_default();
    let seconds = longest.max(1) as f64 / 1e6;
    let mib = (highest as f64 / MIB * 1.06).max(1.0);
    let font = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let mut chart = ChartBuilder::on(area)
        .caption(title, font(18))
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(58)
        .build_cartesian_2d(0.0..seconds, 0.0..mib)
        .map_err(said)?;
    let unit = Unit::of(seconds);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(font(13))
        .x_label_formatter(&|x| unit.label(*x))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .y_desc("MiB resident")
        .draw()
        .map_err(said)?;
    if let Some(first) = outcomes.first() {
        let held = AreaSeries::new(
            stairs(&first.samples, |sample| sample.live),
            0.0,
            HELD.mix(0.28),
        );
        chart
            .draw_series(held)
            .map_err(said)?
            .label("held by the program")
            .legend(|(x, y)| {
                Rectangle::new([(x, y - 4), (x + 18, y + 4)], HELD.mix(0.28).filled())
            });
    }
    if let Some(cap) = cap {
        let at = cap.0 as f64 / MIB;
        let line = DashedLineSeries::new([(0.0, at), (seconds, at)], 6, 4, CAP.stroke_width(1));
        chart
            .draw_series(line)
            .map_err(said)?
            .label("cap")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], CAP));
    }
    for curve in &curves {
        let style = curve.colour.stroke_width(2);
        let colour = curve.colour;
        chart
            .draw_series(LineSeries::new(peaks(&curve.outcome.samples), style))
            .map_err(said)?
            .label(&curve.outcome.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let killed = curve.outcome.stages.iter().flat_map(|stage| {
            let killed = stage
                .recordings
                .iter()
                .filter_map(|recording| recording.killed);
            killed.map(|killed| Micros(killed.time.0 + stage.begins.0))
        });
        let marks = killed.map(|time| {
            let at = (
                time.0 as f64 / 1e6,
                cap.map_or(mib, |cap| cap.0 as f64 / MIB),
            );
            Cross::new(at, 5, curve.colour.stroke_width(2))
        });
        chart.draw_series(marks).map_err(said)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font(font(13))
        .draw()
        .map_err(said)
}

/// The highest cap of any run.
fn cap(outcomes: &[Outcome]) -> Option<Bytes> {
    let stages = outcomes.iter().flat_map(|outcome| &outcome.stages);
    let recordings = stages.flat_map(|stage| &stage.recordings);
    recordings
        .filter_map(|recording| recording.variant.cap)
        .max()
}

/// Resident memory: at each sample the peak before it, then what was resident.
fn peaks(samples: &[Sample]) -> Vec<(f64, f64)> {
    let mut points = Vec::with_capacity(samples.len() * 2);
    let mut before = None;
    for sample in samples {
        let at = sample.time.0 as f64 / 1e6;
        // A peak lies before its sample, and it is not known where.
        let between = before.map_or(at, |before| f64::midpoint(before, at));
        if sample.rss_peak > sample.rss {
            points.push((between, sample.rss_peak.0 as f64 / MIB));
        }
        points.push((at, sample.rss.0 as f64 / MIB));
        before = Some(at);
    }
    points
}

fn stairs(samples: &[Sample], of: fn(&Sample) -> Bytes) -> Vec<(f64, f64)> {
    let point = |sample: &Sample| (sample.time.0 as f64 / 1e6, of(sample).0 as f64 / MIB);
    samples.iter().map(point).collect()
}

/// What time is counted in on the axis.
struct Unit {
    seconds: f64,
    name: &'static str,
}

impl Unit {
    fn of(span: f64) -> Self {
        let (seconds, name) = match span {
            s if s < 300.0 => (1.0, "s"),
            s if s < 4.0 * 3600.0 => (60.0, "min"),
            s if s < 96.0 * 3600.0 => (3600.0, "h"),
            _ => (86_400.0, "days"),
        };
        Self { seconds, name }
    }

    fn label(&self, seconds: f64) -> String {
        let value = seconds / self.seconds;
        let text = format!("{value:.1}");
        format!("{} {}", text.trim_end_matches(".0"), self.name)
    }
}
