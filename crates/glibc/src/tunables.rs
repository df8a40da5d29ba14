//! The environment variables and tunables that glibc reads, and what it makes of their values.
//!
//! glibc 2.36: names, types and bounds from elf/dl-tunables.list; the order of reading from elf/dl-tunables.c
//! (`__tunables_init`, `parse_tunables` with the fix for CVE-2023-4911 that distributions carry,
//! `do_tunable_update_val`); numbers from elf/dl-misc.c (`_dl_strtoul`); what is accepted from malloc/malloc.c
//! (`do_set_*`).

mod number;
mod table;

use crate::params::{Params, TCACHE_BINS};
use crate::version::Version;
use highwater_allocator::{Remark, Tone, Variable};
use number::strtoul;

/// What the real allocator would use, and what there is to say about each variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The parameters the process starts with.
    pub params: Params,
    /// One remark or more for every variable.
    pub remarks: Vec<Remark>,
}

/// A setting that glibc knows: `glibc.malloc.NAME`, some with an environment variable of their own.
#[derive(Clone, Copy, Debug)]
pub struct Tunable {
    /// Its name within `glibc.malloc`.
    pub name: &'static str,
    /// The environment variable that sets it too.
    pub alias: Option<&'static str>,
    /// The least and the largest value that is taken, in the tunable's own type.
    bounds: Bounds,
    apply: fn(&mut Params, u64) -> Effect,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Bounds {
    /// A `size_t`, at least so much.
    Size(u64),
    /// An `int32_t` between two values.
    Int(i64, i64),
}

/// What the allocator does with a value within the bounds.
enum Effect {
    Applied(String),
    Surprise(String),
    Ignored(String),
}

impl Settings {
    /// Reads an environment as the C library of a version does when a program starts.
    pub fn from_environment(_version: Version, environment: &[Variable]) -> Self {
        let mut reader = Reader {
            values: [None; Tunable::ALL.len()],
            remarks: Vec::new(),
        };
        for variable in environment {
            if variable.name == "GLIBC_TUNABLES" {
                reader.read_tunables(&variable.value);
            } else {
                reader.read_alias(variable);
            }
        }
        reader.apply()
    }
}

/// Where a value came from: the variable's or tunable's name, and the number read.
#[derive(Clone, Copy)]
struct Value {
    number: u64,
    from_alias: bool,
}

struct Reader {
    values: [Option<Value>; Tunable::ALL.len()],
    remarks: Vec<Remark>,
}

impl Reader {
    fn say(&mut self, variable: &str, tone: Tone, text: impl Into<String>) {
        self.remarks.push(Remark {
            variable: variable.to_owned(),
            tone,
            text: text.into(),
        });
    }

    fn read_alias(&mut self, variable: &Variable) {
        let name = variable.name.as_str();
        let known = Tunable::ALL.iter().position(|t| t.alias == Some(name));
        match known {
            Some(index) if self.values[index].is_some() => {
                self.say(name, Tone::Ignored, "GLIBC_TUNABLES has set it already.");
            }
            Some(index) => self.read_value(index, name, &variable.value, true),
            None => {
                let text = unread(name);
                self.say(name, Tone::Ignored, text);
            }
        }
    }

    fn read_tunables(&mut self, text: &str) {
        for pair in text.split(':') {
            let Some((name, value)) = pair.split_once('=') else {
                if !pair.is_empty() {
                    let text = format!("`{}` is no name=value.", shortened(pair));
                    self.say("GLIBC_TUNABLES", Tone::Ignored, text);
                }
                continue;
            };
            let known = name
                .strip_prefix("glibc.malloc.")
                .and_then(|short| Tunable::ALL.iter().position(|t| t.name == short));
            match known {
                Some(index) => self.read_value(index, name, value, false),
                None if name.starts_with("glibc.") && !name.starts_with("glibc.malloc.") => {
                    self.say(name, Tone::Ignored, "It is none of malloc's.");
                }
                None => {
                    let text = "There is no such tunable in this version.";
                    self.say(shortened(name), Tone::Ignored, text);
                }
            }
        }
    }

    fn read_value(&mut self, index: usize, name: &str, text: &str, from_alias: bool) {
        let (number, rest) = strtoul(text);
        if !rest.is_empty() {
            let read = if rest.len() == text.len() {
                format!("`{}` is no number and is read as 0.", shortened(text))
            } else {
                let unit = "there are no units";
                format!(
                    "Only the digits count: it is read as {number}; {unit}, so `{}` is dropped.",
                    shortened(rest)
                )
            };
            self.say(name, Tone::Surprise, read);
        }
        let inside = match Tunable::ALL[index].bounds {
            Bounds::Size(least) => number >= least,
            Bounds::Int(least, most) => (least..=most).contains(&(number as i64)),
        };
        if inside {
            let alias = Tunable::ALL[index].alias;
            if let (Some(before), Some(alias)) = (self.values[index], alias)
                && before.from_alias
            {
                self.say(
                    alias,
                    Tone::Ignored,
                    "GLIBC_TUNABLES sets it too, and wins.",
                );
            }
            self.values[index] = Some(Value { number, from_alias });
        } else {
            let (least, most) = match Tunable::ALL[index].bounds {
                Bounds::Size(least) => (least.to_string(), u64::MAX.to_string()),
                Bounds::Int(least, most) => (least.to_string(), most.to_string()),
            };
            let text = format!("{number} is not between {least} and {most}; the default stays.");
            self.say(name, Tone::Ignored, text);
        }
    }

    fn apply(mut self) -> Settings {
        let mut params = Params::default();
        for (tunable, value) in Tunable::ALL.iter().zip(self.values) {
            let Some(value) = value else { continue };
            let name = match tunable.alias {
                Some(alias) if value.from_alias => alias.to_owned(),
                _ => format!("glibc.malloc.{}", tunable.name),
            };
            let (tone, text) = match (tunable.apply)(&mut params, value.number) {
                Effect::Applied(text) => (Tone::Applied, text),
                Effect::Surprise(text) => (Tone::Surprise, text),
                Effect::Ignored(text) => (Tone::Ignored, text),
            };
            self.say(&name, tone, text);
        }
        debug_assert!(params.tcache_bins <= TCACHE_BINS);
        Settings {
            params,
            remarks: self.remarks,
        }
    }
}

/// Why a variable is not read, with the name that was probably meant.
fn unread(name: &str) -> String {
    let aliases = || Tunable::ALL.iter().filter_map(|t| t.alias);
    let bare = |name: &str| name.trim_end_matches('_').to_ascii_uppercase();
    if let Some(meant) = aliases().find(|alias| bare(alias) == bare(name)) {
        return format!("It is not read: the name is {meant}.");
    }
    let tunable = name
        .strip_prefix("MALLOC_")
        .map(|rest| rest.trim_end_matches('_').to_ascii_lowercase())
        .and_then(|rest| Tunable::ALL.iter().find(|t| t.name == rest));
    match tunable {
        Some(t) => format!(
            "It is not read: this one is set by GLIBC_TUNABLES=glibc.malloc.{}=... only.",
            t.name
        ),
        None if name == "MALLOC_CONF" => "It is not read: that is jemalloc's.".to_owned(),
        None => "It is not read by malloc.".to_owned(),
    }
}

fn shortened(text: &str) -> &str {
    match text.char_indices().nth(40) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests;
