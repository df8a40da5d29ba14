//! The workers: one to each core, the variants spread over them.
//!
//! Beside them there is one that reads what people bring, once somebody brings something.
//!
//! A variant's run is handed to the first worker that is free. Looking into it is done by the same one: it has kept moments of the
//! run, and keeps the simulation where it looked last.

mod advising;
mod reader;

use std::{cell::Cell, collections::VecDeque, rc::Rc};

use web_sys::File;
use yew::Callback;

use highwater_simulator::Moment;

use crate::{
    protocol::{Ask, Loaded, Order, Outcome, Tried, Work},
    state::{AdviceWork, Advising, Arrival},
    variants::VariantId,
    view::RunView,
    wire::Beside,
    worker_client::{Health, JobEvent, JobHandle, Program, WorkerClient},
};

/// Workers at most: each holds the calls that it runs.
const MOST_WORKERS: usize = 8;

/// How much of the time that a file of another tool takes goes by until it is a recording, about.
const IMPORTING: f64 = 0.8;

/// All workers, and what they are at.
pub struct Pool {
    workers: Vec<Member>,
    queue: VecDeque<Waiting>,
    looks: Vec<(VariantId, JobHandle)>,
    /// What is asked besides: blocks, what would be without some, texts, and what the log says.
    asked: [Option<JobHandle>; 4],
    /// The worker that reads, and whether it is broken.
    reader: Option<(WorkerClient, Rc<Cell<bool>>)>,
    /// Texts of environment boxes that are being read.
    reads: Vec<(VariantId, JobHandle)>,
    /// A picture that is being drawn.
    drawing: Option<JobHandle>,
    /// The figures of a moment, asked of variants.
    figures: Vec<(VariantId, JobHandle)>,
    /// What a search for what would help wants to run: its number, the place of the piece, and the piece.
    trials: Vec<(u32, usize, Vec<u8>)>,
    /// What it asks besides.
    advising: Option<JobHandle>,
    /// The recording that is shown, for workers that are started later.
    trace: Option<(u32, Beside)>,
    /// Another that is being read.
    reading: Option<(u32, Beside)>,
    /// The file of another tool that is being read.
    importing: Option<JobHandle>,
    /// The number of the recording that was made of such a file, and where that comes from.
    imported: Option<(u32, String)>,
    /// The workers that made the runs of variants.
    ran: Vec<(VariantId, usize)>,
    next_run: u32,
    tell: Callback<PoolEvent>,
}

struct Member {
    client: WorkerClient,
    health: Health,
    running: Option<(VariantId, u32, JobHandle)>,
    /// What it runs for a search, which every run of a variant comes before.
    trying: Option<(u32, JobHandle)>,
    loading: Option<JobHandle>,
}

struct Waiting {
    id: VariantId,
    order: Rc<Order>,
    frames: u32,
}

/// What the pool is told, and tells.
#[derive(Debug)]
pub enum PoolEvent {
    /// A worker's health changed.
    Health(usize, Health),
    /// A worker has not got the run with this number any more.
    Free(usize, u32),
    /// What was to be read as a recording is a file of another kind: what it is, where that is known.
    Foreign(u32, Option<String>),
    /// A file of another tool was read as a recording: its number, where it comes from, and its bytes.
    Imported(u32, String, Beside),
    /// Something for the page.
    Arrived(Arrival),
}

impl Pool {
    /// Starts the workers. `tell` is told what happens; what is for the pool goes to [`Self::health`] and [`Self::free`].
    pub fn start(cores: usize, tell: Callback<PoolEvent>) -> Self {
        let workers = (0..cores.clamp(1, MOST_WORKERS)).map(|number| {
            let told = tell.clone();
            Member {
                client: WorkerClient::start(Program::Simulator, move |health| {
                    told.emit(PoolEvent::Health(number, health));
                }),
                health: Health::Starting,
                running: None,
                trying: None,
                loading: None,
            }
        });
        Self {
            workers: workers.collect(),
            queue: VecDeque::new(),
            looks: Vec::new(),
            asked: Default::default(),
            reader: None,
            reads: Vec::new(),
            drawing: None,
            figures: Vec::new(),
            trials: Vec::new(),
            advising: None,
            trace: None,
            reading: None,
            importing: None,
            imported: None,
            ran: Vec::new(),
            next_run: 0,
            tell,
        }
    }

