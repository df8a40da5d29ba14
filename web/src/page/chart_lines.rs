//! The lines of the chart: what does not change while the playhead moves.

use std::{fmt::Write, rc::Rc};

use highwater_simulator::{Bytes, Micros, Sample};
use yew::prelude::*;

use super::attr;

use crate::{
    format,
    view::{Drawn, RunView},
};

/// Width and height of the drawing in its own units.
pub(super) const SIZE: u32 = 1000;

/// A variant's curve.
pub struct Line {
    /// Its run.
    pub run: Rc<RunView>,
    /// Its place among the variants.
    pub number: usize,
    /// Its colour.
    pub colour: usize,
    /// Its name.
    pub name: String,
    /// Whether it is looked into.
    pub is_selected: bool,
    /// Whether it is of something else than is asked for now.
    pub is_stale: bool,
}

/// What the plot's width and height stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The time at its left edge.
    pub from: Micros,
    /// The time at its right edge, later.
    pub to: Micros,
    /// MiB at its upper edge.
    pub highest: f64,
}

impl Scale {
    /// Where a time lies from left to right, from 0 to 1 where it is shown.
    pub fn share(&self, time: Micros) -> f64 {
        (time.0 as f64 - self.from.0 as f64) / (self.to.0 - self.from.0).max(1) as f64
    }

    /// The time at a place from left to right.
    pub fn time(&self, share: f64) -> Micros {
        let span = (self.to.0 - self.from.0) as f64;
        Micros(self.from.0 + (share.clamp(0.0, 1.0) * span).round() as u64)
    }

    /// Whether a time is shown.
    pub fn shows(&self, time: Micros) -> bool {
        time >= self.from && time <= self.to
    }

    fn y(&self, bytes: Bytes) -> f64 {
        f64::from(SIZE) * (1.0 - bytes.as_mib() / self.highest)
    }
}

/// MiB at the upper edge: what is the most in the time that is shown, and some room.
pub fn highest(lines: &[Line], (from, to): (Micros, Micros), cap: Option<Bytes>) -> f64 {
    let samples = lines.iter().flat_map(|line| &line.run.samples);
    let shown = samples.filter(|sample| sample.time >= from && sample.time <= to);
    let most = shown.map(|sample| sample.rss_peak.max(sample.live_peak).max(sample.rss));
    let at_edge = lines.iter().map(|line| line.run.sample_at(from).rss);
    let most = most.chain(at_edge).max().unwrap_or_default();
    // A cap far above is no use; one that is near is worth the room.
    let most = match cap {
        Some(cap) if cap.0 < most.0 * 2 => most.max(cap),
        _ => most,
    };
    (most.as_mib() * 1.14).max(0.001)
}

/// Bands, grid and curves.
pub fn curves(lines: &[Line], run: &RunView, scale: &Scale, cap: Option<Bytes>) -> Html {
    let clip = |time: Micros| scale.share(time).clamp(0.0, 1.0);
    let bands = run.bands.iter().filter(|band| band.name != "end");
    let bands = bands.filter(|band| band.to > scale.from && band.from < scale.to);
    // The one that is looked into lies over the others.
    let (above, below): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_selected);
    let ordered = below.into_iter().chain(above);
    html! {
        <>
            { for bands.map(|band| html! {
                <div class={classes!("band", format!("band--{}", band.name))} style={format!(
                    "left: {}; width: {}",
                    format::percent(clip(band.from)),
                    format::percent(clip(band.to) - clip(band.from))
                )}><span>{ band.name }</span></div>
            }) }
            { for run.ran.stages.iter().skip(1).filter(|stage| scale.shows(stage.begins)).map(|stage| html! {
                <div class="stage" style={attr::placed("left", scale.share(stage.begins))}>
                    <span>{ stage.name.clone() }</span>
                </div>
            }) }
            { for format::ticks(scale.highest, 4.0).into_iter().map(|tick| html! {
                <div class="gridline" style={attr::placed("bottom", tick / scale.highest)}>
                    <span>{ format::tick(tick) }</span>
                </div>
            }) }
            { for format::time_ticks(scale.from, scale.to).into_iter().map(|(time, label)| html! {
                <span class="tick" style={attr::placed("left", scale.share(time))}>{ label }</span>
            }) }
            if let Some(cap) = cap.filter(|cap| cap.as_mib() < scale.highest) {
                <div class="cap" style={attr::placed("bottom", cap.as_mib() / scale.highest)}>
                    <span>{ format!("cap {cap}") }</span>
                </div>
            }
            <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none" aria-hidden="true">
                <path class="curve--live" d={run.drawn(Drawn::Held, scale, || area(&run.samples, scale))} />
                { for ordered.map(|line| html! {
                    <path class={classes!("curve", line.is_selected.then_some("curve--rss"))}
                        data-colour={attr::colour(line.colour)} data-stale={attr::flag(line.is_stale)}
                        data-variant={attr::number(line.number as u64)}
                        d={line.run.drawn(Drawn::Resident, scale, || outline(&line.run.samples, scale, resident))} />
                }) }
            </svg>
            { for lines.iter().flat_map(|line| killed(line, scale)) }
        </>
    }
}

