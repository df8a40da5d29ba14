//! The state of the page and everything that changes it.
//!
//! [`State::update`] takes an [`Action`] and says which [`Effect`]s are to follow: what the worker is to do, which timer
//! to set. It touches no browser, so that it is tested natively; [`app`](crate::app) carries the effects out.

mod action;

use std::rc::Rc;

use highwater_simulator::{Choice, Micros, PythonVersion, Variant};
use highwater_workload::Pattern;

use crate::{
    form::{EnvironmentForm, ParameterForm},
    protocol::Loaded,
    view::{Look, Playhead, RunView},
    worker_client::Health,
};

pub use action::{Action, Effect, Later, Theme};

/// Where a workload comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The recording that comes with the page.
    Bundled,
    /// A pattern.
    Pattern(Pattern),
    /// A file of the user's, by its name.
    File(String),
}

impl Source {
    /// A heading for people.
    pub fn title(&self) -> String {
        match self {
            Self::Bundled => "asyncio burst · recorded".to_owned(),
            Self::Pattern(scenario) => scenario.title().to_owned(),
            Self::File(name) => name.clone(),
        }
    }
}

/// What the worker is busy with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activity {
    /// Nothing that the user waits for.
    Idle,
    /// Fetching, reading or building a workload; the share that is done.
    Loading(f64),
    /// Running it; the share that is done.
    Running(f64),
}

/// The workload that the worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Counts them.
    pub generation: u32,
    /// Where it came from.
    pub source: Source,
    /// What there is to know of it.
    pub about: Loaded,
}

/// Everything that the page shows.
pub struct State {
    /// Whether the worker can be used.
    pub health: Health,
    /// What is chosen to run.
    pub chosen: Source,
    /// The parameters of the patterns.
    pub form: ParameterForm,
    /// The environment.
    pub environment: EnvironmentForm,
    /// The allocator that the user chose; else that of the workload is taken.
    asked: Option<Choice>,
    /// What the worker is busy with.
    pub activity: Activity,
    /// What went wrong last.
    pub trouble: Option<String>,
    /// The workload that the worker holds.
    pub held: Option<Held>,
    /// The run that is shown.
    pub run: Option<Rc<RunView>>,
    /// Where its workload came from.
    pub shown: Source,
    /// The same without settings, to compare with.
    pub baseline: Option<Rc<RunView>>,
    /// The moment that was explained last.
    pub look: Option<Rc<Look>>,
    /// The moment that is shown.
    pub playhead: Playhead,
    /// Whether it moves.
    pub playing: bool,
    /// How fast, as a multiple of the program's own time.
    pub speed: f64,
    /// The pin that is pointed at.
    pub pointed: Option<usize>,
    /// Light or dark.
    pub theme: Theme,
    /// Whether the user's preference is dark.
    pub prefers_dark: bool,
    /// The source that is being loaded.
    loading: Option<Source>,
    /// Whether a look is under way.
    looking: bool,
    generation: u32,
}

/// The speeds that there are.
pub const SPEEDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 4.0, 16.0, 64.0, 256.0];

/// How long a run should take to be played, in seconds.
const PLAYED_IN_S: f64 = 12.0;

impl State {
    /// The page as it opens.
    pub fn new(prefers_dark: bool) -> Self {
        Self {
            health: Health::Starting,
            chosen: Source::Bundled,
            form: ParameterForm::default(),
            environment: EnvironmentForm::default(),
            asked: None,
            activity: Activity::Idle,
            trouble: None,
            held: None,
            run: None,
            shown: Source::Bundled,
            baseline: None,
            look: None,
            playhead: Playhead::default(),
            playing: false,
            speed: 1.0,
            pointed: None,
            theme: Theme::Preferred,
            prefers_dark,
            loading: None,
            looking: false,
            generation: 0,
        }
    }

    /// What to do first.
    pub fn open(&mut self) -> Vec<Effect> {
        self.load(Source::Bundled)
    }

    /// The allocator that is run.
    pub fn allocator(&self) -> Choice {
        let held = self.held.as_ref().map(|held| held.about.allocator);
        self.asked.or(held).unwrap_or_default()
    }

    /// What the chosen workload is run through: its own interpreter, over the allocator.
    pub fn variant(&self) -> Variant {
        let own = match &self.chosen {
            Source::Pattern(scenario) => scenario.python(),
            _ => None,
        };
        self.environment
            .variant(self.allocator(), own.and_then(PythonVersion::parse))
    }

