//! The page's side of the worker: start work, hear how it goes, drop it.
//!
//! ```ignore
//! let worker = WorkerClient::start(Program::Simulator, on_health);
//! let job = worker.run(Work::Look { event: 1_000 }, None, move |event| match event { .. });
//! drop(job); // cancels it, unless it is finished
//! ```

use std::{cell::RefCell, rc::Rc};

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use highwater_simulator::Sample;
use wasm_bindgen::JsCast;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::{
    panics::ask_guard,
    protocol::{JobId, Outcome, Request, Response, Work},
    wire::{self, Beside},
};

/// What a worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The page's own program, which simulates in a worker.
    Simulator,
    /// The one that reads what people bring.
    Reader,
}

/// The reader's files where the page does not say them: as trunk writes them.
const READER: &str = "./highwater-reader.js ./highwater-reader_bg.wasm";

/// The script that the page itself was started with, and the files of a program, as that script expects them in a worker. All names
/// carry a hash: of a later release a worker never sees anything. Where the page is one file there are no names, and
/// `web/single.js` is told which program is meant.
fn script_and_files(program: Program) -> (String, String) {
    let named = |selector: &str, attribute| {
        let document = web_sys::window()?.document()?;
        let element = document.query_selector(selector).ok()??;
        element.get_attribute(attribute)
    };
    let files = || {
        let script = named("link[rel=modulepreload]", "href")?;
        let module = named("link[as=fetch]", "href")?;
        Some((named("#start", "src")?, script, module))
    };
    // No name has a space in it.
    match (files(), program) {
        (Some((start, script, module)), Program::Simulator) => {
            (start, format!("{script} {module}"))
        }
        (Some((start, ..)), Program::Reader) => {
            let reader = named("meta[name=reader]", "content");
            (start, reader.unwrap_or_else(|| READER.to_owned()))
        }
        (None, Program::Simulator) => (String::new(), String::new()),
        (None, Program::Reader) => (String::new(), "reader".to_owned()),
    }
}

/// Characters of a reason at most: what is behind them are addresses of code.
const LONGEST_REASON: usize = 240;

/// Says that a worker has stopped, why, and what to do. A panic says its reason itself; without one it is memory that is used up,
/// as a rule.
fn stopped(reason: &str) -> String {
    let reason: String = (reason.trim_start_matches("Uncaught ").chars())
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(LONGEST_REASON)
        .collect();
    if reason.contains("RuntimeError") || reason.contains("out of memory") {
        return format!(
            "the simulator stopped, probably because its memory is used up ({reason}). Use a shorter recording or fewer events"
        );
    }
    format!(
        "the simulator stopped ({reason}). Change the settings or the workload; to report the error, copy this message and the \
         link into an issue of the project (Highwater {})",
        env!("CARGO_PKG_VERSION")
    )
}

/// Workers that fail one after another, without a result between them, before no more is started in their place.
const MOST_FAILURES: u32 = 3;

/// A worker that has not confirmed a cancelled job by then is ended, and another one is started.
const PATIENCE_MS: u32 = 700;

/// What is heard of a job. After anything but [`JobEvent::Progress`] nothing more comes.
#[derive(Debug)]
pub enum JobEvent {
    /// The share that is done, from 0 to 1, and now and then the curve so far.
    Progress(f64, Vec<Sample>),
    /// The result.
    Finished(Outcome),
    /// The result, and the recording that belongs to it.
    FinishedWith(Outcome, Beside),
    /// What went wrong, in words for the user.
    Failed(String),
    /// The worker was ended, because another job in it could not be cancelled, and what it had loaded is gone with it.
    Lost,
}

/// Whether the worker can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is being loaded. Work can be handed to it already.
    Starting,
    /// It has answered, and said its version.
    Ready(String),
    /// It could not be loaded; the message says why.
    Broken(String),
}

/// A worker and the jobs that it has. A clone is the same worker.
#[derive(Clone)]
pub struct WorkerClient {
    inner: Rc<RefCell<Inner>>,
}

