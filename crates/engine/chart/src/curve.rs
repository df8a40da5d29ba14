//! Samples as paths, for the page's chart and for pictures.

use highwater_simulator::{Bytes, Micros, Quoted, Sample, Variant};
use std::fmt::Write;

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

    /// Where a size lies from the upper edge down, from 0 to 1 where it is shown.
    pub fn depth(&self, bytes: Bytes) -> f64 {
        1.0 - bytes.as_mib() / self.highest
    }
}

/// A value at a sample, and the highest since the one before.
pub type Curve<'c> = &'c dyn Fn(&Sample) -> (Bytes, Bytes);

/// What is quoted of the memory.
pub fn quoted(quoted: Quoted) -> impl Fn(&Sample) -> (Bytes, Bytes) {
    move |sample| (quoted.of(sample), quoted.peak(sample))
}

/// What the program holds.
pub fn held(sample: &Sample) -> (Bytes, Bytes) {
    (sample.live, sample.live_peak)
}

/// The samples in the time that is shown, and one on either side.
pub fn shown<'a>(samples: &'a [Sample], scale: &Scale) -> &'a [Sample] {
    let first = samples.partition_point(|sample| sample.time < scale.from);
    let last = samples.partition_point(|sample| sample.time <= scale.to);
    &samples[first.saturating_sub(1)..(last + 1).min(samples.len())]
}

/// What the program holds at most in the time that is shown.
pub fn held_at_most(samples: &[Sample], scale: &Scale) -> Bytes {
    let held = shown(samples, scale).iter().map(|sample| sample.live_peak);
    held.max().unwrap_or_default()
}

/// Width and height of what is drawn, in its own units.
pub type Size = (u32, u32);

/// A line through all samples that goes by way of each peak between two.
pub fn outline(samples: &[Sample], scale: &Scale, size: Size, curve: Curve) -> String {
    let samples = shown(samples, scale);
    let mut path = String::with_capacity(samples.len() * 14);
    let mut before: Option<(f64, Bytes)> = None;
    let mut go = |time: f64, bytes: Bytes| {
        let command = if path.is_empty() { 'M' } else { 'L' };
        // A tenth of a unit is a tenth of a pixel, and shorter to write. Writing to a String cannot fail.
        let (x, y) = (tenths(time, size.0), tenths(scale.depth(bytes), size.1));
        let _ = write!(path, "{command}{x} {y}");
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

/// A share of a length, to a tenth of its unit.
fn tenths(share: f64, length: u32) -> Tenths {
    Tenths((share * f64::from(length) * 10.0).round() as i64)
}

/// A number of tenths, without the machinery for any number with a point.
struct Tenths(i64);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{}", self.0.abs() / 10, self.0.abs() % 10)
    }
}

/// The area under such a line.
pub fn area(samples: &[Sample], scale: &Scale, size: Size, curve: Curve) -> String {
    let shown = shown(samples, scale);
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return String::new();
    };
    let mut path = outline(samples, scale, size, curve);
    let x = |sample: &Sample| tenths(scale.share(sample.time), size.0);
    // Writing to a String cannot fail.
    let _ = write!(path, "L{} {1}L{2} {1}Z", x(last), size.1, x(first));
    path
}

/// A dot of what was measured: when, and how much was resident.
pub type Dot = (Micros, Bytes);

/// Units between two dots, from left to right or from top to bottom, so that they are told apart.
const APART: f64 = 8.0;

/// Dots, each as a line without a length, which round ends make a dot of. Of those that lie on each other one is drawn.
pub fn dots(measured: &[Dot], scale: &Scale, size: Size) -> String {
    let mut path = String::new();
    let mut before: Option<(f64, f64)> = None;
    for (time, bytes) in measured.iter().filter(|(time, _)| scale.shows(*time)) {
        let (x, y) = (scale.share(*time), scale.depth(*bytes));
        let far =
            |one: f64, other: f64, length: u32| (one - other).abs() * f64::from(length) >= APART;
        if before.is_none_or(|before| far(x, before.0, size.0) || far(y, before.1, size.1)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h0", tenths(x, size.0), tenths(y, size.1));
            before = Some((x, y));
        }
    }
    path
}

