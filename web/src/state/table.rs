//! The table of variants: the moment that it is of, its figures, and how it is sorted.

use std::rc::Rc;

use highwater_report::moment as words;
use highwater_simulator::{Micros, Moment, Phase, PhaseKind, Sample, Summary};

use super::{Effect, Shown};
use crate::{
    protocol::{Ask, MarkAt, MomentFigures, Order},
    variants::{VariantId, VariantState},
    view::RunView,
};

/// The moment that the table is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum At {
    /// The end of the last rest of each run.
    #[default]
    LastRest,
    /// Where the curve of the variant that is looked into is highest.
    Peak,
    /// A mark, by its place among those of the run that is looked into.
    Mark(usize),
    /// The end of a phase, by its place.
    Phase(usize),
    /// A time.
    Time(Micros),
}

/// Figures of a moment of a variant's run; none while they are being found out.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Whose.
    pub id: VariantId,
    /// What was run.
    pub order: Rc<Order>,
    /// When.
    pub moment: Moment,
    /// The figures.
    pub figures: Option<MomentFigures>,
}

impl At {
    /// As the words of a link; none where it is the usual one.
    pub(super) fn in_link(&self) -> Option<String> {
        Some(match self {
            Self::LastRest => return None,
            Self::Peak => "peak".to_owned(),
            Self::Mark(place) => format!("mark {place}"),
            Self::Phase(place) => format!("phase {place}"),
            Self::Time(time) => format!("time {}", time.0),
        })
    }

    /// What the words of a link say.
    pub fn of_link(words: &str) -> Option<Self> {
        if words == "peak" {
            return Some(Self::Peak);
        }
        let (what, number) = words.split_once(' ')?;
        // In the same range natively and in the browser.
        let place = || number.parse::<u32>().ok().map(|place| place as usize);
        Some(match what {
            "mark" => Self::Mark(place()?),
            "phase" => Self::Phase(place()?),
            "time" => Self::Time(Micros(number.parse().ok()?)),
            _ => return None,
        })
    }

    /// The same, as the value of an option of the page.
    pub fn value(&self) -> String {
        self.in_link().unwrap_or_else(|| "rest".to_owned())
    }
}

/// The table.
#[derive(Default)]
pub struct Table {
    /// The column that it is sorted by, and whether it falls.
    pub sorted: Option<(usize, bool)>,
    /// The moment that it is of.
    pub at: At,
    /// Figures of that moment that were asked for.
    figures: Vec<Known>,
    /// Whether it was copied just before.
    pub copied: bool,
}

/// Something happened to the table.
#[derive(Debug, Clone)]
pub enum TableAction {
    /// It is sorted by a column: rising, falling, or not.
    Sort(usize),
    /// It is of another moment.
    At(At),
    /// It is of the moment at the playhead.
    Here,
    /// It was copied.
    Copied,
}

impl Table {
    /// Takes what happened. Also says whether figures of another moment are wanted now.
    pub(super) fn update(&mut self, action: TableAction, now: Micros) -> bool {
        match action {
            TableAction::Sort(column) => {
                self.sorted = match self.sorted {
                    Some((of, false)) if of == column => Some((column, true)),
                    Some((of, true)) if of == column => None,
                    _ => Some((column, false)),
                };
            }
            TableAction::At(at) => return self.take_at(at),
            TableAction::Here => return self.take_at(At::Time(now)),
            TableAction::Copied => self.copied = true,
        }
        false
    }

    fn take_at(&mut self, at: At) -> bool {
        self.at = at;
        self.figures.clear();
        true
    }

    /// Takes figures of a variant, or that they were asked for.
    pub(super) fn take(&mut self, known: Known) {
        self.figures.retain(|other| other.id != known.id);
        self.figures.push(known);
    }

    /// What is known of a moment, or is being asked.
    fn known(&self, id: VariantId, run: &RunView, moment: Moment) -> Option<&Known> {
        let is_it =
            |known: &&Known| known.id == id && known.order == run.order && known.moment == moment;
        self.figures.iter().find(is_it)
    }

    /// Forgets which figures of a variant were asked for and did not come.
    pub(super) fn forget_unanswered(&mut self, id: VariantId) {
        self.figures
            .retain(|known| known.id != id || known.figures.is_some());
    }

