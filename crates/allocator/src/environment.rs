//! The environment of a program as the user types it, and what an allocator says to it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One variable of the environment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, as it stands.
    pub value: String,
}

/// A line that is no `NAME=VALUE`.
#[derive(Clone, PartialEq, Eq, Debug, Error, Serialize, Deserialize)]
#[error("environment line {line}: `{text}` is not NAME=VALUE: {reason}")]
pub struct EnvironmentError {
    /// The line's number, from 1.
    pub line: usize,
    /// The line, shortened.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// How an allocator takes a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It is read and does what it says.
    Applied,
    /// It is read, and does something that one may not expect.
    Surprise,
    /// It is not read, or its value is not taken.
    Ignored,
}

/// What an allocator makes of one variable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    /// The variable.
    pub variable: String,
    /// Whether it is obeyed.
    pub tone: Tone,
    /// A sentence for the user.
    pub text: String,
}

/// Reads `NAME=VALUE` lines. Empty lines and lines that begin with `#` are passed over; of two lines with one name the
/// later counts, as with `export`. A value in single or double quotes is what stands between them.
///
/// # Errors
/// The first line that is something else.
pub fn parse_lines(text: &str) -> Result<Vec<Variable>, EnvironmentError> {
    let mut variables: Vec<Variable> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refuse = |reason: &str| EnvironmentError {
            line: index + 1,
            text: line.chars().take(60).collect(),
            reason: reason.to_owned(),
        };
        let Some((name, value)) = line.split_once('=') else {
            return Err(refuse("it has no `=`"));
        };
        if name.is_empty() {
            return Err(refuse("there is no name before the `=`"));
        }
        if let Some(odd) = name
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '_')
        {
            return Err(refuse(&format!("a name cannot hold {odd:?}")));
        }
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(refuse("a name cannot begin with a digit"));
        }
        if value.contains('\0') {
            return Err(refuse("a value cannot hold a zero byte"));
        }
        variables.retain(|variable| variable.name != name);
        variables.push(Variable {
            name: name.to_owned(),
            value: unquoted(value).to_owned(),
        });
    }
    Ok(variables)
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let variables = parse_lines(text).expect("well formed");
        variables.into_iter().map(|v| (v.name, v.value)).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn lines_become_variables() {
        assert_eq!(
            pairs("# none\n\nA=1\n  B=x=y \nC=\"two words\"\nA=2\nD="),
            [
                pair("B", "x=y"),
                pair("C", "two words"),
                pair("A", "2"),
                pair("D", "")
            ]
        );
    }

    #[test]
    fn a_malformed_line_is_named() {
        for (text, part) in [
            ("A=1\nMALLOC", "line 2"),
            ("=1", "no name"),
            ("A B=1", "' '"),
            ("1A=1", "digit"),
        ] {
            let error = parse_lines(text).expect_err(text).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
