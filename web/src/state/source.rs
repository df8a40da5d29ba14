//! What is chosen to run, and the recording that is being read for it.

use std::rc::Rc;

use highwater_simulator::{Choice, Environment, variant_of};
use highwater_workload::spec::{self, Planned, RunSpec};

use super::Effect;
use crate::{
    form::{EnvironmentForm, ParameterForm},
    format,
    protocol::{Calls, Loaded, Order, StageOrder},
    subject::{Choices, Subject, tried},
    variants::{MOST, VariantState},
};

/// A variant that a workload begins with: its name, the scenario's variant it is, and what it is run through.
pub(super) type Begun = (String, usize, Choice, EnvironmentForm);

/// The recording that the workers hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Its number.
    pub number: u32,
    /// The workload without its calls.
    pub about: Loaded,
}

/// What is chosen to run.
pub struct Source {
    /// What can be chosen.
    pub choices: Choices,
    /// What is chosen.
    pub subject: Subject,
    /// The parameters of its pattern.
    pub form: ParameterForm,
    /// The recording, where it is one, once it is read.
    pub held: Option<Held>,
    /// How much of a recording is read, while it is.
    pub loading: Option<f64>,
    /// The recording that is read. What is chosen and shown is the one before, until this one is there.
    pub reading: Option<Subject>,
    /// The recording that was to be read last, and could not be.
    pub(super) unread: Option<Subject>,
    /// The number of the recording that was to be read last.
    pub(super) number: u32,
}

impl Source {
    /// The bundled recording, which is not read yet.
    pub(super) fn new() -> Self {
        Self {
            choices: Choices::all(),
            subject: Subject::Bundled,
            form: ParameterForm::default(),
            held: None,
            loading: None,
            reading: None,
            unread: None,
            number: 0,
        }
    }

    /// What is shown, by the name it has for people; none while nothing is.
    pub fn title(&self) -> Option<&str> {
        let is_there = !self.subject.is_trace() || self.held.is_some();
        let shown = self.others().first().map(|(name, _)| *name);
        is_there.then(|| shown.unwrap_or_else(|| self.subject.title()))
    }

    /// The recordings that were opened at once with the one that is shown, each by its file's name and with a line about it: the one
    /// that is shown, then all. None where it was opened alone.
    #[inline(never)]
    pub fn others(&self) -> Vec<(&str, &str)> {
        let origin = self
            .held
            .as_ref()
            .and_then(|held| held.about.origin.as_deref());
        let lines = origin.unwrap_or_default().split('\n').skip(1);
        let lines = lines.filter_map(|line| Some((line.split_once('\t')?.0, line)));
        lines.collect()
    }

    /// Whether the bytes of this recording are waited for.
    pub fn awaits(&self, number: u32) -> bool {
        self.loading.is_some() && self.number == number
    }

    /// Begins to read a recording.
    pub(super) fn read(&mut self, subject: Subject) -> Effect {
        self.number += 1;
        self.loading = Some(0.0);
        self.reading = Some(subject.clone());
        Effect::Load(subject, self.number)
    }

    /// Takes what was read, or needs not be, in place of what was shown.
    pub(super) fn enter(&mut self, subject: Subject, held: Option<Held>) {
        self.form = subject.form();
        self.subject = subject;
        self.held = held;
        self.loading = None;
        self.reading = None;
    }

    /// The variants that it begins with.
    pub(super) fn begun(&self) -> Vec<Begun> {
        let planned = match &self.subject {
            Subject::Scenario(scenario) => scenario.plan_with(self.changed()).ok(),
            _ => None,
        };
        if let Some(planned) = planned {
            let numbered = planned.iter().enumerate().take(MOST);
            return numbered
                .map(|(base, planned)| begun(base, planned))
                .collect();
        }
        let own = self.held.as_ref().map(|held| held.about.allocator);
        let all = tried(own.unwrap_or_default()).into_iter();
        all.map(|(name, choice, lines)| {
            let environment = EnvironmentForm::typed(lines.to_owned());
            (name.to_owned(), 0, choice, environment)
        })
        .collect()
    }

    /// The parameters that are otherwise than they were at first, by name, as text.
    pub fn changed(&self) -> Vec<(String, String)> {
        let Some((pattern, own)) = self.subject.common() else {
            return Vec::new();
        };
        let parameters = pattern.parameters().filter_map(|parameter| {
            let value = self.form.values.get(parameter.name)?;
            let is_changed = own.get(parameter.name) != Some(value);
            is_changed.then(|| (parameter.name.to_owned(), format::number(value)))
        });
        parameters.collect()
    }