    /// Whether what is shown is for something else than what is asked for now.
    pub fn is_outdated(&self) -> bool {
        let Some(run) = &self.run else { return false };
        let other_workload = self.held.as_ref().map(|held| held.generation) != Some(run.generation);
        other_workload
            || self.environment.error.is_some()
            || run.environment() != self.environment.variables.as_slice()
            || run.ran.variant.allocator != self.allocator()
            || !self.can_build(&self.chosen)
    }

    /// Whether nothing is wrong with the parameters of a source that has any.
    fn can_build(&self, source: &Source) -> bool {
        match source {
            Source::Pattern(scenario) => self.form.is_right(scenario.program()),
            Source::Bundled | Source::File(_) => true,
        }
    }

    /// Whether the explanation shown is that of the playhead.
    pub fn look_is_exact(&self) -> bool {
        let look = self.look.as_ref();
        look.is_some_and(|look| look.is_of(self.playhead))
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
        match action {
            Action::Health(health) => {
                if health == Health::Starting {
                    // Another worker: it holds nothing.
                    self.held = None;
                    self.looking = false;
                }
                self.health = health;
                vec![]
            }
            Action::Choose(source) => self.load(source),
            Action::EditParameter(index, text) => {
                self.form.edit(index, text);
                vec![Effect::Wait(Later::Parameters)]
            }
            Action::EditEnvironment(text) => {
                self.environment.edit(text);
                vec![Effect::Wait(Later::Environment)]
            }
            Action::ChooseAllocator(choice) => {
                self.asked = Some(choice);
                if self.environment.error.is_some() {
                    return vec![];
                }
                self.start_run()
            }
            Action::Due(Later::Environment) => {
                if self.environment.error.is_some() || !self.needs_run() {
                    return vec![];
                }
                self.start_run()
            }
            Action::Due(Later::Parameters) => match &self.chosen {
                Source::Pattern(_) => self.load(self.chosen.clone()),
                Source::Bundled | Source::File(_) => vec![],
            },
            Action::Cancel => {
                self.activity = Activity::Idle;
                self.loading = None;
                self.looking = false;
                self.trouble = Some("cancelled".to_owned());
                vec![Effect::DropAll]
            }
            Action::Retry | Action::Lost => self.load(self.chosen.clone()),
            Action::Progress(done) => {
                match &mut self.activity {
                    Activity::Idle => {}
                    Activity::Loading(share) | Activity::Running(share) => *share = done,
                }
                vec![]
            }
            Action::Loaded(about) => self.loaded(about),
            Action::LoadFailed(message) => {
                self.activity = Activity::Idle;
                self.trouble = Some(message);
                self.loading = None;
                if let (Source::File(_), Some(held)) = (&self.chosen, &self.held) {
                    self.chosen = held.source.clone();
                }
                vec![]
            }
            Action::Ran(run) => self.ran(run),
            Action::BaselineRan(run) => {
                if self.held.as_ref().map(|held| held.generation) == Some(run.generation) {
                    self.baseline = Some(run);
                }
                vec![]
            }
            Action::RunFailed(message) => {
                self.activity = Activity::Idle;
                self.trouble = Some(message);
                vec![]
            }
            Action::Looked(look) => {
                self.looking = false;
                self.look = Some(look);
                self.wish_to_look()
            }
            Action::LookFailed(message) => {
                self.looking = false;
                self.trouble = Some(message);
                vec![]
            }
            Action::Seek(share) => self.move_to(|run, _| run.at_share(share)),
            Action::Step(steps) => self.move_to(|run, from| run.step(from, steps)),
            Action::TogglePlay => self.toggle_play(),
            Action::Tick(ms) => self.tick(ms),
            Action::Speed(speed) => {
                self.speed = speed;
                vec![]
            }
            Action::Point(pin) => {
                self.pointed = pin;
                vec![]
            }
            Action::PrefersDark(prefers_dark) => {
                self.prefers_dark = prefers_dark;
                vec![]
            }
            Action::ToggleTheme => {
                self.theme = if self.is_dark() {
                    Theme::Light
                } else {
                    Theme::Dark
                };
                vec![Effect::ApplyTheme(self.theme)]
            }
        }
    }

    fn load(&mut self, source: Source) -> Vec<Effect> {
        self.chosen = source.clone();
        if !self.can_build(&source) {
            return vec![];
        }
        self.loading = Some(source.clone());
        self.activity = Activity::Loading(0.0);
        self.trouble = None;
        self.looking = false;
        vec![Effect::DropAll, Effect::Load(source, self.form.values)]
    }

