//! How the loader finds tunables in the environment: elf/dl-tunables.c, `__tunables_init`, `parse_tunables`,
//! `do_tunable_update_val`.
//!
//! Before 2.39 it went through the environment once and took whatever it could make something of. Since then it refuses
//! a `GLIBC_TUNABLES` that is malformed anywhere as a whole, and a value that is not a plain number. Since 2.40 it keeps of
//! several values of one tunable only the last before it looks whether that is good, and reads the variables of their own
//! after all that. Either way a value in
//! `GLIBC_TUNABLES` wins over the variable, wherever the two stand.

use super::names;
use super::number::{explain, is_strict, strtoul};
use super::table::Bounds;
use super::{Remarks, TUNABLES, Tunable, Value, Values, shortened};
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
    let collects = collects(version);
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
            Some(index) if collects => aliases[index] = Some(variable),
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

/// Whether a release finds all values before it looks at any: `parse_tunables`, `__tunables_init`, since 2.40
/// (eb59c7b43d).
fn collects(version: Version) -> bool {
    version >= Version::V2_40
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
            self.remarks.say(name, Tone::NoEffect, SECURE);
        } else if self.values[index].is_some() {
            self.remarks.say(name, Tone::NoEffect, WINS);
        } else {
            self.read_value(index, name, &variable.value, true);
        }
    }

    /// Reads the value of `GLIBC_TUNABLES`.
    fn read_string(&mut self, string: &str) {
        let strict = is_strict(self.version);
        if strict
            && !string.is_empty()
            && let Some(wrong) = malformed(string)
        {
            let dropped = "glibc drops the whole value, with a warning when the program starts";
            let text = format!("{dropped}: {wrong}");
            return self.remarks.say(TUNABLES, Tone::Invalid, text);
        }
        let mut pieces = string
            .split(':')
            .filter(|piece| !piece.is_empty())
            .peekable();
        if pieces.peek().is_none() {
            self.remarks.say(TUNABLES, Tone::NoEffect, EMPTY);
        }
        // Since 2.40 values are looked at only when all have been found; the last of one name is then there alone.
        let mut last: [Option<&str>; Tunable::ALL.len()] = [None; Tunable::ALL.len()];
        for piece in pieces {
            if let Some((name, value)) = piece.split_once('=') {
                self.read_pair(name, value, &mut last);
            } else {
                let text = format!(
                    "`{}` is not NAME=VALUE, so glibc skips it.",
                    shortened(piece)
                );
                self.remarks.say(TUNABLES, Tone::Invalid, text);
            }
        }
        if !collects(self.version) {
            return;
        }
        for (index, value) in last.into_iter().enumerate() {
            let Some(value) = value else { continue };
            let name = Tunable::ALL[index].name;
            if self.secure {
                self.remarks.say(name, Tone::NoEffect, SECURE);
            } else {
                self.read_value(index, name, value, false);
            }
        }
    }

    /// Reads a pair of `GLIBC_TUNABLES`: its value at once, or since 2.40 into `last`.
    fn read_pair<'a>(
        &mut self,
        name: &str,
        value: &'a str,
        last: &mut [Option<&'a str>; Tunable::ALL.len()],
    ) {
        let collects = collects(self.version);
        match Tunable::ALL.iter().position(|t| t.name == name) {
            Some(index) if Tunable::ALL[index].is_in(self.version) => {
                if last[index].replace(value).is_some() {
                    let text = "GLIBC_TUNABLES sets it twice; the later one counts.";
                    self.remarks.say(name, Tone::Surprise, text);
                }
                if !collects {
                    self.read_value(index, name, value, false);
                }
            }
            _ if collects && name == "glibc.rtld.enable_secure" => {
                self.secure = strtoul(self.version, value) == (1, "");
                let text = "Not a malloc setting, but if it is 1, glibc ignores all others.";
                self.remarks.say(name, Tone::Surprise, text);
            }
            _ => names::unknown(self.version, self.remarks, name),
        }
    }

    /// Reads one value and takes it if it is within its tunable's bounds.
    fn read_value(&mut self, index: usize, name: &str, text: &str, from_alias: bool) {
        let read = strtoul(self.version, text);
        if !explain(self.version, self.remarks, name, text, read) {
            return;
        }
        let tunable = &Tunable::ALL[index];
        let Some(number) = self.within_bounds(tunable, name, read.0) else {
            return;
        };
        if let (Some(before), Some(alias)) = (self.values[index], tunable.alias)
            && before.from_alias
        {
            let within = std::mem::take(&mut self.remarks.in_tunables);
            self.remarks.say(alias, Tone::NoEffect, WINS);
            self.remarks.in_tunables = within;
        }
        self.values[index] = Some(Value { number, from_alias });
    }

    /// Returns what the loader keeps of a number, if that is within its tunable's bounds.
    fn within_bounds(&mut self, tunable: &Tunable, name: &str, mut number: u64) -> Option<u64> {
        let bounds = tunable.bounds_in(self.version);
        let (is_within, shown, least, most) = match bounds {
            Bounds::Size(least) => {
                let (shown, most) = (number.to_string(), "2^64 - 1".to_owned());
                (number >= least, shown, least.to_string(), most)
            }
            Bounds::Int(least, most) => {
                // The loader keeps 32 bits of it before it compares.
                let kept = i64::from(number as i32);
                if is_strict(self.version) && kept as u64 != number {
                    number = kept as u64;
                    let text = format!("glibc keeps 32 bits of it and reads it as {kept}.");
                    self.remarks.say(name, Tone::Surprise, text);
                }
                let signed = number as i64;
                let is_within = (least..=most).contains(&signed);
                (
                    is_within,
                    signed.to_string(),
                    least.to_string(),
                    most.to_string(),
                )
            }
        };
        if !is_within {
            let text = format!("Ignored: {shown} is out of range (from {least} to {most}).");
            self.remarks.say(name, Tone::Invalid, text);
        }
        is_within.then_some(number)
    }
}

const EMPTY: &str = "Empty: it sets nothing.";
const WINS: &str = "GLIBC_TUNABLES also sets it, and wins.";
const SECURE: &str = "Ignored: glibc.rtld.enable_secure=1 makes glibc ignore all settings.";

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
