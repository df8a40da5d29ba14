//! The state of the page and everything that changes it.
//!
//! [`State::update`] takes an [`Action`] and says which [`Effect`]s are to follow: what the workers are to do, which timer
//! to set. It touches no browser, so that it is tested natively; [`app`](crate::app) carries the effects out.

mod action;
mod arriving;
mod comparing;
mod link;
mod orders;
mod playing;
mod touring;

use std::rc::Rc;

use highwater_simulator::{Address, Environment, Micros, Without};
use highwater_workload::spec::Planned;

use crate::{
    form::{EnvironmentForm, ParameterForm},
    naming::plain,
    protocol::{BlockRow, Loaded, ToldKind},
    subject::{Choices, Subject},
    tour::Tour,
    variants::{MOST, Status, VariantId, VariantState},
    view::{Look, Now, Playhead, RunView},
    worker_client::Health,
};

pub use action::{Action, Effect, Format, Picture, Theme};
pub use comparing::{At, Known};
pub use playing::SPEEDS;
pub use touring::Place;

/// The recording that the workers hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Its number.
    pub number: u32,
    /// What there is to know of it.
    pub about: Loaded,
}

/// What of the page is shown inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embed {
    /// The curves.
    pub chart: bool,
    /// The heap maps.
    pub map: bool,
    /// Why memory does not go back, and what was decided.
    pub why: bool,
    /// The table of all variants.
    pub table: bool,
    /// What runs, and the variants' settings.
    pub settings: bool,
    /// What plays the run.
    pub controls: bool,
}

/// Everything.
const WHOLE: Embed = Embed {
    chart: true,
    map: true,
    why: true,
    table: true,
    settings: true,
    controls: true,
};

/// Blocks that are looked at one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Whose.
    pub id: VariantId,
    /// From here.
    pub from: Address,
    /// To here.
    pub to: Address,
    /// They themselves, once they are known.
    pub rows: Option<Vec<BlockRow>>,
}

/// Everything that the page shows.
pub struct State {
    /// Whether the workers can be used.
    pub health: Health,
    /// What of it is shown inside another page, if it is inside one.
    pub embed: Option<Embed>,
    /// The guided tour, while it is open.
    pub tour: Option<Tour>,
    /// What can be chosen.
    pub choices: Choices,
    /// What is chosen to run.
    pub subject: Subject,
    /// The parameters of its pattern.
    pub form: ParameterForm,
    /// What its variants come to, where it is a scenario.
    planned: Result<Vec<Planned>, String>,
    /// The recording, where it is one, once it is read.
    pub held: Option<Held>,
    /// How much of a recording is read, while it is.
    pub loading: Option<f64>,
    /// The recording that is read. What is chosen and shown is the one before, until this one is there.
    pub reading: Option<Subject>,
    /// The recording that was to be read last, and could not be.
    unread: Option<Subject>,
    /// What went wrong last.
    pub trouble: Option<String>,
    /// What was left out of the address, in sentences, until the user has read it.
    pub notes: Vec<String>,
    /// The variants, at least one.
    pub variants: Vec<VariantState>,
    /// The one that is looked into.
    pub selected: VariantId,
    /// The one that stands beside it.
    pub compared: Option<VariantId>,
    /// The one that the others are held against.
    pub baseline: VariantId,
    /// Moments that were explained last.
    pub looks: Vec<(VariantId, Rc<Look>)>,
    /// Those that are being looked into.
    looking: Vec<VariantId>,
    /// The picture that is to be saved as soon as what it shows is known exactly.
    saving: Option<(Picture, Format)>,
    /// The moment that is shown.
    pub time: Micros,
    /// The very event of the run that is looked into, where it was stepped to: many share a microsecond.
    event: Option<u64>,
    /// The part of the time that the chart shows; all of it if none is said.
    pub zoom: Option<(Micros, Micros)>,
    /// Whether the playhead moves.
    pub playing: bool,
    /// How fast, as a multiple of the program's own time.
    pub speed: f64,
    /// Whether the playhead stands where nobody put it, and goes where a new run should be looked at first.
    unmoved: bool,
    /// The pin that is pointed at.
    pub pointed: Option<usize>,
    /// The blocks that are looked at.
    pub opened: Option<Opened>,
    /// What would be if the first so many pins were gone, once it is known.
    pub without: Option<(usize, Option<Without>)>,
    /// Kinds of pages that the map does not show, as bits.
    pub hidden: u16,
    /// The kind of decisions that is shown alone.
    pub only: Option<ToldKind>,
    /// The column that the table is sorted by, and whether it falls.
    pub sorted: Option<(usize, bool)>,
    /// The moment that the table is of.
    pub at: At,
    /// Figures of that moment that were asked for.
    figures: Vec<Known>,
    /// Whether the table was copied just before.
    pub copied: bool,
    /// Whether a link was, and whether as a frame for another page.
    pub link_copied: Option<bool>,
    /// Milliseconds on a clock that only runs forwards, as far as the page has told.
    pub now_ms: f64,
    /// When it began to be busy, on that clock.
    busy_since: Option<f64>,
    /// Light or dark.
    pub theme: Theme,
    /// Whether the user's preference is dark.
    pub prefers_dark: bool,
    /// How many links were opened, readable or not: whoever opens one knows by it that it is shown.
    pub links_opened: u64,
    /// What a link says of a subject that is still being read.
    linked: Option<link::Link>,
    /// The moment that it says, until all runs are there.
    linked_time: Option<Micros>,
    /// The blocks that it says, until they can be asked for.
    linked_blocks: Option<(Address, Address)>,
    /// Whether the address held more than what was read of it.
    pub holds_more: bool,
    /// Long texts of boxes that are being read.
    texts_read: Vec<(VariantId, Rc<str>)>,
    /// The text whose worker went down last: it is tried once more, and no third time.
    text_lost: Option<Rc<str>>,
    /// The boxes as they were before a link was opened, by the letters of their variants.
    boxes: Vec<(usize, EnvironmentForm)>,
    next_variant: u32,
    next_trace: u32,
}

