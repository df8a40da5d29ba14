//! From what is chosen and typed to what is run.

use std::rc::Rc;

use highwater_simulator::variant_of;
use highwater_workload::scenario::Planned;

use super::{Effect, State, link::changed};
use crate::{
    form::EnvironmentForm,
    naming::{Given, NO_SETTING},
    protocol::{Calls, Order, StageOrder},
    subject::{Subject, tried},
    variants::{MOST, Status, VariantId, VariantState},
};

/// Heap maps to keep of a run that is looked into: what is shown at once while somebody scrubs.
const FRAMES: u32 = 120;

impl State {
    /// Another thing is to run.
    pub(super) fn choose(&mut self, subject: Subject) -> Vec<Effect> {
        self.trouble = None;
        self.unread = None;
        self.playing = false;
        self.looking.clear();
        self.linked.take_if(|link| !link.may_be_of(&subject));
        let mut effects = vec![Effect::StopClock, Effect::DropAll];
        if subject.is_trace() {
            self.next_trace += 1;
            self.loading = Some(0.0);
            for variant in &mut self.variants {
                variant.status = Status::Idle;
            }
            effects.push(Effect::Load(subject.clone(), self.next_trace));
            self.reading = Some(subject);
            return effects;
        }
        self.loading = None;
        self.reading = None;
        self.held = None;
        self.enter(subject);
        self.plan();
        self.begin_variants();
        self.follow_link();
        effects.extend(self.reorder());
        effects
    }

    /// The variants that the subject begins with.
    pub(super) fn begin_variants(&mut self) {
        let begun: Vec<Begun> = match (&self.subject, &self.planned) {
            (Subject::Scenario(_), Ok(planned)) => (planned.iter().enumerate())
                .take(MOST)
                .map(|(base, planned)| begun(base, planned))
                .collect(),
            _ => {
                let own = self.held.as_ref().map(|held| held.about.allocator);
                let all = tried(own.unwrap_or_default()).into_iter();
                all.map(|(name, choice, lines)| {
                    let environment = EnvironmentForm::typed(lines.to_owned());
                    (name.to_owned(), 0, choice, environment)
                })
                .collect()
            }
        };
        self.variants = (begun.into_iter().zip(self.next_variant..).enumerate())
            .map(|(number, ((name, base, allocator, environment), id))| {
                let marked = (number, number % MOST, base);
                let given = Given::new(name, allocator, &environment.variables);
                let mut variant = VariantState::new(VariantId(id), marked, allocator, environment);
                // That nothing is set is said by the settings themselves.
                variant.given = (given.name != NO_SETTING).then_some(given);
                variant
            })
            .collect();
        if self.variants.is_empty() {
            // A scenario that cannot be planned has nothing to show but that.
            self.variants.push(VariantState::new(
                VariantId(self.next_variant),
                (0, 0, 0),
                highwater_simulator::Choice::default(),
                EnvironmentForm::default(),
            ));
        }
        self.next_variant += self.variants.len() as u32;
        self.selected = self.variants[0].id;
        self.baseline = self.selected;
        self.compared = None;
        self.looks.clear();
        self.looking.clear();
        self.name_variants();
    }

    /// What the scenario's variants come to with the parameters as they are typed.
    fn plan(&mut self) {
        let Subject::Scenario(scenario) = &self.subject else {
            self.planned = Ok(Vec::new());
            return;
        };
        let own = scenario.common().map(|(_, parameters)| parameters);
        let own = own.unwrap_or_default();
        let changed = changed(&own, &self.form);
        self.planned = scenario
            .plan_with(&changed)
            .map_err(|fault| fault.to_string());
    }