/// What is quoted at a time: as of the latest sample not after it, or of the first where all are.
pub fn quoted_at(quoted: Quoted, samples: &[Sample], time: Micros) -> Bytes {
    let after = samples.partition_point(|sample| sample.time <= time);
    let sample = samples.get(after.saturating_sub(1));
    sample.map_or(Bytes::ZERO, |sample| quoted.of(sample))
}

/// The limits of control groups, by the order of [`LIMITS`]; none where there is none.
pub type Limits = [Option<Bytes>; LIMITS.len()];

/// What the limits are called: `memory.max`, and `memory.high`.
pub const LIMITS: [&str; 2] = ["cap", "memory.high"];

/// Returns the highest limits of some variants.
pub fn limits<'a>(variants: impl Iterator<Item = &'a Variant>) -> Limits {
    variants.fold(Limits::default(), |[cap, high], variant| {
        [cap.max(variant.cap), high.max(variant.high)]
    })
}

/// MiB at the upper edge of a chart of what is quoted of some runs, and of dots: the most in the time that is shown, and some room.
pub fn highest(
    quoted: Quoted,
    runs: &[&[Sample]],
    measured: &[Dot],
    (from, to): (Micros, Micros),
    limits: Limits,
) -> f64 {
    let samples = runs.iter().flat_map(|samples| *samples);
    let shown = samples.filter(|sample| sample.time >= from && sample.time <= to);
    let most = shown.map(|sample| {
        let (now, peak) = (quoted.of(sample), quoted.peak(sample));
        peak.max(sample.live_peak).max(now)
    });
    let at_edge = runs.iter().map(|samples| quoted_at(quoted, samples, from));
    let dots = measured.iter().filter(|dot| dot.0 >= from && dot.0 <= to);
    let most = most.chain(at_edge).chain(dots.map(|dot| dot.1));
    let most = most.max().unwrap_or_default();
    // A limit far above is no use; one that is near is worth the room.
    let near = limits.into_iter().flatten();
    let near = near.filter(|limit| limit.0 < most.0 * 2).max();
    let most = near.map_or(most, |near| most.max(near));
    (most.as_mib() * 1.14).max(0.001)
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
            outline(&samples, &scale, (1000, 1000), &quoted(Quoted::Resident)),
            "M0.0 900.0L250.0 0.0L500.0 800.0L1000.0 800.0"
        );
    }

    #[test]
    fn an_area_goes_down_to_the_ground_at_both_ends() {
        let scale = Scale {
            from: Micros(0),
            to: Micros(100),
            highest: 10.0,
        };
        let samples = [sample(0, 1, 1), sample(100, 5, 5)];
        assert_eq!(
            area(&samples, &scale, (200, 50), &quoted(Quoted::Resident)),
            "M0.0 45.0L200.0 25.0L200.0 50L0.0 50Z"
        );
        assert_eq!(area(&[], &scale, (200, 50), &held), "");
    }

    #[test]
    fn a_cap_is_worth_its_room_only_where_it_is_near() {
        let samples = [sample(0, 100, 100)];
        let all = (Micros(0), Micros(9));
        let with = |cap| {
            highest(
                Quoted::Resident,
                &[&samples],
                &[],
                all,
                [Some(Bytes::mib(cap)), None],
            )
            .round()
        };
        assert_eq!((with(150), with(250)), (171.0, 114.0));
        assert_eq!(highest(Quoted::Resident, &[], &[], all, [None; 2]), 0.001);
        let dots = [(Micros(5), Bytes::mib(300)), (Micros(10), Bytes::mib(900))];
        assert_eq!(
            highest(Quoted::Resident, &[&samples], &dots, all, [None; 2]).round(),
            342.0
        );
    }

    #[test]
    fn dots_that_lie_on_each_other_are_one() {
        let scale = Scale {
            from: Micros(0),
            to: Micros(100),
            highest: 10.0,
        };
        let dots_of = |all: &[(u64, u64)]| {
            let all: Vec<Dot> = (all
                .iter()
                .map(|(time, mib)| (Micros(*time), Bytes::mib(*mib))))
            .collect();
            dots(&all, &scale, (200, 100))
        };
        assert_eq!(
            dots_of(&[(10, 5), (11, 5), (14, 5), (14, 7), (101, 5)]),
            "M20.0 50.0h0M28.0 50.0h0M28.0 30.0h0"
        );
        assert_eq!(dots_of(&[]), "");
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