    fn loaded(&mut self, about: Loaded) -> Vec<Effect> {
        let Some(source) = self.loading.take() else {
            return vec![];
        };
        self.generation += 1;
        let is_new_file = matches!(source, Source::File(_))
            && self.held.as_ref().map(|held| &held.source) != Some(&source);
        if is_new_file {
            self.asked = None;
            if !about.environment.is_empty() {
                self.environment = EnvironmentForm::of(&about.environment);
            }
        }
        self.held = Some(Held {
            generation: self.generation,
            source,
            about,
        });
        self.start_run()
    }

    fn needs_run(&self) -> bool {
        self.is_outdated() || self.run.is_none() || self.activity != Activity::Idle
    }

    fn start_run(&mut self) -> Vec<Effect> {
        if self.activity != Activity::Idle && self.loading.is_some() {
            // The run follows what is being loaded.
            return vec![];
        }
        if self.held.is_none() {
            return self.load(self.chosen.clone());
        }
        self.activity = Activity::Running(0.0);
        self.trouble = None;
        self.looking = false;
        let variant = self.variant();
        vec![Effect::DropAll, Effect::Run(variant)]
    }

    fn ran(&mut self, run: Rc<RunView>) -> Vec<Effect> {
        self.activity = Activity::Idle;
        let before = self.run.as_ref().map(|run| run.generation);
        let is_other = before != Some(run.generation);
        let of_another =
            |baseline: &Rc<RunView>| baseline.ran.variant.allocator != run.ran.variant.allocator;
        if is_other || self.baseline.as_ref().is_some_and(of_another) {
            self.baseline = None;
        }
        if is_other {
            self.pointed = None;
            self.playing = false;
            self.speed = fitting_speed(run.ends());
            self.playhead = run.first_look();
        }
        if let Some(held) = &self.held {
            self.shown = held.source.clone();
        }
        let mut effects = vec![Effect::StopClock];
        if !is_other && self.playing {
            effects.clear();
        }
        if run.is_plain() {
            self.baseline = Some(Rc::clone(&run));
        }
        let variant = Variant {
            environment: vec![],
            ..run.ran.variant.clone()
        };
        self.run = Some(run);
        self.look = None;
        effects.extend(self.wish_to_look());
        if self.baseline.is_none() {
            effects.push(Effect::RunBaseline(variant));
        }
        effects
    }

    /// Asks for the exact moment of the playhead, one at a time.
    fn wish_to_look(&mut self) -> Vec<Effect> {
        let Some(run) = &self.run else { return vec![] };
        let same_workload = self.held.as_ref().map(|held| held.generation) == Some(run.generation);
        if self.looking || self.look_is_exact() || !same_workload || self.activity != Activity::Idle
        {
            return vec![];
        }
        self.looking = true;
        vec![Effect::Look(self.playhead)]
    }

    fn move_to(&mut self, to: impl FnOnce(&RunView, Playhead) -> Playhead) -> Vec<Effect> {
        let Some(run) = &self.run else { return vec![] };
        self.playhead = to(run, self.playhead);
        self.wish_to_look()
    }

    fn toggle_play(&mut self) -> Vec<Effect> {
        let Some(run) = &self.run else { return vec![] };
        self.playing = !self.playing;
        if !self.playing {
            return vec![Effect::StopClock];
        }
        let mut effects = vec![Effect::StartClock];
        if self.playhead.time >= run.ends() {
            effects.extend(self.move_to(|run, _| run.at(run.begins())));
        }
        effects
    }

    fn tick(&mut self, ms: f64) -> Vec<Effect> {
        if !self.playing {
            return vec![Effect::StopClock];
        }
        let on = Micros((ms * 1000.0 * self.speed) as u64);
        let mut effects = self.move_to(|run, from| run.at(from.time + on));
        let at_end = self
            .run
            .as_ref()
            .is_none_or(|run| self.playhead.time >= run.ends());
        if at_end {
            self.playing = false;
            effects.push(Effect::StopClock);
        }
        effects
    }
}

/// The speed at which a run is played in about a dozen seconds.
fn fitting_speed(ends: Micros) -> f64 {
    let ideal = (ends.as_seconds() / PLAYED_IN_S).max(f64::MIN_POSITIVE);
    let away = |speed: &f64| (speed / ideal).ln().abs();
    SPEEDS
        .into_iter()
        .min_by(|a, b| away(a).total_cmp(&away(b)))
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests;
