//! How the loader finds tunables in the environment: elf/dl-tunables.c, `__tunables_init`, `parse_tunables`,
//! `do_tunable_update_val`.
//!
//! Before 2.39 it went through the environment once and took whatever it could make something of. Since then it refuses
//! a `GLIBC_TUNABLES` that is malformed anywhere as a whole, keeps of several values of one tunable only the last before
//! it looks whether that is good, and reads the variables of their own after all that. Either way a value in
//! `GLIBC_TUNABLES` wins over the variable, wherever the two stand.

use super::names;
use super::number::{explain, is_strict, strtoul};
use super::table::Bounds;
use super::{Remarks, TUNABLES, Tunable, Value, Values};
use crate::version::Version;
use highwater_allocator::{Tone, Variable};

/// The values of the tunables that an environment sets, with remarks on those that are not taken.
pub(super) fn load(version: Version, environment: &[Variable], remarks: &mut Remarks) -> Values {
    let mut loader = Loader {
        version,
        values: [None; Tunable::ALL.len()],
        secure: false,
        remarks,
    };
    let strict = is_strict(version);
    let mut aliases: [Option<&Variable>; Tunable::ALL.len()] = [None; Tunable::ALL.len()];
    for variable in environment {
        let name = variable.name.as_str();
        if name == TUNABLES {
            loader.remarks.in_tunables = true;
            loader.read_string(&variable.value);
            loader.remarks.in_tunables = false;
            continue;
        }
        match Tunable::ALL.iter().position(|t| t.alias == Some(name)) {
            Some(index) if strict => aliases[index] = Some(variable),
            Some(index) => loader.read_alias(index, variable),
            None => names::unread(version, loader.remarks, variable),
        }
    }
    for (index, variable) in aliases.into_iter().enumerate() {
        if let Some(variable) = variable {
            loader.read_alias(index, variable);
        }
    }
    loader.values
}

struct Loader<'a> {
    version: Version,
    values: Values,
    /// Whether glibc.rtld.enable_secure was set, which makes it take nothing.
    secure: bool,
    remarks: &'a mut Remarks,
}

