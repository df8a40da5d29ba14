//! Which candidates are worth their cost: the Pareto front between memory and processor time.

use crate::candidate::{Candidate, Doer};
use crate::costs::Costs;
use crate::figures::{Figures, Weights};
use crate::work::Trial;
use highwater_simulator::{Bytes, Micros};

/// A candidate's place, its memory and its processor time.
type Point = (usize, Bytes, Micros);

fn points(tried: &[(Candidate, Trial)], weights: Weights, costs: &Costs) -> Vec<Point> {
    let points = tried.iter().enumerate().map(|(place, (_, trial))| {
        let figures = &trial.figures;
        (place, weights.memory(figures), figures.cpu(costs))
    });
    points.collect()
}

/// The places of those of all candidates that no other beats in memory and in time, in the order of time. A process that is
/// killed at its cap has failed, whatever its figures.
pub(crate) fn pareto(tried: &[(Candidate, Trial)], weights: Weights, costs: &Costs) -> Vec<usize> {
    let lives = |point: &Point| tried[point.0].1.figures.killed == 0;
    let points = points(tried, weights, costs).into_iter().filter(lives);
    front(points.collect())
        .into_iter()
        .map(|point| point.0)
        .collect()
}

/// The front of some points, in the order of time. Of equal ones the first counts, which changes least.
fn front(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by_key(|(place, memory, time)| (*time, *memory, *place));
    let mut least = None;
    points.retain(|(_, memory, _)| {
        let is_less = least.is_none_or(|least| *memory < least);
        if is_less {
            least = Some(*memory);
        }
        is_less
    });
    points
}

/// Memory that is enough to matter: a fiftieth of what is weighed in the run as it is, and a hundredth of its peak.
pub(crate) fn step(baseline: &Figures, weights: Weights) -> Bytes {
    let weighed = weights.memory(baseline).0 / 50;
    Bytes(weighed.max(baseline.peak.0 / 100).max(1))
}

/// The places of the candidates that are worth their cost, the best first.
///
/// Each of those who could act (who sets the environment, who builds the image, who writes the program) has a front of its own,
/// from which what is hardly a step from another is left out. Candidates within a fiftieth of the run's memory
/// count as equal in memory, and the cheaper one is the better.
pub(crate) fn worth(tried: &[(Candidate, Trial)], weights: Weights, costs: &Costs) -> Vec<usize> {
    let Some((_, baseline)) = tried.first() else {
        return Vec::new();
    };
    let before = weights.memory(&baseline.figures);
    let time = baseline.figures.cpu(costs);
    let step = step(&baseline.figures, weights).0;
    let all = points(tried, weights, costs);
    let mut worth: Vec<Point> = Vec::new();
    for doer in Doer::ALL {
        let own = all.iter().copied().filter(|(place, memory, cpu)| {
            let (candidate, trial) = &tried[*place];
            let helps = memory.0 + step <= before.0
                || (memory.0 <= before.0 + step / 2 && cpu.0 + time.0 / 10 < time.0);
            !candidate.is_baseline()
                && candidate.doer() == doer
                && trial.figures.killed == 0
                && (helps || baseline.figures.killed > 0)
                && adds_up(*place, &all, tried, step)
        });
        worth.extend(steps(front(own.collect()), step));
    }
    worth.sort_by_key(|(place, memory, _)| (*memory, *place));
    // Groups of about the same memory, each in the order of time.
    let mut first = 0;
    while first < worth.len() {
        let limit = worth[first].1.0 + step;
        let group = worth[first..]
            .iter()
            .take_while(|(_, memory, _)| memory.0 <= limit);
        let end = first + group.count();
        worth[first..end].sort_by_key(|(place, _, time)| (*time, *place));
        first = end;
    }
    worth.into_iter().map(|point| point.0).collect()
}

/// Whether all changes of a candidate together are worth more than some of them: by a step less memory, or by a tenth less time.
fn adds_up(place: usize, all: &[Point], tried: &[(Candidate, Trial)], step: u64) -> bool {
    let (candidate, (_, memory, time)) = (&tried[place].0, all[place]);
    !all.iter().any(|(other, less, cheaper)| {
        let (part, trial) = &tried[*other];
        !part.is_baseline()
            && trial.figures.killed == 0
            && part.families.len() < candidate.families.len()
            && candidate.includes(part)
            && less.0 < memory.0 + step
            && cheaper.0 <= time.0 + time.0 / 10
    })
}

/// Those of a front that are a step from one another: each takes less memory than the cheaper ones by `step` or more, and of
/// what takes more memory each saves a fifth of the time.
fn steps(front: Vec<Point>, step: u64) -> Vec<Point> {
    let mut less: Vec<Point> = Vec::new();
    for point in front {
        match less.last_mut() {
            // About the same time for less memory.
            Some(last) if point.2.0 <= last.2.0 + last.2.0 / 100 => *last = point,
            Some((_, before, _)) if point.1.0 + step > before.0 => {}
            _ => less.push(point),
        }
    }
    let mut kept: Vec<Point> = Vec::new();
    for point in less.into_iter().rev() {
        if kept
            .last()
            .is_none_or(|(.., before)| point.2.0 <= before.0 / 5 * 4)
        {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Family;
    use crate::figures::Measure;

    const COSTS: Costs = Costs::MEASURED;

    fn trial(candidate: Candidate, rest: u64, faults: u64) -> (Candidate, Trial) {
        let figures = Figures {
            after_rest: Bytes(rest),
            faults,
            ..Figures::default()
        };
        let trial = Trial {
            figures,
            remarks: Vec::new(),
            reasons: Vec::new(),
        };
        (candidate, trial)
    }

    fn setting(value: u64) -> Candidate {
        Candidate::set(Family::MmapThreshold, "MALLOC_MMAP_THRESHOLD_", value)
    }

    #[test]
    fn what_another_beats_is_not_worth_it() {
        let tried = [
            trial(Candidate::default(), 1000, 1000),
            trial(setting(1), 500, 3000),
            trial(setting(2), 600, 4000),
            trial(setting(3), 700, 2900),
            trial(setting(4), 100, 9000),
            trial(setting(5), 1000, 1000),
        ];
        let weights = Weights::only(Measure::Rest);
        assert_eq!(pareto(&tried, weights, &COSTS), [0, 3, 1, 4]);
        assert_eq!(worth(&tried, weights, &COSTS), [4, 1]);
    }

    #[test]
    fn of_two_with_about_the_same_memory_the_cheaper_is_better() {
        let mut jemalloc = setting(2);
        jemalloc.allocator = Some(highwater_simulator::Choice::default());
        let tried = [
            trial(Candidate::default(), 1000, 1000),
            trial(setting(1), 100, 9000),
            trial(jemalloc, 110, 2000),
        ];
        let weights = Weights::only(Measure::Rest);
        assert_eq!(worth(&tried, weights, &COSTS), [2, 1]);
    }

    #[test]
    fn a_run_that_is_killed_is_no_remedy() {
        let mut killed = trial(setting(1), 1, 1);
        killed.1.figures.killed = 1;
        let tried = [trial(Candidate::default(), 1000, 1000), killed];
        let weights = Weights::only(Measure::Rest);
        assert_eq!(pareto(&tried, weights, &COSTS), [0]);
        assert!(worth(&tried, weights, &COSTS).is_empty());
    }
}
