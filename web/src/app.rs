//! The page: holds the [`State`], carries out what follows from it, and lays out what is shown.

use std::{collections::BTreeMap, rc::Rc};

use gloo_events::EventListener;
use gloo_timers::callback::{Interval, Timeout};
use highwater_workload::pattern::Parameters;
use js_sys::ArrayBuffer;
use web_sys::File;
use yew::prelude::*;

use crate::{
    page::{browser, layout},
    protocol::{Outcome, Work},
    state::{Action, Effect, Later, Source, State},
    view::{Look, RunView},
    worker_client::{JobEvent, JobHandle, WorkerClient},
};

/// Where the bundled recording lies, relative to the page.
const BUNDLED: &str = "traces/asyncio_burst.hwt.gz";

/// How long nothing must be typed before the simulation is run again.
const TYPING_MS: u32 = 250;

/// How long a picture stays while the playhead moves.
const PICTURE_MS: u32 = 33;

/// What [`App`] is told.
#[derive(Debug)]
pub enum Message {
    /// Something happened that the state is about.
    Act(Action),
    /// The user opened a file.
    Open(File),
    /// The bytes that were asked for under this number, or why they are not there.
    Bytes(u32, Result<ArrayBuffer, String>),
}

/// The whole page.
pub struct App {
    state: State,
    worker: WorkerClient,
    /// Loading or running: what the user waits for.
    job: Option<JobHandle>,
    baseline_job: Option<JobHandle>,
    look_job: Option<JobHandle>,
    /// The number of the bytes asked for last.
    asked: u32,
    files: BTreeMap<String, File>,
    typing: [Option<Timeout>; 2],
    clock: Option<Interval>,
    ticked_ms: f64,
    _on_preference: Option<EventListener>,
}

impl Component for App {
    type Message = Message;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let act = ctx.link().callback(Message::Act);
        let (prefers_dark, on_preference) =
            browser::watch_preference(act.reform(Action::PrefersDark));
        let mut state = State::new(prefers_dark);
        let first = state.open();
        let mut app = Self {
            state,
            worker: WorkerClient::start(move |health| act.emit(Action::Health(health))),
            job: None,
            baseline_job: None,
            look_job: None,
            asked: 0,
            files: BTreeMap::new(),
            typing: [None, None],
            clock: None,
            ticked_ms: 0.0,
            _on_preference: on_preference,
        };
        app.carry_out(ctx, first);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        let action = match message {
            Message::Act(Action::Tick(_)) => {
                let now = browser::now_ms();
                let passed = now - self.ticked_ms;
                self.ticked_ms = now;
                Action::Tick(passed)
            }
            Message::Act(action) => action,
            Message::Open(file) => {
                let name = file.name();
                self.files.insert(name.clone(), file);
                Action::Choose(Source::File(name))
            }
            Message::Bytes(asked, _) if asked != self.asked => return false,
            Message::Bytes(_, Ok(buffer)) => {
                self.job = Some(self.start(ctx, Work::Load, Some(buffer), load_event));
                return false;
            }
            Message::Bytes(_, Err(message)) => Action::LoadFailed(message),
        };
        let effects = self.state.update(action);
        self.carry_out(ctx, effects);
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let act = ctx.link().callback(Message::Act);
        let open = ctx.link().callback(Message::Open);
        layout::page(&self.state, &act, &open)
    }
}

