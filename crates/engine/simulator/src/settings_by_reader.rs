//! A variant's settings by who reads them: Python, or the malloc that runs.

use crate::choice::Choice;
use highwater_allocator::{Remark, Tone, Variable};
use highwater_settings::{is_read, preloaded};

/// The variables of jemalloc that has a prefix, in the order in which they choose.
pub(crate) const PREFIXED: [&str; 2] = ["_RJEM_MALLOC_CONF", "JE_MALLOC_CONF"];
pub(crate) const CONF: &str = "MALLOC_CONF";
pub(crate) const PRELOAD: &str = "LD_PRELOAD";

/// A variant's settings, by who reads them.
pub(crate) struct SettingsByReader {
    /// Python's.
    pub(crate) pythons: Vec<Variable>,
    /// Those of the malloc that runs, by the names that it reads.
    pub(crate) mallocs: Vec<Variable>,
    /// What was found on the way.
    pub(crate) remarks: Vec<Remark>,
    /// The name by which MALLOC_CONF was given.
    conf: &'static str,
}

impl SettingsByReader {
    /// Finds who reads each variable of an environment.
    pub(crate) fn of(allocator: Choice, environment: &[Variable]) -> Self {
        let all = environment.iter().cloned();
        let (pythons, mallocs) = all.partition(|v| highwater_pymalloc::is_pythons(&v.name));
        let mut settings = Self {
            pythons,
            mallocs,
            remarks: Vec::new(),
            conf: CONF,
        };
        settings.preload(allocator);
        if matches!(allocator, Choice::Jemalloc(_)) {
            settings.prefix();
        }
        settings
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
