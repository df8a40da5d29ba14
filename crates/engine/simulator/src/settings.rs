//! What the settings of a text come to: the allocator that they choose, and the effect of each.

use crate::nearest::Asked;
use crate::variant::{Choice, Variant};
use highwater_allocator::{Effect, Remark, Tone, Variable};
use highwater_settings::{Environment, Loaded, is_read, preloaded};
use serde::Serialize;

/// The variables of jemalloc that has a prefix, in the order in which they choose.
const PREFIXED: [&str; 2] = ["_RJEM_MALLOC_CONF", "JE_MALLOC_CONF"];
const CONF: &str = "MALLOC_CONF";
const PRELOAD: &str = "LD_PRELOAD";

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
    let mut remarks = variant.remarks();
    remarks.extend(environment.remarks.iter().cloned());
    let judged = |variable: &Variable, is_refused: bool| {
        let about: Vec<&Remark> = remarks
            .iter()
            .filter(|r| r.is_about(&variable.name))
            .collect();
        let effects = about.iter().map(|remark| remark.tone.effect());
        let says: Vec<String> = about
            .iter()
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

/// A variant's settings, parted by who reads them.
pub(crate) struct Parted {
    /// Python's.
    pub(crate) pythons: Vec<Variable>,
    /// Those of the malloc that runs, by the names that it reads.
    pub(crate) mallocs: Vec<Variable>,
    /// What was found on the way.
    pub(crate) remarks: Vec<Remark>,
    /// The name by which MALLOC_CONF was given.
    conf: &'static str,
}

impl Parted {
    /// Parts an environment.
    pub(crate) fn of(allocator: Choice, environment: &[Variable]) -> Self {
        let all = environment.iter().cloned();
        let (pythons, mallocs) = all.partition(|v| highwater_pymalloc::is_pythons(&v.name));
        let mut parted = Self {
            pythons,
            mallocs,
            remarks: Vec::new(),
            conf: CONF,
        };
        parted.preload(allocator);
        if matches!(allocator, Choice::Jemalloc(_)) {
            parted.prefix();
        }
        parted
    }

    /// Puts remarks on MALLOC_CONF under the name by which it was given.
    pub(crate) fn renamed(&self, mut remarks: Vec<Remark>) -> Vec<Remark> {
        for remark in remarks.iter_mut().filter(|_| self.conf != CONF) {
            if remark.variable == CONF {
                self.conf.clone_into(&mut remark.variable);
            }
            if let Some(within) = remark.within.as_mut().filter(|within| *within == CONF) {
                self.conf.clone_into(within);
            }
        }
        remarks
    }

    fn take(&mut self, name: &str) -> Option<Variable> {
        let at = self.mallocs.iter().position(|v| v.name == name)?;
        Some(self.mallocs.remove(at))
    }

    fn say(&mut self, name: &str, tone: Tone, text: impl Into<String>) {
        self.remarks.push(Remark::new(name, tone, text));
    }

    fn preload(&mut self, allocator: Choice) {
        let Some(variable) = self.take(PRELOAD) else {
            return;
        };
        let preload = preloaded(&variable.value);
        let (name, version) = allocator.parts();
        match preload.allocator {
            Some(loaded) if loaded.name == name => {
                let text = format!("It loads {}: {name} {version} runs.", loaded.library);
                self.say(PRELOAD, Tone::Applied, text);
            }
            Some(loaded) if loaded.name == "jemalloc" || name == "jemalloc" => {
                let text = format!(
                    "No effect: it loads {}, but this variant runs {name} {version}.",
                    loaded.name
                );
                self.say(PRELOAD, Tone::NoEffect, text);
            }
            Some(loaded) => {
                let text = format!(
                    "It loads {}, which has no model yet: {name} {version} runs instead, without settings.",
                    loaded.name
                );
                self.say(PRELOAD, Tone::Surprise, text);
                self.answered_by(loaded.name);
            }
            None if preload.checks => self.checks(allocator),
            None => {
                let text = "It loads no allocator, so allocation does not change.";
                self.say(PRELOAD, Tone::NoEffect, text);
            }
        }
    }

    /// Takes every variable of an allocator, since another one, of this name, answers the program's calls.
    fn answered_by(&mut self, name: &str) {
        for variable in std::mem::take(&mut self.mallocs) {
            if is_read(&variable.name) {
                let text = format!("No effect: {name} answers the program's calls.");
                self.say(&variable.name, Tone::NoEffect, text);
            } else {
                let text = "Ignored: no allocator reads a variable of this name.";
                self.say(&variable.name, Tone::NotRead, text);
            }
        }
    }

    /// libc_malloc_debug.so, and MALLOC_CHECK_, which only it reads since 2.34.
    fn checks(&mut self, allocator: Choice) {
        let Choice::Glibc(version) = allocator else {
            let text = "It loads glibc's checks, which do not apply to jemalloc.";
            return self.say(PRELOAD, Tone::NoEffect, text);
        };
        let checks = self.mallocs.iter().any(|v| v.name == "MALLOC_CHECK_");
        if version < highwater_glibc::Version::V2_34 {
            let text =
                "This version has no libc_malloc_debug.so: its malloc reads MALLOC_CHECK_ itself.";
            return self.say(PRELOAD, Tone::NoEffect, text);
        }
        if !checks {
            let text = "It loads glibc's checks, but without MALLOC_CHECK_ malloc checks nothing.";
            return self.say(PRELOAD, Tone::NoEffect, text);
        }
        let Some(variable) = self.take("MALLOC_CHECK_") else {
            return;
        };
        let number = variable.value.trim().parse::<i64>();
        match number {
            Ok(1..=3) => {
                let text = "It loads glibc's checks, which MALLOC_CHECK_ switches on. They are not modelled: the real process will differ.";
                self.say(PRELOAD, Tone::Surprise, text);
                let text = "libc_malloc_debug.so reads it: malloc checks its heap and uses no thread caches. This is not modelled: the real process will differ.";
                self.say("MALLOC_CHECK_", Tone::Surprise, text);
            }
            Ok(0) => {
                let text = "It loads glibc's checks, and MALLOC_CHECK_=0 leaves them off.";
                self.say(PRELOAD, Tone::NoEffect, text);
                self.say(
                    "MALLOC_CHECK_",
                    Tone::NoEffect,
                    "malloc checks nothing. That is the default.",
                );
            }
            _ => {
                let text = "It loads glibc's checks, but MALLOC_CHECK_ does not switch them on.";
                self.say(PRELOAD, Tone::NoEffect, text);
                self.say(
                    "MALLOC_CHECK_",
                    Tone::Invalid,
                    "Ignored: write a number from 0 to 3.",
                );
            }
        }
    }

    /// jemalloc with a prefix reads its own variable in the place of MALLOC_CONF.
    fn prefix(&mut self) {
        let is_loaded = self
            .remarks
            .iter()
            .any(|r| r.variable == PRELOAD && r.tone == Tone::Applied);
        let has = |name: &&&str| self.mallocs.iter().any(|v| v.name == **name);
        let Some(name) = PREFIXED.iter().find(has).filter(|_| !is_loaded) else {
            return;
        };
        if self.take(CONF).is_some() {
            let text = format!("No effect: jemalloc with a prefix reads {name} in its place.");
            self.say(CONF, Tone::NoEffect, text);
        }
        if let Some(given) = self.mallocs.iter_mut().find(|v| v.name == *name) {
            CONF.clone_into(&mut given.name);
            self.conf = name;
            let text = "Read as MALLOC_CONF: the jemalloc in this program has a prefix.";
            self.say(name, Tone::Applied, text);
        }
    }
}

#[cfg(test)]
mod tests;
