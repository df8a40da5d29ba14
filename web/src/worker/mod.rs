//! The worker: takes [`Request`]s, works on them in slices, and answers.
//!
//! A worker that computes hears nothing until it is done. Where it can be interrupted, a job therefore works for a few
//! milliseconds at a time ([`Job::advance`]); between two slices the worker reads its messages, so that the job can be
//! cancelled while the workload that was loaded for it stays. (Ending the worker and starting another would cancel too,
//! and lose it; the page does that only when the worker does not answer for a while.)

mod advise;
mod draw;
mod engine;
mod import;
mod load;
mod log;
mod look;
mod read;
mod recorded;
mod run;
mod survey;
mod text;
mod together;
mod written;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

pub use engine::Engine;
pub use recorded::Bytes;
pub use together::{CHOSEN, FIRST_LINE};
pub use written::Written;

use gloo_events::EventListener;
use highwater_simulator::Sample;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort};

use crate::{
    protocol::{JobId, Outcome, Request, Response, Work},
    wire::{self, Beside},
};

/// How long a job may work before the worker looks at its messages.
const SLICE_MS: f64 = 12.0;

/// Where the browser does not take what a worker has made.
const NO_ROOM: &str = "the browser has no room for the recording; the command reads the file: `highwater replay FILE`";

/// How often progress is told at most.
const PROGRESS_EVERY_MS: f64 = 50.0;

/// How often the curve of a run that goes on is told at most.
const CURVE_EVERY_MS: f64 = 300.0;

/// A piece of work. Most can be interrupted; those that cannot tell how far they are.
pub trait Job {
    /// Works until it is done or the slice is over, which should be asked about once a millisecond.
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step;

    /// The curve of what it runs so far, if somebody draws it.
    fn so_far(&self) -> Option<Vec<Sample>> {
        None
    }

    /// Its place among all jobs: those of the lowest are worked on by turns, the others wait.
    fn rank(&self) -> Rank {
        Rank::Asked
    }
}

/// Which jobs wait for which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// What the others need: a recording that is being read.
    Needed,
    /// What somebody waits for.
    Asked,
    /// What may take its time.
    Patient,
}

/// The time a job is given, and its way to say how far it is when it cannot stop at the end of it.
pub struct Slice<'a> {
    may_go_on: &'a dyn Fn() -> bool,
    tell: &'a dyn Fn(f64),
}

impl Slice<'_> {
    /// Whether there is time left.
    #[must_use]
    pub fn may_go_on(&self) -> bool {
        (self.may_go_on)()
    }

    /// Says how much is done, from 0 to 1. May be called as often as one likes.
    pub fn tell(&self, done: f64) {
        (self.tell)(done);
    }

    #[cfg(test)]
    pub(crate) fn unlimited() -> Slice<'static> {
        Slice {
            may_go_on: &|| true,
            tell: &|_| {},
        }
    }
}

/// How far a job came in one slice.
#[derive(Debug)]
pub enum Step {
    /// There is more to do; the share that is done, from 0 to 1.
    More(f64),
    /// It is finished.
    Done(Outcome),
    /// It is finished, and a recording belongs to its result.
    DoneWith(Outcome, Written),
    /// It cannot be finished: what the user should change.
    Failed(String),
}

/// Makes the job for a piece of work, with what came with it.
pub type MakeJob = fn(Work, Option<Beside>) -> Box<dyn Job>;

/// Work that another program does.
struct Elsewhere;

impl Job for Elsewhere {
    fn advance(&mut self, _: &mut Engine, _: &Slice) -> Step {
        Step::Failed("this worker cannot do that; reload the page".to_owned())
    }
}

/// The jobs of the program that reads what people bring, searches and draws pictures. It is sent to those who want that.
pub fn reading(work: Work, beside: Option<Beside>) -> Box<dyn Job> {
    match (work, beside) {
        (Work::Import, Some(Beside::File(file))) => match together::Together::of_file(&file) {
            Some(together) => Box::new(together),
            None => Box::new(import::Import::of(file)),
        },
        (Work::Read { text }, _) => Box::new(read::Read { text }),
        (Work::Draw(drawing), _) => Box::new(draw::Draw { drawing }),
        (
            Work::Advise {
                asked,
                survey,
                done,
            },
            _,
        ) => Box::new(advise::Advise {
            asked,
            survey,
            done,
        }),
        _ => Box::new(Elsewhere),
    }
}

/// The jobs of the simulator, with the recording that came with the work.
pub fn simulating(work: Work, bytes: Option<Bytes>) -> Box<dyn Job> {
    match work {
        Work::Load { trace } => {
            let bytes = bytes.unwrap_or(Bytes::Here(Vec::new()));
            Box::new(load::Load::new(bytes, trace))
        }
        Work::Run { order, frames } => Box::new(run::Run::new(order, frames)),
        Work::Look {
            order,
            stage,
            first_event,
            begins,
            event,
            time,
            ask,
        } => Box::new(look::Look {
            order,
            stage: stage as usize,
            first_event,
            begins,
            event,
            time,
            ask,
            on_its_way: None,
        }),
        Work::Survey { order } => Box::new(survey::Survey { order }),
        Work::Try(piece) => match run::Run::trial(&piece) {
            Ok(run) => Box::new(run),
            Err(_) => Box::new(Elsewhere),
        },
        Work::Import | Work::Read { .. } | Work::Draw(_) | Work::Advise { .. } => {
            Box::new(Elsewhere)
        }
    }
}

