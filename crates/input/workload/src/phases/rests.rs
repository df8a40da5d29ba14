//! Which quiet stretches are rests, and where exactly they begin and end.

use super::activity::{Activity, Quiet};
use super::names::{self, Side, Stem};
use super::{MarkPoint, Moment};
use crate::Micros;
use highwater_allocator::places_by_key;

/// A rest.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub(super) begin: Moment,
    pub(super) end: Moment,
    /// The mark at its end, or at its beginning where marks stand there.
    pub(super) mark: Option<String>,
    /// Whether the mark's name says that it is a rest.
    pub(super) is_named: bool,
}

/// A quiet stretch this much shorter than the longest is none of its kind, unless it parts two bursts that are short themselves.
const SHORTEST: u64 = 20;

/// Quiet stretches that are looked at for that.
const LOOKED_AT: usize = 64;

/// No program rests for less: so short a pause is one between two calls.
const LEAST: Micros = Micros(1000);

/// A quiet stretch in which fewer calls would be made at work tells nothing.
const CALLS: f64 = 16.0;

/// The rests of a program, in order.
pub(super) fn rests(activity: &Activity) -> Vec<Rest> {
    let quiets = quiets(activity);
    let mut named = named(activity, &quiets);
    if !named.is_empty() {
        if is_after_final_trim(activity, &named) {
            named.pop();
        }
        return named;
    }
    let quiets = without_the_end(activity, joined(activity, quiets));
    let mut rests: Vec<Rest> = Vec::new();
    for quiet in &quiets {
        let mut rest = snapped(activity, quiet);
        if let Some(before) = rests.last() {
            rest.begin = rest.begin.max(before.end);
        }
        rests.push(rest);
    }
    rests
}

/// Whether the program trims once, after the last rest but one, and does hardly anything from then on: what is named a rest
/// there shows what the trim left, not what the program keeps.
fn is_after_final_trim(activity: &Activity, rests: &[Rest]) -> bool {
    let [.., before, last] = rests else {
        return false;
    };
    let from = activity.cells_until(before.end.event);
    let to = activity.cells_until(last.end.event);
    let trims_before = activity.trims(0, from).next().is_some();
    let trims = activity.trims(from, to).count();
    let all = activity.work_of(0, from);
    trims == 1 && !trims_before && activity.work_of(from, to) < all / 20.0
}

/// Quiet stretches that are rests, in order.
fn quiets(activity: &Activity) -> Vec<Quiet> {
    let mut all = activity.stretches();
    all.retain(|quiet| {
        quiet.lasts() >= LEAST
            && quiet.lasts() > activity.lasts() / 2000
            && activity.calls_at_work(quiet.lasts()) >= CALLS
            && activity.is_rare(quiet)
    });
    let longest = all.iter().map(Quiet::lasts).max().unwrap_or_default();
    let together = all.iter().fold(Micros(0), |sum, quiet| sum + quiet.lasts());
    if longest < activity.lasts() / 50 && together < activity.lasts() / 10 {
        return Vec::new();
    }
    let (mut rests, others): (Vec<Quiet>, Vec<Quiet>) =
        (all.into_iter()).partition(|quiet| quiet.lasts() >= longest / SHORTEST);
    if rests.len() > 1 {
        return rests;
    }
    // One that is much longer than all others may be a wait before all work. Others count that are longer than the bursts they part.
    let longest_first = places_by_key(&others, |quiet| u64::MAX - quiet.lasts().0);
    let others: Vec<Quiet> = (longest_first.take(LOOKED_AT))
        .map(|place| others[place])
        .collect();
    let all = || rests.iter().chain(&others);
    let parts = |quiet: &&Quiet| {
        let long = || all().filter(|other| other.lasts() >= quiet.lasts() / 2);
        let (begin, end) = (quiet.begin.time, quiet.end.time);
        let before = long()
            .map(|other| other.end.time)
            .filter(|time| *time <= begin);
        let after = long()
            .map(|other| other.begin.time)
            .filter(|time| *time >= end);
        let before = begin.saturating_sub(before.max().unwrap_or_default());
        let after = after
            .min()
            .unwrap_or(activity.ends.time)
            .saturating_sub(end);
        quiet.lasts() >= longest / 1000 && quiet.lasts() >= before.max(after)
    };
    let parting: Vec<Quiet> = others.iter().filter(parts).copied().collect();
    rests.extend(parting);
    let order = places_by_key(&rests, |rest| rest.begin.time.0);
    order.map(|place| rests[place]).collect()
}