    /// The moment that the table is of, in a variant's run: the same moment of the program in each. None where the run does not
    /// come to it.
    pub fn moment(&self, shown: Shown<'_>, run: &RunView) -> Option<Moment> {
        let main = shown.variants.run()?;
        let is_same = has_same_calls(&main.order, &run.order);
        let playhead = match &self.at {
            At::LastRest => return Some(run.first_look()),
            At::Peak => main.peak(),
            At::Mark(place) => {
                let name = |mark: &MarkAt| mark.name.clone();
                let mark = alike(&main.ran.marks, &run.ran.marks, *place, name)?;
                return Some(Moment {
                    time: mark.time,
                    event: mark.event,
                });
            }
            At::Phase(place) => {
                let kind = |phase: &Phase| phase.kind;
                let phase = alike(&main.ran.phases.0, &run.ran.phases.0, *place, kind)?;
                return Some(phase.end);
            }
            At::Time(time) if *time == shown.playhead.time => shown.playhead.moment(main, true),
            At::Time(time) => main.at(*time),
        };
        let there = match is_same {
            true => playhead,
            false => run.at(playhead.time),
        };
        (there.time <= run.ends()).then_some(there)
    }

    /// What a variant comes to at the moment that the table is of, and whether its figures of that moment are known.
    pub fn figures(&self, shown: Shown<'_>, variant: &VariantState) -> Option<(Summary, bool)> {
        let run = variant.run.as_ref()?;
        let summary = run.ran.summary;
        if self.at == At::LastRest {
            return Some((summary, true));
        }
        let Some(moment) = self.moment(shown, run) else {
            return Some((summary, false));
        };
        let of_sample = |sample: &Sample| MomentFigures {
            rss: sample.rss,
            live: sample.live,
            free: sample.free,
            reclaimable: sample.reclaimable.unwrap_or_default(),
            page_tables: sample.page_tables,
            huge: sample.huge,
            lazy_free: sample.lazy_free,
        };
        let known = || self.known(variant.id, run, moment)?.figures;
        let measured = run.measured(moment).map(of_sample);
        Some(match measured.or_else(known) {
            Some(figures) => (
                Summary {
                    after_rest: figures.rss,
                    live: figures.live,
                    free: figures.free,
                    reclaimable: figures.reclaimable,
                    memory_current: figures.rss + figures.page_tables,
                    huge: figures.huge,
                    lazy_free: figures.lazy_free,
                    ..summary
                },
                true,
            ),
            None => (summary, false),
        })
    }

    /// Asks for figures of the moment that were not measured.
    pub(super) fn wish(&mut self, shown: Shown<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.at == At::LastRest {
            return effects;
        }
        for variant in shown.variants.all.iter().filter(|one| one.is_fresh()) {
            let id = variant.id;
            let Some(run) = &variant.run else { continue };
            let Some(moment) = self.moment(shown, run) else {
                continue;
            };
            // Of several processes only what was measured of all together is known.
            let is_one = run.order.stages.iter().all(|stage| stage.workers == 1);
            if is_one && run.measured(moment).is_none() && self.known(id, run, moment).is_none() {
                self.take(Known {
                    id,
                    order: Rc::clone(&run.order),
                    moment,
                    figures: None,
                });
                effects.push(Effect::Ask(id, Rc::clone(run), moment, Ask::Figures));
            }
        }
        effects
    }

    /// What the figures of the moment are of, in a variant's run.
    pub fn words(&self, shown: Shown<'_>, run: &RunView) -> String {
        let Some(moment) = self.moment(shown, run) else {
            return "not reached".to_owned();
        };
        let main = shown.variants.run();
        let time = words::time(moment.time);
        match &self.at {
            At::LastRest => words::rested(&run.ran.phases, run.last()),
            At::Peak => format!("peak, {time}"),
            At::Mark(place) => {
                let mark = main.and_then(|main| main.ran.marks.get(*place));
                let name = mark.map_or("", |mark| &mark.name);
                format!("mark {}, {time}", words::quoted(name))
            }
            At::Phase(place) => {
                let phase = main.and_then(|main| main.ran.phases.0.get(*place));
                let name = phase.map_or_else(String::new, words::phase);
                format!("end of {name}, {time}")
            }
            At::Time(_) => time,
        }
    }