    /// Sees what is to be run now, drops what is not any more, and runs what has not been.
    pub(super) fn reorder(&mut self) -> Vec<Effect> {
        if self.loading.is_some() {
            return vec![];
        }
        self.plan();
        let mut effects = Vec::new();
        let orders: Vec<_> = self
            .variants
            .iter()
            .map(|variant| self.order(variant))
            .collect();
        for (variant, order) in self.variants.iter_mut().zip(orders) {
            let is_same = variant.order == order;
            variant.order = order;
            if is_same && variant.is_running() {
                continue;
            }
            if variant.is_running() {
                variant.status = Status::Idle;
                // A look into what ran before goes with it.
                self.looking.retain(|looking| *looking != variant.id);
                effects.push(Effect::Drop(variant.id));
            }
            if !is_same && matches!(variant.status, Status::Failed(_)) {
                variant.status = Status::Idle;
            }
            if variant.is_fresh() || matches!(variant.status, Status::Failed(_)) {
                continue;
            }
            if let Some(Ok(order)) = &variant.order {
                variant.status = Status::Running(0.0);
                effects.push(Effect::Run(variant.id, Rc::clone(order), 0));
            }
        }
        self.name_variants();
        // What is looked into is run first, and with its maps.
        let selected = self.selected;
        for effect in &mut effects {
            if let Effect::Run(id, _, frames) = effect
                && (*id == selected || self.compared == Some(*id))
            {
                *frames = FRAMES;
            }
        }
        effects.sort_by_key(|effect| match effect {
            Effect::Run(id, ..) => 1 + u8::from(*id != selected),
            _ => 0,
        });
        effects.extend(self.want_frames());
        effects.extend(self.wish_to_look());
        effects
    }

    fn order(&self, variant: &VariantState) -> Option<Result<Rc<Order>, String>> {
        if self.subject.is_trace() {
            let held = self.held.as_ref()?;
            let stage = StageOrder {
                name: String::new(),
                calls: Calls::Trace(held.number),
                workers: 1,
                variant: variant.environment.variant(variant.allocator, None),
            };
            return Some(Ok(Rc::new(Order {
                stages: vec![stage],
            })));
        }
        Some(self.order_of_scenario(variant).map(Rc::new))
    }

    fn order_of_scenario(&self, variant: &VariantState) -> Result<Order, String> {
        if let Some((pattern, _)) = self.subject.common()
            && !self.form.is_right(pattern.program())
        {
            let wrong = self.form.errors.iter().flatten().next().cloned();
            let wrong = wrong.or_else(|| self.form.together(pattern.program()));
            return Err(wrong.unwrap_or_default());
        }
        let planned = self.planned.as_ref().map_err(Clone::clone)?;
        let planned = planned
            .get(variant.base)
            .ok_or("there is no such variant")?;
        let is_single = planned.stages.len() == 1;
        let stages = planned.stages.iter().map(|stage| {
            let (mut through, _) = variant_of(stage).map_err(|fault| fault.to_string())?;
            if is_single {
                through.allocator = variant.allocator;
                through
                    .environment
                    .clone_from(&variant.environment.variables);
            }
            Ok(StageOrder {
                name: stage.name.clone(),
                calls: Calls::Pattern {
                    pattern: stage.pattern,
                    values: stage.parameters.values(),
                },
                workers: stage.workers,
                variant: through,
            })
        });
        Ok(Order {
            stages: stages.collect::<Result<_, String>>()?,
        })
    }

    /// Runs what is looked into once more with its maps, where it was run without.
    pub(super) fn want_frames(&mut self) -> Vec<Effect> {
        let wanted = [Some(self.selected), self.compared];
        let mut effects = Vec::new();
        for id in wanted.into_iter().flatten() {
            let Some(variant) = self.variant(id) else {
                continue;
            };
            let has_none = variant
                .run
                .as_ref()
                .is_some_and(|run| run.frames.is_empty());
            if variant.is_fresh()
                && !variant.is_running()
                && has_none
                && let Some(Ok(order)) = &variant.order
            {
                effects.push(Effect::Run(id, Rc::clone(order), FRAMES));
            }
        }
        effects
    }
}

/// A variant that a subject begins with: its name, the scenario's variant it is, and what it is run through.
type Begun = (String, usize, highwater_simulator::Choice, EnvironmentForm);

fn begun(base: usize, planned: &Planned) -> Begun {
    let stage = &planned.stages[0];
    let allocator = stage.allocator.as_deref().map(str::parse);
    let allocator = allocator.and_then(Result::ok).unwrap_or_default();
    (
        planned.name.clone(),
        base,
        allocator,
        EnvironmentForm::typed(stage.environment.trim().to_owned()),
    )
}
