//! `--seeds N`: how far resident memory depends on chance, at every mark.

use crate::input::job::Job;
use anyhow::{Result, bail};
use highwater_simulator::{Bytes, Explain, Options, Recording, Variant, run};
use highwater_workload::unwatched;

/// More would only take longer.
const MOST: u32 = 1000;

/// The least and the most that was resident at each mark.
pub(crate) type Spread = Vec<(Bytes, Bytes)>;

/// Runs the job with `seeds` seeds, from the one asked for on.
pub(crate) fn measure(job: &Job, seeds: Option<u32>) -> Result<Option<Spread>> {
    let Some(seeds) = seeds else { return Ok(None) };
    if !(1..=MOST).contains(&seeds) {
        bail!("--seeds {seeds}: the number must be between 1 and {MOST}");
    }
    let Some((source, asked)) = job.single() else {
        bail!("--seeds cannot be used with a scenario that runs several processes");
    };
    let options = Options {
        samples: 1,
        explain: Explain::Nothing,
        ..Options::default()
    };
    let mut spread: Spread = Vec::new();
    for seed in 0..u64::from(seeds) {
        let variant = Variant {
            seed: Some(asked.seed.unwrap_or_default().wrapping_add(scattered(seed))),
            ..asked.clone()
        };
        let recording = run(source, &variant, &options, &mut unwatched)?;
        for (index, mark) in recording.marks.iter().enumerate() {
            let rss = mark.sample.rss;
            match spread.get_mut(index) {
                Some((least, most)) => {
                    *least = rss.min(*least);
                    *most = rss.max(*most);
                }
                None => spread.push((rss, rss)),
            }
        }
    }
    Ok(Some(spread))
}

/// Seeds that lie apart as addresses do: multiples of the golden ratio's 64 bits.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A line for each mark at which it differs; nothing where no seeds were asked for.
pub(crate) fn describe(
    recording: &Recording,
    spread: Option<&Spread>,
    seeds: Option<u32>,
) -> String {
    let (Some(spread), Some(seeds)) = (spread, seeds) else {
        return String::new();
    };
    let mut text = String::new();
    for (mark, (least, most)) in recording.marks.iter().zip(spread) {
        if least != most {
            text += &format!("  {:<16} {least} to {most}\n", mark.name);
        }
    }
    if text.is_empty() {
        format!("\nResident memory is the same at every mark with {seeds} seeds.\n")
    } else {
        format!("\nResident memory over {seeds} seeds, at the marks where it varies:\n{text}")
    }
}