    /// The moments that the table can be taken at, with their words.
    pub fn moments(&self, shown: Shown<'_>) -> Vec<(At, String)> {
        const MOST: usize = 200;
        let Some(run) = shown.variants.run() else {
            return vec![];
        };
        let rested = match run.ran.phases.last_rest() {
            Some(_) => "after the last rest".to_owned(),
            None => "the end (no rest found)".to_owned(),
        };
        let mut all = vec![(At::LastRest, rested), (At::Peak, "peak".to_owned())];
        let phases = run.ran.phases.0.iter().enumerate();
        let phases = phases.filter(|(_, phase)| phase.kind != PhaseKind::End && !phase.is_marked);
        all.extend(phases.take(MOST).map(|(place, phase)| {
            let words = format!(
                "end of {}, {}",
                words::phase(phase),
                words::time(phase.end.time)
            );
            (At::Phase(place), words)
        }));
        let marks = run.ran.marks.iter().enumerate();
        all.extend(marks.take(MOST).map(|(place, mark)| {
            let words = format!("mark {}, {}", mark.name, words::time(mark.time));
            (At::Mark(place), words)
        }));
        if !all.iter().any(|(at, _)| *at == self.at) {
            all.push((self.at.clone(), self.words(shown, run)));
        }
        all
    }
}

/// What stands in another list where one stands among those of a list that are like it.
fn alike<'o, T, K: PartialEq>(
    list: &[T],
    other: &'o [T],
    place: usize,
    key: impl Fn(&T) -> K,
) -> Option<&'o T> {
    let wanted = key(list.get(place)?);
    let is_like = |one: &&T| key(one) == wanted;
    let number = list[..place].iter().filter(is_like).count();
    other.iter().filter(is_like).nth(number)
}

/// Whether two orders run the same calls, stage by stage.
pub fn has_same_calls(one: &Order, other: &Order) -> bool {
    let calls = |order: &Order| -> Vec<_> {
        let stages = order.stages.iter();
        stages
            .map(|stage| (stage.calls.clone(), stage.workers))
            .collect()
    };
    calls(one) == calls(other)
}

#[cfg(test)]
mod tests {
    use super::super::{Playhead, tests::ran};
    use super::*;
    use highwater_simulator::Bytes;

    #[test]
    fn a_column_rises_then_falls_then_is_as_it_was() {
        let mut table = Table::default();
        let mut sort = |column| {
            assert!(!table.update(TableAction::Sort(column), Micros(0)));
            table.sorted
        };
        assert_eq!(sort(2), Some((2, false)));
        assert_eq!(sort(2), Some((2, true)));
        assert_eq!(sort(3), Some((3, false)));
        assert_eq!(sort(3), Some((3, true)));
        assert_eq!(sort(3), None);
    }

    #[test]
    fn a_moment_is_read_as_it_is_written() {
        let all = [
            At::Peak,
            At::Mark(2),
            At::Phase(0),
            At::Time(Micros(7)),
            At::LastRest,
        ];
        for at in all {
            assert_eq!(At::of_link(&at.value()).unwrap_or_default(), at);
        }
        assert_eq!(At::of_link("mark 99999999999"), None);
    }

    #[test]
    fn figures_are_asked_for_once_and_taken_for_their_moment() {
        let (variants, playhead) = (ran(), Playhead::default());
        let shown = Shown {
            variants: &variants,
            playhead: &playhead,
        };
        let mut table = Table::default();
        assert_eq!(table.wish(shown), [], "the last rest is known of each run");
        assert!(table.update(TableAction::Here, Micros(0)));
        let asked = table.wish(shown);
        assert_eq!(asked.len(), variants.all.len());
        assert_eq!(table.wish(shown), []);
        let variant = variants.selected();
        let known = |table: &Table| table.figures(shown, variant).map(|(_, is_known)| is_known);
        assert_eq!(known(&table), Some(false));
        let Effect::Ask(id, run, moment, _) = &asked[0] else {
            panic!("it is asked for: {asked:?}");
        };
        let order = Rc::clone(&run.order);
        let figures = MomentFigures {
            rss: Bytes(1),
            live: Bytes(1),
            free: Bytes(0),
            reclaimable: Bytes(0),
            page_tables: Bytes(0),
            huge: Bytes(0),
            lazy_free: Bytes(0),
        };
        table.take(Known {
            id: *id,
            order,
            moment: *moment,
            figures: Some(figures),
        });
        assert_eq!(known(&table), Some(true));
        table.forget_unanswered(variants.all[1].id);
        assert_eq!(table.wish(shown).len(), 1, "that one is asked for again");
    }
}
