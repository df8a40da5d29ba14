//! The page: holds the [`State`], carries out what follows from it, and lays out what is shown.

mod effects;
mod opening;

use gloo_events::EventListener;
use gloo_timers::callback::{Interval, Timeout};
use js_sys::{ArrayBuffer, Uint8Array};
use std::cell::RefCell;
use web_sys::{Element, File};
use yew::prelude::*;

use crate::{
    naming::plain,
    page::{
        address::{self, Keeper},
        answer, browser,
        crosshair::Crosshair,
        embedding::{self, Told},
        fetch, focus,
        gestures::Point,
        intents::Intents,
        keys, layout, one_file, pictures,
        places::Places,
        remote::{self, Fetched, Fetching},
        tab::Tab,
        wheel::{self, Wheel},
    },
    pool::{Pool, PoolEvent},
    protocol::Ask,
    state::{
        Action, AdviceAction, Arrival, Depth, DisplayAction, Effect, Event, Offered, Place,
        PlayheadAction, Remote, Searching, State, TourAction,
    },
    subject::Subject,
    wire::Beside,
};

/// How long nothing must be typed before the simulation is run again: less than anyone notices. A run that the next key makes
/// needless is cancelled.
const TYPING_MS: u32 = 30;

/// How long a picture stays while the playhead moves.
const PICTURE_MS: u32 = 16;

/// How long nothing must change before the address follows.
const ADDRESS_MS: u32 = 400;

/// What [`App`] is told.
#[derive(Debug)]
pub enum Message {
    /// Something happened that the state is about.
    Act(Action),
    /// Something happened in the workers.
    Pool(PoolEvent),
    /// A pointer did something over a chart.
    Pointed(Point),
    /// A key was pressed: what it does to a tour that is given as a talk, and what else.
    Key(Option<Action>, Action),
    /// The user opened a file.
    Open(File),
    /// The recording that the page was saved with, if it can be had.
    Held(Option<File>),
    /// Something of a recording at an address is there, or why it is not.
    Fetched(Fetched),
    /// The text of a tour, or why it is not there; whether its step is to be shown, too.
    Tour(Place, bool, Result<ArrayBuffer, String>),
    /// The bytes of the recording with this number, or why they are not there.
    Bytes(u32, Result<ArrayBuffer, String>),
    /// The text of what the page shows first, or why it is not there.
    Landing(Result<ArrayBuffer, String>),
    /// The address is another.
    Moved,
    /// The link with this number was read: what comes of it.
    Read(u32, Action),
    /// Nothing has changed for a while: the address may follow.
    Settled,
}

/// The whole page.
pub struct App {
    state: State,
    pool: Pool,
    files: Vec<File>,
    /// The number of the file that was given to those who read files of other tools, and what it is to the simulators.
    tried: (u32, String),
    typing: Option<Timeout>,
    /// When the search for what would help has had its time.
    searching: Option<Timeout>,
    /// The recording at an address that is being fetched.
    fetching: Option<Fetching>,
    /// The link that is opened once it is there.
    offered: Option<String>,
    clock: Option<Interval>,
    ticked_ms: f64,
    /// What the parts of the page are given to tell what the user does.
    act: Callback<Action>,
    crosshair: Crosshair,
    tab: Tab,
    wheel: Option<Wheel>,
    places: Places,
    address: Keeper,
    intents: Intents,
    /// The number of the latest thing that was to be opened: a link that is read later than the next was asked for is too late.
    opening: u32,
    /// The number of the link that is being read: until then the address is not of what is shown.
    reading: u32,
    settling: Option<Timeout>,
    /// What is to have the focus until the user does something, and whether it has had it: it may be drawn anew meanwhile, as
    /// the explanation is after each run.
    focus: Option<(NodeRef, bool)>,
    /// What had the focus before the page was drawn anew, and what it lies in, from the inside.
    focused: RefCell<Vec<Element>>,
    /// What the page around this one has been told.
    told: Told,
    _on_message: Option<EventListener>,
    _on_move: Option<EventListener>,
    _on_preference: Option<EventListener>,
    _on_key: Option<EventListener>,
    _on_screen: Option<EventListener>,
    _on_drop: Vec<EventListener>,
}

impl Component for App {
    type Message = Message;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let act = ctx.link().callback(Message::Act);
        let (prefers_dark, on_preference) = browser::watch_preference(
            act.reform(|dark| Action::Display(DisplayAction::PrefersDark(dark))),
        );
        let mut app = Self {
            state: State::new(prefers_dark),
            pool: Pool::start(browser::cores(), ctx.link().callback(Message::Pool)),
            files: Vec::new(),
            tried: (0, String::new()),
            typing: None,
            searching: None,
            fetching: None,
            offered: None,
            clock: None,
            ticked_ms: 0.0,
            crosshair: Crosshair::default(),
            tab: Tab::default(),
            wheel: None,
            places: Places::default(),
            address: Keeper::default(),
            intents: Intents::default(),
            opening: 0,
            reading: 0,
            settling: None,
            focus: None,
            focused: RefCell::default(),
            told: Told::default(),
            _on_message: embedding::listen(act.clone()),
            _on_move: address::watch(ctx.link().callback(|()| Message::Moved)),
            _on_preference: on_preference,
            _on_key: keys::listen(
                ctx.link()
                    .callback(|(talk, action)| Message::Key(talk, action)),
            ),
            _on_screen: browser::watch_screen(
                act.reform(|()| Action::Tour(TourAction::Talk(false))),
            ),
            _on_drop: browser::watch_drops(ctx.link().callback(Message::Open)),
            act,
        };
        app.intents.watch();
        app.state.display.embed = embedding::embed();
        if let Some(theme) = embedding::theme() {
            app.state.display.theme = theme;
            browser::apply_theme(theme);
        }
        if !one_file::held(ctx.link().callback(Message::Held)) {
            app.begin(ctx);
        }
        app
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        match self.event_of(ctx, message) {
            Ok(event) => {
                self.change(ctx, event);
                true
            }
            Err(is_drawn) => is_drawn,
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        // The page may be drawn twice before the focus is put back: what had it first counts.
        let focused = focus::focused();
        if !focused.is_empty() {
            self.focused.replace(focused);
        }
        let open = ctx.link().callback(Message::Open);
        let point = ctx.link().callback(Message::Pointed);
        layout::page(&self.state, &self.act, &open, &point, &self.places)
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.crosshair.refresh(&self.state, &self.places);
        self.tab.follow(&self.state);
        wheel::follow(&mut self.wheel, &self.places.over, &self.act);
        browser::choose();
        focus::gather_tools();
        focus::keep_focus(&self.focused.take());
        if let Some((place, has_had)) = &mut self.focus
            && (!std::mem::replace(has_had, true) || focus::is_unfocused())
        {
            focus::focus(place);
        }
    }
}

