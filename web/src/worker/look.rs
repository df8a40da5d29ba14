//! [`Work::Look`](crate::protocol::Work::Look): one moment of a run, page by page and explained.

use highwater_report::explain;
use highwater_simulator::{BlockView, Diagnosis, Finding, Micros, Origin, Simulation};

use crate::{
    protocol::{Ask, BlockRow, Looked, MomentFigures, Order, Outcome, Said, ToldKind, ToldOf},
    words,
    worker::{
        Engine, Job, Slice, Step,
        engine::Cursor,
        log::{Latest, Log, READ_EVERY},
        text,
    },
};

/// Events between two questions whether to go on: well under a millisecond.
const BATCH: u64 = 2048;

/// Decisions told at most.
const TOLD: usize = 40;

/// The same where the whole log is searched.
const TOLD_WHOLE: usize = 1000;

/// Blocks shown at most.
const MOST_BLOCKS: usize = 400;

/// Events that a kept moment must spare to be worth unpacking.
const WORTH_UNPACKING: u64 = 1 << 15;

/// A look at one moment.
pub(crate) struct Look {
    pub(crate) order: Order,
    /// The stage, and where it begins in the run's events and time.
    pub(crate) stage: usize,
    pub(crate) first_event: u64,
    pub(crate) begins: Micros,
    /// The moment, counted from the beginning of the run.
    pub(crate) event: u64,
    pub(crate) time: Micros,
    pub(crate) ask: Ask,
    /// The simulation on its way there. It is the look's own until it is there: two that are on their way in one worker would
    /// else take it from each other, again and again, and neither would arrive.
    pub(crate) on_its_way: Option<Cursor>,
}

impl Job for Look {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        match self.go_on(engine, slice) {
            Ok(step) => step,
            Err(message) => Step::Failed(message),
        }
    }
}

impl Look {
    fn go_on(&mut self, engine: &mut Engine, slice: &Slice) -> Result<Step, String> {
        let event = self.event.saturating_sub(self.first_event);
        let time = Micros(self.time.0.saturating_sub(self.begins.0));
        let mut cursor = match self.on_its_way.take() {
            Some(cursor) => cursor,
            None => self.set_out(engine, slice, (event, time))?,
        };
        if let Some(done) = run_to(&mut cursor, event, engine, slice) {
            self.on_its_way = Some(cursor);
            return Ok(Step::More(done));
        }
        let simulation = &mut cursor.simulation;
        simulation.wait_until(time);
        simulation.check().map_err(|error| error.to_string())?;
        cursor.log.read(simulation);
        let outcome = match &self.ask {
            Ask::Why => Outcome::Looked(Box::new(self.explained(&mut cursor))),
            Ask::Blocks { from, to } => {
                let found = simulation.blocks_between(*from, *to, MOST_BLOCKS);
                Outcome::Blocks(found.iter().map(|view| self.row(view)).collect())
            }
            Ask::Figures => Outcome::Figures(MomentFigures {
                rss: simulation.rss(),
                live: simulation.live(),
                free: simulation.accounting().free,
                reclaimable: simulation.reclaimable(),
                page_tables: simulation.kernel().page_tables(),
                huge: simulation.kernel().huge(),
                lazy_free: simulation.kernel().lazy(),
            }),
            Ask::Sizes => Outcome::Text(text::sizes(simulation)),
            Ask::State => {
                let diagnosis = self.in_run(simulation.diagnose());
                Outcome::Text(text::state(simulation, &diagnosis, self.first_event))
            }
            Ask::Log { .. } => {
                let found = cursor.log.found();
                return Ok(Step::Done(Outcome::Logged(self.told(found, TOLD_WHOLE))));
            }
            Ask::Without { pins } => {
                // The simulation is used up by it.
                let without = cursor.simulation.without(pins);
                return Ok(Step::Done(Outcome::Without(without)));
            }
        };
        engine.cursor = Some(cursor);
        Ok(Step::Done(outcome))
    }

    /// A simulation before a moment of its process, from which the way there is short.
    fn set_out(
        &self,
        engine: &mut Engine,
        slice: &Slice,
        moment: (u64, Micros),
    ) -> Result<Cursor, String> {
        let is_before = |cursor: &Cursor| {
            cursor.stage == self.stage
                && cursor.order == self.order
                && (cursor.simulation.position(), cursor.simulation.now()) <= moment
        };
        let there = engine.cursor.as_ref().filter(|cursor| is_before(cursor));
        let since = there.map_or(0, |cursor| cursor.simulation.position() + WORTH_UNPACKING);
        let kept = match &self.ask {
            // It is read from the first decision on.
            Ask::Log { words, kind } => Some(self.searching(engine, slice, words, *kind)?),
            _ => engine.resumed((&self.order, self.stage), moment, since),
        };
        match kept.or_else(|| engine.cursor.take().filter(is_before)) {
            Some(cursor) => Ok(cursor),
            None => self.begin(engine, slice),
        }
    }

