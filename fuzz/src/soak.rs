//! Runs without guidance, from one seed on: `soak programs FIRST COUNT` runs programs on every release and holds each run
//! to the oracle, `soak texts FIRST COUNT [READER]` gives texts to the readers. Prints the seed of whatever fails, so that
//! `soak programs SEED 1` repeats it, and its figures now and then, so that they are known when it is stopped.

use fastrand::Rng;
use highwater_fuzz::{Input, hold, program, readers::READERS, texts::Texts, variant_of};
use highwater_simulator::Choice;
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
};

const USAGE: &str = "usage: soak programs FIRST-SEED COUNT | soak texts FIRST-SEED COUNT [READER]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["programs", first, count] => seeds(first, count).map(|seeds| programs(seeds)),
        ["texts", first, count] => seeds(first, count).map(|seeds| texts(seeds, None)),
        ["texts", first, count, reader] => {
            seeds(first, count).map(|seeds| texts(seeds, Some(reader)))
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::from(u8::from(figures.faults > 0))
        }
        Err(usage) => {
            eprintln!("{usage}");
            ExitCode::from(2)
        }
    }
}

fn seeds(first: &str, count: &str) -> Result<std::ops::Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| USAGE.to_owned());
    let first = number(first)?;
    Ok(first..first.saturating_add(number(count)?))
}

/// What was tried, and what came of it.
#[derive(Default)]
struct Figures {
    first: u64,
    next: u64,
    what: &'static str,
    tried: u64,
    held: u64,
    refused: u64,
    faults: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seeds {} to {}: {} {}, {} held, {} refused, {} failed",
            self.first, self.next, self.tried, self.what, self.held, self.refused, self.faults
        )
    }
}

impl Figures {
    fn new(what: &'static str, first: u64) -> Self {
        Self {
            first,
            what,
            ..Self::default()
        }
    }

    /// Counts up to the next seed; prints the figures after each `every` seeds.
    fn step(&mut self, seed: u64, every: u64) {
        self.next = seed.saturating_add(1);
        if self.next.is_multiple_of(every) {
            println!("{self}");
        }
    }
}

/// Runs one program for each seed on every release.
fn programs(seeds: std::ops::Range<u64>) -> Figures {
    let mut figures = Figures::new("runs", seeds.start);
    for seed in seeds {
        let mut random = Rng::with_seed(seed);
        let mut bytes = vec![0; length(&mut random)];
        random.fill(&mut bytes);
        let workload = program(&mut Input::new(&bytes));
        for choice in Choice::all() {
            let settings: [u8; 32] = std::array::from_fn(|_| random.u8(..));
            let variant = variant_of(choice, &mut Input::new(&settings));
            figures.tried += 1;
            match catch_unwind(|| hold(&workload, &variant)) {
                Ok(Ok(Ok(()))) => figures.held += 1,
                Ok(Err(_)) => figures.refused += 1,
                Ok(Ok(Err(fault))) => {
                    figures.faults += 1;
                    println!("seed {seed}: {fault} ({variant:?})");
                }
                Err(_) => {
                    figures.faults += 1;
                    println!("seed {seed}: a panic ({variant:?})");
                }
            }
        }
        figures.step(seed, 10_000);
    }
    figures
}

/// Bytes of a program: mostly a few dozen calls, now and then a thousand.
fn length(random: &mut Rng) -> usize {
    match random.u8(..64) {
        0 => 8192,
        1..=3 => random.usize(512..2048),
        _ => random.usize(24..320),
    }
}

/// Gives one text for each seed to a reader, in turn to all of them.
fn texts(seeds: std::ops::Range<u64>, only: Option<&str>) -> Figures {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let chosen: Vec<_> = READERS
        .iter()
        .filter(|reader| only.is_none_or(|only| only == reader.name))
        .map(|reader| (reader, Texts::of(reader, &corpus)))
        .filter_map(|(reader, texts)| Some((reader, texts.ok()?)))
        .collect();
    let mut figures = Figures::new("texts", seeds.start);
    for seed in seeds {
        let Some((reader, texts)) = chosen.get((seed % chosen.len().max(1) as u64) as usize) else {
            break;
        };
        let text = texts.draw(&mut Rng::with_seed(seed));
        figures.tried += 1;
        if catch_unwind(AssertUnwindSafe(|| (reader.read)(&text))).is_ok() {
            figures.held += 1;
        } else {
            figures.faults += 1;
            println!(
                "seed {seed}, {}: a panic on {:?}",
                reader.name,
                String::from_utf8_lossy(&text)
            );
        }
        figures.step(seed, 1_000_000);
    }
    figures
}
