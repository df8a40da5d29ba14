//! What is typed: a pattern's parameters and the environment. Each keeps the text as it stands, says what is wrong with
//! it, and has what it was read as last when nothing was.

use highwater_simulator::{
    Choice, Chosen, Decimal, Environment, PythonVersion, Remark, Variable, Variant, choose,
};
use highwater_workload::pattern::{Parameters, Program};

use crate::naming::settings;

/// The parameters of a pattern.
#[derive(Clone, PartialEq, Debug)]
pub struct ParameterForm {
    /// What stands in each field, in the order of [`Parameters::ALL`].
    pub texts: Vec<String>,
    /// What is wrong with it, in the same order.
    pub errors: Vec<Option<String>>,
    /// What the fields say, as far as each is right.
    pub values: Parameters,
}

impl Default for ParameterForm {
    fn default() -> Self {
        Self::of(Parameters::default())
    }
}

impl ParameterForm {
    /// The fields with these values in them.
    pub fn of(values: Parameters) -> Self {
        Self {
            texts: Parameters::ALL
                .iter()
                .map(|parameter| values.get(parameter.name).unwrap_or_default())
                .map(|value| Decimal::short(value).to_string())
                .collect(),
            errors: vec![None; Parameters::ALL.len()],
            values,
        }
    }

    /// Takes what is typed into a field.
    pub fn edit(&mut self, index: usize, text: String) {
        let Some(parameter) = Parameters::ALL.get(index) else {
            return;
        };
        let read = self.values.set_text(parameter.name, &text);
        self.errors[index] = read.err().map(|error| error.to_string());
        self.texts[index] = text;
    }

    /// What stands in the fields that are wrong, in the order of [`Parameters::ALL`].
    pub fn wrong(&self) -> impl Iterator<Item = Option<&String>> {
        let fields = self.texts.iter().zip(&self.errors);
        fields.map(|(text, error)| error.as_ref().map(|_| text))
    }

    /// What is wrong with all of a program's parameters together.
    pub fn together(&self, program: Program) -> Option<String> {
        let wrong = self.values.check(program).err();
        wrong.map(|error| error.to_string())
    }

    /// Whether a program can be run with what its fields say.
    pub fn is_right(&self, program: Program) -> bool {
        let mut fields = Parameters::ALL.iter().zip(&self.errors);
        fields.all(|(parameter, error)| error.is_none() || !parameter.is_of(program))
            && self.together(program).is_none()
    }
}

/// The environment: any text, and the settings in it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EnvironmentForm {
    /// The text in the box.
    pub text: String,
    /// The settings in it.
    pub variables: Vec<Variable>,
    /// Remarks on how they are written.
    pub said: Vec<Remark>,
    /// How many lines hold no setting.
    pub other_lines: usize,
    /// The allocator that they choose.
    pub chosen: Option<Chosen>,
    /// Whether the text is still being read by a worker: the settings are those of the text before.
    pub is_reading: bool,
    /// Whether the text came by a link, of which only the settings are kept.
    is_linked: bool,
    /// The allocator before they chose one.
    before: Option<Choice>,
}

impl EnvironmentForm {
    /// Takes a typed or pasted text.
    pub fn edit(&mut self, text: String) {
        if let Some(read) = self.keep(text) {
            self.take(read);
        }
    }

    /// Keeps a text, and reads it where it has plain lines only; a worker reads all others.
    fn keep(&mut self, text: String) -> Option<Environment> {
        let read = Environment::plain(&text);
        self.text = text;
        self.is_linked = false;
        self.is_reading = read.is_none();
        read
    }

    /// Takes what the text was read as.
    fn take(&mut self, read: Environment) {
        if self.is_linked {
            *self = Self::of(&settings(&read.variables));
            return;
        }
        self.is_reading = false;
        self.chosen = choose(&read.variables, read.linked);
        self.variables = read.variables;
        self.said = read.remarks;
        self.other_lines = read.other_lines;
    }

