//! A variable of a program's environment, and what an allocator makes of it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One variable of the environment. Displayed, it is a line of a shell that sets it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, as it stands.
    pub value: String,
}

/// How an allocator takes a setting.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It is read and does what it says.
    Applied,
    /// It is read, and does something that one may not expect.
    Surprise,
    /// It is read or given, and changes nothing here.
    NoEffect,
    /// Nobody reads a setting of this name.
    NotRead,
    /// It is read, and its value is not taken.
    Invalid,
}

/// What comes of a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is read and does something.
    Obeyed,
    /// It is read or given, and changes nothing here: another allocator runs, another setting overrides it, the value is
    /// the default, or what would read it is not loaded.
    NoEffect,
    /// Nobody reads a setting of this name.
    NotRead,
    /// It is read, and its value is not taken.
    Invalid,
}

impl Tone {
    /// What comes of a setting of which something is said in this tone.
    pub fn effect(self) -> Effect {
        match self {
            Self::Applied | Self::Surprise => Effect::Obeyed,
            Self::NoEffect => Effect::NoEffect,
            Self::NotRead => Effect::NotRead,
            Self::Invalid => Effect::Invalid,
        }
    }
}

/// A sentence about one variable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Remark {
    /// The variable, or the tunable or option in it.
    pub variable: String,
    /// The variable that the option is a part of, such as `GLIBC_TUNABLES`; none where `variable` is one itself.
    #[serde(default)]
    pub within: Option<String>,
    /// How it is taken.
    pub tone: Tone,
    /// A sentence for the user.
    pub text: String,
}

impl Remark {
    /// A sentence about a variable.
    pub fn new(variable: impl Into<String>, tone: Tone, text: impl Into<String>) -> Self {
        Self {
            variable: variable.into(),
            within: None,
            tone,
            text: text.into(),
        }
    }

    /// Whether it is about this variable, or about a part of it.
    pub fn is_about(&self, variable: &str) -> bool {
        self.within.as_deref().unwrap_or(&self.variable) == variable
    }
}

impl Variable {
    /// Reads variables back from a text of nothing but lines as [`Display`](fmt::Display) writes them; none where it holds anything
    /// else.
    pub fn all_of(text: &str) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        let mut rest = text.trim_start_matches('\n');
        while !rest.is_empty() {
            let (name, behind) = rest.split_once('=')?;
            let is_of_name = |b: u8| b.is_ascii_alphanumeric() || b"_.".contains(&b);
            if name.is_empty() || !name.bytes().all(is_of_name) {
                return None;
            }
            let (value, behind) = match behind.strip_prefix('\'') {
                Some(quoted) => unquoted(quoted)?,
                None => {
                    let (value, behind) = behind.split_once('\n').unwrap_or((behind, ""));
                    if !value.bytes().all(is_bare) {
                        return None;
                    }
                    (value.to_owned(), behind)
                }
            };
            let name = name.to_owned();
            all.push(Self { name, value });
            rest = behind.trim_start_matches('\n');
        }
        Some(all)
    }
}

/// Whether a byte of a value needs no quotes.
fn is_bare(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_./:=,+-@%".contains(&b)
}

/// A value whose opening quote is read, and what stands behind its line.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let (mut value, mut rest) = (String::new(), quoted);
    loop {
        let (part, behind) = rest.split_once('\'')?;
        value.push_str(part);
        match behind.strip_prefix("\\''") {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None if behind.is_empty() => return Some((value, behind)),
            None => return Some((value, behind.strip_prefix('\n')?)),
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A comma on its own may part variables, as in `--set-env-vars A=1,B=2`.
        let parts = self.value.contains(',') && !self.value.contains(':');
        if self.value.bytes().all(is_bare) && !parts {
            write!(f, "{}={}", self.name, self.value)
        } else {
            write!(f, "{}='{}'", self.name, self.value.replace('\'', "'\\''"))
        }
    }
}
