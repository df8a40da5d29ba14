//! Places the labels of a heap map's marks so that none covers another.

/// Labels, each with the place of its mark, in pixels.
#[derive(Default)]
pub(crate) struct Labels(Vec<((f64, f64), String)>);

/// A label where it can be read: the left end of its middle line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spot {
    /// From the left.
    pub(crate) x: f64,
    /// From above.
    pub(crate) y: f64,
    /// What is written.
    pub(crate) text: String,
    width: f64,
}

/// How near to each other marks share a label.
const NEAR: f64 = 12.0;

/// Of a letter: 12 pixels high, set in what the system has.
const LETTER: f64 = 8.0;

/// Between two lines.
const LINE: f64 = 14.0;

/// Between two words, and between a word and the middle of another's mark.
const GAP: f64 = 8.0;

/// Between a mark's middle and its label.
const AWAY: f64 = 10.0;

impl Labels {
    /// One more. Marks that lie on each other share a label, or none could be read.
    pub(crate) fn add(&mut self, (x, y): (f64, f64), text: &str) {
        let shared = self.0.iter_mut().find(|((other_x, other_y), _)| {
            (x - other_x).abs() < 4.0 * NEAR && (y - other_y).abs() < NEAR
        });
        match shared {
            Some((_, label)) => {
                label.push_str(", ");
                label.push_str(text);
            }
            None => self.0.push(((x, y), text.to_owned())),
        }
    }

    /// Where each goes on a map of this size, clear of the others and of all marks: beside its mark, to the right rather than to the left, else a line or two below
    /// or above. One for which there is no room goes where the first choice was.
    pub(crate) fn spots(&self, (width, height): (f64, f64)) -> Vec<Spot> {
        let (line, gap) = (LINE, GAP);
        let mut spots: Vec<Spot> = Vec::new();
        for ((x, y), text) in &self.0 {
            let long = LETTER * text.chars().count() as f64;
            let sides = [x + AWAY, x - AWAY - long];
            let lines = [0.0, line, -line, 2.0 * line, -2.0 * line];
            let fits = |(left, middle): (f64, f64)| {
                let apart = |other: &Spot| {
                    left >= other.x + other.width + gap
                        || other.x >= left + long + gap
                        || (middle - other.y).abs() >= line
                };
                let is_clear = |(mark_x, mark_y): (f64, f64)| {
                    mark_x + gap <= left
                        || mark_x - gap >= left + long
                        || (middle - mark_y).abs() >= line
                };
                left >= 0.0
                    && left + long <= width
                    && middle >= line / 2.0
                    && middle <= height - line / 2.0
                    && spots.iter().all(apart)
                    && self.0.iter().all(|(mark, _)| is_clear(*mark))
            };
            let bounded = y.min(height - line / 2.0).max(line / 2.0);
            let mut places =
                (lines.iter()).flat_map(|down| sides.map(|left| (left, bounded + down)));
            let found = places.find(|place| fits(*place));
            let (x, y) = found.unwrap_or((sides[0].min(width - long).max(0.0), bounded));
            let text = text.clone();
            spots.push(Spot {
                x,
                y,
                text,
                width: long,
            });
        }
        spots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(places: &[(f64, f64, &str)]) -> Labels {
        let mut labels = Labels::default();
        for (x, y, text) in places {
            labels.add((*x, *y), text);
        }
        labels
    }

    #[test]
    fn marks_on_the_same_place_share_a_label() {
        let labels = labels(&[
            (10.0, 10.0, "1"),
            (12.0, 10.0, "2"),
            (200.0, 10.0, "3"),
            (10.0, 11.0, "top"),
        ]);
        let texts: Vec<_> = labels.0.iter().map(|label| label.1.as_str()).collect();
        assert_eq!(texts, ["1, 2, top", "3"]);
    }

    #[test]
    fn no_label_covers_another_or_leaves_the_map() {
        let mut random = fastrand::Rng::with_seed(3);
        let size = (300.0, 200.0);
        for _ in 0..200 {
            let mut labels = Labels::default();
            for number in 0..6 {
                let place = (random.f64() * size.0, random.f64() * size.1);
                labels.add(place, &format!("{number}"));
            }
            labels.add((random.f64() * size.0, size.1 - 1.0), "top");
            let spots = labels.spots(size);
            for (index, spot) in spots.iter().enumerate() {
                assert!(spot.x >= 0.0 && spot.x + spot.width <= size.0, "{spot:?}");
                for other in &spots[..index] {
                    let apart = spot.x + spot.width <= other.x
                        || other.x + other.width <= spot.x
                        || (spot.y - other.y).abs() >= LINE;
                    assert!(apart, "{spot:?} covers {other:?}");
                }
            }
        }
    }
}