    /// Why memory is as it is where a simulation is, and the map.
    fn explained(
        &self,
        Cursor {
            simulation, log, ..
        }: &mut Cursor,
    ) -> Looked {
        let frame = simulation.frame();
        let mut diagnosis = self.in_run(simulation.diagnose());
        let findings = std::mem::take(&mut diagnosis.findings);
        Looked {
            diagnosis,
            findings: findings.iter().map(say).collect(),
            decisions: self.told(log.all(), TOLD).latest,
            decided: log.all().count,
            kinds: log.kinds().map(|kind| self.told(kind, TOLD)).collect(),
            frame,
        }
    }

    fn begin(&self, engine: &mut Engine, slice: &Slice) -> Result<Cursor, String> {
        let stage = self.order.stages.get(self.stage);
        let stage = stage.ok_or("there is no such stage")?;
        let source = engine.source(stage, 0, slice)?;
        let simulation =
            Simulation::new(source, &stage.variant).map_err(|error| error.to_string())?;
        Ok(Cursor {
            order: self.order.clone(),
            stage: self.stage,
            simulation,
            log: Log::default(),
        })
    }

    /// A process at its beginning, whose log looks for words.
    fn searching(
        &self,
        engine: &mut Engine,
        slice: &Slice,
        words: &str,
        kind: Option<ToldKind>,
    ) -> Result<Cursor, String> {
        Ok(Cursor {
            log: Log::searching(words, kind),
            ..self.begin(engine, slice)?
        })
    }

    fn told(&self, of: &Latest, most: usize) -> ToldOf {
        let mut latest = of.kept();
        for decision in &mut latest {
            decision.time.0 += self.begins.0;
        }
        ToldOf {
            count: of.count,
            latest: words::tell_latest(&latest, most),
        }
    }

    /// A stage's process counts from its own beginning; what is shown counts from that of the run.
    fn in_run(&self, mut diagnosis: Diagnosis) -> Diagnosis {
        diagnosis.event += self.first_event;
        diagnosis.time.0 += self.begins.0;
        for pin in &mut diagnosis.pins {
            pin.allocated = self.moved(pin.allocated);
            pin.freed = self.moved(pin.freed);
        }
        for finding in &mut diagnosis.findings {
            finding.moved(self.first_event, self.begins);
        }
        diagnosis
    }

    fn moved(&self, origin: Option<Origin>) -> Option<Origin> {
        origin.map(|origin| Origin {
            event: origin.event + self.first_event,
            time: Micros(origin.time.0 + self.begins.0),
            ..origin
        })
    }

    fn row(&self, view: &BlockView) -> BlockRow {
        let (kind, state) = highwater_report::block(view.block.state);
        BlockRow {
            address: view.block.user,
            size: view.block.size,
            kind,
            state,
            requested: view.requested,
            allocated: self.moved(view.allocated),
            freed: self.moved(view.freed),
        }
    }
}

/// Runs to an event, or returns the share that is done where it may not go on.
fn run_to(cursor: &mut Cursor, event: u64, engine: &mut Engine, slice: &Slice) -> Option<f64> {
    let simulation = &mut cursor.simulation;
    let mut before = None;
    while simulation.position() < event && before != Some(simulation.position()) {
        if !slice.may_go_on() {
            return Some(simulation.position() as f64 / event as f64);
        }
        before = Some(simulation.position());
        let end = event.min(simulation.position() + BATCH);
        let mut at = None;
        while simulation.position() < end && at != Some(simulation.position()) {
            at = Some(simulation.position());
            simulation.run_until(end.min(simulation.position() + READ_EVERY));
            cursor.log.read(simulation);
            // A part of a recording that is read on the way ends within a batch.
            if simulation.is_seam() && !cursor.log.is_searching() {
                engine.offer((&cursor.order, cursor.stage), simulation, &cursor.log);
            }
        }
        if !cursor.log.is_searching() {
            engine.offer((&cursor.order, cursor.stage), simulation, &cursor.log);
        }
    }
    None
}

