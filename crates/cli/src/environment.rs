//! `--env`: one variable, a text that sets several, or a file of such text.

use highwater_simulator::{Environment, Variable};
use std::path::Path;

/// What a trace recorded, with what was given over it.
pub(crate) fn read(recorded: &[(String, String)], given: &[String]) -> Result<Environment, String> {
    let mut all = Environment::default();
    for (name, value) in recorded {
        let (name, value) = (name.clone(), value.clone());
        put(&mut all.variables, Variable { name, value });
    }
    for text in given {
        let read = read_one(text)?;
        for variable in read.variables {
            put(&mut all.variables, variable);
        }
        all.remarks.extend(read.remarks);
    }
    Ok(all)
}

/// The later of two values counts, in the place of the earlier.
fn put(variables: &mut Vec<Variable>, variable: Variable) {
    match variables.iter_mut().find(|v| v.name == variable.name) {
        Some(known) => known.value = variable.value,
        None => variables.push(variable),
    }
}

fn read_one(text: &str) -> Result<Environment, String> {
    let is_line = !text.contains('\n');
    if is_line && !text.contains('=') && Path::new(text).is_file() {
        let lines = std::fs::read_to_string(text).map_err(|error| format!("{text}: {error}"))?;
        return Environment::parse(&lines).map_err(|error| format!("{text}: {error}"));
    }
    let read = Environment::parse(text);
    let is_plain = |read: &Environment| !read.variables.is_empty() && read.remarks.is_empty();
    match read {
        Ok(read) if is_plain(&read) => Ok(read),
        // The shell has split the words and taken the quotes: what is left is the value as it stands.
        read => match text.split_once('=') {
            Some((name, value)) if is_line && is_name(name) && !value.contains('\0') => {
                let (name, value) = (name.to_owned(), value.to_owned());
                Ok(Environment {
                    variables: vec![Variable { name, value }],
                    remarks: Vec::new(),
                })
            }
            _ => read.map_err(|error| {
                format!(
                    "--env {}: line {} is not NAME=VALUE, nor is there such a file: {}",
                    error.text, error.line, error.reason
                )
            }),
        },
    }
}

fn is_name(name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(inside) && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(given: &[&str]) -> Vec<(String, String)> {
        let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
        let recorded = [("R".to_owned(), "0".to_owned())];
        let read = read(&recorded, &given).expect("well formed");
        read.variables
            .into_iter()
            .map(|v| (v.name, v.value))
            .collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn a_value_that_the_shell_has_unquoted_is_taken_whole() {
        for (text, value) in [
            ("A=1", "1"),
            ("A=two words", "two words"),
            ("A='two words'", "two words"),
            ("A=it's", "it's"),
            ("A=$B", "$B"),
            ("A=", ""),
        ] {
            assert_eq!(
                pairs(&[text]),
                expected(&[("R", "0"), ("A", value)]),
                "{text}"
            );
        }
    }

    #[test]
    fn several_can_stand_in_one_text_and_later_ones_count() {
        let all = expected(&[("R", "2"), ("A", "3")]);
        assert_eq!(pairs(&["R=1 A=2", "R=2", "ENV A=3"]), all);
        assert_eq!(pairs(&["- name: R\n  value: \"2\"\nA: 3"]), all);
    }
}
