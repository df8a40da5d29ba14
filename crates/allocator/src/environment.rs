//! The environment of a program as the user types or pastes it, and what an allocator says to it.
//!
//! People keep settings in a shell's history, a Dockerfile, a compose file, a pod's manifest or a unit file, and copy
//! them from there. So that nothing is lost on the way, text is read as whatever it comes from, line by line: no dialect
//! has to be chosen, and several can stand in one text. `shell` reads what consists of words (shells, Dockerfile, docker,
//! systemd), `yaml` what consists of keys. Only what sets variables is understood. The rest is refused by its line,
//! never passed over, for a setting that was silently dropped is what people come here to find.

mod shell;
/// Whether a word, which is not empty, stands in a text. The standard library's way is made for long texts, and takes
/// kilobytes of what is sent to a browser.
pub fn holds(text: &str, word: &str) -> bool {
    let mut windows = text.as_bytes().windows(word.len().max(1));
    windows.any(|window| window == word.as_bytes())
}

#[cfg(test)]
mod tests;
mod words;
mod yaml;

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use thiserror::Error;
use words::Words;

/// One variable of the environment. Displayed, it is a line that [`parse_lines`] reads back as itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, as it stands.
    pub value: String,
}

/// A line that sets no variable.
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

/// What is to be said about one variable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    /// The variable.
    pub variable: String,
    /// Whether it is obeyed.
    pub tone: Tone,
    /// A sentence for the user.
    pub text: String,
}

/// What a text sets, before any allocator has looked at it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    /// The variables, each once, in the order in which they first stood.
    pub variables: Vec<Variable>,
    /// What happened on the way: values that come from elsewhere, names that were set twice, and the like.
    pub remarks: Vec<Remark>,
}

impl Environment {
    /// Reads settings from wherever they were copied: `NAME=value`, `export`, assignments before a command, `env`,
    /// `setenv`; a Dockerfile's `ENV`; `docker run -e`; `environment:` of compose and `env:` of Kubernetes; `Environment=`
    /// of systemd. Empty lines and comments are passed over. Of two values of one name the later counts, as in all of
    /// these.
    ///
    /// # Errors
    /// The first line that is something else, or whose quote or bracket is not closed.
    pub fn parse(text: &str) -> Result<Self, EnvironmentError> {
        let mut reader = Reader {
            found: Self::default(),
            lines: Vec::new(),
            line: 1,
            last: None,
            named: None,
            nested: None,
        };
        let mut words = Words::new(text.trim_start_matches('\u{feff}'));
        while !words.rest().is_empty() {
            if words.at_start {
                reader.line = words.line;
                reader.last = None;
            }
            let line = words.line_at();
            let read = if reader.passes_over(line) {
                words.skip_line();
                Ok(())
            } else if yaml::is_yaml(line.trim()) {
                words.skip_line();
                reader.yaml(line)
            } else {
                reader.statement(&mut words)
            };
            read.map_err(|reason| EnvironmentError {
                line: reader.line,
                text: line.trim().chars().take(60).collect(),
                reason: reason.into_owned(),
            })?;
        }
        reader.finish_name();
        Ok(reader.found)
    }
}

/// The variables that a text sets; see [`Environment::parse`].
///
/// # Errors
/// The first line that sets none.
pub fn parse_lines(text: &str) -> Result<Vec<Variable>, EnvironmentError> {
    Environment::parse(text).map(|environment| environment.variables)
}

/// What has been read of a text.
struct Reader {
    found: Environment,
    /// The line in which each variable stood last.
    lines: Vec<usize>,
    /// The line that is being read, from 1.
    line: usize,
    /// The variable that was set last in that line.
    last: Option<String>,
    /// The name of a Kubernetes item whose value has not come yet.
    named: Option<String>,
    /// The column of a key whose nested lines say where a value comes from.
    nested: Option<usize>,
}

/// What is wrong with a line.
type Reason = Cow<'static, str>;

impl Reader {
    /// Whether a line holds nothing to be read.
    fn passes_over(&mut self, line: &str) -> bool {
        let text = line.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            return true;
        }
        if let Some(column) = self.nested {
            let indent = line.len() - line.trim_start().len();
            if indent > column || (indent == column && text.starts_with('-')) {
                return true;
            }
            self.nested = None;
        }
        // A unit file's section, a YAML document's start, brackets of JSON on lines of their own.
        matches!(text, "[Service]" | "---") || text.bytes().all(|b| b"{}[],".contains(&b))
    }

    #[cold]
    fn remark(&mut self, variable: &str, tone: Tone, text: &str) {
        self.found.remarks.push(Remark {
            variable: variable.to_owned(),
            tone,
            text: text.to_owned(),
        });
    }

    /// Takes one variable; `open` where its value has a `$` that its place would have put something in for.
    fn set(&mut self, name: &str, value: &str, open: bool) -> Result<(), Reason> {
        check_name(name)?;
        if value.contains('\0') {
            return Err("a value cannot hold a zero byte".into());
        }
        if open {
            let text = "Nothing is put in for the `$` in its value here: write the value itself.";
            self.remark(name, Tone::Surprise, text);
        }
        self.last = Some(name.to_owned());
        let value = value.to_owned();
        let variables = &mut self.found.variables;
        if let Some(at) = variables.iter().position(|v| v.name == name) {
            variables[at].value = value;
            let text = format!(
                "Set twice: line {} wins over line {}, as the later one does everywhere.",
                self.line, self.lines[at]
            );
            self.lines[at] = self.line;
            self.remark(name, Tone::Surprise, &text);
        } else {
            let name = name.to_owned();
            variables.push(Variable { name, value });
            self.lines.push(self.line);
        }
        Ok(())
    }

    /// A variable whose value stands elsewhere.
    #[cold]
    fn set_elsewhere(&mut self, name: &str, place: &str) -> Result<(), Reason> {
        check_name(name)?;
        let text =
            format!("Its value comes from {place} and is not known here: write it out to try it.");
        self.remark(name, Tone::Ignored, &text);
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), Reason> {
    if name.is_empty() {
        return Err("there is no name before the `=`".into());
    }
    if name.starts_with("glibc.") {
        return Err(format!(
            "a tunable has no variable of its own: write GLIBC_TUNABLES={name}=..."
        )
        .into());
    }
    if let Some(odd) = name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && *c != '_')
    {
        return Err(format!("a name cannot hold `{odd}`").into());
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("a name cannot begin with a digit".into());
    }
    Ok(())
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./:=,+-@%".contains(&b);
        if self.value.bytes().all(plain) {
            write!(f, "{}={}", self.name, self.value)
        } else {
            write!(f, "{}='{}'", self.name, self.value.replace('\'', "'\\''"))
        }
    }
}
