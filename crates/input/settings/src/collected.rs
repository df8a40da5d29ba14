//! What is found on the way through a text, and what counts of it at its end.

use crate::{Environment, PRELOAD, preloaded};
use highwater_allocator::{Remark, Tone, Variable};
use std::rc::Rc;

/// What a setting was found in, where that decides whether it counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    /// An instruction of a Dockerfile, in this stage.
    Stage(usize),
    /// `Environment=` of a unit, which an empty one clears.
    Unit,
}

/// A setting, and where it was found.
struct Kept {
    variable: Variable,
    line: usize,
    place: Place,
    /// The image of the container or service that it is set in; empty where that is not told, and none outside of these.
    image: Option<Rc<str>>,
}

/// A container, a service or what else of a document has an image.
struct Part {
    image: Rc<str>,
    /// Whether it has variables of its own.
    has_variables: bool,
}

enum Step {
    Set(Kept),
    /// It is taken back.
    Unset {
        name: String,
        why: &'static str,
    },
    /// An empty `Environment=`.
    ResetUnit,
}

/// A variable that a unit takes back, whatever its place in the unit; with a value, only where it has this one.
struct UnsetAtEnd {
    name: String,
    value: Option<String>,
}

/// Names at most that are kept, so that a text made of nothing else costs no more than any other.
const MOST: usize = 256;

/// What has been found.
#[derive(Default)]
pub(crate) struct Collected {
    steps: Vec<Step>,
    remarks: Vec<Remark>,
    refused: Vec<Variable>,
    /// Whether each line holds a setting or a part of one.
    held: Vec<bool>,
    /// The stage that each stage of a Dockerfile starts from, if one of its own.
    stages: Vec<Option<usize>>,
    linked: bool,
    unset_at_end: Vec<UnsetAtEnd>,
    /// Names that only the build of an image has.
    build_only: Vec<String>,
    /// Whether what is read now is added to the value before.
    pub(crate) appends: bool,
    /// Whether what is read now runs only while an image is built.
    pub(crate) builds: bool,
    /// The names that were set anywhere.
    names: Vec<String>,
    /// The image of the part that is read now.
    image: Option<Rc<str>>,
    /// Parts of a document that have an image, other than those that only prepare a start.
    parts: Vec<Part>,
}

impl Collected {
    /// Takes a variable.
    pub(crate) fn set(&mut self, name: &str, value: &str, line: usize, place: Place) {
        // `M_MMAP_THRESHOLD = -3` is the constant that mallopt takes.
        if name.starts_with("M_") && value.starts_with('-') {
            return;
        }
        if self.builds {
            return self.build_only(name);
        }
        let (name, mut value) = (name.to_owned(), value.replace('\0', ""));
        if self.appends {
            let before = self.steps.iter().rev().find_map(|step| match step {
                Step::Set(set) if set.variable.name == name => Some(&set.variable.value),
                _ => None,
            });
            if let Some(before) = before.filter(|before| before.len() < MOST * 8) {
                value.insert_str(0, before);
            }
        }
        if self.names.len() < MOST && !self.has(&name) {
            self.names.push(name.clone());
        }
        let variable = Variable { name, value };
        self.steps.push(Step::Set(Kept {
            variable,
            line,
            place,
            image: self.image.clone(),
        }));
    }

    /// Begins a part of a document that has an image, and returns the image of the part around it, for
    /// [`leave`](Self::leave).
    pub(crate) fn enter(
        &mut self,
        image: &str,
        has_variables: bool,
        prepares: bool,
    ) -> Option<Rc<str>> {
        let image: Rc<str> = image.into();
        if !prepares && self.parts.len() < MOST {
            let image = Rc::clone(&image);
            self.parts.push(Part {
                image,
                has_variables,
            });
        }
        self.image.replace(image)
    }

    /// Ends a part.
    pub(crate) fn leave(&mut self, around: Option<Rc<str>>) {
        self.image = around;
    }

