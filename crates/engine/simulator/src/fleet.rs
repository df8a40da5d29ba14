//! Processes side by side under one cap: their clocks go together, step by step, and what is resident is summed.

use crate::error::SimulatorError;
use crate::plan::Stage;
use crate::recording::{Options, Recording, Run};
use crate::sample::{MarkSample, Sample};
use highwater_allocator::{Bytes, Micros};
use highwater_kernel::Peaks;
use highwater_workload::Progress;

/// A step of the common clock while anything happens, in microseconds. What happens within one is seen by the others when
/// it is over.
const STEP: u64 = 1_000;

/// Several processes of one stage, in the middle of their run.
pub(crate) struct Fleet {
    workers: Vec<Worker>,
    /// The cap, and `memory.high`, of all together.
    limits: [Option<Bytes>; 2],
    clock: Micros,
    sample_every: Micros,
    sample_due: Micros,
    /// The most that was resident and held since the last sample.
    peaks: (Bytes, Peaks),
    samples: Vec<Sample>,
    marks: Vec<MarkSample>,
}

struct Worker {
    run: Run,
    goes_on: bool,
    was_killed: bool,
}

impl Worker {
    /// What the kernel counts against the cap. A process that was killed has nothing.
    fn charged(&self) -> Bytes {
        match self.was_killed {
            true => Bytes::ZERO,
            false => self.run.simulation().kernel().charged(),
        }
    }
}

impl Fleet {
    pub(crate) fn new(stage: &Stage, options: &Options) -> Result<Self, SimulatorError> {
        if stage.sources.is_empty() {
            return Err(SimulatorError::EmptyStage(stage.name.clone()));
        }
        let mut workers = Vec::new();
        for (number, source) in stage.sources.iter().enumerate() {
            let mut variant = stage.variant.clone();
            // Addresses differ from process to process, and with them what starts from them.
            variant.seed = (number > 0).then_some(number as u64);
            let run = Run::of_figures(source, &variant, options)?;
            workers.push(Worker {
                run: match source.phases().filter(|_| number == 0) {
                    Some(phases) => run.in_phases(phases),
                    None => run,
                },
                goes_on: true,
                was_killed: false,
            });
        }
        let longest = stage.sources.iter().map(|source| source.duration().0);
        let longest = longest.max().unwrap_or_default();
        Ok(Self {
            workers,
            limits: [stage.variant.cap, stage.variant.high],
            clock: Micros(0),
            sample_every: Micros(longest / u64::from(options.samples.max(1)) + 1),
            sample_due: Micros(0),
            peaks: Default::default(),
            samples: Vec::new(),
            marks: Vec::new(),
        })
    }

    /// What was measured so far.
    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Runs about `events` more events; `false` once there are none left.
    pub(crate) fn go_on(&mut self, events: u64) -> bool {
        let position = |fleet: &Self| -> u64 {
            let runs = fleet.workers.iter();
            runs.map(|worker| worker.run.simulation().position()).sum()
        };
        let until = position(self).saturating_add(events);
        // This many steps in which little runs are as much work.
        let mut steps = events / 8 + 1;
        while position(self) < until && steps > 0 {
            if !self.step() {
                return false;
            }
            steps -= 1;
        }
        true
    }

    fn step(&mut self) -> bool {
        // A rest is gone through from sample to sample: something may happen in it of itself.
        let next = self.workers.iter_mut().filter(|worker| worker.goes_on);
        let next = next.filter_map(|worker| worker.run.next_time()).min();
        let next = next.unwrap_or_default().min(self.sample_due);
        self.clock = Micros((self.clock.0 + STEP).max(next.0));
        for number in 0..self.workers.len() {
            if !self.workers[number].goes_on {
                continue;
            }
            if self.limits != [None, None] {
                let others: u64 = (self.workers.iter().enumerate())
                    .filter(|(other, _)| *other != number)
                    .map(|(_, worker)| worker.charged().0)
                    .sum();
                let left = |limit: Option<Bytes>| Some(limit?.saturating_sub(Bytes(others)));
                let [cap, high] = self.limits.map(left);
                self.workers[number].run.set_limits(cap, high);
            }
            let worker = &mut self.workers[number];
            worker.goes_on = worker.run.go_to(self.clock);
            worker.was_killed = worker.run.simulation().killed().is_some();
        }
        self.look();
        self.workers.iter().any(|worker| worker.goes_on)
    }

