//! From rests to all phases: what lies before, between and after them.

use super::activity::Activity;
use super::names::{self, Stem};
use super::rests::{self, Rest};
use super::{MarkPoint, Moment, Phase, PhaseKind, PhaseSource, Phases};

/// More marks than this before the first rest are not those of a start and a burst.
const FEW_MARKS: usize = 4;

/// What collects what a burst left makes at most one of so many calls.
const MOST_COLLECTED: u64 = 50;

/// Work after the last rest, as a part of all work, that is a burst.
const BURST: f64 = 0.05;

/// All phases.
pub(super) fn phases(activity: &Activity) -> Phases {
    let rests = rests::rests(activity);
    let mut builder = Builder {
        activity,
        phases: Vec::new(),
        counts: [0; 6],
    };
    let mut at = Moment::default();
    for rest in &rests {
        builder.work(at, rest.begin);
        builder.rest(rest);
        at = rest.end;
    }
    if rests.is_empty() {
        builder.unrested(at);
    } else {
        builder.tail(at);
    }
    Phases(builder.phases)
}

struct Builder<'a> {
    activity: &'a Activity,
    phases: Vec<Phase>,
    /// How many of each kind there are.
    counts: [u32; 6],
}

impl Builder<'_> {
    fn push(
        &mut self,
        kind: PhaseKind,
        begin: Moment,
        end: Moment,
        mark: Option<&str>,
        named: bool,
    ) {
        if begin < end {
            self.count(kind, begin, end, mark, named);
        }
    }

    fn count(
        &mut self,
        kind: PhaseKind,
        begin: Moment,
        end: Moment,
        mark: Option<&str>,
        named: bool,
    ) {
        let count = &mut self.counts[kind as usize];
        *count += 1;
        let cells = [begin, end].map(|moment| self.activity.cells_until(moment.event));
        let calls = self.activity.calls_of(cells[0], cells[1]);
        self.phases.push(Phase {
            kind,
            begin,
            end,
            name: match mark {
                Some(mark) => mark.to_owned(),
                None => format!("{} {count}", kind.name()),
            },
            is_marked: mark.is_some(),
            source: match mark.filter(|_| named) {
                Some(mark) => PhaseSource::Mark(mark.to_owned()),
                None => PhaseSource::Calls(calls),
            },
        });
    }

    fn rest(&mut self, rest: &Rest) {
        if rest.begin < rest.end || rest.is_named {
            let mark = rest.mark.as_deref();
            // One without any time in it ends where it begins, at its mark.
            let begin = match rest.begin < rest.end {
                true => rest.begin,
                false => Moment {
                    event: rest.end.event.saturating_sub(1),
                    ..rest.end
                },
            };
            self.push(PhaseKind::Rest, begin, rest.end, mark, rest.is_named);
        }
    }

    /// The marks between two moments, without one at the first.
    fn marks(&self, from: Moment, to: Moment) -> &[MarkPoint] {
        let marks = &self.activity.marks;
        let first = marks.partition_point(|mark| mark.at <= from);
        let last = marks.partition_point(|mark| mark.at <= to);
        &marks[first.min(last)..last]
    }

    /// The mark at a moment, and whether its name has one of the meanings.
    fn mark_at(&self, at: Moment, stem: Stem) -> (Option<String>, bool) {
        let marks = &self.activity.marks;
        let last = marks.partition_point(|mark| mark.at <= at);
        let mark = last.checked_sub(1).map(|last| &marks[last]);
        let mark = mark.filter(|mark| mark.at == at);
        let is_named = mark.and_then(|mark| names::read(&mark.name));
        let is_named = is_named.is_some_and(|(of, _)| of == stem);
        (mark.map(|mark| mark.name.clone()), is_named)
    }

    /// A phase that ends at a moment, named after the mark there.
    fn ending(&mut self, kind: PhaseKind, stem: Stem, begin: Moment, end: Moment) {
        let (mark, named) = self.mark_at(end, stem);
        self.push(kind, begin, end, mark.as_deref(), named);
    }

    /// The cells between two moments.
    fn cells(&self, from: Moment, to: Moment) -> (usize, usize) {
        let cells = [from, to].map(|moment| self.activity.cells_until(moment.event));
        (cells[0], cells[1])
    }

    /// What is done before a rest: the start, a burst, and what collects what it left.
    fn work(&mut self, from: Moment, to: Moment) {
        let mut from = from;
        if self.phases.is_empty()
            && let Some(start) = self.start(to)
        {
            self.ending(PhaseKind::Start, Stem::Start, from, start);
            from = start;
        }
        let collected = self.collected(from, to);
        let burst = collected.unwrap_or(to);
        self.ending(PhaseKind::Burst, Stem::Burst, from, burst);
        self.ending(PhaseKind::Collect, Stem::Collect, burst, to);
    }

    /// The moment at which the start is over, of a program that first rests at another: where a mark says so, or at the first
    /// of a few marks, where most is done later.
    fn start(&self, rests: Moment) -> Option<Moment> {
        let marks = self.marks(Moment::default(), rests);
        let stem = |mark: &MarkPoint| names::read(&mark.name).map(|(stem, _)| stem);
        let named = marks.iter().find(|mark| stem(mark) == Some(Stem::Start));
        if let Some(start) = named {
            return Some(start.at);
        }
        let first = marks.first()?.at;
        if first >= rests
            || marks.len() > FEW_MARKS
            || marks.iter().any(|mark| stem(mark).is_some())
        {
            return None;
        }
        let (whole, (begin, end)) = (
            self.activity.cells_until(rests.event),
            self.cells(first, rests),
        );
        let later = self.activity.work_of(begin, end);
        let is_start = later * 10.0 >= self.activity.work_of(0, whole)
            && !self.activity.only_frees(begin, end);
        is_start.then_some(first)
    }

    /// Where a burst is over whose rest begins later: at the last mark before, if from there on only frees are called, or a mark
    /// says that it collected.
    fn collected(&self, from: Moment, to: Moment) -> Option<Moment> {
        let marks = self.marks(from, to);
        let (last, before) = marks.split_last()?;
        let burst = before.last()?.at;
        if last.at != to || burst <= from {
            return None;
        }
        let (begin, end) = self.cells(burst, to);
        let whole = self.cells(from, to);
        let is_collect = match names::read(&last.name) {
            Some((stem, _)) => stem == Stem::Collect,
            None => {
                let calls = self.activity.calls_of(begin, end);
                let all = self.activity.calls_of(whole.0, whole.1);
                calls <= all / MOST_COLLECTED && self.activity.only_frees(begin, end)
            }
        };
        is_collect.then_some(burst)
    }

    /// What comes after the last rest: a final trim, another burst, the end.
    fn tail(&mut self, from: Moment) {
        let ends = self.activity.ends;
        let stem = |mark: &MarkPoint| names::read(&mark.name).map(|(stem, _)| stem);
        let mut from = from;
        let (begin, end) = self.cells(from, ends);
        let marked = self.marks(from, ends).iter();
        let marked = marked.rev().find(|mark| stem(mark) == Some(Stem::Trim));
        let marked = marked.map(|mark| mark.at);
        let called = self.activity.trims(begin, end).last();
        let called = called.map(|cell| self.activity.after(cell + 1));
        if let Some(trimmed) = marked.or(called) {
            self.ending(PhaseKind::Trim, Stem::Trim, from, trimmed);
            from = trimmed;
        }
        let (begin, end) = self.cells(from, ends);
        let is_burst =
            self.activity.work_of(begin, end) >= BURST && !self.activity.only_frees(begin, end);
        let (kind, stem) = match is_burst {
            true => (PhaseKind::Burst, Stem::Burst),
            false => (PhaseKind::End, Stem::Trim),
        };
        self.ending(kind, stem, from, ends);
        if is_burst && self.is_over() {
            self.count(PhaseKind::Rest, ends, ends, None, false);
        }
    }

    /// Whether the last burst is over at the end: the program holds about as many blocks as in its last rest. Nothing tells how
    /// long it rests then.
    fn is_over(&self) -> bool {
        let rest = self
            .phases
            .iter()
            .rfind(|phase| phase.kind == PhaseKind::Rest);
        let Some(rest) = rest else { return false };
        let before = self.activity.cells_until(rest.end.event);
        let held = self.activity.blocks_after(before);
        let ends = self.activity.blocks_after(self.activity.cells.len());
        held > 0 && (ends - held).abs() <= held / 5
    }

    /// A program that never rests: up to the last burst that a mark names, and the end.
    fn unrested(&mut self, from: Moment) {
        let ends = self.activity.ends;
        let over = self.activity.marks.iter().rfind(|mark| {
            let stem = names::read(&mark.name).map(|(stem, _)| stem);
            matches!(stem, Some(Stem::Burst | Stem::Collect))
        });
        let over = over.map_or(ends, |mark| mark.at);
        self.work(from, over);
        if over < ends {
            self.tail(over);
        }
    }
}
