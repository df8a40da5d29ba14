//! What follows from a change of the state, carried out.

use yew::{Callback, Context, NodeRef};

use super::{
    Action, AdviceAction, App, Arrival, Ask, Beside, Effect, File, Interval, Message, PICTURE_MS,
    Place, Places, PlayheadAction, Searching, Subject, TYPING_MS, Timeout, address, answer,
    browser, fetch, one_file, pictures, plain, remote,
};
use crate::state::{Format, Picture};

impl App {
    pub(super) fn carry_out(&mut self, ctx: &Context<Self>, effects: Vec<Effect>) {
        for effect in effects {
            self.carry_out_one(ctx, effect);
        }
    }

    fn carry_out_one(&mut self, ctx: &Context<Self>, effect: Effect) {
        match effect {
            Effect::Load(subject, number) => self.load(ctx, &subject, number),
            Effect::GoBack => self.pool.go_back(),
            Effect::Run(id, order, frames) => self.pool.run(id, order, frames),
            Effect::Look(id, run, moment) => self.pool.look(id, &run, moment, Ask::Why),
            Effect::Ask(id, run, moment, ask) => self.pool.look(id, &run, moment, ask),
            Effect::Read(id, text) => self.pool.read(id, text),
            Effect::Drop(id) => self.pool.drop_variant(id),
            Effect::DropAll => self.pool.drop_all(),
            Effect::Advise(search, work) => {
                fetch::style("advice/advice.css", Callback::noop());
                self.pool.advise(search, work);
            }
            Effect::EndAdvice => {
                self.searching = None;
                self.pool.end_advice();
            }
            Effect::AdviceTimer(search, seconds) => self.time_advice(search, seconds),
            Effect::FocusAdvice => match self.state.advice.searching {
                Searching::Not => self.focus_on(|places| &places.ask),
                _ => self.focus_on(|places| &places.advice),
            },
            Effect::Copy(text) => browser::copy(&text),
            Effect::Wait => {
                let act = self.act.clone();
                self.typing = Some(Timeout::new(TYPING_MS, move || act.emit(Action::Due)));
            }
            Effect::StartClock => self.start_clock(),
            Effect::StopClock => self.clock = None,
            Effect::ApplyTheme(theme) => browser::apply_theme(theme),
            Effect::CopyLink(true) => self.copy(address::frame),
            Effect::CopyLink(false) => self.copy(address::whole),
            Effect::CopyReview => {
                let review = answer::review(&self.state);
                self.copy(move |link, recording| review(&address::whole(link, recording)));
            }
            Effect::FocusNote => self.focus_on(|places| &places.note),
            Effect::FocusBlocks => self.focus_on(|places| &places.blocks),
            Effect::FocusWhy => self.focus_on(|places| &places.why),
            Effect::Go(place) => self.go(ctx, &place),
            Effect::ReadLanding => {
                let read = ctx.link().callback(Message::Landing);
                fetch::fetch("landing/landing.html".to_owned(), read);
            }
            Effect::ReadTour(place, shows) => read_tour(ctx, place, shows),
            Effect::FocusTour => self.focus_on(|places| &places.next),
            Effect::FullScreen(is_full) => browser::fill_screen(is_full),
            Effect::Save(picture, format) => self.save_picture(picture, format),
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

    /// Gives a part of the page the focus once it is drawn.
    fn focus_on(&mut self, part: impl Fn(&Places) -> &NodeRef) {
        self.focus = Some((part(&self.places).clone(), false));
    }

    /// Tells the search with this number when its seconds are over.
    fn time_advice(&mut self, search: u32, seconds: u32) {
        let act = self.act.clone();
        let up = move || act.emit(Action::Advice(AdviceAction::TimeUp(search)));
        let milliseconds = seconds.saturating_mul(1000).min(1 << 30);
        self.searching = Some(Timeout::new(milliseconds, up));
    }

    /// Begins to tick.
    fn start_clock(&mut self) {
        let act = self.act.clone();
        self.ticked_ms = browser::now_ms();
        self.clock = Some(Interval::new(PICTURE_MS, move || {
            act.emit(Action::Playhead(PlayheadAction::Tick(0.0)));
        }));
    }

    /// Puts on the clipboard what `write` makes of a link to what is shown and of the address of its recording, if it has one.
    fn copy(&self, write: impl Fn(&str, Option<&str>) -> String + 'static) {
        let recording = self.state.remote_of_shown().map(str::to_owned);
        let copied = move |link: String| browser::copy(&write(&link, recording.as_deref()));
        address::write(&self.state.link_of_shown(), Callback::from(copied));
    }

    /// Saves a picture of what is shown.
    fn save_picture(&mut self, picture: Picture, format: Format) {
        if let Some((drawing, place)) = pictures::asked(&self.state, picture, format) {
            let act = self.act.clone();
            self.pool.draw(drawing, move |svg| place.save(svg, &act));
        }
    }

    /// Saves the page with what it shows as one file of the user's.
    pub(super) fn save_page(&self) {
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

    pub(super) fn load(&mut self, ctx: &Context<Self>, subject: &Subject, number: u32) {
        let bytes = ctx
            .link()
            .callback(move |bytes| Message::Bytes(number, bytes));
        match subject {
            Subject::File(name) => match self.other(name).or_else(|| self.file(name)) {
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
    pub(super) fn file(&self, name: &str) -> Option<File> {
        let mut files = self.files.iter();
        files.find(|file| plain(&file.name()) == *name).cloned()
    }

    /// The file of that name that was opened at once with what is shown, which is kept.
    fn other(&mut self, name: &str) -> Option<File> {
        let source = &self.state.source;
        let place = (source.others().iter()).rposition(|(other, _)| *other == name)?;
        // The one that is shown comes before all.
        let place = place.checked_sub(1)?;
        let file = browser::of_one(&self.file(source.subject.name())?, place, name)?;
        self.keep(file.clone());
        Some(file)
    }

    /// What is read under a number is no recording; `what` it is to the simulators, each of which says it. Those who read files of
    /// other tools are asked then, who say nothing where they do not know it either.
    pub(super) fn foreign(&mut self, number: u32, what: Option<String>) -> Option<Arrival> {
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

/// Reads the text of a tour, once its style is there.
fn read_tour(ctx: &Context<App>, place: Place, shows: bool) {
    let path = format!("tour/{}.md", place.language);
    let read = move |bytes| Message::Tour(place.clone(), shows, bytes);
    let read = ctx.link().callback(read);
    let styled = move |()| fetch::fetch(path.clone(), read.clone());
    fetch::style("tour/tour.css", styled.into());
}
