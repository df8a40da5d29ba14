//! A curve in characters, for a terminal.

use highwater_simulator::{Bytes, Sample};

const WIDTH: usize = 72;
const HEIGHT: usize = 12;

/// Resident memory as `█`, what the program holds as `░` within it, and as `·` above it where it holds more than is resident; each column
/// shows the highest of its span of time.
pub(crate) fn draw(samples: &[Sample]) -> String {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return String::new();
    };
    let highest = samples
        .iter()
        .map(|s| s.rss_peak.max(s.live_peak).0)
        .max()
        .unwrap_or(0);
    let span = last.time.0 - first.time.0;
    if highest == 0 || span == 0 {
        return String::new();
    }
    let columns = columns(samples, first.time.0, span);
    let mut text = String::new();
    for row in (0..HEIGHT).rev() {
        let level = highest as f64 * (row as f64 + 0.5) / HEIGHT as f64;
        text += &if row == HEIGHT - 1 {
            format!("{:>10} ┤", Bytes(highest).to_string())
        } else if row == 0 {
            format!("{:>10} ┤", "0")
        } else {
            format!("{:>10} │", "")
        };
        for (rss, live) in &columns {
            text.push(match (*rss as f64 >= level, *live as f64 >= level) {
                (true, true) => '░',
                (true, false) => '█',
                (false, true) => '·',
                (false, false) => ' ',
            });
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text += &format!(
        "{:>10} └{}\n{:>10}  {:<36}{:>36}\n",
        "",
        "─".repeat(WIDTH),
        "",
        first.time.to_string(),
        last.time.to_string()
    );
    let has_more = text.contains('·');
    text += "            █ resident   ░ held by the program";
    text += match has_more {
        true => "   · held but not resident\n",
        false => "\n",
    };
    text
}

/// The highest resident and held bytes of each column; a column without a sample keeps the level before it.
fn columns(samples: &[Sample], start: u64, span: u64) -> Vec<(u64, u64)> {
    let mut columns: Vec<Option<(u64, u64)>> = vec![None; WIDTH];
    let mut levels: Vec<(u64, u64)> = vec![(0, 0); WIDTH];
    for sample in samples {
        let share = (sample.time.0 - start) as f64 / span as f64;
        let column = ((share * WIDTH as f64) as usize).min(WIDTH - 1);
        let (rss, live) = columns[column].unwrap_or((0, 0));
        columns[column] = Some((rss.max(sample.rss_peak.0), live.max(sample.live_peak.0)));
        levels[column] = (sample.rss.0, sample.live.0);
    }
    let mut level = (0, 0);
    let fill = |(index, column): (usize, Option<(u64, u64)>)| match column {
        Some(peaks) => {
            level = levels[index];
            peaks
        }
        None => level,
    };
    columns.into_iter().enumerate().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::Micros;

    fn drawn(rss: u64, live: u64) -> String {
        let sample = |time| Sample {
            time: Micros(time),
            rss: Bytes(rss),
            rss_peak: Bytes(rss),
            live: Bytes(live),
            live_peak: Bytes(live),
            ..Sample::default()
        };
        draw(&[sample(0), sample(1000)])
    }

    #[test]
    fn what_is_held_is_told_from_what_is_resident() {
        let rows = |text: &str, sign: char| {
            let rows = text.lines().take(HEIGHT);
            rows.filter(|row| row.contains(sign)).count()
        };
        let untouched = drawn(1 << 20, 4 << 20);
        assert_eq!((rows(&untouched, '░'), rows(&untouched, '·')), (3, 9));
        assert!(untouched.contains("· held but not resident"), "{untouched}");
        let free = drawn(4 << 20, 1 << 20);
        assert_eq!((rows(&free, '░'), rows(&free, '█')), (3, 9));
        assert!(!free.contains('·'), "{free}");
    }
}
