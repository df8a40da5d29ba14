//! The variants that are compared: what each is run through, how far it is, and what came of it.

use std::rc::Rc;

use highwater_simulator::{Choice, Variant};

use crate::{form::EnvironmentForm, protocol::Order, view::RunView};

/// Variants at most: as many as there are colours.
pub const MOST: usize = 8;

/// Names one variant for as long as the page lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantId(pub u32);

/// One way to run what runs.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantState {
    /// What it is called by.
    pub id: VariantId,
    /// Its name.
    pub name: String,
    /// Its colour, by number.
    pub colour: usize,
    /// The scenario's variant whose pattern, parameters and processes it has, by number.
    pub base: usize,
    /// The allocator, where it is not said stage by stage.
    pub allocator: Choice,
    /// Its environment.
    pub environment: EnvironmentForm,
    /// What is to be run, or why nothing can be; none while a recording is being read.
    pub order: Option<Result<Rc<Order>, String>>,
    /// What came of it, perhaps of an order before the present one.
    pub run: Option<Rc<RunView>>,
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
    /// One that has not been run: its name, its colour, the scenario's variant it begins as, and what it is run through.
    pub fn new(
        id: VariantId,
        (name, colour, base): (String, usize, usize),
        allocator: Choice,
        environment: EnvironmentForm,
    ) -> Self {
        Self {
            id,
            name,
            colour,
            base,
            allocator,
            environment,
            order: None,
            run: None,
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

/// A name that no other has: the given one, or that with a number behind it.
pub fn free_name(variants: &[VariantState], wanted: &str) -> String {
    let is_free = |name: &str| variants.iter().all(|variant| variant.name != name);
    if is_free(wanted) {
        return wanted.to_owned();
    }
    let stem = wanted
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end();
    let mut numbered = (2..).map(|number| format!("{stem} {number}"));
    numbered.find(|name| is_free(name)).unwrap_or_default()
}