    /// Returns the image of the part whose settings count, the last one that sets any. Where settings stand outside of all parts,
    /// or there are none, it is that of the parts with variables, or of all parts, if these have one and the same.
    pub(crate) fn image(&self) -> Option<String> {
        let last = self.steps.iter().rev().find_map(|step| match step {
            Step::Set(set) => Some(set.image.clone()),
            _ => None,
        });
        let has_variables = self.parts.iter().any(|part| part.has_variables);
        let meant = |part: &&Part| part.has_variables || !has_variables;
        let image = last.flatten().or_else(|| {
            let mut parts = self.parts.iter().filter(meant);
            let first = parts.next()?;
            let is_same = parts.all(|part| part.image == first.image);
            is_same.then(|| Rc::clone(&first.image))
        })?;
        (!image.is_empty()).then(|| image.as_ref().to_owned())
    }

    /// Whether a document has parts with an image.
    pub(crate) fn has_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether a variable was set anywhere before.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Takes a variable back.
    pub(crate) fn unset(&mut self, name: &str, why: &'static str) {
        let name = name.to_owned();
        self.steps.push(Step::Unset { name, why });
    }

    /// Takes a variable back when all has been read, as a unit does.
    pub(crate) fn unset_at_the_end(&mut self, name: &str, value: Option<&str>) {
        if self.unset_at_end.len() < MOST {
            self.unset_at_end.push(UnsetAtEnd {
                name: name.to_owned(),
                value: value.map(str::to_owned),
            });
        }
    }

    /// Takes nothing back at the end.
    pub(crate) fn unset_nothing(&mut self) {
        self.unset_at_end.clear();
    }

    /// Notes a variable that only the build of an image has.
    pub(crate) fn build_only(&mut self, name: &str) {
        if self.build_only.len() < MOST && !self.build_only.iter().any(|known| known == name) {
            self.build_only.push(name.to_owned());
        }
    }

    /// Whether a Dockerfile's stage has begun.
    pub(crate) fn has_stages(&self) -> bool {
        !self.stages.is_empty()
    }

    /// Clears what the unit has set.
    pub(crate) fn reset_unit(&mut self) {
        self.steps.push(Step::ResetUnit);
    }

    /// Begins a stage of a Dockerfile.
    pub(crate) fn stage(&mut self, starts_from: Option<usize>) {
        self.stages.push(starts_from);
    }

    /// The stage that instructions are in now.
    pub(crate) fn place_in_stage(&self) -> Place {
        match self.stages.len() {
            0 => Place::Anywhere,
            n => Place::Stage(n - 1),
        }
    }

    /// Notes that a program has jemalloc linked into it.
    pub(crate) fn link(&mut self) {
        self.linked = true;
    }

    /// Says that a variable's value is not in the text.
    pub(crate) fn elsewhere(&mut self, name: &str, place: &str) {
        let text = format!("Left out: its value comes from {place}. Write the value to try it.");
        self.say(name, Tone::NoEffect, &text);
    }

    /// Says that a variable's value is a name or an expression of a program.
    pub(crate) fn expression(&mut self, name: &str) {
        let text = "Left out: its value is an expression of a program. Write the value to try it.";
        self.say(name, Tone::NoEffect, text);
    }

    /// Says that a variable's value is still open.
    pub(crate) fn placeholder(&mut self, name: &str) {
        let text = "Left out: its value is a placeholder. Write the value to try it.";
        self.say(name, Tone::NoEffect, text);
    }

    /// Says that a variable's value has a quote without an end: what is there of it may be a part.
    pub(crate) fn unclosed(&mut self, name: &str) {
        let text = "Left out: a quote is not closed, so its value may be cut off.";
        self.say(name, Tone::NoEffect, text);
    }

    /// Says that a variable stands in a command that edits a file.
    pub(crate) fn edited(&mut self, name: &str) {
        let text = "Left out: it is part of a command that edits a file. Paste the file as it is afterwards.";
        self.say(name, Tone::NoEffect, text);
    }

    /// Says why a line with a setting in it is refused where it is used.
    pub(crate) fn refuse(&mut self, name: &str, value: &str, why: &str) {
        self.say(name, Tone::Invalid, why);
        let (name, value) = (name.to_owned(), value.to_owned());
        if self.refused.len() < MOST {
            self.refused.push(Variable { name, value });
        }
    }

    /// Says something about a variable or a line.
    pub(crate) fn say(&mut self, name: &str, tone: Tone, text: &str) {
        let is_said = |r: &Remark| r.variable == name && r.text == text;
        if self.remarks.len() < MOST && !self.remarks.iter().any(is_said) {
            self.remarks.push(Remark::new(name, tone, text));
        }
    }