impl App {
    fn carry_out(&mut self, ctx: &Context<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load(source, parameters) => self.load(ctx, source, parameters),
                Effect::Run(variant) => {
                    let work = Work::Run {
                        variant,
                        curves_only: false,
                    };
                    let generation = self.generation();
                    self.job = Some(self.start(ctx, work, None, move |event| match event {
                        JobEvent::Finished(Outcome::Ran(ran), columns) => {
                            let run = RunView::receive(generation, ran, &columns);
                            Some(Action::Ran(Rc::new(run)))
                        }
                        other => otherwise(other, Action::RunFailed),
                    }));
                }
                Effect::RunBaseline(variant) => {
                    let work = Work::Run {
                        variant,
                        curves_only: true,
                    };
                    let generation = self.generation();
                    let to_action = move |event| match event {
                        JobEvent::Finished(Outcome::Ran(ran), columns) => {
                            let run = RunView::receive(generation, ran, &columns);
                            Some(Action::BaselineRan(Rc::new(run)))
                        }
                        other => in_the_background(other),
                    };
                    self.baseline_job = Some(self.start(ctx, work, None, to_action));
                }
                Effect::Look(asked) => {
                    let (event, time) = (asked.event, asked.time);
                    let work = Work::Look { event, time };
                    self.look_job = Some(self.start(ctx, work, None, move |event| match event {
                        JobEvent::Finished(Outcome::Looked(looked), columns) => {
                            let look = Look::receive(asked, *looked, &columns);
                            Some(Action::Looked(Rc::new(look)))
                        }
                        other => in_the_background(other),
                    }));
                }
                Effect::DropAll => {
                    self.asked += 1;
                    self.job = None;
                    self.baseline_job = None;
                    self.look_job = None;
                }
                Effect::Wait(later) => {
                    let act = ctx.link().callback(Message::Act);
                    let slot = match later {
                        Later::Environment => 0,
                        Later::Parameters => 1,
                    };
                    self.typing[slot] = Some(Timeout::new(TYPING_MS, move || {
                        act.emit(Action::Due(later));
                    }));
                }
                Effect::StartClock => {
                    let act = ctx.link().callback(Message::Act);
                    self.ticked_ms = browser::now_ms();
                    self.clock = Some(Interval::new(PICTURE_MS, move || {
                        act.emit(Action::Tick(0.0));
                    }));
                }
                Effect::StopClock => self.clock = None,
                Effect::ApplyTheme(theme) => browser::apply_theme(theme),
            }
        }
    }

    fn load(&mut self, ctx: &Context<Self>, source: Source, parameters: Parameters) {
        self.asked += 1;
        let asked = self.asked;
        let bytes = ctx
            .link()
            .callback(move |bytes| Message::Bytes(asked, bytes));
        match source {
            Source::Bundled => browser::fetch(BUNDLED, bytes),
            Source::File(name) => match self.files.get(&name) {
                Some(file) => browser::read(file, bytes),
                None => bytes.emit(Err(format!("{name} is no longer open: open it again"))),
            },
            Source::Pattern(scenario) => {
                let work = Work::Build {
                    scenario,
                    values: parameters.values(),
                };
                self.job = Some(self.start(ctx, work, None, load_event));
            }
        }
    }

    fn start(
        &self,
        ctx: &Context<Self>,
        work: Work,
        buffer: Option<ArrayBuffer>,
        to_action: impl Fn(JobEvent) -> Option<Action> + 'static,
    ) -> JobHandle {
        let act = ctx.link().callback(Message::Act);
        self.worker.run(work, buffer, move |event| {
            if let Some(action) = to_action(event) {
                act.emit(action);
            }
        })
    }

    fn generation(&self) -> u32 {
        self.state.held.as_ref().map_or(0, |held| held.generation)
    }
}

fn load_event(event: JobEvent) -> Option<Action> {
    match event {
        JobEvent::Finished(Outcome::Loaded(loaded), _) => Some(Action::Loaded(loaded)),
        other => otherwise(other, Action::LoadFailed),
    }
}

/// What all jobs that the user waits for have in common.
fn otherwise(event: JobEvent, failed: impl Fn(String) -> Action) -> Option<Action> {
    Some(match event {
        JobEvent::Progress(done) => Action::Progress(done),
        JobEvent::Failed(message) => failed(message),
        JobEvent::Lost => Action::Lost,
        JobEvent::Finished(..) => {
            failed("the worker answered something that was not asked".to_owned())
        }
    })
}

/// Of what nobody waits for only its end is of interest.
fn in_the_background(event: JobEvent) -> Option<Action> {
    match event {
        JobEvent::Progress(_) => None,
        other => otherwise(other, Action::LookFailed),
    }
}