    /// Takes a typed or pasted text, and returns the allocator of its variant: the one that the text chooses, from when it
    /// begins to choose it; the one before, when it no longer does. A text of another form than plain lines is only kept: a worker
    /// reads it.
    pub fn edit_and_choose(&mut self, text: String, allocator: Choice) -> Choice {
        match self.keep(text) {
            Some(read) => self.take_and_choose(read, allocator),
            None => allocator,
        }
    }

    /// Takes what the text was read as, and returns the allocator of its variant as
    /// [`edit_and_choose`](Self::edit_and_choose) does.
    pub fn take_and_choose(&mut self, read: Environment, allocator: Choice) -> Choice {
        let choice = |form: &Self| form.chosen.as_ref().and_then(Chosen::choice);
        let old = choice(self);
        self.take(read);
        match (old, choice(self)) {
            (old, new) if old == new => allocator,
            (old, Some(new)) => {
                if old.is_none() {
                    self.before = Some(allocator);
                }
                new
            }
            (old, None) if old == Some(allocator) => self.before.take().unwrap_or_default(),
            _ => allocator,
        }
    }

    /// A sentence about the allocator that the settings choose, where this one runs.
    pub fn choice_says(&self, runs: Choice) -> Option<String> {
        let chosen = self.chosen.as_ref()?;
        let follows = chosen.choice().is_none_or(|choice| choice == runs);
        follows.then(|| chosen.says(runs))
    }

    /// A sentence about the lines that hold no setting.
    pub fn others_say(&self) -> Option<String> {
        let (count, verb, them) = match self.other_lines {
            0 => return None,
            1 => ("1 other line".to_owned(), "stays", "it"),
            n => (format!("{n} other lines"), "stay", "them"),
        };
        Some(format!(
            "{count} {verb} in this tab only: links, pictures and exports do not include {them}."
        ))
    }

    /// The box with this text in it.
    pub fn typed(text: String) -> Self {
        let mut form = Self::default();
        form.edit(text);
        form
    }

    /// The box with these variables in it.
    pub fn of(variables: &[Variable]) -> Self {
        let lines = variables.iter().map(|variable| format!("{variable}\n"));
        let mut form = Self {
            text: lines.collect(),
            ..Self::default()
        };
        form.take(Environment {
            variables: variables.to_vec(),
            ..Environment::default()
        });
        form
    }

    /// The box with the settings in a link's text. The page itself writes lines; of any other text they are read by a worker.
    pub fn linked(text: String) -> Self {
        let all = Variable::all_of(&text).map(|variables| settings(&variables));
        let is_once = |all: &Vec<Variable>| {
            let before = |at: usize| all[..at].iter().any(|other| other.name == all[at].name);
            !(0..all.len()).any(before)
        };
        match all.filter(is_once) {
            Some(variables) => Self::of(&variables),
            None => Self {
                text,
                is_reading: true,
                is_linked: true,
                ..Self::default()
            },
        }
    }

    /// The remarks on it, those of a variant's allocators last.
    pub fn remarks(&self, variant: &Variant) -> Vec<Remark> {
        let mut remarks = self.said.clone();
        remarks.extend(variant.remarks());
        remarks
    }