impl State {
    /// The page as it opens.
    pub fn new(prefers_dark: bool) -> Self {
        let mut state = Self {
            health: Health::Starting,
            embed: None,
            tour: None,
            choices: Choices::all(),
            subject: Subject::Bundled,
            form: ParameterForm::default(),
            planned: Ok(Vec::new()),
            held: None,
            loading: None,
            reading: None,
            unread: None,
            trouble: None,
            notes: Vec::new(),
            variants: Vec::new(),
            selected: VariantId(0),
            compared: None,
            baseline: VariantId(0),
            looks: Vec::new(),
            looking: Vec::new(),
            saving: None,
            time: Micros(0),
            event: None,
            zoom: None,
            playing: false,
            speed: 1.0,
            unmoved: true,
            pointed: None,
            opened: None,
            without: None,
            hidden: 0,
            only: None,
            sorted: None,
            at: At::LastRest,
            figures: Vec::new(),
            copied: false,
            link_copied: None,
            now_ms: 0.0,
            busy_since: None,
            theme: Theme::Preferred,
            prefers_dark,
            links_opened: 0,
            linked: None,
            linked_time: None,
            linked_blocks: None,
            holds_more: false,
            texts_read: Vec::new(),
            text_lost: None,
            boxes: Vec::new(),
            next_variant: 0,
            next_trace: 0,
        };
        state.begin_variants();
        state
    }

    /// What to do first.
    pub fn open(&mut self) -> Vec<Effect> {
        self.choose(Subject::Bundled)
    }

    /// What is shown, by the name it has for people; none while nothing is.
    pub fn title(&self) -> Option<&str> {
        let is_there = !self.subject.is_trace() || self.held.is_some();
        is_there.then(|| self.subject.title())
    }

    /// The variant that is looked into.
    pub fn selected(&self) -> &VariantState {
        let found = self.variants.iter().find(|v| v.id == self.selected);
        found.unwrap_or(&self.variants[0])
    }

    /// A variant, if it is still there.
    pub fn variant(&self, id: VariantId) -> Option<&VariantState> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    fn variant_mut(&mut self, id: VariantId) -> Option<&mut VariantState> {
        self.variants.iter_mut().find(|variant| variant.id == id)
    }

    /// The run that is looked into.
    pub fn run(&self) -> Option<&Rc<RunView>> {
        self.selected().run.as_ref()
    }

    /// The moment that is shown, in the run that is looked into.
    pub fn playhead(&self) -> Playhead {
        let run = self.run();
        run.map_or(Playhead::default(), |run| self.moment(self.selected, run))
    }