impl PartialEq for WorkerClient {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl WorkerClient {
    /// Starts a worker with a program; `on_health` is told whenever its health changes.
    pub fn start(program: Program, on_health: impl Fn(Health) + 'static) -> Self {
        let client = Self {
            inner: Rc::new(RefCell::new(Inner {
                program,
                process: None,
                jobs: Vec::new(),
                unconfirmed: Vec::new(),
                next_job: 0,
                was_ready: false,
                failures: 0,
                on_health: Rc::new(on_health),
            })),
        };
        client.spawn();
        client
    }

    /// Hands work to the worker, with what belongs to it. The job goes on for as long as the handle is kept.
    #[must_use = "the job is cancelled when its handle is dropped"]
    pub fn run(
        &self,
        work: Work,
        beside: Option<Beside>,
        on_event: impl Fn(JobEvent) + 'static,
    ) -> JobHandle {
        let mut inner = self.inner.borrow_mut();
        let job = JobId(inner.next_job);
        inner.next_job += 1;
        inner.send(&Request::Start { job, work }, beside);
        inner.jobs.push(Pending {
            job,
            on_event: Rc::new(on_event),
        });
        JobHandle {
            client: self.clone(),
            job,
        }
    }

    /// Starts a worker in place of one that could not be loaded.
    pub fn restart(&self) {
        self.inner.borrow_mut().failures = 0;
        self.respawn();
    }

    /// Ends the worker and starts another. What the old one had loaded is gone, so no unfinished job can go on there.
    fn respawn(&self) {
        let jobs = {
            let mut inner = self.inner.borrow_mut();
            inner.end();
            std::mem::take(&mut inner.jobs)
        };
        self.tell_health(Health::Starting);
        self.spawn();
        for pending in jobs {
            (pending.on_event)(JobEvent::Lost);
        }
    }

    fn spawn(&self) {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let (script, files) = script_and_files(self.inner.borrow().program);
        options.set_name(&files);
        let worker = match Worker::new_with_options(&script, &options) {
            Ok(worker) => worker,
            Err(error) => return self.fail(&format!("the browser refuses the worker: {error:?}")),
        };
        // The browser says nothing where it ends a worker itself: the guard notices, and tells it as an error.
        ask_guard("highwaterWatch", &worker);
        let client = self.clone();
        let on_message = EventListener::new(&worker, "message", move |event| {
            client.receive(event.unchecked_ref());
        });
        let client = self.clone();
        let on_error = EventListener::new(&worker, "error", move |event| {
            // A script that cannot be loaded arrives as a plain event, without a message.
            let reason = event
                .dyn_ref::<ErrorEvent>()
                .map(ErrorEvent::message)
                .unwrap_or_else(|| "its script cannot be loaded".to_owned());
            client.fail(&stopped(&reason));
        });
        let mut inner = self.inner.borrow_mut();
        inner.was_ready = false;
        inner.process = Some(Process {
            worker,
            _listeners: [on_message, on_error],
        });
    }

    fn receive(&self, event: &MessageEvent) {
        if let Some(panic) = event.data().as_string() {
            return self.fail(&stopped(&panic));
        }
        let (response, beside) = match wire::unpack(&event.data()) {
            Ok(parts) => parts,
            Err(error) => {
                return self.fail(&format!(
                    "the page does not understand its worker ({error}). Reload the page"
                ));
            }
        };
        match response {
            Response::Ready { version } => {
                self.inner.borrow_mut().was_ready = true;
                self.tell_health(Health::Ready(version));
            }
            Response::Progress { job, done, curve } => {
                self.tell(job, JobEvent::Progress(done, curve));
            }
            Response::Finished { job, outcome } => {
                self.inner.borrow_mut().failures = 0;
                let event = match beside {
                    Some(beside) => JobEvent::FinishedWith(outcome, beside),
                    None => JobEvent::Finished(outcome),
                };
                self.tell_last(job, event);
            }
            Response::Failed { job, message } => self.tell_last(job, JobEvent::Failed(message)),
            Response::Cancelled { job } => {
                self.inner
                    .borrow_mut()
                    .unconfirmed
                    .retain(|(of, _)| *of != job);
            }
        }
    }