/// The same, those joined that are parted by next to no work: somebody asks how the program is.
fn joined(activity: &Activity, quiets: Vec<Quiet>) -> Vec<Quiet> {
    let works = quiets
        .windows(2)
        .map(|pair| activity.work_of(pair[0].before, pair[1].after));
    let first = quiets.first().map(|quiet| activity.work_of(0, quiet.after));
    let most = works.chain(first).fold(0.0, f64::max);
    let mut joined: Vec<Quiet> = Vec::new();
    for quiet in quiets {
        match joined.last_mut() {
            Some(last)
                if activity.work_of(last.before, quiet.after) < most / 200.0
                    && !activity.is_other(last.after, quiet.after)
                    && activity.trims(last.before, quiet.after).next().is_none() =>
            {
                (last.before, last.end) = (quiet.before, quiet.end);
            }
            _ => joined.push(quiet),
        }
    }
    joined
}

/// The same without what comes after a final trim or once everything is freed.
fn without_the_end(activity: &Activity, mut quiets: Vec<Quiet>) -> Vec<Quiet> {
    let longest = quiets.iter().map(Quiet::lasts).max().unwrap_or_default();
    while let Some((last, before)) = quiets.split_last() {
        let from = before.last().map_or(0, |quiet| quiet.before);
        let only_frees = activity.only_frees(from, last.after);
        let held = activity.blocks_after(last.after);
        // What is held in every rest is given up at the end only.
        let least = before
            .iter()
            .map(|rest| activity.blocks_after(rest.before))
            .min();
        let is_less = before.len() > 1 && least.is_some_and(|least| held * 20 < least * 19);
        // One that nothing follows is no end: the program has freed all and waits.
        let is_waiting = last.before == activity.cells.len();
        let is_over = only_frees && !is_waiting && (held <= 0 || is_less);
        let work = activity.work_of(from, last.after);
        let is_trimmed = before.last().is_some_and(|rest| {
            let begins = before
                .len()
                .checked_sub(2)
                .map_or(0, |at| before[at].before);
            let is_little = work < activity.work_of(begins, rest.after) / 4.0 || only_frees;
            // One in the rest itself is the last, too; several are a habit.
            let since = match activity.trims(rest.after, rest.before).count() {
                1 => rest.after,
                _ => from,
            };
            activity.trims(since, last.after).next().is_some() && is_little
        });
        if !is_over && !is_trimmed {
            break;
        }
        quiets.pop();
    }
    if let Some(last) = quiets.last_mut() {
        let mut trims = activity.trims(last.after, last.before);
        let trim = trims.next().filter(|_| trims.next().is_none());
        let held = activity.blocks_after(last.after) > 0;
        let mut inside = last.after..last.before;
        let exit = inside.find(|cell| held && activity.blocks_after(cell + 1) <= 0);
        if let Some(over) = [trim, exit].into_iter().flatten().min() {
            let cut = activity.quiet_until(last, over + 1);
            if cut.lasts() >= longest / SHORTEST {
                *last = cut;
            }
        }
    }
    quiets
}

/// A rest with its bounds at the marks that stand there.
fn snapped(activity: &Activity, quiet: &Quiet) -> Rest {
    let begin = near(activity, quiet, quiet.begin, &[Stem::Collect, Stem::Burst]);
    let end = near(activity, quiet, quiet.end, &[Stem::Rest]);
    let begins = begin.map_or(quiet.begin, |mark| mark.at);
    let ends = end.map_or(quiet.end, |mark| mark.at);
    // One mark is not both.
    let is_one = begins >= ends;
    Rest {
        begin: if is_one { quiet.begin } else { begins },
        end: if is_one { quiet.end } else { ends },
        mark: end.filter(|_| !is_one).map(|mark| mark.name.clone()),
        is_named: false,
    }
}

/// The mark that stands at one of the bounds of a quiet stretch: with little time and few calls between, and no trim.
fn near<'a>(
    activity: &'a Activity,
    quiet: &Quiet,
    bound: Moment,
    stems: &[Stem],
) -> Option<&'a MarkPoint> {
    let lasts = quiet.lasts();
    let from = bound.time.saturating_sub(lasts / 50);
    let first = activity.marks.partition_point(|mark| mark.at.time < from);
    let place = activity.cells_until(bound.event);
    // Best is one whose name says it, then one in the quiet itself that is close, then the nearest.
    let mut best: Option<(u8, f64, &MarkPoint)> = None;
    for mark in &activity.marks[first..] {
        if mark.at.time > bound.time + lasts / 50 {
            break;
        }
        let cell = activity.cells_until(mark.at.event);
        let outweighed = activity.outweighed(place, cell);
        let between = (place.min(cell), place.max(cell));
        if outweighed > lasts.0 as f64 / 20.0
            || activity.trims(between.0, between.1).next().is_some()
        {
            continue;
        }
        let apart = Micros(mark.at.time.0.abs_diff(bound.time.0));
        let distance = outweighed + apart.0 as f64;
        let is_named = names::read(&mark.name).is_some_and(|(stem, _)| stems.contains(&stem));
        let is_close = outweighed <= 0.0 && apart <= lasts / 100;
        let rank = u8::from(is_close) + 2 * u8::from(is_named);
        let is_better =
            best.is_none_or(|(other, far, _)| rank > other || rank == other && distance <= far);
        if is_better {
            best = Some((rank, distance, mark));
        }
    }
    best.map(|(_, _, mark)| mark)
}