    /// The moment that is shown, in a variant's run.
    pub fn moment(&self, id: VariantId, run: &RunView) -> Playhead {
        let mut moment = run.at(self.time);
        if let Some(event) = self.event.filter(|_| id == self.selected) {
            moment.event = event;
        }
        moment
    }

    /// The explanation of what is shown of a variant, perhaps of a moment before.
    pub fn look(&self, id: VariantId) -> Option<&Rc<Look>> {
        let look = self.looks.iter().find(|(of, _)| *of == id);
        look.map(|(_, look)| look)
    }

    /// Whether the explanation of a variant is that of the playhead.
    pub fn look_is_exact(&self, id: VariantId) -> bool {
        let run = self.variant(id).and_then(|variant| variant.run.as_ref());
        match (run, self.look(id)) {
            (Some(run), Some(look)) => look.order == run.order && look.is_of(self.moment(id, run)),
            _ => false,
        }
    }

    /// The figures of a variant at the playhead: those of the look into it once that is there, for then they are the same
    /// everywhere on the page.
    pub fn now(&self, variant: &VariantState) -> Option<Now> {
        let run = variant.run.as_ref()?;
        let moment = self.moment(variant.id, run);
        let stage = run.stage_at(moment.time).0;
        let is_alone = (run.order.stages.get(stage)).is_some_and(|stage| stage.workers == 1);
        match self.look(variant.id) {
            // A look is into one process, and the curves are of all together.
            Some(look) if is_alone && self.look_is_exact(variant.id) => Some(Now::looked(look)),
            _ => Some(run.now(moment)),
        }
    }

    /// Whether something is being read or run.
    pub fn is_busy(&self) -> bool {
        self.loading.is_some() || self.variants.iter().any(VariantState::is_running)
    }

    /// Whether the bytes of this recording are waited for.
    pub fn awaits(&self, number: u32) -> bool {
        self.loading.is_some() && self.next_trace == number
    }

    /// How much of what is being done is done.
    pub fn progress(&self) -> f64 {
        if let Some(share) = self.loading {
            return share;
        }
        let shares = self.variants.iter().map(|variant| match variant.status {
            Status::Running(share) => share,
            _ => 1.0,
        });
        shares.sum::<f64>() / self.variants.len().max(1) as f64
    }

    /// Whether what is shown is for something else than what is asked for now.
    pub fn is_outdated(&self) -> bool {
        !self.is_busy() && self.run().is_some() && !self.selected().is_fresh()
    }

    /// How long what is being done will take from now, in seconds; none while there is no telling.
    pub fn left(&self) -> Option<f64> {
        let passed = self.now_ms - self.busy_since?;
        let share = self.progress();
        (passed > 1000.0 && share > 0.02).then(|| passed * (1.0 - share) / share / 1000.0)
    }

    /// Takes the time, before anything is done at it.
    pub fn tell_time(&mut self, now_ms: f64) {
        self.now_ms = now_ms;
        self.busy_since = match self.is_busy() {
            true => self.busy_since.or(Some(now_ms)),
            false => None,
        };
    }

    /// Whether the page is dark now.
    pub fn is_dark(&self) -> bool {
        match self.theme {
            Theme::Preferred => self.prefers_dark,
            Theme::Light => false,
            Theme::Dark => true,
        }
    }

    /// Takes what happened and says what follows.
    pub fn update(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = self.act(action);
        effects.extend(self.read_texts());
        effects
    }

    /// Has the texts read that are too long for the page itself, each once.
    fn read_texts(&mut self) -> Vec<Effect> {
        let waiting = |variant: &&VariantState| variant.environment.is_reading;
        let texts = self.variants.iter().filter(waiting);
        let texts = texts.map(|variant| (variant.id, variant.environment.text.as_str()));
        let texts: Vec<(VariantId, &str)> = texts.collect();
        self.texts_read
            .retain(|(id, text)| texts.contains(&(*id, text)));
        let mut effects = Vec::new();
        for (id, text) in texts {
            if !self.texts_read.iter().any(|(of, _)| *of == id) {
                let text: Rc<str> = text.into();
                effects.push(Effect::Read(id, Rc::clone(&text)));
                self.texts_read.push((id, text));
            }
        }
        effects
    }