    /// The variant it makes of an allocator, and of an interpreter over it.
    pub fn variant(&self, allocator: Choice, python: Option<PythonVersion>) -> Variant {
        Variant {
            allocator,
            environment: self.variables.clone(),
            python,
            ..Variant::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_value_is_said_beside_its_field_and_changes_nothing() {
        let mut form = ParameterForm::default();
        let before = form.values;
        form.edit(0, "1000".to_owned());
        assert!(!form.is_right(Program::Service));
        assert!(form.is_right(Program::Pool), "it has no such field");
        assert!(
            form.errors[0]
                .as_deref()
                .is_some_and(|text| text.contains("streams=1000"))
        );
        assert_eq!(form.values, before);
        form.edit(0, "4".to_owned());
        assert!(form.is_right(Program::Service));
        assert_eq!(form.values.get("streams"), Some(4.0));
    }

    #[test]
    fn values_that_are_too_much_together_are_said() {
        let mut form = ParameterForm::default();
        let cycles = Parameters::ALL.iter().position(|p| p.name == "cycles");
        let events = Parameters::ALL.iter().position(|p| p.name == "events");
        form.edit(cycles.expect("there are cycles"), "1000".to_owned());
        form.edit(events.expect("there are events"), "20000".to_owned());
        assert!(form.errors.iter().all(Option::is_none));
        assert!(form.together(Program::Service).is_some());
    }

    #[test]
    fn what_is_pasted_from_a_manifest_is_read_and_what_it_leaves_open_is_said() {
        let mut form = EnvironmentForm::default();
        let manifest = "env:\n- name: MALLOC_ARENA_MAX\n  value: \"1\"\n- name: MALLOC_TOP_PAD_\n  valueFrom:\n    fieldRef: {}\n- name: DATABASE_URL\n  value: x";
        form.edit(manifest.to_owned());
        assert!(form.is_reading && form.variables.is_empty());
        form.take(Environment::parse(manifest));
        assert_eq!(form.variables.len(), 1);
        let remarks = form.remarks(&form.variant(Choice::default(), None));
        assert_eq!(remarks.len(), 2);
        assert!(remarks[0].text.contains("valueFrom"));
        assert!(
            form.others_say()
                .is_some_and(|text| text.contains("other lines stay in this tab only"))
        );
    }

    #[test]
    fn any_setting_can_be_put_in_the_box() {
        let variables = [
            ("MALLOC_TOP_PAD_", "64 KB"),
            ("MALLOC_CONF", "it's"),
            ("GLIBC_TUNABLES", "a;c"),
        ]
        .map(|(n, v)| Variable {
            name: n.to_owned(),
            value: v.to_owned(),
        });
        let form = EnvironmentForm::of(&variables);
        assert_eq!(form.variables, variables.to_vec());
    }

    #[test]
    fn pasting_a_preload_chooses_its_allocator_and_removing_it_goes_back() {
        let mut form = EnvironmentForm::default();
        let glibc: Choice = "glibc@2.41".parse().expect("it is modelled");
        let preload = "LD_PRELOAD=/usr/lib/libjemalloc.so.2\n".to_owned();
        let edit = |form: &mut EnvironmentForm, text: String, allocator| {
            let read = Environment::parse(&text);
            let before = form.edit_and_choose(text, allocator);
            match form.is_reading {
                true => form.take_and_choose(read, before),
                false => before,
            }
        };
        let chosen = edit(&mut form, preload.clone(), glibc);
        assert_eq!(chosen.to_string(), "jemalloc@5.3.0");
        assert!(
            form.choice_says(chosen)
                .is_some_and(|text| text.contains("libjemalloc.so.2"))
        );
        // A choice of the user's own stays while the text goes on choosing the same.
        assert_eq!(edit(&mut form, preload.clone() + "A=1", glibc), glibc);
        assert_eq!(form.choice_says(glibc), None);
        assert_eq!(edit(&mut form, preload, chosen), chosen);
        assert_eq!(edit(&mut form, String::new(), chosen), glibc);
    }

    #[test]
    fn of_a_text_of_a_link_only_the_settings_are_kept() {
        let lines = "MALLOC_TOP_PAD_='64 KB'\nLD_LIBRARY_PATH=/hunter2\nMALLOC_ARENA_MAX=2\n";
        let kept = "MALLOC_TOP_PAD_='64 KB'\nMALLOC_ARENA_MAX=2\n";
        let form = EnvironmentForm::linked(lines.to_owned());
        assert_eq!((&form.text[..], form.is_reading), (kept, false));
        let foreign = format!("ENV A=hunter2\n{lines}");
        let mut form = EnvironmentForm::linked(foreign.clone());
        assert!(form.is_reading);
        form.take(Environment::parse(&foreign));
        assert_eq!(form, EnvironmentForm::linked(lines.to_owned()));
    }
}