    /// The description of what runs, without its variants.
    pub(super) fn described(&self) -> RunSpec {
        let (key, name) = match &self.subject {
            Subject::File(name) => ("trace", name.as_str()),
            Subject::Scenario(scenario) => ("scenario", scenario.name.as_str()),
            bundled => ("trace", bundled.key()),
        };
        let mut run = RunSpec::with(key, name);
        if let (Subject::File(_), Some(held)) = (&self.subject, &self.held) {
            run.set("checksum", format!("{:x}", held.about.checksum));
        }
        run.parameters = self.changed();
        run
    }

    /// The name of the scenario's variant that one begins as.
    pub(super) fn base_name(&self, variant: &VariantState) -> Option<String> {
        let base = self.subject.bases()?.parts.get(variant.base)?;
        Some(base.text("name").to_owned())
    }

    /// What is to be run for a variant; none while the recording is not read.
    pub(super) fn order(&self, variant: &VariantState) -> Option<Result<Rc<Order>, String>> {
        let held = self.held.as_ref().map(|held| held.number);
        if self.subject.is_trace() && held.is_none() {
            return None;
        }
        let order = self.order_of(variant, held.unwrap_or_default());
        Some(order.map(Rc::new))
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
            // Scenarios have plain lines; what is in a box is read for it.
            let read = |text: &str| Environment::plain(text).unwrap_or_default();
            let through = variant_of(&stage, None, read);
            let (mut through, _) = through.map_err(|fault| fault.to_string())?;
            if is_single {
                through.allocator = variant.allocator;
                through
                    .environment
                    .clone_from(&variant.environment.variables);
            }
            let (name, calls) = match stage.calls {
                spec::Calls::Trace => (String::new(), Calls::Trace(trace)),
                spec::Calls::Pattern(pattern, parameters) => {
                    let values = parameters.values();
                    (stage.name, Calls::Pattern { pattern, values })
                }
            };
            Ok(StageOrder {
                name,
                calls,
                workers: stage.workers,
                trims: stage.trims,
                variant: through,
            })
        });
        Ok(Order {
            stages: stages.collect::<Result<_, String>>()?,
        })
    }
}

fn begun(base: usize, planned: &Planned) -> Begun {
    let stage = &planned.stages[0];
    let allocator = stage.allocator.as_deref().map(str::parse);
    let allocator = allocator.and_then(Result::ok).unwrap_or_default();
    let lines = stage.environment.as_deref().unwrap_or_default();
    let environment = EnvironmentForm::typed(lines.trim().to_owned());
    (planned.name.clone(), base, allocator, environment)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{about, decay};
    use super::*;

    #[test]
    fn the_settings_of_all_scenarios_are_plain_lines() {
        for scenario in highwater_workload::Scenario::catalogue() {
            let planned = scenario.plan().expect("it can be run");
            for stage in planned.iter().flat_map(|variant| &variant.stages) {
                let lines = stage.environment.as_deref().unwrap_or_default().trim();
                let read = Environment::plain(lines);
                assert_eq!(read, Some(Environment::parse(lines)), "{lines}");
            }
        }
    }

    #[test]
    fn a_recording_is_chosen_once_it_is_read() {
        let (mut source, _) = decay();
        let file = Subject::File("mine.hwt".to_owned());
        assert_eq!(source.read(file.clone()), Effect::Load(file.clone(), 1));
        assert!(source.awaits(1) && !source.awaits(2));
        assert_eq!(source.subject.key(), "decay");
        let held = Held {
            number: 1,
            about: about(),
        };
        source.enter(file, Some(held));
        assert!(!source.awaits(1));
        assert_eq!(source.title(), Some("mine.hwt"));
        assert_eq!(source.described().text("checksum"), "ab");
    }

    #[test]
    fn a_recording_that_is_not_read_orders_nothing() {
        let (_, variants) = decay();
        let source = Source::new();
        assert_eq!(source.title(), None);
        assert_eq!(source.order(&variants.all[0]), None);
    }

    #[test]
    fn a_parameter_that_is_wrong_is_why_nothing_is_ordered() {
        let (mut source, variants) = decay();
        let order = |source: &Source| source.order(&variants.all[0]);
        assert!(matches!(order(&source), Some(Ok(_))));
        source.form.edit(0, "nothing".to_owned());
        assert!(matches!(order(&source), Some(Err(text)) if text.contains("nothing")));
        assert_eq!(source.changed(), [], "what is wrong is not taken");
        source.form.edit(0, "7".to_owned());
        assert_eq!(source.changed()[0].1, "7");
    }
}