    /// A worker's health changed; returns that of all together.
    pub fn health(&mut self, number: usize, health: Health) -> Health {
        let is_new = health == Health::Starting && self.workers[number].health != Health::Starting;
        self.workers[number].health = health;
        if is_new {
            // It is another one, which has not got the recording. Whatever the one before ran is told to be over.
            self.load_into(number);
        }
        self.go_on();
        let all = || self.workers.iter().map(|worker| &worker.health);
        let ready = all().find(|health| matches!(health, Health::Ready(_)));
        let starting = all().find(|health| matches!(health, Health::Starting));
        let health = ready.or(starting).unwrap_or(&self.workers[0].health);
        health.clone()
    }

    /// A worker has not got a run any more. By then it may have got the next.
    pub fn free(&mut self, number: usize, run: u32) {
        let worker = &mut self.workers[number];
        worker.running.take_if(|(_, running, _)| *running == run);
        worker.trying.take_if(|(trying, _)| *trying == run);
        self.go_on();
    }

    /// Starts the workers anew, with the recording, if none of them could be loaded: by now they may be there.
    fn revive(&mut self) -> bool {
        let is_broken = |worker: &Member| matches!(worker.health, Health::Broken(_));
        let is_needed = self.workers.iter().all(is_broken);
        for number in 0..if is_needed { self.workers.len() } else { 0 } {
            self.workers[number].health = Health::Starting;
            self.workers[number].client.restart();
            self.load_into(number);
        }
        is_needed
    }

    /// Gives a recording to all of them.
    pub fn load(&mut self, number: u32, recording: Beside) {
        self.reading = Some((number, recording));
        if self.revive() {
            return;
        }
        for worker in 0..self.workers.len() {
            self.load_into(worker);
        }
    }

    /// The recording that was read is shown now.
    pub fn keep(&mut self) {
        self.trace = self.reading.take().or(self.trace.take());
    }

    /// Goes back to the recording that is shown, if there is one: another was not read, or only by some workers. What may have
    /// ended a worker is given to none that takes its place.
    pub fn go_back(&mut self) {
        if self.reading.take().is_some() {
            for worker in 0..self.workers.len() {
                self.workers[worker].loading = None;
                self.load_into(worker);
            }
        }
    }

    fn load_into(&mut self, worker: usize) {
        let Some((number, recording)) = self.reading.as_ref().or(self.trace.as_ref()) else {
            return;
        };
        let number = *number;
        let tell = self.tell.clone();
        let copy = recording.copied();
        let work = Work::Load { trace: number };
        let imported = self.imported.clone();
        let origin = imported.and_then(|(of, origin)| (of == number).then_some(origin));
        let before = origin.as_ref().map_or(0.0, |_| IMPORTING);
        let client = &self.workers[worker].client;
        let handle = client.run(work, Some(copy), move |event| {
            let arrival = match event {
                JobEvent::Progress(share, _) => {
                    Arrival::LoadProgress(before + share * (1.0 - before))
                }
                JobEvent::Finished(Outcome::Loaded(about)) => {
                    let origin = origin.clone().or(about.origin);
                    Arrival::Loaded(number, Loaded { origin, ..about })
                }
                JobEvent::Finished(Outcome::Foreign(what)) => {
                    return tell.emit(PoolEvent::Foreign(number, Some(what)));
                }
                JobEvent::Failed(message) => Arrival::LoadFailed(number, message),
                _ => return,
            };
            tell.emit(PoolEvent::Arrived(arrival));
        });
        self.workers[worker].loading = Some(handle);
    }

    /// Runs something for a variant, in place of what is run for it.
    pub fn run(&mut self, id: VariantId, order: Rc<Order>, frames: u32) {
        self.drop_run(id);
        self.revive();
        self.queue.push_back(Waiting { id, order, frames });
        self.go_on();
    }

    /// Returns a worker by its number, or the next that is not broken.
    fn usable(&self, number: usize) -> &Member {
        let by = |number: usize| &self.workers[number % self.workers.len()];
        let is_usable = |number: &usize| !matches!(by(*number).health, Health::Broken(_));
        let found = (number..number + self.workers.len()).find(is_usable);
        by(found.unwrap_or(number))
    }

