//! Labels at the right edge of a chart: the letters of the runs and their last values.

use crate::figures::{decimals, mib};
use highwater_simulator::{Bytes, places_by_key};

/// Runs at most 1 % apart, which share a label.
#[derive(Debug, Clone, PartialEq)]
pub struct LineEnd {
    /// The middle of the label, from 0 at the lower edge to 1 at the upper one.
    pub height: f64,
    /// The runs, by their places among all.
    pub runs: Vec<usize>,
    /// MiB, within 1 % of what each of them comes to.
    pub figure: String,
}

/// Places labels for runs with these last values, where `highest` MiB is at the upper edge. As long as there is room for all,
/// none is nearer to the next than `line` and none lies beyond an edge. A label has as many lines as its letters take, `most`
/// to a line.
pub fn line_end_labels(values: &[Bytes], highest: f64, line: f64, most: usize) -> Vec<LineEnd> {
    let mut ends = grouped(values, highest);
    let half = |end: &LineEnd| lines(end, most) as f64 * line / 2.0;
    let mut least = 0.0;
    for end in &mut ends {
        end.height = end.height.max(least + half(end));
        least = end.height + half(end);
    }
    let mut highest = 1.0;
    for end in ends.iter_mut().rev() {
        end.height = end.height.min(highest - half(end));
        highest = end.height - half(end);
    }
    ends
}

/// Lines that the labels of such runs take together.
pub fn lines_of(values: &[Bytes], most: usize) -> usize {
    let ends = grouped(values, 1.0);
    ends.iter().map(|end| lines(end, most)).sum()
}

/// Lines of a label.
pub(crate) fn lines(end: &LineEnd, most: usize) -> usize {
    end.runs.len().div_ceil(most.max(1))
}

/// The runs in the order of what they come to, those together that one figure is true of.
fn grouped(values: &[Bytes], highest: f64) -> Vec<LineEnd> {
    let mut order: Vec<usize> = Vec::with_capacity(values.len());
    for (run, value) in values.iter().enumerate() {
        let place = order.iter().take_while(|other| values[**other] <= *value);
        order.insert(place.count(), run);
    }
    let mut ends: Vec<LineEnd> = Vec::new();
    let mut said = (Bytes::ZERO, 0.0);
    for run in order {
        let value = values[run];
        let is_same = value.0 - said.0.0 <= value.0 / 100
            && (value.as_mib() - said.1).abs() <= value.as_mib() / 100.0;
        match ends.last_mut() {
            Some(end) if is_same => end.runs.push(run),
            _ => {
                let (figure, shown) = figure(value);
                said = (value, shown);
                ends.push(LineEnd {
                    height: (value.as_mib() / highest).clamp(0.0, 1.0),
                    runs: vec![run],
                    figure,
                });
            }
        }
    }
    for end in &mut ends {
        // By their letters rather than by their values.
        let order = places_by_key(&end.runs, |run| *run as u64);
        end.runs = order.map(|place| end.runs[place]).collect();
    }
    ends
}

/// A size in MiB as it is shown, and what that text says.
fn figure(value: Bytes) -> (String, f64) {
    let scale = f64::from(10_u32.pow(decimals(value)));
    (mib(value), (value.as_mib() * scale).round() / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_has_its_own_figure_where_it_differs() {
        let tenths = |tenths: u64| Bytes(tenths * (1 << 20) / 10);
        let found = line_end_labels(
            &[tenths(89), tenths(109), tenths(89), tenths(1622)],
            400.0,
            0.05,
            8,
        );
        let said: Vec<(&[usize], &str)> = found
            .iter()
            .map(|end| (&end.runs[..], &end.figure[..]))
            .collect();
        let expected: [(&[usize], &str); 3] = [(&[0, 2], "8.90"), (&[1], "10.9"), (&[3], "162.2")];
        assert_eq!(said, expected);
        assert!(line_end_labels(&[], 1.0, 0.1, 8).is_empty());
        assert_eq!(
            line_end_labels(&[Bytes::ZERO; 3], 1.0, 0.1, 8)[0].figure,
            "0.0"
        );
    }

    #[test]
    fn every_figure_is_true_and_no_label_is_over_another_or_beyond_an_edge() {
        let mut random = fastrand::Rng::with_seed(6);
        for round in 0..5000 {
            let count = random.usize(1..=8);
            let near = 10_u64.pow(random.u32(0..12)).max(4096);
            let values: Vec<Bytes> = (0..count)
                .map(|_| match random.u8(..4) {
                    0 => {
                        let bits = random.u32(12..44);
                        Bytes(random.u64(..1 << bits) & !4095)
                    }
                    1 => Bytes::ZERO,
                    _ => Bytes(near + random.u64(..near / 20 + 1)),
                })
                .collect();
            let most = *random.choice([2, 4, 8].iter()).expect("there are three");
            let line = random.f64() / lines_of(&values, most) as f64;
            let highest = (random.f64() * 400.0).max(0.001);
            let found = line_end_labels(&values, highest, line, most);
            let mut below = 0.0;
            let mut seen = vec![];
            for end in &found {
                let half = lines(end, most) as f64 * line / 2.0;
                assert!(end.height - half >= below - 1e-9, "{round}: {found:?}");
                below = end.height + half;
                let figure: f64 = end.figure.parse().expect("a number");
                for run in &end.runs {
                    let value = values[*run].as_mib();
                    assert!(
                        (figure - value).abs() <= value / 100.0 + 1e-12,
                        "{round}: {found:?}"
                    );
                    for other in &end.runs {
                        let apart = (values[*other].as_mib() - value).abs();
                        assert!(apart <= value.max(values[*other].as_mib()) * 0.0101);
                    }
                    seen.push(*run);
                }
            }
            assert!(below <= 1.0 + 1e-9, "{round}: {found:?}");
            seen.sort_unstable();
            assert_eq!(seen, (0..count).collect::<Vec<_>>(), "each once");
        }
    }
}
