//! The part of the time that the chart shows: nearer, farther, and moved.

use highwater_simulator::Micros;

use crate::format;

/// From when to when.
pub type Span = (Micros, Micros);

/// Microseconds that a part has at least, in runs that take as long.
const LEAST: f64 = 20.0;

/// A part that is `factor` times as long, around a share of the part that is shown: what lies there stays there. None for the
/// whole of a run that ends then.
pub(super) fn scaled((from, to): Span, factor: f64, around: f64, ends: Micros) -> Option<Span> {
    let span = to.0.saturating_sub(from.0) as f64;
    let whole = ends.0 as f64;
    let scaled = format::within(span * factor, LEAST.min(whole), whole.max(LEAST));
    let fixed = from.0 as f64 + around.clamp(0.0, 1.0) * span;
    within(fixed - around.clamp(0.0, 1.0) * scaled, scaled, ends)
}

/// A part that is moved by a share of its length, as far as the run goes. None for the whole of it.
pub fn moved((from, to): Span, by: f64, ends: Micros) -> Option<Span> {
    let span = to.0.saturating_sub(from.0) as f64;
    within(from.0 as f64 + by * span, span, ends)
}

/// The part between two shares of the whole run. None for the whole of it.
pub fn between(one: f64, other: f64, ends: Micros) -> Option<Span> {
    let whole = ends.0 as f64;
    let (from, to) = (one.min(other) * whole, one.max(other) * whole);
    within(from, (to - from).max(LEAST.min(whole)), ends)
}

/// A part of that length in microseconds that begins there, moved into the run.
fn within(from: f64, span: f64, ends: Micros) -> Option<Span> {
    let last = ends.0 as f64 - span;
    if last < 1.0 {
        return None;
    }
    let from = format::within(from, 0.0, last).round();
    let part = (Micros(from as u64), Micros((from + span).round() as u64));
    (part.0 < part.1).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: Micros = Micros(1_000_000);

    fn span(from: u64, to: u64) -> Span {
        (Micros(from), Micros(to))
    }

    #[test]
    fn what_lies_under_the_pointer_stays_there() {
        let whole = (Micros(0), ENDS);
        assert_eq!(scaled(whole, 0.5, 0.25, ENDS), Some(span(125_000, 625_000)));
        let part = span(200_000, 400_000);
        assert_eq!(scaled(part, 2.0, 0.5, ENDS), Some(span(100_000, 500_000)));
        assert_eq!(scaled(part, 2.0, 0.0, ENDS), Some(span(200_000, 600_000)));
    }

    #[test]
    fn a_part_stays_within_the_run_and_the_whole_is_no_part() {
        assert_eq!(scaled(span(200_000, 400_000), 9.0, 0.5, ENDS), None);
        assert_eq!(
            scaled(span(0, 400_000), 2.0, 1.0, ENDS),
            Some(span(0, 800_000))
        );
        assert_eq!(moved(span(0, 400_000), -0.5, ENDS), Some(span(0, 400_000)));
        assert_eq!(
            moved(span(100_000, 300_000), 9.0, ENDS),
            Some(span(800_000, 1_000_000))
        );
        assert_eq!(moved((Micros(0), ENDS), 0.5, ENDS), None);
        let nearest = scaled(span(500, 510), 0.001, 0.5, ENDS);
        assert_eq!(nearest.map(|(from, to)| to.0 - from.0), Some(20));
    }

    #[test]
    fn nothing_is_made_of_numbers_that_a_run_cannot_have() {
        let far = span(1 << 50, (1 << 50) + 1);
        assert_eq!(moved(far, f64::NAN, ENDS), None);
        assert_eq!(moved(far, 1.0, ENDS), Some(span(999_999, 1_000_000)));
        assert_eq!(scaled(far, 1e300, 0.5, ENDS), None);
        assert_eq!(scaled(far, 0.5, 0.5, Micros(1)), None);
        assert_eq!(between(0.2, 0.2, Micros(0)), None);
    }

    #[test]
    fn a_brush_goes_either_way() {
        assert_eq!(between(0.4, 0.1, ENDS), Some(span(100_000, 400_000)));
        assert_eq!(between(0.5, 0.5, ENDS), Some(span(500_000, 500_020)));
        assert_eq!(between(0.0, 1.0, ENDS), None);
    }
}
