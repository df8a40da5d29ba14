//! What the settings of a text come to: the allocator that they choose, and the effect of each.

use crate::choice::Choice;
use crate::nearest::Asked;
use crate::settings_by_reader::{PREFIXED, PRELOAD};
use crate::variant::Variant;
use highwater_allocator::{Effect, Remark, Tone, Variable};
use highwater_settings::{Environment, Loaded, preloaded};
use serde::Serialize;

/// The allocator that a text chooses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// One that is modelled.
    Modelled {
        /// The release that runs.
        choice: Choice,
        /// What chose it.
        because: String,
        /// Why another release runs than the one that the text names, if so.
        instead: Option<String>,
    },
    /// One that there is no model of yet.
    Unmodelled(Loaded),
}

/// The allocator that settings choose; none where they leave that to the program. `linked` where they are those of a
/// program that has jemalloc linked into it.
pub fn choose(variables: &[Variable], linked: bool) -> Option<Chosen> {
    let value = |name: &str| variables.iter().find(|v| v.name == name).map(|v| &v.value);
    let loaded = value(PRELOAD).and_then(|value| preloaded(value).allocator);
    if let Some(loaded) = loaded {
        if loaded.name != "jemalloc" {
            return Some(Chosen::Unmodelled(loaded));
        }
        let version = loaded.version.as_deref().unwrap_or_default();
        let mut asked = Choice::nearest(&format!("jemalloc@{version}")).ok()?;
        if version.is_empty() && is_before_4(&loaded.library) {
            // The library's number says that much.
            asked = Choice::nearest("jemalloc@3.6").ok()?;
            asked.instead = Some(format!(
                "{} is jemalloc 3 or older, which is not modelled; {} is used instead: it is the oldest modelled release; releases before 5.0 have other size classes and another decay.",
                loaded.library, asked.choice
            ));
        }
        return Some(modelled(
            asked,
            format!("LD_PRELOAD loads {}", loaded.library),
        ));
    }
    let prefixed = PREFIXED.iter().find(|name| value(name).is_some());
    let because = match prefixed {
        Some(name) => format!("a program that reads {name} has jemalloc linked into it"),
        None if linked => {
            "a program with its own malloc_conf has jemalloc linked into it".to_owned()
        }
        None => return None,
    };
    Some(modelled(Choice::nearest("jemalloc").ok()?, because))
}

/// Whether a library is of a jemalloc before 4.0: since then it is called `libjemalloc.so.2`.
fn is_before_4(library: &str) -> bool {
    let number = library.split_once(".so.").map(|(_, number)| number);
    number.is_some_and(|number| matches!(number.split('.').next(), Some("0" | "1")))
}

fn modelled(asked: Asked, because: String) -> Chosen {
    Chosen::Modelled {
        choice: asked.choice,
        because,
        instead: asked.instead,
    }
}

impl Chosen {
    /// The allocator of a variant with these settings, if it is modelled.
    pub fn choice(&self) -> Option<Choice> {
        match self {
            Self::Modelled { choice, .. } => Some(*choice),
            Self::Unmodelled(_) => None,
        }
    }

    /// One sentence about it. `runs` is the allocator that runs where it is not modelled.
    pub fn says(&self, runs: Choice) -> String {
        match self {
            Self::Modelled {
                choice,
                because,
                instead,
            } => {
                let (name, version) = choice.parts();
                let instead = instead
                    .as_ref()
                    .map_or(String::new(), |why| format!(" {}", capital(why)));
                format!("Runs on {name} {version}: {because}.{instead}")
            }
            Self::Unmodelled(loaded) => {
                let (name, version) = runs.parts();
                format!(
                    "LD_PRELOAD loads {}, which has no model yet: {name} {version} runs instead.",
                    loaded.name
                )
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        [first.to_ascii_uppercase()]
            .into_iter()
            .chain(letters)
            .collect()
    })
}

/// One setting of a text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Judged {
    /// The variable's name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What comes of it.
    pub effect: Effect,
    /// All remarks on it.
    pub says: String,
}

/// What comes of each setting of a text where this variant runs; first those that count, then those in lines that are
/// refused where such lines are used.
pub fn judge(environment: &Environment, variant: &Variant) -> Vec<Judged> {
    let of_variant = variant.remarks();
    let judged = |variable: &Variable, is_refused: bool| {
        let is_about = |remark: &&Remark| remark.is_about(&variable.name);
        let own: Vec<&Remark> = of_variant.iter().filter(is_about).collect();
        let read: Vec<&Remark> = environment.remarks.iter().filter(is_about).collect();
        // Where the allocator says what comes of it, a surprise in the text, such as a second value, changes nothing about that.
        let decides = |remark: &&&Remark| own.is_empty() || remark.tone != Tone::Surprise;
        let effects = own.iter().chain(read.iter().filter(decides));
        let effects = effects.map(|remark| remark.tone.effect());
        let says: Vec<String> = own
            .iter()
            .chain(&read)
            .filter(|remark| !is_refused || remark.tone == Tone::Invalid)
            .map(|remark| match &remark.within {
                Some(_) => format!("{}: {}", remark.variable, remark.text),
                None => remark.text.clone(),
            })
            .collect();
        Judged {
            name: variable.name.clone(),
            value: variable.value.clone(),
            effect: if is_refused {
                Effect::Invalid
            } else {
                together(effects)
            },
            says: says.join(" "),
        }
    };
    let counted = environment.variables.iter().map(|v| judged(v, false));
    let is_new = |v: &&Variable| {
        !environment
            .variables
            .iter()
            .any(|known| known.name == v.name)
    };
    let refused = environment
        .refused
        .iter()
        .filter(is_new)
        .map(|v| judged(v, true));
    counted.chain(refused).collect()
}

/// What comes of a setting whose parts come to these: it is obeyed where any part is, and else as wrong as its worst.
fn together(effects: impl Iterator<Item = Effect>) -> Effect {
    let rank = |effect: Effect| match effect {
        Effect::Obeyed => 3,
        Effect::Invalid => 2,
        Effect::NotRead => 1,
        Effect::NoEffect => 0,
    };
    effects
        .max_by_key(|effect| rank(*effect))
        .unwrap_or(Effect::NoEffect)
}

#[cfg(test)]
mod tests;