impl App {
    /// What a message is to the state.
    ///
    /// # Errors
    /// Nothing: only whether the page is to be drawn anew.
    fn event_of(&mut self, ctx: &Context<Self>, message: Message) -> Result<Event, bool> {
        let action = match message {
            Message::Act(action) => self.acted(action),
            Message::Read(number, _) if number != self.opening => return Err(false),
            Message::Read(_, action) => action,
            Message::Pool(event) => return self.arrived(event).ok_or(false).map(Into::into),
            Message::Pointed(point) => {
                let followed = self.crosshair.follow(&self.state, &self.places, point);
                followed.ok_or(false)?
            }
            Message::Key(Some(action), _) if self.state.tour.is_talk() => action,
            Message::Key(_, action) => action,
            Message::Open(file) => self.open(file),
            Message::Held(file) => {
                self.files.extend(file);
                self.begin(ctx);
                return Err(true);
            }
            Message::Fetched(fetched) => {
                self.fetched(ctx, fetched);
                return Err(true);
            }
            Message::Bytes(number, Ok(buffer)) => {
                if self.state.source.awaits(number) {
                    self.pool.load(number, Beside::Bytes(buffer));
                }
                return Err(false);
            }
            Message::Bytes(number, Err(message)) => {
                return Ok(Arrival::LoadFailed(number, message).into());
            }
            Message::Tour(place, shows, bytes) => {
                let text = bytes.and_then(|bytes| text_of(&bytes));
                return Ok(Arrival::TourRead(place, shows, text).into());
            }
            Message::Landing(bytes) => {
                let text = bytes.and_then(|bytes| text_of(&bytes));
                self.state.display.landing = text.ok().map(Into::into);
                return Err(true);
            }
            Message::Moved => {
                self.moved(ctx);
                return Err(true);
            }
            Message::Settled => {
                self.settle();
                return Err(false);
            }
        };
        Ok(action.into())
    }

    /// Takes what the user did, or the clock.
    fn acted(&mut self, action: Action) -> Action {
        if let Action::Playhead(PlayheadAction::Tick(_)) = action {
            let now = browser::now_ms();
            let passed = now - std::mem::replace(&mut self.ticked_ms, now);
            return Action::Playhead(PlayheadAction::Tick(passed));
        }
        self.focus = None;
        self.intents.take(&action);
        if matches!(action, Action::OpenWith(..) | Action::Choose(_)) {
            self.opening += 1;
        }
        action
    }

    /// Takes what a worker sent. Returns what of it is for the state.
    fn arrived(&mut self, event: PoolEvent) -> Option<Arrival> {
        match event {
            PoolEvent::Arrived(arrival) => return Some(arrival),
            PoolEvent::Health(worker, health) => {
                return Some(Arrival::Health(self.pool.health(worker, health)));
            }
            PoolEvent::Foreign(number, what) => return self.foreign(number, what),
            PoolEvent::Free(worker, run) => self.pool.free(worker, run),
            PoolEvent::Imported(number, origin, bytes) => {
                if self.state.source.awaits(number) {
                    self.pool.take_import(number, origin, bytes);
                }
            }
        }
        None
    }

    /// Changes the state, and does what follows from it.
    fn change(&mut self, ctx: &Context<Self>, event: Event) {
        if let Event::Arrival(Arrival::Loaded(number, _)) = &event
            && self.state.source.awaits(*number)
        {
            self.pool.keep();
        }
        // What a recording says of itself, and what a link says, is no change of the user's.
        let is_opening = match &event {
            Event::Action(action) => {
                matches!(action, Action::OpenLink(_) | Action::OpenWith(..))
            }
            Event::Arrival(arrival) => {
                matches!(arrival, Arrival::Loaded(..)) && self.address.is_empty()
                    || matches!(arrival, Arrival::Read(..)) && self.state.links.holds_more
            }
        };
        self.state.tell_time(browser::now_ms());
        let effects = self.state.update(event);
        self.carry_out(ctx, effects);
        embedding::tell(&self.state, &mut self.told);
        if is_opening {
            self.reading = 0;
            self.take_address();
        } else if self.settling.is_none() && !self.state.playhead.playing {
            let link = ctx.link().clone();
            let settled = move || link.send_message(Message::Settled);
            self.settling = Some(Timeout::new(ADDRESS_MS, settled));
        }
    }
}

/// The text of a tour.
fn text_of(bytes: &ArrayBuffer) -> Result<String, String> {
    let bytes = Uint8Array::new(bytes).to_vec();
    String::from_utf8(bytes).map_err(|_| "the tour is not UTF-8".to_owned())
}
