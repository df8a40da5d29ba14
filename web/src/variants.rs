//! The variants that are compared: what each is run through, how far it is, and what came of it.

use std::rc::Rc;

use highwater_simulator::{Choice, Sample, Variant};
use highwater_workload::spec::Level;

use crate::{
    form::EnvironmentForm,
    naming::{Given, apart, automatic, settings},
    protocol::Order,
    view::RunView,
};

/// Variants at most: as many as there are colours.
pub const MOST: usize = 8;

/// The place of a variant's letter, from `A` on; `None` if no variant may have it.
pub fn place_of(letter: u8) -> Option<usize> {
    let place = usize::from(letter.checked_sub(b'A')?);
    (place < MOST).then_some(place)
}

/// Names one variant for as long as the page lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantId(pub u32);

/// One way to run what runs.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantState {
    /// What it is called by.
    pub id: VariantId,
    /// Its name, which [`name_all`] gives it.
    pub name: String,
    /// The name that somebody typed.
    pub typed: Option<String>,
    /// The name that it has while its settings are those it was given for.
    pub given: Option<Given>,
    /// Its letter, by number. It keeps it whatever comes and goes beside it.
    pub letter: usize,
    /// Its colour, by number.
    pub colour: usize,
    /// The scenario's variant whose pattern, parameters and processes it has, by number.
    pub base: usize,
    /// The allocator, where it is not said stage by stage.
    pub allocator: Choice,
    /// Its environment.
    pub environment: EnvironmentForm,
    /// What a link says of it besides: options that have no control on the page.
    pub options: Level,
    /// What is to be run, or why nothing can be; none while a recording is being read.
    pub order: Option<Result<Rc<Order>, String>>,
    /// What came of it, perhaps of an order before the present one.
    pub run: Option<Rc<RunView>>,
    /// The curve so far of what is run for it now.
    pub growing: Option<Rc<[Sample]>>,
    /// How far it is.
    pub status: Status,
}

/// How far a variant is.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Nothing is being done.
    Idle,
    /// It is run, this share is done.
    Running(f64),
    /// It could not be run.
    Failed(String),
}

impl VariantState {
    /// One that has not been run and has no name yet: its letter, its colour, the scenario's variant it begins as, and what it
    /// is run through.
    pub fn new(
        id: VariantId,
        (letter, colour, base): (usize, usize, usize),
        allocator: Choice,
        environment: EnvironmentForm,
    ) -> Self {
        Self {
            id,
            name: String::new(),
            typed: None,
            given: None,
            letter,
            colour,
            base,
            allocator,
            environment,
            options: Level::default(),
            order: None,
            run: None,
            growing: None,
            status: Status::Idle,
        }
    }

    /// Whether what came of it is what is asked for.
    pub fn is_fresh(&self) -> bool {
        match (&self.order, &self.run) {
            (Some(Ok(order)), Some(run)) => run.order == *order,
            _ => false,
        }
    }

    /// Whether it is being run.
    pub fn is_running(&self) -> bool {
        matches!(self.status, Status::Running(_))
    }

    /// What its first process is run through, as far as that is known.
    pub fn variant(&self) -> Variant {
        let stage = match &self.order {
            Some(Ok(order)) => order.stages.first(),
            _ => None,
        };
        match stage {
            Some(stage) => stage.variant.clone(),
            None => self.environment.variant(self.allocator, None),
        }
    }

    /// The name that somebody typed, where it is one.
    pub fn typed_name(&self) -> Option<String> {
        let typed = self.typed.as_ref()?;
        (!typed.trim().is_empty()).then(|| typed.clone())
    }

    /// The name that its settings have, where nobody typed one.
    pub fn followed(&self, variant: &Variant) -> String {
        match self.given_for(variant) {
            Some(given) => given.name.clone(),
            None => automatic(variant),
        }
    }

    /// The name that it was given, if that still stands for what it is run through.
    pub fn given_for(&self, variant: &Variant) -> Option<&Given> {
        let given = self.given.as_ref()?;
        let same = given.allocator == variant.allocator
            && given.settings == settings(&variant.environment);
        // The settings of stages cannot be changed.
        (same || self.is_staged()).then_some(given)
    }

    /// The name of what came of it: that of an earlier run is not what its settings say now.
    pub fn name_of_run(&self) -> String {
        match &self.run {
            Some(run) if !self.is_fresh() && self.typed_name().is_none() => {
                self.followed(run.variant())
            }
            _ => self.name.clone(),
        }
    }

    /// Whether it has several stages, each with an allocator and an environment of its own.
    pub fn is_staged(&self) -> bool {
        matches!(&self.order, Some(Ok(order)) if order.stages.len() > 1)
    }
}

/// The colour that the fewest have.
pub fn free_colour(variants: &[VariantState]) -> usize {
    let used = |colour: usize| variants.iter().filter(|v| v.colour == colour).count();
    (0..MOST).min_by_key(|colour| used(*colour)).unwrap_or(0)
}

/// The letter of the next variant: behind those there are, or the first that is free where there is none behind them.
pub fn free_letter(variants: &[VariantState]) -> usize {
    let used = |letter: usize| variants.iter().any(|variant| variant.letter == letter);
    let behind = variants.iter().map(|variant| variant.letter + 1).max();
    let behind = behind.filter(|letter| *letter < MOST);
    behind
        .or_else(|| (0..MOST).find(|letter| !used(*letter)))
        .unwrap_or_default()
}

/// Gives every variant its name: the one that was typed, else the one it was given for the settings it has, else what its
/// settings say. Of two that nobody typed none is like another.
pub fn name_all(variants: &mut [VariantState]) {
    let typed: Vec<String> = variants
        .iter()
        .filter_map(VariantState::typed_name)
        .collect();
    for at in 0..variants.len() {
        let (before, rest) = variants.split_at_mut(at);
        let variant = &mut rest[0];
        variant.name = match variant.typed_name() {
            Some(name) => name,
            None => {
                let followed = variant.followed(&variant.variant());
                let is_taken = |name: &str| {
                    typed.iter().any(|typed| typed == name)
                        || before.iter().any(|other| other.name == name)
                };
                apart(&followed, is_taken)
            }
        };
    }
}