impl Loader<'_> {
    fn read_alias(&mut self, index: usize, variable: &Variable) {
        let name = variable.name.as_str();
        if self.secure {
            self.remarks.say(name, Tone::NoEffect, SECURE, &[]);
        } else if self.values[index].is_some() {
            self.remarks.say(name, Tone::NoEffect, WINS, &[]);
        } else {
            self.read_value(index, name, &variable.value, true);
        }
    }

    /// Reads the value of `GLIBC_TUNABLES`.
    fn read_string(&mut self, string: &str) {
        if string.is_empty() {
            self.remarks.say(TUNABLES, Tone::NoEffect, EMPTY, &[]);
            return;
        }
        let strict = is_strict(self.version);
        if strict && let Some(wrong) = malformed(string) {
            let text = "glibc drops the whole value, with a warning when the program starts: ";
            self.remarks.say(TUNABLES, Tone::Invalid, text, &[]);
            self.remarks.add(&[wrong]);
            return;
        }
        // Since 2.39 values are looked at only when all have been found; the last of one name is then there alone.
        let mut last: [Option<&str>; Tunable::ALL.len()] = [None; Tunable::ALL.len()];
        let mut any = false;
        for piece in string.split(':') {
            let Some((name, value)) = piece.split_once('=') else {
                if !piece.is_empty() {
                    any = true;
                    let text = "`@` is not NAME=VALUE, so glibc skips it.";
                    self.remarks.say(TUNABLES, Tone::Invalid, text, &[piece]);
                }
                continue;
            };
            any = true;
            let known = name
                .strip_prefix("glibc.malloc.")
                .and_then(|short| Tunable::ALL.iter().position(|t| t.name == short));
            match known {
                Some(index) if Tunable::ALL[index].came_after(self.version).is_none() => {
                    if last[index].replace(value).is_some() {
                        let text = "GLIBC_TUNABLES sets it twice; the later one counts.";
                        self.remarks.say(name, Tone::Surprise, text, &[]);
                    }
                    if !strict {
                        self.read_value(index, name, value, false);
                    }
                }
                _ if strict && name == "glibc.rtld.enable_secure" => {
                    self.secure = strtoul(self.version, value) == (1, "");
                    let text = "Not a malloc setting, but if it is 1, glibc ignores all others.";
                    self.remarks.say(name, Tone::Surprise, text, &[]);
                }
                _ => names::unknown(self.version, self.remarks, name),
            }
        }
        if !any {
            self.remarks.say(TUNABLES, Tone::NoEffect, EMPTY, &[]);
        }
        if !strict {
            return;
        }
        for (index, value) in last.into_iter().enumerate() {
            let Some(value) = value else { continue };
            let name = long_name(index);
            if self.secure {
                self.remarks.say(&name, Tone::NoEffect, SECURE, &[]);
            } else {
                self.read_value(index, &name, value, false);
            }
        }
    }

    /// Reads one value and takes it if it is within its tunable's bounds.
    fn read_value(&mut self, index: usize, name: &str, text: &str, from_alias: bool) {
        let read = strtoul(self.version, text);
        if !explain(self.version, self.remarks, name, text, read) {
            return;
        }
        let mut number = read.0;
        let tunable = &Tunable::ALL[index];
        let inside = match tunable.bounds_in(self.version) {
            Bounds::Size(least) => number >= least,
            Bounds::Int(least, most) => {
                // The loader keeps 32 bits of it before it compares.
                let kept = number as i32 as u64;
                if is_strict(self.version) && kept != number {
                    number = kept;
                    let text = "glibc keeps 32 bits of it and reads it as @.";
                    let kept = (kept as i64).to_string();
                    self.remarks.say(name, Tone::Surprise, text, &[&kept]);
                }
                (least..=most).contains(&(number as i64))
            }
        };
        if !inside {
            let text = "Ignored: @ is out of range (from @ to @).";
            let (number, least, most) = match tunable.bounds_in(self.version) {
                Bounds::Size(least) => (number.to_string(), least.to_string(), String::new()),
                Bounds::Int(least, most) => (
                    (number as i64).to_string(),
                    least.to_string(),
                    most.to_string(),
                ),
            };
            let most = if most.is_empty() { "2^64 - 1" } else { &most };
            self.remarks
                .say(name, Tone::Invalid, text, &[&number, &least, most]);
            return;
        }
        if let (Some(before), Some(alias)) = (self.values[index], tunable.alias)
            && before.from_alias
        {
            let within = std::mem::take(&mut self.remarks.in_tunables);
            self.remarks.say(alias, Tone::NoEffect, WINS, &[]);
            self.remarks.in_tunables = within;
        }
        self.values[index] = Some(Value { number, from_alias });
    }
}

const EMPTY: &str = "Empty: it sets nothing.";
const WINS: &str = "GLIBC_TUNABLES also sets it, and wins.";
const SECURE: &str = "Ignored: glibc.rtld.enable_secure=1 makes glibc ignore all settings.";

/// The name of a tunable in GLIBC_TUNABLES.
pub(super) fn long_name(index: usize) -> String {
    ["glibc.malloc.", Tunable::ALL[index].name].concat()
}

/// What makes the loader refuse the whole string, since 2.39: `parse_tunables_string`.
fn malformed(string: &str) -> Option<&'static str> {
    // How many `=` the pair has so far.
    let mut pair = 0;
    for byte in string.bytes() {
        pair = match byte {
            b':' => 0,
            b'=' => pair + 1,
            _ => pair,
        };
        if pair > 1 {
            return Some("it has two `=` without a `:` between them.");
        }
    }
    (pair == 0).then_some("its last part, after any `:`, is not NAME=VALUE.")
}