    /// The worker is of no use any more: says so to all who wait, and starts another if this one ever worked and not each one
    /// fails. What they load may be what ends them.
    fn fail(&self, reason: &str) {
        web_sys::console::error_1(&reason.into());
        let (jobs, is_replaced) = {
            let mut inner = self.inner.borrow_mut();
            inner.end();
            inner.failures += 1;
            let is_replaced = inner.was_ready && inner.failures < MOST_FAILURES;
            (std::mem::take(&mut inner.jobs), is_replaced)
        };
        // The next one is there, and told what was loaded, before anybody hears that it can take more.
        if is_replaced {
            self.tell_health(Health::Starting);
            self.spawn();
        } else {
            self.tell_health(Health::Broken(reason.to_owned()));
        }
        for pending in jobs {
            (pending.on_event)(JobEvent::Failed(reason.to_owned()));
        }
    }

    fn cancel(&self, job: JobId) {
        let mut inner = self.inner.borrow_mut();
        if inner.take(job).is_none() {
            return;
        }
        inner.send(&Request::Cancel { job }, None);
        if inner.was_ready {
            let client = self.clone();
            let patience = Timeout::new(PATIENCE_MS, move || client.respawn());
            inner.unconfirmed.push((job, patience));
        }
    }

    // The callbacks run while nothing is borrowed: they may well start or drop the next job.

    fn tell(&self, job: JobId, event: JobEvent) {
        let on_event = self
            .inner
            .borrow()
            .jobs
            .iter()
            .find(|pending| pending.job == job)
            .map(|pending| Rc::clone(&pending.on_event));
        if let Some(on_event) = on_event {
            on_event(event);
        }
    }

    fn tell_last(&self, job: JobId, event: JobEvent) {
        let pending = self.inner.borrow_mut().take(job);
        if let Some(pending) = pending {
            (pending.on_event)(event);
        }
    }

    fn tell_health(&self, health: Health) {
        let on_health = Rc::clone(&self.inner.borrow().on_health);
        on_health(health);
    }
}

/// Keeps a job going. Dropping it cancels the job, unless it is finished.
#[must_use = "the job is cancelled when its handle is dropped"]
pub struct JobHandle {
    client: WorkerClient,
    job: JobId,
}

impl Drop for JobHandle {
    fn drop(&mut self) {
        self.client.cancel(self.job);
    }
}

struct Inner {
    program: Program,
    process: Option<Process>,
    jobs: Vec<Pending>,
    /// Jobs that were cancelled and not yet confirmed as such, each with the end of our patience.
    unconfirmed: Vec<(JobId, Timeout)>,
    next_job: u32,
    was_ready: bool,
    /// Workers that failed since the last result.
    failures: u32,
    on_health: Rc<dyn Fn(Health)>,
}

impl Inner {
    fn send(&self, request: &Request, beside: Option<Beside>) {
        let Some(process) = &self.process else { return };
        let (parts, handed_over) = wire::pack(request, beside);
        let sent = (process.worker).post_message_with_transfer(&parts, &handed_over);
        if let Err(error) = sent {
            web_sys::console::error_1(&format!("the worker cannot be reached: {error:?}").into());
        }
    }

    /// Takes a job out, if it is not over.
    fn take(&mut self, job: JobId) -> Option<Pending> {
        let place = self.jobs.iter().position(|pending| pending.job == job)?;
        Some(self.jobs.remove(place))
    }

    fn end(&mut self) {
        self.unconfirmed.clear();
        if let Some(process) = self.process.take() {
            process.worker.terminate();
        }
    }
}

struct Pending {
    job: JobId,
    on_event: Rc<dyn Fn(JobEvent)>,
}

struct Process {
    worker: Worker,
    _listeners: [EventListener; 2],
}
