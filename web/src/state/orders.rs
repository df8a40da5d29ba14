//! From what is chosen and typed to what is run.

use std::rc::Rc;

use highwater_simulator::variant_of;
use highwater_workload::spec::{self, Planned, RunSpec};

use super::{
    Effect, State,
    link::{BUNDLED, is_pattern},
};
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
        let planned = scenario.plan_with(self.changed());
        self.planned = planned.map_err(|fault| fault.to_string());
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
        let is_run = |effect: &Effect| matches!(effect, Effect::Run(..));
        let (mut runs, others): (Vec<_>, _) = effects.into_iter().partition(is_run);
        let is_first = |effect: &Effect| matches!(effect, Effect::Run(id, ..) if *id == selected);
        if let Some(at) = runs.iter().position(is_first) {
            runs[..=at].rotate_right(1);
        }
        effects = others;
        effects.extend(runs);
        effects.extend(self.want_frames());
        effects.extend(self.wish_to_look());
        effects
    }

    fn order(&self, variant: &VariantState) -> Option<Result<Rc<Order>, String>> {
        let held = self.held.as_ref().map(|held| held.number);
        if self.subject.is_trace() && held.is_none() {
            return None;
        }
        Some(
            self.order_of(variant, held.unwrap_or_default())
                .map(Rc::new),
        )
    }

    /// The run of a variant: that of its base, with the allocator and the environment in its fields.
    fn order_of(&self, variant: &VariantState, trace: u32) -> Result<Order, String> {
        if let Some((pattern, _)) = self.subject.common()
            && !self.form.is_right(pattern.program())
        {
            let wrong = self.form.errors.iter().flatten().next().cloned();
            let wrong = wrong.or_else(|| self.form.together(pattern.program()));
            return Err(wrong.unwrap_or_default());
        }
        let mut own = variant.options.clone();
        if let Some(base) = self.base_name(variant) {
            own.set("base", base);
        }
        let mut run = self.described();
        run.parts.push(own);
        let planned = run.plan(&|_| self.subject.run().cloned());
        let planned = planned.map_err(|fault| fault.to_string())?.remove(0);
        let is_single = planned.stages.len() == 1;
        let stages = planned.stages.into_iter().map(|stage| {
            let (mut through, _) = variant_of(&stage, None).map_err(|fault| fault.to_string())?;
            if is_single {
                through.allocator = variant.allocator;
                through
                    .environment
                    .clone_from(&variant.environment.variables);
            }
            Ok(StageOrder {
                name: match stage.calls {
                    spec::Calls::Trace => String::new(),
                    spec::Calls::Pattern(..) => stage.name,
                },
                calls: match stage.calls {
                    spec::Calls::Trace => Calls::Trace(trace),
                    spec::Calls::Pattern(pattern, parameters) => Calls::Pattern {
                        pattern,
                        values: parameters.values(),
                    },
                },
                workers: stage.workers,
                variant: through,
            })
        });
        Ok(Order {
            stages: stages.collect::<Result<_, String>>()?,
        })
    }

    /// The description of what runs, without its variants.
    pub(super) fn described(&self) -> RunSpec {
        let (key, name) = match &self.subject {
            Subject::Bundled => ("trace", BUNDLED),
            Subject::File(name) => ("trace", name.as_str()),
            Subject::Scenario(scenario) => ("scenario", scenario.name.as_str()),
        };
        let mut run = RunSpec::with(key, name);
        if let (Subject::File(_), Some(held)) = (&self.subject, &self.held) {
            run.set("checksum", format!("{:x}", held.about.checksum));
        }
        run.parameters = self.changed();
        run
    }

    /// The name of the scenario's variant that one begins as. A pattern's all begin alike.
    pub(super) fn base_name(&self, variant: &VariantState) -> Option<String> {
        let run = self.subject.run()?;
        let base = run.parts.get(variant.base)?;
        (!is_pattern(self.subject.key())).then(|| base.text("name").to_owned())
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
    let lines = stage.environment.as_deref().unwrap_or_default();
    (
        planned.name.clone(),
        base,
        allocator,
        EnvironmentForm::typed(lines.trim().to_owned()),
    )
}
