//! The page without a browser, for tests: what follows from a change is done by the workers' own jobs, at once, and what is
//! shown is rendered to HTML.

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    page::{layout, places::Places},
    protocol::{Ask, Outcome, Work},
    state::{Action, Arrival, Effect, Event, State},
    subject::Subject,
    view::RunView,
    worker::{Engine, Slice, Step, reading, simulating},
};

/// Changes that follow from one, at most: what goes on for longer would never be quiet.
const MOST_CHANGES: usize = 10_000;

/// A page with one worker, which is done whenever it is asked.
pub(crate) struct Drawn {
    /// The state.
    pub(crate) state: State,
    engine: Engine,
}

impl Drawn {
    /// The page as it opens, without anything in the address.
    pub(crate) fn open() -> Self {
        let mut drawn = Self {
            state: State::new(false),
            engine: Engine::default(),
        };
        let effects = drawn.state.open();
        drawn.settle(effects);
        drawn
    }

    /// Changes the state, and does what follows from it until nothing does.
    pub(crate) fn change(&mut self, event: impl Into<Event>) {
        let effects = self.state.update(event);
        self.settle(effects);
    }

    fn settle(&mut self, mut effects: Vec<Effect>) {
        let mut changes = 0;
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                if let Some(event) = self.carried_out(effect) {
                    changes += 1;
                    assert!(changes < MOST_CHANGES, "the page is never quiet");
                    next.extend(self.state.update(event));
                }
            }
            effects = next;
        }
    }

    fn carried_out(&mut self, effect: Effect) -> Option<Event> {
        let arrival = match effect {
            Effect::Load(Subject::Bundled, number) => self.loaded(number),
            Effect::Load(_, number) => Arrival::LoadFailed(number, "it is not open".to_owned()),
            Effect::Run(id, order, frames) => {
                let work = Work::Run {
                    order: (*order).clone(),
                    frames,
                };
                match self.done(work, None) {
                    Ok(Outcome::Ran(ran)) => {
                        Arrival::Ran(id, Rc::new(RunView::receive(order, *ran)))
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(message) => Arrival::RunFailed(id, message),
                }
            }
            Effect::Look(id, run, moment) => self.looked(id, &run, moment, Ask::Why),
            Effect::Ask(id, run, moment, ask) => self.looked(id, &run, moment, ask),
            Effect::Read(id, text) => {
                let work = Work::Read {
                    text: text.to_string(),
                };
                let read = match reading(work, None).advance(&mut self.engine, &Slice::unlimited())
                {
                    Step::Done(Outcome::Read(read)) => Some(read),
                    _ => None,
                };
                Arrival::Read(id, text, read)
            }
            Effect::ReadTour(place, shows) => {
                let text = include_str!("../tour/en.md").to_owned();
                Arrival::TourRead(place, shows, Ok(text))
            }
            Effect::Wait => return Some(Action::Due.into()),
            _ => return None,
        };
        Some(arrival.into())
    }

    fn loaded(&mut self, number: u32) -> Arrival {
        let bytes = include_bytes!("../traces/asyncio_burst.hwt.gz").to_vec();
        match self.done(Work::Load { trace: number }, Some(bytes)) {
            Ok(Outcome::Loaded(about)) => Arrival::Loaded(number, about),
            other => panic!("{other:?}"),
        }
    }

    fn looked(
        &mut self,
        id: crate::variants::VariantId,
        run: &Rc<RunView>,
        moment: highwater_simulator::Moment,
        ask: Ask,
    ) -> Arrival {
        match self.done(run.look(moment, ask), None) {
            Ok(outcome) => Arrival::answer(id, &run.order, moment, outcome),
            Err(message) => Arrival::LookFailed(id, Some(message)),
        }
    }

    fn done(&mut self, work: Work, file: Option<Vec<u8>>) -> Result<Outcome, String> {
        let mut job = simulating(work, file.map(crate::worker::Bytes::Here));
        loop {
            match job.advance(&mut self.engine, &Slice::unlimited()) {
                Step::More(_) => {}
                Step::Done(outcome) | Step::DoneWith(outcome, _) => return Ok(outcome),
                Step::Failed(message) => return Err(message),
            }
        }
    }

    /// What is shown, as HTML. The state is handed to the parts of the page for as long as that takes.
    pub(crate) fn html(self) -> (Self, String) {
        let state = Rc::new(self.state);
        let shown = Rc::clone(&state);
        let renderer = yew::LocalServerRenderer::<Whole>::with_props(Props { state: shown });
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let html = runtime
            .expect("a runtime without drivers can always begin")
            .block_on(tokio::task::LocalSet::new().run_until(renderer.hydratable(false).render()));
        let state = Rc::into_inner(state).expect("everything that was drawn is gone");
        let engine = self.engine;
        (Self { state, engine }, html)
    }
}

#[derive(Properties)]
struct Props {
    state: Rc<State>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

#[component]
fn Whole(props: &Props) -> Html {
    layout::page(
        &props.state,
        &Callback::noop(),
        &Callback::noop(),
        &Callback::noop(),
        &Places::default(),
    )
}

#[cfg(test)]
mod tests;
