//! What is typed: a pattern's parameters and the environment. Each keeps the text as it stands, says what is wrong with
//! it, and has what it was read as last when nothing was.

use highwater_simulator::{
    Choice, Decimal, Environment, EnvironmentError, PythonVersion, Remark, Variable, Variant,
};
use highwater_workload::pattern::{Parameters, Program};

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

/// The environment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EnvironmentForm {
    /// What stands in the box.
    pub text: String,
    /// What is wrong with it.
    pub error: Option<EnvironmentError>,
    /// What it said when it was right last.
    pub variables: Vec<Variable>,
    /// What there is to say about how that was written.
    pub said: Vec<Remark>,
}

impl EnvironmentForm {
    /// Takes what is typed.
    pub fn edit(&mut self, text: String) {
        match Environment::parse(&text) {
            Ok(read) => {
                self.variables = read.variables;
                self.said = read.remarks;
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
        self.text = text;
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
        Self::typed(lines.collect())
    }

    /// What there is to say to it, at last by the allocators of a variant with it.
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
        assert_eq!(form.values.streams, 4);
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
        form.edit(
            "env:\n- name: A\n  value: \"1\"\n- name: B\n  valueFrom:\n    fieldRef: {}".to_owned(),
        );
        assert_eq!(form.error, None);
        assert_eq!(form.variables.len(), 1);
        let remarks = form.remarks(&form.variant(Choice::default(), None));
        assert_eq!(remarks.len(), 2);
        assert!(remarks[0].text.contains("valueFrom"));
    }

    #[test]
    fn any_variable_can_be_put_in_the_box() {
        let variables =
            [("A", "two words"), ("B", "it's"), ("C", "a\nb;$c")].map(|(n, v)| Variable {
                name: n.to_owned(),
                value: v.to_owned(),
            });
        let form = EnvironmentForm::of(&variables);
        assert_eq!((form.error, form.variables), (None, variables.to_vec()));
    }

    #[test]
    fn a_malformed_line_leaves_what_was_right_before() {
        let mut form = EnvironmentForm::default();
        form.edit("A=1\n".to_owned());
        form.edit("A=1\nMALLOC".to_owned());
        assert_eq!(form.error.as_ref().map(|error| error.line), Some(2));
        assert_eq!(form.variables.len(), 1);
        form.edit(String::new());
        assert_eq!(form.error, None);
        assert!(form.variables.is_empty());
    }
}