/// Starts a worker that does these jobs: everything else happens when messages arrive.
///
/// # Panics
/// When it is not run in a dedicated worker.
pub fn start(make: MakeJob) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global()
        .dyn_into()
        .expect("this program is the page's worker, and started as one");
    let worker = Rc::new(RefCell::new(Worker::new(scope.clone(), make)));

    let receiver = Rc::clone(&worker);
    EventListener::new(&scope, "message", move |event| {
        let event: &MessageEvent = event.unchecked_ref();
        receiver.borrow_mut().receive(&event.data());
    })
    .forget();

    let on_turn = Rc::clone(&worker);
    let on_turn =
        Closure::<dyn FnMut(JsValue)>::new(move |_| on_turn.borrow_mut().work_for_one_slice());
    worker
        .borrow()
        .turns
        .set_onmessage(Some(on_turn.as_ref().unchecked_ref()));
    on_turn.forget();

    let version = env!("CARGO_PKG_VERSION").to_owned();
    worker.borrow().say(&Response::Ready { version }, None);
}

struct Running {
    id: JobId,
    job: Box<dyn Job>,
    progress_told_ms: Cell<f64>,
    /// When its curve so far is told next.
    curve_due_ms: f64,
}

struct Worker {
    scope: DedicatedWorkerGlobalScope,
    make: MakeJob,
    jobs: Vec<Running>,
    engine: Engine,
    /// Where a message to ourselves arrives, behind those that the page has sent meanwhile. A timer would do too, were
    /// nested timers not held back to 4 ms.
    turns: MessagePort,
    next_turn: MessagePort,
    turn_is_due: bool,
}

impl Worker {
    fn new(scope: DedicatedWorkerGlobalScope, make: MakeJob) -> Self {
        let channel = MessageChannel::new().expect("every browser with workers has channels");
        Self {
            scope,
            make,
            jobs: Vec::new(),
            engine: Engine::default(),
            turns: channel.port1(),
            next_turn: channel.port2(),
            turn_is_due: false,
        }
    }

    fn receive(&mut self, data: &JsValue) {
        match wire::unpack(data) {
            Ok((Request::Start { job, work }, beside)) => {
                self.begin(job, work, beside);
            }
            Ok((Request::Cancel { job }, _)) => {
                self.jobs.retain(|running| running.id != job);
                self.say(&Response::Cancelled { job }, None);
            }
            Err(error) => web_sys::console::error_1(
                &format!("the worker does not understand the page: {error}").into(),
            ),
        }
    }

    fn begin(&mut self, id: JobId, work: Work, beside: Option<Beside>) {
        self.jobs.push(Running {
            id,
            job: (self.make)(work, beside),
            progress_told_ms: Cell::new(now_ms()),
            curve_due_ms: now_ms() + CURVE_EVERY_MS,
        });
        self.ask_for_turn();
    }

    /// Lets the first job of the lowest rank work, and puts it at the back.
    fn work_for_one_slice(&mut self) {
        self.turn_is_due = false;
        let ranks = self.jobs.iter().map(|running| running.job.rank());
        let Some((_, next)) = ranks.zip(0..).min() else {
            return;
        };
        let mut running = self.jobs.remove(next);
        let job = running.id;
        let mut engine = std::mem::take(&mut self.engine);
        let started_ms = now_ms();
        let tell = |done| self.tell_progress(job, &running.progress_told_ms, done, None);
        let slice = Slice {
            may_go_on: &|| now_ms() - started_ms < SLICE_MS,
            tell: &tell,
        };
        let step = running.job.advance(&mut engine, &slice);
        self.engine = engine;
        match step {
            Step::More(done) => {
                let mut curve = None;
                if now_ms() >= running.curve_due_ms {
                    running.curve_due_ms = now_ms() + CURVE_EVERY_MS;
                    curve = running.job.so_far();
                }
                self.tell_progress(job, &running.progress_told_ms, done, curve);
                self.jobs.push(running);
            }
            Step::Done(outcome) => self.say(&Response::Finished { job, outcome }, None),
            Step::DoneWith(outcome, written) => match written.into_file() {
                Ok(file) => {
                    let response = Response::Finished { job, outcome };
                    self.say(&response, Some(Beside::File(file)));
                }
                Err(_) => {
                    let message = NO_ROOM.to_owned();
                    self.say(&Response::Failed { job, message }, None);
                }
            },
            Step::Failed(message) => self.say(&Response::Failed { job, message }, None),
        }
        if !self.jobs.is_empty() {
            self.ask_for_turn();
        }
    }

    fn tell_progress(
        &self,
        job: JobId,
        told_ms: &Cell<f64>,
        done: f64,
        curve: Option<Vec<Sample>>,
    ) {
        if curve.is_some() || now_ms() - told_ms.get() >= PROGRESS_EVERY_MS {
            told_ms.set(now_ms());
            let curve = curve.unwrap_or_default();
            self.say(&Response::Progress { job, done, curve }, None);
        }
    }

    fn ask_for_turn(&mut self) {
        if !self.turn_is_due {
            self.turn_is_due = true;
            self.next_turn
                .post_message(&JsValue::NULL)
                .expect("null can always be sent");
        }
    }

    fn say(&self, response: &Response, beside: Option<Beside>) {
        let (parts, handed_over) = wire::pack(response, beside);
        let said = (self.scope).post_message_with_transfer(&parts, &handed_over);
        if let Err(error) = said {
            web_sys::console::error_1(&format!("the worker cannot answer: {error:?}").into());
        }
    }
}

/// Milliseconds since the worker began.
fn now_ms() -> f64 {
    // Natively there is no such clock; the tests there have all the time they want.
    if cfg!(target_arch = "wasm32") {
        js_sys::Date::now()
    } else {
        0.0
    }
}
