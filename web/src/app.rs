//! The page: holds the [`State`], carries out what follows from it, and lays out what is shown.

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
        keys,
        layout::{self, Places},
        one_file, pictures,
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
            Message::Act(Action::Playhead(PlayheadAction::Tick(_))) => {
                let now = browser::now_ms();
                let passed = now - std::mem::replace(&mut self.ticked_ms, now);
                Action::Playhead(PlayheadAction::Tick(passed))
            }
            Message::Act(action) => {
                self.focus = None;
                self.intents.take(&action);
                if matches!(action, Action::OpenWith(..) | Action::Choose(_)) {
                    self.opening += 1;
                }
                action
            }
            Message::Read(number, _) if number != self.opening => return Err(false),
            Message::Read(_, action) => action,
            Message::Pool(PoolEvent::Arrived(arrival)) => return Ok(arrival.into()),
            Message::Pool(PoolEvent::Health(worker, health)) => {
                return Ok(Arrival::Health(self.pool.health(worker, health)).into());
            }
            Message::Pool(PoolEvent::Free(worker, run)) => {
                self.pool.free(worker, run);
                return Err(false);
            }
            Message::Pool(PoolEvent::Foreign(number, what)) => {
                return self.foreign(number, what).ok_or(false).map(Into::into);
            }
            Message::Pool(PoolEvent::Imported(number, lacks, bytes)) => {
                if self.state.source.awaits(number) {
                    self.pool.take_import(number, lacks, bytes);
                }
                return Err(false);
            }
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

    /// Has the address follow what is shown, unless a link is still being read.
    fn settle(&mut self) {
        self.settling = None;
        // What a link holds more is still being read, and until then its settings are not in the state; nor is what the address
        // names while it is asked for.
        let is_settled = !(self.state.links.holds_more && self.state.is_reading_settings())
            && self.state.offer.at_hand.is_none();
        if is_settled && (self.reading != self.opening || self.reading == 0) {
            // Places of the history would be those of the page around this one.
            let is_inside = self.state.display.embed.is_some();
            let of_recording = self.state.remote_of_shown().is_some();
            let may = !is_inside && !self.intents.goes_on();
            if self.address.keep(self.state.link(), may, of_recording) {
                self.intents.keep();
            }
        }
    }

    /// Undoes the latest change, or does it again. One that the address does not say yet is undone by what it says.
    fn undo(&mut self, ctx: &Context<Self>, again: bool) {
        let text = self.state.link();
        if self.settling.is_some() && text.is_some_and(|text| self.address.is_other(&text)) {
            if !again {
                self.moved(ctx);
            }
        } else {
            self.address.go(again);
        }
    }

    /// Keeps a file of the user's, to be read.
    fn open(&mut self, file: File) -> Action {
        self.state.offer.at_hand = None;
        self.fetching = None;
        let name = self.keep(file);
        self.state
            .offer
            .opened
            .take_if(|remote| remote.name == name);
        self.opening += 1;
        Action::Choose(Subject::File(name))
    }

    /// Keeps a file in place of one of its name, which is returned.
    fn keep(&mut self, file: File) -> String {
        let name = plain(&file.name());
        self.files.retain(|known| plain(&known.name()) != name);
        self.files.push(file);
        name
    }

    /// Opens what the address says, or where it says nothing what leads on from here. A recording at an address is asked for first.
    fn begin(&mut self, ctx: &Context<Self>) {
        if let Some(remote) = embedding::asked(false).remote {
            return self.offer(remote, None);
        }
        self.moved(ctx);
        if self.state.display.embed.is_none() && address::is_bare() {
            // Whoever comes by a link sees all of what it is about.
            self.state.display.depth = Depth::Compare;
            let first = Action::Display(DisplayAction::Landing(true));
            let effects = self.state.update(first);
            self.carry_out(ctx, effects);
        }
    }

    /// Asks for a recording at an address. `text` is the link that is opened with it, if not the address's.
    fn offer(&mut self, remote: Remote, text: Option<String>) {
        self.fetching = None;
        self.offered = text;
        self.state.offer.at_hand = Some((remote, Offered::Asked));
    }

    /// A recording at an address comes. Once it is there, what the address says of it is opened.
    fn fetched(&mut self, ctx: &Context<Self>, fetched: Fetched) {
        let (end, file) = match fetched {
            Fetched::More(bytes) => return self.state.offer.goes_on(bytes),
            Fetched::File(file) => (Ok(()), Some(file)),
            Fetched::Failed(why) => (Err(why), None),
        };
        if let Some((_, file)) = self.state.offer.ends(end).zip(file) {
            self.keep(file);
            match self.offered.take() {
                Some(text) => {
                    let effects = self.state.update(Action::OpenLink(Some(text)));
                    self.carry_out(ctx, effects);
                }
                None => self.moved(ctx),
            }
        }
    }

    /// Opens what the address says.
    fn moved(&mut self, ctx: &Context<Self>) {
        self.opening += 1;
        self.address.moved();
        self.intents.forget();
        // What was about to be written is of the place before.
        self.settling = None;
        match address::link() {
            Some(link) => {
                self.state.links.notes = embedding::asked(true).notes;
                let number = self.opening;
                self.reading = number;
                let read = move |text| Message::Read(number, Action::OpenLink(text));
                address::read(&link, ctx.link().callback(read));
            }
            None => {
                let asked = embedding::asked(false);
                self.state.links.notes = asked.notes;
                let effects = match (embedding::toured(), asked.text) {
                    (Some(place), _) => self.state.update(Action::Tour(TourAction::Read(place))),
                    (_, Some(text)) => self.state.update(Action::OpenLink(Some(text))),
                    _ => self.state.open(),
                };
                self.carry_out(ctx, effects);
                self.take_address();
            }
        }
    }

    /// Takes what the address says for what is shown. Where it held more than was read of it, it holds only that from now on.
    fn take_address(&mut self) {
        let text = self.state.link();
        let of_recording = self.state.remote_of_shown().is_some();
        let is_read = text.is_some() && !self.state.is_reading_settings();
        if is_read && std::mem::take(&mut self.state.links.holds_more) {
            self.address.replace(text, of_recording);
        } else {
            self.address.take(text);
        }
    }

    fn carry_out(&mut self, ctx: &Context<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load(subject, number) => self.load(ctx, &subject, number),
                Effect::GoBack => self.pool.go_back(),
                Effect::Run(id, order, frames) => self.pool.run(id, order, frames),
                Effect::Look(id, run, moment) => self.pool.look(id, &run, moment, Ask::Why),
                Effect::Ask(id, run, moment, ask) => self.pool.look(id, &run, moment, ask),
                Effect::Read(id, text) => self.pool.read(id, text),
                Effect::Drop(id) => self.pool.drop_variant(id),
                Effect::DropAll => self.pool.drop_all(),
                Effect::Advise(search, work) => self.pool.advise(search, work),
                Effect::EndAdvice => {
                    self.searching = None;
                    self.pool.end_advice();
                }
                Effect::AdviceTimer(search, seconds) => {
                    let act = self.act.clone();
                    let up = move || act.emit(Action::Advice(AdviceAction::TimeUp(search)));
                    let timeout = Timeout::new(seconds.saturating_mul(1000).min(1 << 30), up);
                    self.searching = Some(timeout);
                }
                Effect::FocusAdvice => {
                    let place = match self.state.advice.searching {
                        Searching::Not => &self.places.ask,
                        _ => &self.places.advice,
                    };
                    self.focus = Some((place.clone(), false));
                }
                Effect::Copy(text) => browser::copy(&text),
                Effect::Wait => {
                    let act = self.act.clone();
                    self.typing = Some(Timeout::new(TYPING_MS, move || act.emit(Action::Due)));
                }
                Effect::StartClock => {
                    let act = self.act.clone();
                    self.ticked_ms = browser::now_ms();
                    self.clock = Some(Interval::new(PICTURE_MS, move || {
                        act.emit(Action::Playhead(PlayheadAction::Tick(0.0)));
                    }));
                }
                Effect::StopClock => self.clock = None,
                Effect::ApplyTheme(theme) => browser::apply_theme(theme),
                Effect::CopyLink(is_frame) => {
                    let text = self.state.link_of_shown();
                    let recording = self.state.remote_of_shown().map(str::to_owned);
                    let copied = move |link: String| {
                        let recording = recording.as_deref();
                        browser::copy(&match is_frame {
                            true => address::frame(&link, recording),
                            false => address::whole(&link, recording),
                        });
                    };
                    address::write(&text, Callback::from(copied));
                }
                Effect::CopyReview => {
                    let review = answer::review(&self.state);
                    let recording = self.state.remote_of_shown().map(str::to_owned);
                    let copied = move |link: String| {
                        browser::copy(&review(&address::whole(&link, recording.as_deref())));
                    };
                    address::write(&self.state.link_of_shown(), Callback::from(copied));
                }
                Effect::FocusNote => self.focus = Some((self.places.note.clone(), false)),
                Effect::FocusBlocks => self.focus = Some((self.places.blocks.clone(), false)),
                Effect::FocusWhy => self.focus = Some((self.places.why.clone(), false)),
                Effect::Go(place) => self.go(ctx, &place),
                Effect::ReadLanding => {
                    let read = ctx.link().callback(Message::Landing);
                    fetch::fetch("landing/landing.html".to_owned(), read);
                }
                Effect::ReadTour(place, shows) => {
                    let path = format!("tour/{}.md", place.language);
                    let read = move |bytes| Message::Tour(place.clone(), shows, bytes);
                    let read = ctx.link().callback(read);
                    let styled = move |()| fetch::fetch(path.clone(), read.clone());
                    fetch::style("tour/tour.css", styled.into());
                }
                Effect::FocusTour => self.focus = Some((self.places.next.clone(), false)),
                Effect::FullScreen(is_full) => browser::fill_screen(is_full),
                Effect::Save(picture, format) => {
                    if let Some((drawing, place)) = pictures::asked(&self.state, picture, format) {
                        let act = self.act.clone();
                        self.pool.draw(drawing, move |svg| place.save(svg, &act));
                    }
                }
                Effect::Fetch(remote) => {
                    let tell = ctx.link().callback(Message::Fetched);
                    self.fetching = remote::fetch(&remote, tell);
                }
                Effect::EndFetch => {
                    self.fetching = None;
                    address::forget_recording();
                    self.begin(ctx);
                }
                Effect::SavePage => self.save_page(),
                Effect::ToggleHelp => browser::toggle(&self.places.help),
                Effect::Undo(again) => self.undo(ctx, again),
            }
        }
    }

    /// Saves the page with what it shows as one file of the user's.
    fn save_page(&self) {
        let subject = &self.state.source.subject;
        let recording = match subject {
            Subject::File(name) => self.file(name),
            _ => None,
        };
        let name = format!("highwater-{}-{}.html", subject.name(), browser::today());
        let act = self.act.clone();
        let save = move |link| one_file::save(name.clone(), link, recording.clone(), act.clone());
        address::write(&self.state.link_of_shown(), save.into());
    }

    /// Shows what an address of the page says.
    fn go(&mut self, ctx: &Context<Self>, place: &str) {
        self.opening += 1;
        let number = self.opening;
        let show = (ctx.link()).callback(move |text| Message::Read(number, Action::Show(text)));
        match place.strip_prefix('?') {
            Some(query) => {
                let asked = embedding::asked_by(query);
                self.state.links.notes = asked.notes;
                if let Some(remote) = asked.remote {
                    return self.offer(remote, asked.text);
                }
                show.emit(asked.text);
            }
            None => address::read(place, show),
        }
    }

    fn load(&mut self, ctx: &Context<Self>, subject: &Subject, number: u32) {
        let bytes = ctx
            .link()
            .callback(move |bytes| Message::Bytes(number, bytes));
        match subject {
            Subject::File(name) => match self.file(name) {
                Some(file) => self.pool.load(number, Beside::File(file)),
                None => bytes.emit(Err(format!(
                    "{name} is not open. A link does not contain the recording: open the file or drop it here"
                ))),
            },
            other => {
                let file = other.file().unwrap_or_default();
                fetch::fetch(file.to_owned(), bytes);
            }
        }
    }

    /// The file that was opened by that name.
    fn file(&self, name: &str) -> Option<File> {
        let mut files = self.files.iter();
        files.find(|file| plain(&file.name()) == *name).cloned()
    }

    /// What is read under a number is no recording; `what` it is to the simulators, each of which says it. Those who read files of
    /// other tools are asked then, who say nothing where they do not know it either.
    fn foreign(&mut self, number: u32, what: Option<String>) -> Option<Arrival> {
        if !self.state.source.awaits(number) {
            return None;
        }
        let file = match &self.state.source.reading {
            Some(Subject::File(name)) => self.file(name),
            _ => None,
        };
        match (what, file) {
            (Some(_), Some(_)) if self.tried.0 == number => None,
            (Some(what), Some(file)) => {
                self.tried = (number, what);
                self.pool.import(number, file);
                None
            }
            (what, _) => {
                let what = what.unwrap_or_else(|| std::mem::take(&mut self.tried.1));
                Some(Arrival::LoadFailed(number, what))
            }
        }
    }
}

/// The text of a tour.
fn text_of(bytes: &ArrayBuffer) -> Result<String, String> {
    let bytes = Uint8Array::new(bytes).to_vec();
    String::from_utf8(bytes).map_err(|_| "the tour is not UTF-8".to_owned())
}