/// The moments at which a process was killed.
fn killed(line: &Line, scale: &Scale) -> Vec<Html> {
    let stages = line.run.ran.stages.iter();
    let killed = stages.flat_map(|stage| stage.killed.iter().copied());
    killed
        .filter(|time| scale.shows(*time))
        .map(|time| {
            html! {
                <span class="killed" data-colour={attr::colour(line.colour)} title="killed at the cap" style={attr::placed("left", scale.share(time))}>{ "✕" }</span>
            }
        })
        .collect()
}

/// A value at a sample, and the highest since the one before.
pub(super) type Curve = fn(&Sample) -> (Bytes, Bytes);

fn resident(sample: &Sample) -> (Bytes, Bytes) {
    (sample.rss, sample.rss_peak)
}

fn held(sample: &Sample) -> (Bytes, Bytes) {
    (sample.live, sample.live_peak)
}

/// The samples in the time that is shown, and one on either side.
pub(super) fn shown<'a>(samples: &'a [Sample], scale: &Scale) -> &'a [Sample] {
    let first = samples.partition_point(|sample| sample.time < scale.from);
    let last = samples.partition_point(|sample| sample.time <= scale.to);
    &samples[first.saturating_sub(1)..(last + 1).min(samples.len())]
}

/// A line through all samples that goes by way of each peak between two.
pub(super) fn outline(samples: &[Sample], scale: &Scale, curve: Curve) -> String {
    let samples = shown(samples, scale);
    let mut path = String::with_capacity(samples.len() * 14);
    let mut before: Option<(f64, Bytes)> = None;
    let mut go = |time: f64, bytes: Bytes| {
        let command = if path.is_empty() { 'M' } else { 'L' };
        // A tenth of a unit is a tenth of a pixel, and shorter to write. Writing to a String cannot fail.
        let (x, y) = (
            (time * f64::from(SIZE) * 10.0).round() as i64,
            (scale.y(bytes) * 10.0).round() as i64,
        );
        let _ = write!(path, "{command}{} {}", Tenths(x), Tenths(y));
    };
    for sample in samples {
        let time = scale.share(sample.time);
        let (value, peak) = curve(sample);
        if let Some((time_before, value_before)) = before
            && peak > value.max(value_before)
        {
            go((time_before + time) / 2.0, peak);
        }
        go(time, value);
        before = Some((time, value));
    }
    path
}

/// A number of tenths, without the machinery for any number with a point.
struct Tenths(i64);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{}", self.0.abs() / 10, self.0.abs() % 10)
    }
}

fn area(samples: &[Sample], scale: &Scale) -> String {
    let shown = shown(samples, scale);
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return String::new();
    };
    let x = |sample: &Sample| {
        Tenths((scale.share(sample.time) * f64::from(SIZE) * 10.0).round() as i64)
    };
    format!(
        "{}L{} {SIZE}L{} {SIZE}Z",
        outline(samples, scale, held),
        x(last),
        x(first)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time: u64, rss: u64, rss_peak: u64) -> Sample {
        Sample {
            time: Micros(time),
            rss: Bytes::mib(rss),
            rss_peak: Bytes::mib(rss_peak),
            ..Sample::default()
        }
    }

    #[test]
    fn a_peak_between_two_samples_is_drawn() {
        let scale = Scale {
            from: Micros(0),
            to: Micros(100),
            highest: 10.0,
        };
        let samples = [sample(0, 1, 1), sample(50, 2, 10), sample(100, 2, 2)];
        assert_eq!(
            outline(&samples, &scale, resident),
            "M0.0 900.0L250.0 0.0L500.0 800.0L1000.0 800.0"
        );
    }

    #[test]
    fn what_lies_outside_the_time_shown_is_left_out_but_for_its_neighbours() {
        let scale = Scale {
            from: Micros(40),
            to: Micros(60),
            highest: 10.0,
        };
        let samples: Vec<Sample> = (0..=10).map(|n| sample(n * 10, n, n)).collect();
        let times: Vec<u64> = shown(&samples, &scale).iter().map(|s| s.time.0).collect();
        assert_eq!(times, [30, 40, 50, 60, 70]);
        assert_eq!(scale.time(0.5), Micros(50));
        assert!(!scale.shows(Micros(61)));
    }
}
