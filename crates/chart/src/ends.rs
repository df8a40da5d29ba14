//! What stands at the right edge of a chart.

/// Runs that are at the same height there: how high their label stands, from 0 to 1, and which they are.
pub type End = (f64, Vec<usize>);

/// Labels for runs that are this high at the edge, from below upwards. Those nearer to each other than `same` share one, and
/// none stands nearer to the one below than `line`.
pub fn ends(heights: &[f64], same: f64, line: f64) -> Vec<End> {
    let mut ends: Vec<End> = Vec::new();
    for (run, height) in heights.iter().enumerate() {
        let mut place = 0;
        // Behind the last that is not above it.
        while place < ends.len() && ends[place].0 <= height + same {
            place += 1;
        }
        match place.checked_sub(1) {
            Some(below) if height - ends[below].0 < same => ends[below].1.push(run),
            _ => ends.insert(place, (*height, vec![run])),
        }
    }
    let mut least = f64::NEG_INFINITY;
    for (height, _) in &mut ends {
        *height = height.max(least);
        least = *height + line;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_at_the_same_height_shares_a_label_and_others_keep_their_distance() {
        let found = ends(&[0.5, 0.505, 0.1, 0.52, 0.9, 0.495], 0.012, 0.1);
        let runs: Vec<&[usize]> = found.iter().map(|end| &end.1[..]).collect();
        assert_eq!(runs, [&[2][..], &[0, 1, 5], &[3], &[4]]);
        assert!(found.windows(2).all(|pair| pair[1].0 - pair[0].0 > 0.0999));
        assert_eq!((found[0].0, found[3].0), (0.1, 0.9));
        assert!(ends(&[], 0.1, 0.1).is_empty());
    }
}
