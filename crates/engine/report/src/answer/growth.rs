//! Live memory that grows from rest to rest, or where no rest is found, from quarter to quarter.

use highwater_simulator::{Bytes, Outcome, PhaseKind};
use std::fmt;

/// Rests from which on they tell growth from chance.
const FEWEST: usize = 3;
/// Stretches of a run that are compared.
const STRETCHES: usize = 4;

/// Each rise is more than this part of all of them together.
const STEP: u64 = 10;

/// What the program held at the least in each stretch of a run, in order, each above the one before.
pub(super) struct Growth {
    held: Vec<Bytes>,
    rests: usize,
}

impl Growth {
    /// Returns the growth of a run, if it has one.
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        let rests = outcome.phases.0.iter();
        let rests = rests.filter(|phase| phase.kind == PhaseKind::Rest);
        let at_rests: Vec<Bytes> = rests.map(|rest| outcome.sample_at(rest.end).live).collect();
        let rests = at_rests.len();
        let held = match rests {
            0 => quarters(outcome)?,
            n if n < FEWEST => return None,
            n if n <= STRETCHES => at_rests,
            n => stretches(n)
                .map(|(from, to)| lowest(&at_rests[from..to]))
                .collect(),
        };
        let (first, last) = (held.first()?.0, held.last()?.0);
        // What stays and then leaps once does not grow on.
        let least = last.saturating_sub(first) / STEP;
        let rises = held.windows(2).all(|pair| pair[1].0 > pair[0].0 + least);
        let is_much = last - first.min(last) >= Bytes::mib(1).0 && last * 4 >= first * 5;
        // Without rests, twice as much: a program that fills its memory once grows, too.
        let is_sure = rests > 0 || last >= first * 2;
        (rises && is_much && is_sure).then_some(Self { held, rests })
    }

    /// What such a growth means. A program that starts grows as well, and one that never rests may be starting all the time it was seen.
    pub(super) fn means(&self) -> &'static str {
        match self.rests {
            0 => {
                "The run has no rest to tell by: a leak looks like this, and so does a program that starts, or a cache that grows. No \
                 allocator and no setting gives back what the program holds."
            }
            _ => {
                "A leak looks like this, and so does a cache that grows: no allocator and no setting gives back what the program holds."
            }
        }
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.rests {
            0 => "at the least in each quarter of the run",
            n if n <= STRETCHES => "rest by rest",
            _ => "at the least in each quarter of its rests",
        })?;
        let mut before = " ";
        for held in &self.held {
            write!(f, "{before}{held}")?;
            before = ", ";
        }
        Ok(())
    }
}

fn lowest(held: &[Bytes]) -> Bytes {
    held.iter().copied().min().unwrap_or_default()
}

/// The bounds of the stretches of so many.
fn stretches(number: usize) -> impl Iterator<Item = (usize, usize)> {
    let bound = move |stretch: usize| number * stretch / STRETCHES;
    (0..STRETCHES).map(move |stretch| (bound(stretch), bound(stretch + 1)))
}

/// The least the program held in each quarter of the run's time.
fn quarters(outcome: &Outcome) -> Option<Vec<Bytes>> {
    let ends = outcome.ends().time.0;
    let quarter = |stretch: usize| {
        let from = ends / STRETCHES as u64 * stretch as u64;
        let to = from + ends / STRETCHES as u64;
        let within = outcome.samples.iter();
        let within = within.filter(|sample| (from..=to).contains(&sample.time.0));
        within.map(|sample| sample.live).min()
    };
    (0..STRETCHES).map(quarter).collect()
}