/// The quiet stretch that a mark lies in or beside, and how much of it lies before and after.
fn touching<'a>(
    activity: &Activity,
    quiets: &'a [Quiet],
    mark: &MarkPoint,
) -> Option<(&'a Quiet, Micros, Micros)> {
    let touches = |quiet: &&Quiet| {
        let time = mark.at.time;
        let cell = activity.cells_until(mark.at.event);
        let apart = match () {
            () if mark.at < quiet.begin => {
                (cell, quiet.after, quiet.begin.time.saturating_sub(time))
            }
            () if mark.at > quiet.end => (quiet.before, cell, time.saturating_sub(quiet.end.time)),
            () => (cell, cell, Micros(0)),
        };
        let lasts = quiet.lasts();
        apart.2 <= lasts / 10 && activity.outweighed(apart.0, apart.1) <= lasts.0 as f64 / 10.0
    };
    let at = quiets.partition_point(|quiet| quiet.begin <= mark.at);
    let around = [at.checked_sub(1), Some(at)];
    let found = (around.into_iter().flatten()).filter_map(|at| quiets.get(at));
    let quiet = found.filter(touches).max_by_key(|quiet| quiet.lasts())?;
    let (begin, end) = (quiet.begin.time, quiet.end.time);
    let time = mark.at.time.min(end).max(begin);
    Some((quiet, time - begin, end.saturating_sub(time)))
}

/// A mark with a meaning, and which end of its phase it stands at.
struct Named<'a> {
    mark: &'a MarkPoint,
    stem: Stem,
    side: Side,
}

/// Marks with a meaning. They stand at the end of their phase, unless their name says otherwise, or those of all rests stand at
/// the beginning of a quiet stretch.
fn with_meaning<'a>(activity: &'a Activity, quiets: &[Quiet]) -> Vec<Named<'a>> {
    let mut named = Vec::new();
    let (mut before, mut after) = (Micros(0), Micros(0));
    for mark in &activity.marks {
        let Some((stem, side)) = names::read(&mark.name) else {
            continue;
        };
        if side.is_none()
            && stem == Stem::Rest
            && let Some((_, quiet_before, quiet_after)) = touching(activity, quiets, mark)
        {
            before += quiet_before;
            after += quiet_after;
        }
        named.push((mark, stem, side));
    }
    let usual = if after > before * 4 {
        Side::Begin
    } else {
        Side::End
    };
    (named.into_iter())
        .map(|(mark, stem, side)| Named {
            mark,
            stem,
            side: side.unwrap_or(match stem {
                Stem::Rest | Stem::Burst => usual,
                _ => Side::End,
            }),
        })
        .collect()
}

/// The rests that marks name.
fn named(activity: &Activity, quiets: &[Quiet]) -> Vec<Rest> {
    let marks = with_meaning(activity, quiets);
    let mut rests: Vec<Rest> = Vec::new();
    for (index, named) in marks.iter().enumerate() {
        if named.stem != Stem::Rest {
            continue;
        }
        let floor = rests.last().map_or(Moment::default(), |rest| rest.end);
        let at = named.mark.at;
        let quiet = touching(activity, quiets, named.mark);
        let next = marks.get(index + 1);
        let (begin, end) = match named.side {
            // The mark at its end says more.
            Side::Begin
                if next.is_some_and(|next| next.stem == Stem::Rest && next.side == Side::End) =>
            {
                continue;
            }
            Side::Begin => {
                let quiet = quiet.map(|(quiet, ..)| snapped(activity, quiet).end);
                let ceiling = next.map_or(activity.ends, |next| next.mark.at);
                let end = quiet.filter(|end| *end > at).unwrap_or(ceiling);
                (at, end.min(ceiling))
            }
            Side::End => {
                let before = index.checked_sub(1).map(|before| &marks[before]);
                let before = before.filter(|before| {
                    before.mark.at >= floor
                        && match before.stem {
                            Stem::Burst | Stem::Collect | Stem::Trim => before.side == Side::End,
                            Stem::Rest => before.side == Side::Begin,
                            Stem::Start => false,
                        }
                });
                let begin = match (before, quiet) {
                    (Some(before), _) => before.mark.at,
                    (None, Some((quiet, ..))) => snapped(activity, quiet).begin,
                    (None, None) => at,
                };
                (begin.min(at).max(floor), at)
            }
        };
        rests.push(Rest {
            begin: begin.max(floor),
            end: end.max(begin.max(floor)),
            mark: Some(named.mark.name.clone()),
            is_named: true,
        });
    }
    rests
}