/// A finding in words.
fn say(finding: &Finding) -> Said {
    let explained = explain(finding);
    Said {
        kind: explained.kind.to_owned(),
        sentences: explained.sentences,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{Calls, StageOrder},
        worker::run::Run,
    };
    use highwater_simulator::{Address, Bytes, Variant};
    use highwater_workload::{Pattern, pattern::Parameters};

    fn order(parameters: &Parameters, variant: Variant) -> Order {
        Order {
            stages: vec![StageOrder {
                name: String::new(),
                calls: Calls::Pattern {
                    pattern: Pattern::AsyncFanOut,
                    values: parameters.values(),
                },
                workers: 1,
                trims: None,
                variant,
            }],
        }
    }

    /// Where a worker stands after a look, and what it answered.
    fn looked(engine: &mut Engine, order: &Order, event: u64, time: Micros) -> String {
        let mut look = Look {
            order: order.clone(),
            stage: 0,
            first_event: 0,
            begins: Micros(0),
            event,
            time,
            ask: Ask::Figures,
            on_its_way: None,
        };
        let Step::Done(outcome) = look.advance(engine, &Slice::unlimited()) else {
            panic!("it has all the time it wants");
        };
        let cursor = engine.cursor.as_ref().expect("it is where it looked");
        let told = |latest: &Latest| (latest.count, latest.kept());
        let kinds: Vec<_> = cursor.log.kinds().map(told).collect();
        let simulation = &cursor.simulation;
        let seen = (simulation.frame(), simulation.diagnose());
        format!(
            "{outcome:?} {:?} {kinds:?} {seen:?}",
            told(cursor.log.all())
        )
    }

    #[test]
    fn from_a_kept_moment_a_look_answers_as_from_the_beginning() {
        let parameters: Parameters = "events=150 cycles=6".parse().expect("in range");
        for (allocator, environment) in [
            ("glibc@2.36", "MALLOC_TRIM_THRESHOLD_=65536"),
            ("jemalloc@5.3.0", "MALLOC_CONF=dirty_decay_ms:10"),
        ] {
            let variant = Variant {
                allocator: allocator.parse().expect("it is modelled"),
                environment: highwater_simulator::parse_lines(environment),
                ..Variant::default()
            };
            let order = order(&parameters, variant);
            let mut engine = Engine::default();
            let mut run = Run::new(order.clone(), 0);
            let outcome = match run.advance(&mut engine, &Slice::unlimited()) {
                Step::Done(Outcome::Ran(ran)) => ran,
                other => panic!("{other:?}"),
            };
            let kept: Vec<u64> = engine.kept((&order, 0)).collect();
            assert!(kept.len() > 1, "{kept:?}");
            let end = *outcome.samples.last().expect("it was measured");
            let mut chance = fastrand::Rng::with_seed(3);
            let mut moments: Vec<(u64, Micros)> = (0..4)
                .map(|_| chance.u64(0..end.event))
                .map(|event| (event, Micros(0)))
                .collect();
            // In a rest, before the first of the kept moments, and right behind one.
            moments.extend(
                outcome
                    .marks
                    .iter()
                    .map(|mark| (mark.event, mark.time))
                    .next_back(),
            );
            moments.extend([(100, Micros(0)), (kept[0] + 1, Micros(0))]);
            for (event, time) in moments {
                let again = looked(&mut engine, &order, event, time);
                let whole = looked(&mut Engine::default(), &order, event, time);
                assert!(again == whole, "{allocator} at {event}");
            }
        }
    }

    #[test]
    fn two_on_their_way_in_one_worker_both_arrive() {
        let look = |cap| Look {
            order: order(
                &Parameters::default(),
                Variant {
                    cap,
                    ..Variant::default()
                },
            ),
            stage: 0,
            first_event: 0,
            begins: Micros(0),
            event: BATCH * 8,
            time: Micros(0),
            // Blocks, since maps cross in arrays of JavaScript's.
            ask: Ask::Blocks {
                from: Address(0),
                to: Address(1),
            },
            on_its_way: None,
        };
        let mut looks = [look(None), look(Some(Bytes::mib(4096)))];
        let mut engine = Engine::default();
        let asked = std::cell::Cell::new(0);
        // One batch for each in turn.
        let slice = Slice {
            may_go_on: &|| asked.replace(asked.get() + 1) % 2 == 0,
            tell: &|_| {},
        };
        let mut arrived = 0;
        for turn in 0..64 {
            match looks[turn % 2].advance(&mut engine, &slice) {
                Step::Done(..) | Step::DoneWith(..) => arrived += 1,
                Step::More(_) => {}
                Step::Failed(reason) => panic!("{reason}"),
            }
            if arrived == 2 {
                return;
            }
        }
        panic!("{arrived} arrived");
    }
}