    /// Sums, and keeps what is due.
    fn look(&mut self) {
        let sum = |of: fn(&Run) -> Bytes| -> Bytes {
            let alive = self.workers.iter().filter(|worker| !worker.was_killed);
            Bytes(alive.map(|worker| of(&worker.run).0).sum())
        };
        let rss = sum(|run| run.simulation().rss());
        let tables = sum(|run| run.simulation().kernel().page_tables());
        let lazy = sum(|run| run.simulation().kernel().lazy());
        let charged = rss + tables;
        let live = sum(|run| run.simulation().live());
        let (most_live, most) = &mut self.peaks;
        *most_live = live.max(*most_live);
        most.resident = rss.max(most.resident);
        most.charged = charged.max(most.charged);
        most.working_set = charged.saturating_sub(lazy).max(most.working_set);
        let marks = self
            .workers
            .first()
            .map_or(&[][..], |first| first.run.marks());
        let new: Vec<MarkSample> = marks.get(self.marks.len()..).unwrap_or_default().to_vec();
        if self.clock < self.sample_due && new.is_empty() {
            return;
        }
        self.sample_due = Micros(self.clock.0 + self.sample_every.0);
        let sample = self.sample(!new.is_empty());
        self.samples.push(sample);
        let marked = |mark: MarkSample| MarkSample {
            sample: Sample {
                time: mark.sample.time,
                event: mark.sample.event,
                ..sample
            },
            ..mark
        };
        self.marks.extend(new.into_iter().map(marked));
    }

    fn sample(&mut self, reclaimable: bool) -> Sample {
        let (live_peak, peaks) = std::mem::take(&mut self.peaks);
        let mut sum = Sample {
            time: self.clock,
            event: (self.workers.first()).map_or(0, |first| first.run.simulation().position()),
            rss_peak: peaks.resident,
            charged_peak: peaks.charged,
            working_set_peak: peaks.working_set,
            live_peak,
            reclaimable: reclaimable.then_some(Bytes::ZERO),
            ..Sample::default()
        };
        for worker in &mut self.workers {
            let one = worker.run.sample(reclaimable);
            sum.faults += one.faults;
            sum.syscalls += one.syscalls;
            if worker.was_killed {
                continue;
            }
            sum.rss += one.rss;
            sum.page_tables += one.page_tables;
            sum.huge += one.huge;
            sum.unwritten += one.unwritten;
            sum.lazy_free += one.lazy_free;
            sum.live += one.live;
            sum.parked += one.parked;
            sum.free += one.free;
            sum.top += one.top;
            sum.trim_threshold = sum.trim_threshold.max(one.trim_threshold);
            sum.reclaimable = sum.reclaimable.zip(one.reclaimable).map(|(a, b)| a + b);
        }
        sum
    }

    /// Whether all events so far could be read.
    pub(crate) fn check(&self) -> Result<(), SimulatorError> {
        let mut workers = self.workers.iter();
        workers.try_for_each(|worker| worker.run.check())
    }

    pub(crate) fn progress(&self) -> Progress {
        let runs = self.workers.iter().map(|worker| worker.run.progress());
        runs.fold(Progress { done: 0, total: 0 }, |sum, one| Progress {
            done: sum.done + one.done,
            total: sum.total + one.total,
        })
    }

    /// The sums, and what each process recorded.
    pub(crate) fn finish(mut self) -> (Vec<Sample>, Vec<MarkSample>, Vec<Recording>) {
        let last = self.sample(true);
        self.samples.push(last);
        let recordings = self.workers.into_iter().map(|worker| worker.run.finish());
        (self.samples, self.marks, recordings.collect())
    }
}