    /// Takes the settings of a long text, if its box still holds that text.
    fn take_read(
        &mut self,
        id: VariantId,
        text: &Rc<str>,
        read: Option<Environment>,
    ) -> Vec<Effect> {
        self.texts_read
            .retain(|(of, known)| (*of, known) != (id, text));
        let is_second = self.text_lost.as_ref() == Some(text);
        let Some(variant) = self.variant_mut(id) else {
            return vec![];
        };
        let form = &mut variant.environment;
        if !form.is_reading || form.text != **text {
            return vec![];
        }
        let Some(read) = read else {
            if is_second {
                form.is_reading = false;
                let text = "The settings in the environment box could not be read. Paste a shorter part of the text.";
                self.trouble = Some(text.to_owned());
            } else {
                self.text_lost = Some(Rc::clone(text));
            }
            return vec![];
        };
        variant.allocator = form.take_and_choose(read, variant.allocator);
        vec![Effect::Wait]
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        self.copied &= matches!(action, Action::Tick(_));
        self.link_copied
            .take_if(|_| !matches!(action, Action::Tick(_)));
        match action {
            Action::Health(health) => {
                self.health = health;
                vec![]
            }
            Action::Choose(subject) => self.choose(subject),
            Action::OpenLink(text) => {
                let (mut effects, place) = self.open_link(text.as_deref());
                effects.extend(self.follow_tour(place));
                effects
            }
            Action::Show(text) => self.open_link(text.as_deref()).0,
            Action::Go(place) => vec![Effect::Go(place)],
            Action::ReadTour(place) => vec![Effect::ReadTour(place, true)],
            Action::TourRead(place, shows, text) => self.tour_read(place, shows, text),
            Action::TurnTour(steps) => self.turn_tour(steps),
            Action::GoToStep(at) => self.go_to_step(at),
            Action::CloseTour => self.close_tour(),
            Action::Talk(is_talk) => self.talk(is_talk),
            Action::EditParameter(index, text) => {
                self.form.edit(index, text);
                vec![Effect::Wait]
            }
            Action::Due => self.reorder(),
            Action::OpenWith(text, notes) => {
                self.notes = notes;
                self.update(Action::OpenLink(Some(text)))
            }
            Action::Dismiss => {
                self.notes.clear();
                vec![]
            }
            Action::Cancel => self.cancel(),
            Action::Retry => {
                self.trouble = None;
                if let Some(subject) = self.unread.take() {
                    return self.choose(subject);
                }
                for variant in &mut self.variants {
                    variant.status = Status::Idle;
                }
                if self.subject.is_trace() && self.held.is_none() {
                    return self.choose(self.subject.clone());
                }
                let mut effects = self.reorder();
                effects.extend(self.wish_for_figures());
                effects
            }
            Action::LoadProgress(share) => {
                self.loading = self.loading.map(|_| share);
                vec![]
            }
            Action::Loaded(number, about) => self.loaded(number, about),
            Action::LoadFailed(number, message) => self.load_failed(number, message),
            Action::Progress(id, share) => {
                if let Some(variant) = self.variant_mut(id)
                    && variant.is_running()
                {
                    variant.status = Status::Running(share);
                }
                vec![]
            }
            Action::Ran(id, run) => self.ran(id, run),
            Action::RunFailed(id, message) => {
                if let Some(variant) = self.variant_mut(id) {
                    variant.status = Status::Failed(message);
                }
                vec![]
            }
            Action::RunLost(id) => {
                if let Some(variant) = self.variant_mut(id) {
                    variant.status = Status::Idle;
                }
                self.reorder()
            }
            Action::Looked(id, look) => {
                self.looking.retain(|looking| *looking != id);
                self.looks.retain(|(of, _)| *of != id);
                self.looks.push((id, look));
                let mut effects = self.wish_to_look();
                effects.extend(self.save_exact());
                effects
            }
            Action::LookFailed(id, message) => self.look_failed(id, message),
            Action::Select(id) => {
                self.selected = id;
                self.event = None;
                self.pointed = None;
                self.forget_asked();
                if self.compared == Some(id) {
                    self.compared = None;
                }
                let mut effects = self.want_frames();
                effects.extend(self.wish_to_look());
                effects
            }
            Action::Compare(id) => {
                self.compared = id.filter(|id| *id != self.selected);
                let mut effects = self.want_frames();
                effects.extend(self.wish_to_look());
                effects
            }
            Action::Baseline(id) => {
                self.baseline = id;
                vec![]
            }
            Action::Rename(id, name) => {
                if let Some(variant) = self.variant_mut(id) {
                    variant.typed = Some(plain(&name));
                }
                self.name_variants();
                vec![]
            }
            Action::Recolour(id) => {
                if let Some(variant) = self.variant_mut(id) {
                    variant.colour = (variant.colour + 1) % MOST;
                }
                vec![]
            }
            Action::EditEnvironment(id, text) => {
                if let Some(variant) = self.variant_mut(id) {
                    let allocator = variant.allocator;
                    variant.allocator = variant.environment.edit_and_choose(text, allocator);
                    if variant.environment.is_reading {
                        return vec![];
                    }
                }
                vec![Effect::Wait]
            }
            Action::Read(id, text, read) => self.take_read(id, &text, read),
            Action::ChooseAllocator(id, choice) => {
                if let Some(variant) = self.variant_mut(id) {
                    variant.allocator = choice;
                }
                self.reorder()
            }
            Action::Duplicate(id) => self.duplicate(id),
            Action::Remove(id) => self.remove(id),
            Action::OpenBlocks(range) => self.open_blocks(range),
            Action::Blocks(id, rows) => {
                if let Some(opened) = self.opened.as_mut().filter(|opened| opened.id == id) {
                    opened.rows = Some(rows);
                }
                vec![]
            }
            Action::AskWithout(pins) => self.ask_without(pins),
            Action::Without(without) => {
                if let Some((_, known)) = &mut self.without {
                    *known = Some(without);
                }
                vec![]
            }
            Action::OnlyDecisions(kind) => {
                self.only = kind;
                vec![]
            }
            Action::Sort(column) => {
                self.sorted = match self.sorted {
                    Some((of, false)) if of == column => Some((column, true)),
                    Some((of, true)) if of == column => None,
                    _ => Some((column, false)),
                };
                vec![]
            }
            Action::CompareAt(at) => self.compare_at(at),
            Action::CompareHere => self.compare_at(At::Time(self.time)),
            Action::Figures(id, order, moment, figures) => {
                self.figures.retain(|known| known.id != id);
                self.figures.push(Known {
                    id,
                    order,
                    moment,
                    figures: Some(figures),
                });
                vec![]
            }
            Action::Copied => {
                self.copied = true;
                vec![]
            }
            Action::ToggleKind(kind) => {
                self.hidden ^= 1 << kind as u16;
                vec![]
            }
            Action::Zoom(zoom) => {
                self.zoom = zoom;
                vec![]
            }
            Action::Seek(time) => {
                self.unmoved = false;
                self.move_to(time)
            }
            Action::Step(steps) => self.step(steps),
            Action::StepEvent(events) => self.step_event(events),
            Action::StepMark(marks) => self.step_mark(marks),
            Action::Play(playing) if playing == self.playing => vec![],
            Action::Play(_) | Action::TogglePlay => self.toggle_play(),
            Action::Tick(ms) => self.tick(ms),
            Action::Speed(speed) => {
                self.speed = speed;
                vec![]
            }
            Action::Point(pin) => {
                self.pointed = pin;
                vec![]
            }
            Action::CopyLink(is_frame) => {
                self.link_copied = Some(is_frame);
                vec![Effect::CopyLink(is_frame)]
            }
            Action::Save(picture, format) => {
                self.saving = Some((picture, format));
                self.save_exact()
            }
            Action::SaveFailed => {
                self.trouble = Some("The browser could not draw the picture".to_owned());
                vec![]
            }
            Action::ToggleHelp => vec![Effect::ToggleHelp],
            Action::PrefersDark(prefers_dark) => {
                self.prefers_dark = prefers_dark;
                vec![]
            }
            Action::ToggleTheme => self.turn(!self.is_dark()),
            Action::Theme(dark) => self.turn(dark),
        }
    }

    /// Saves the picture that is wanted, once it is that of the playhead and not of a moment nearby.
    fn save_exact(&mut self) -> Vec<Effect> {
        let is_exact = |(picture, _): &(Picture, Format)| match picture {
            Picture::Chart => true,
            Picture::Map(id) => self.look_is_exact(*id),
        };
        match self.saving.filter(is_exact) {
            Some((picture, format)) => {
                self.saving = None;
                vec![Effect::Save(picture, format)]
            }
            None => vec![],
        }
    }

    fn turn(&mut self, dark: bool) -> Vec<Effect> {
        self.theme = if dark { Theme::Dark } else { Theme::Light };
        vec![Effect::ApplyTheme(self.theme)]
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod shown_tests;