    /// Notes that lines hold a setting.
    pub(crate) fn hold(&mut self, from: usize, to: usize) {
        if self.held.len() <= to {
            self.held.resize(to + 1, false);
        }
        for line in from..=to {
            self.held[line] = true;
        }
    }

    /// Whether anything was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
            && self.build_only.is_empty()
            && self.refused.is_empty()
            && self.remarks.is_empty()
    }

    /// The stages whose settings the last one has.
    fn stages_of_last(&self) -> Vec<bool> {
        let mut reached = vec![false; self.stages.len()];
        let mut at = self.stages.len().checked_sub(1);
        while let Some(now) = at {
            reached[now] = true;
            // A stage starts from an earlier one.
            at = self.stages[now].filter(|from| *from < now);
        }
        reached
    }

    /// Returns what counts of it all; `filled` says which lines hold anything at all.
    pub(crate) fn finish(mut self, filled: impl Iterator<Item = bool>) -> Environment {
        let reached = self.stages_of_last();
        let mut kept = Vec::new();
        for step in std::mem::take(&mut self.steps) {
            self.apply(step, &reached, &mut kept);
        }
        for unset in std::mem::take(&mut self.unset_at_end) {
            let is_taken = |variable: &Variable| {
                let value = unset.value.as_ref();
                variable.name == unset.name && value.is_none_or(|value| *value == variable.value)
            };
            if take_back(&mut kept, is_taken) {
                let text = "Removed by `UnsetEnvironment=`.";
                self.say(&unset.name, Tone::NoEffect, text);
            }
        }
        for name in std::mem::take(&mut self.build_only) {
            if !kept.iter().any(|kept| kept.variable.name == name) {
                let text = "Left out: only the build of the image has it. `ENV` in a Dockerfile sets it for the program.";
                self.say(&name, Tone::NoEffect, text);
            }
        }
        let held = |line: usize| self.held.get(line).copied().unwrap_or_default();
        let others = filled.enumerate().filter(|(n, full)| *full && !held(*n));
        Environment {
            other_lines: others.count(),
            variables: kept.into_iter().map(|kept| kept.variable).collect(),
            remarks: self.remarks,
            refused: self.refused,
            linked: self.linked,
        }
    }

    /// Applies a step to what is kept so far. `reached` are the stages whose settings the last one has.
    fn apply(&mut self, step: Step, reached: &[bool], kept: &mut Vec<Kept>) {
        match step {
            Step::Unset { name, why } => {
                if take_back(kept, |variable| variable.name == name) {
                    self.say(&name, Tone::NoEffect, why);
                }
            }
            Step::ResetUnit => {
                for cleared in kept.extract_if(.., |kept| kept.place == Place::Unit) {
                    let text = "Cleared: an empty `Environment=` follows it.";
                    self.say(&cleared.variable.name, Tone::NoEffect, text);
                }
            }
            Step::Set(set) => match set.place {
                Place::Stage(stage) if !reached[stage] => {
                    let text = "Left out: it is set in an earlier stage of the Dockerfile, and the last stage does not start from that one.";
                    self.say(&set.variable.name, Tone::NoEffect, text);
                }
                _ => self.keep(set, kept),
            },
        }
    }

    /// Keeps a setting, in the place of an earlier one of its name.
    fn keep(&mut self, set: Kept, kept: &mut Vec<Kept>) {
        let name = &set.variable.name;
        let Some(known) = kept.iter_mut().find(|known| known.variable.name == *name) else {
            if kept.len() < MOST {
                kept.push(set);
            }
            return;
        };
        if known.variable.value != set.variable.value {
            let (later, earlier) = (set.line + 1, known.line + 1);
            let text = format!(
                "Set more than once: line {later} wins over line {earlier}. If they belong to different programs, paste one of them."
            );
            self.say(name, Tone::Surprise, &text);
        }
        *known = set;
    }
}

/// Takes settings back; returns whether there was one.
fn take_back(kept: &mut Vec<Kept>, is_taken: impl Fn(&Variable) -> bool) -> bool {
    let before = kept.len();
    kept.retain(|kept| !is_taken(&kept.variable));
    kept.len() < before
}

/// Whether a value that is only known in part says enough: the library that a path ends in.
pub(crate) fn says_enough(name: &str, value: &str) -> bool {
    let preload = || preloaded(value);
    name == PRELOAD && (preload().allocator.is_some() || preload().checks)
}