    /// Asks something of a moment of a variant's run, in place of what was asked of it before.
    pub fn look(&mut self, id: VariantId, run: &Rc<RunView>, moment: Moment, ask: Ask) {
        self.revive();
        let made = self.ran.iter().find(|(ran, _)| *ran == id);
        let worker = self.usable(made.map_or(id.0 as usize, |(_, number)| *number));
        let work = run.look(moment, ask.clone());
        let order = Rc::clone(&run.order);
        let tell = self.tell.clone();
        let is_why = matches!(ask, Ask::Why);
        let handle = worker.client.run(work, None, move |event| {
            let arrival = match event {
                JobEvent::Progress(share, _) if is_why => Arrival::LookProgress(id, share),
                JobEvent::Progress(..) => return,
                JobEvent::Finished(outcome) => Arrival::answer(id, &order, moment, outcome),
                JobEvent::Failed(message) => Arrival::LookFailed(id, Some(message)),
                JobEvent::FinishedWith(..) | JobEvent::Lost => Arrival::LookFailed(id, None),
            };
            tell.emit(PoolEvent::Arrived(arrival));
        });
        // What is asked besides goes on though the playhead moves.
        match ask {
            Ask::Why => {
                self.drop_look(id);
                self.looks.push((id, handle));
            }
            Ask::Blocks { .. } => self.asked[0] = Some(handle),
            Ask::Without { .. } => self.asked[1] = Some(handle),
            Ask::Sizes | Ask::State => self.asked[2] = Some(handle),
            Ask::Log { .. } => self.asked[3] = Some(handle),
            Ask::Figures => {
                self.figures.retain(|(of, _)| *of != id);
                self.figures.push((id, handle));
            }
        }
    }

    /// Drops what is done for a variant.
    pub fn drop_variant(&mut self, id: VariantId) {
        self.drop_run(id);
        self.drop_look(id);
        self.ran.retain(|(ran, _)| *ran != id);
        self.figures.retain(|(of, _)| *of != id);
        self.reads.retain(|(of, _)| *of != id);
        self.go_on();
    }

    fn drop_look(&mut self, id: VariantId) {
        self.looks.retain(|(of, _)| *of != id);
    }

    fn drop_run(&mut self, id: VariantId) {
        self.queue.retain(|waiting| waiting.id != id);
        for worker in &mut self.workers {
            if matches!(&worker.running, Some((running, ..)) if *running == id) {
                worker.running = None;
            }
        }
    }

    /// Drops everything.
    pub fn drop_all(&mut self) {
        self.queue.clear();
        self.end_advice();
        self.looks.clear();
        self.asked = Default::default();
        self.importing = None;
        for worker in &mut self.workers {
            worker.running = None;
            worker.loading = None;
        }
    }

    /// Hands what waits to those that are free.
    fn go_on(&mut self) {
        self.go_on_with_runs();
        for number in 0..self.workers.len() {
            let worker = &self.workers[number];
            let is_free = worker.running.is_none() && worker.trying.is_none();
            if is_free && !matches!(worker.health, Health::Broken(_)) {
                if self.trials.is_empty() {
                    return;
                }
                let trial = self.trials.remove(0);
                self.try_on(number, trial);
            }
        }
    }

    fn go_on_with_runs(&mut self) {
        for number in 0..self.workers.len() {
            let worker = &mut self.workers[number];
            if worker.running.is_some() || matches!(worker.health, Health::Broken(_)) {
                continue;
            }
            let Some(Waiting { id, order, frames }) = self.queue.pop_front() else {
                return;
            };
            let tell = self.tell.clone();
            let run_number = self.next_run;
            self.next_run += 1;
            let work = Work::Run {
                order: (*order).clone(),
                frames,
            };
            let handle = worker.client.run(work, None, move |event| {
                let (is_over, arrival) = match event {
                    JobEvent::Progress(share, curve) => {
                        (false, Arrival::Progress(id, share, curve.into()))
                    }
                    JobEvent::Finished(Outcome::Ran(ran)) => {
                        let run = RunView::receive(Rc::clone(&order), *ran);
                        (true, Arrival::Ran(id, Rc::new(run)))
                    }
                    JobEvent::Failed(message) => (true, Arrival::RunFailed(id, message)),
                    JobEvent::Finished(..) | JobEvent::FinishedWith(..) | JobEvent::Lost => {
                        (true, Arrival::RunLost(id))
                    }
                };
                if is_over {
                    tell.emit(PoolEvent::Free(number, run_number));
                }
                tell.emit(PoolEvent::Arrived(arrival));
            });
            worker.running = Some((id, run_number, handle));
            self.ran.retain(|(ran, _)| *ran != id);
            self.ran.push((id, number));
        }
    }
}
