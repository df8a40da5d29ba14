//! The variable MALLOC_CONF, read as jemalloc reads it in the build of Debian, with remarks on its options.
//!
//! `pairs` cuts a string, `rows` has the options, `values` reads what they are set to, and `hints` has what was
//! probably meant where jemalloc refuses. The model is src/jemalloc.c (5.3.1: src/conf.c), `malloc_conf_init_helper`.
//! Only the environment is in reach here: a string compiled in, the program's `malloc_conf` and the link
//! /etc/malloc.conf, which are read before it, are taken to be empty, as Debian leaves them.
//!
//! jemalloc reads a string twice, once for `confirm_conf` alone, and so prints what ends a string twice. Here there is
//! one remark. What the tests expect was asked of the library of Debian 12.

mod hints;
mod pairs;
mod presets;
mod row;
mod rows;
#[cfg(test)]
mod tests;
mod values;

use crate::options::Options;
use crate::version::Version;
use highwater_allocator::{Remark, Tone, Variable};
use pairs::{Fault, NAME, Pair};
pub use presets::{Preset, presets};
use row::{Effect, Row, THREADS_UNSET};
use std::borrow::Cow;
use values::Wrong;

/// The options that the real allocator would use, and a remark on each variable.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// The options the process starts with.
    pub options: Options,
    /// One remark or more for every variable.
    pub remarks: Vec<Remark>,
}

impl Settings {
    /// Reads an environment as a release of jemalloc does when a program starts. Never fails: jemalloc takes what it
    /// can, and says the rest.
    pub fn from_environment(version: Version, environment: &[Variable]) -> Self {
        let mut options = Options::of(version);
        let mut remarks = Remarks::default();
        for variable in environment {
            if variable.name == NAME {
                remarks.in_conf = true;
                read(version, &variable.value, &mut options, &mut remarks);
                remarks.in_conf = false;
            } else {
                let (tone, text) = hints::of_unread(&variable.name);
                remarks.say(&variable.name, tone, text);
            }
        }
        Self {
            options,
            remarks: remarks.said,
        }
    }
}

/// Returns jemalloc's own message, as it prints it, in a remark.
fn jemalloc_says(message: &str) -> String {
    format!("jemalloc says `<jemalloc>: {}`", shortened(message))
}

/// The option of a pair and the number it is set to, or why it is not taken.
type Taken = Result<(&'static Row, u64), Wrong>;

/// Reads the value of the variable into `options`.
fn read(version: Version, text: &str, options: &mut Options, remarks: &mut Remarks) {
    let usual_threads = options.max_background_threads;
    options.max_background_threads = THREADS_UNSET;
    let (pairs, fault) = pairs::split(text);
    let taken: Vec<Taken> = pairs
        .iter()
        .map(|pair| take(version, pair, options))
        .collect();
    if options.max_background_threads >= THREADS_UNSET {
        options.max_background_threads = usual_threads;
    }
    for (index, pair) in pairs.iter().enumerate() {
        match &taken[index] {
            Ok((row, number)) => {
                let wins = !taken[index + 1..].iter().flatten().any(|t| t.0.is(row));
                confirm(version, pair, row, *number, wins, remarks);
            }
            Err(wrong) => {
                let said = format!("{}: {}:{}", wrong.message, pair.key, pair.value);
                let hint = hints::of_pair(version, pair, wrong);
                let text = format!("{} and ignores it.{hint}", jemalloc_says(&said));
                remarks.say(pair.name(), Tone::Invalid, text);
            }
        }
    }
    if let Some(fault) = &fault {
        say_fault(version, fault, remarks);
    }
    if pairs.is_empty() && fault.is_none() {
        let text = "Empty: every option keeps its default.";
        remarks.say(NAME, Tone::NoEffect, text);
    }
    // Errors of experimental options are forgiven (`malloc_conf_error`), from 5.3.1 on those of one that went, too.
    let forgiven = |key: &str| {
        let went = "hpa_sec_bytes_after_flush";
        key.starts_with("experimental_") || (version >= Version::V5_3_1 && key.starts_with(went))
    };
    let counts = |(pair, taken): (&Pair<'_>, &Taken)| taken.is_err() && !forgiven(pair.key);
    let failed = fault.is_some() || pairs.iter().zip(&taken).any(counts);
    say_whole(options, &taken, failed, remarks);
}

/// Finds a pair's option and sets it. Returns it and the number it is set to.
fn take(version: Version, pair: &Pair<'_>, options: &mut Options) -> Taken {
    let row = rows::find(version, pair.key).ok_or(Wrong::UNKNOWN)?;
    let mut number = values::read(row, pair.value)?;
    if row.name == "max_background_threads" {
        // What was set before is the bound of what is set after: it can only be lowered.
        number = number.min(u64::from(options.max_background_threads));
    }
    if let Effect::Obeyed(set, ..) = row.effect {
        set(options, number);
    }
    Ok((row, number))
}

/// Adds a remark on an accepted pair; `wins` says whether no later one sets the same.
#[cold]
fn confirm(
    version: Version,
    pair: &Pair<'_>,
    row: &Row,
    number: u64,
    wins: bool,
    remarks: &mut Remarks,
) {
    if !wins {
        let text = "A later pair sets it again and wins.";
        remarks.say(pair.name(), Tone::NoEffect, text);
        return;
    }
    let (mut tone, mut text) = effect_of(version, pair, row, number);
    if pair.key != row.name {
        let name = row.name;
        text += &format!(" jemalloc accepts the beginning of this name and takes it for {name}.");
        tone = surprising(tone);
    }
    remarks.say(pair.name(), tone, text);
}

/// Returns the tone and the text of the remark on a pair that sets a number.
#[cold]
fn effect_of(version: Version, pair: &Pair<'_>, row: &Row, number: u64) -> (Tone, String) {
    let signed = number as i64;
    match row.effect {
        Effect::Obeyed(set, texts, text) => {
            let (mut tone, mut text) = match texts.iter().find(|text| text.0 == signed) {
                Some((_, tone, text)) => (*tone, (*text).to_owned()),
                None => (Tone::Applied, text(signed).into_owned()),
            };
            let value = pair.value;
            if row.kind.is_number() && signed.to_string() != value && value != "default" {
                let value = shortened(value);
                text += &format!(" jemalloc reads `{value}` as {signed}.");
                tone = surprising(tone);
            } else if row.is_default(version, set, number) {
                text += " That is the default.";
                tone = Tone::NoEffect;
            }
            (tone, text)
        }
        Effect::Unmodelled(usual, _) if usual.contains(&number) => {
            let text = "That is the default: nothing changes.";
            (Tone::NoEffect, text.to_owned())
        }
        Effect::Unmodelled(_, what) => {
            let text = format!("{what}. This is not modelled: the real process will differ.");
            (Tone::Surprise, text)
        }
        Effect::Idle(why) => {
            let text = format!("Accepted, but without effect here: {why}.");
            (Tone::NoEffect, text)
        }
    }
}

/// Returns the tone of a remark that turns out to surprise.
fn surprising(tone: Tone) -> Tone {
    match tone {
        Tone::Applied => Tone::Surprise,
        other => other,
    }
}

/// Adds a remark on what ended the string.
#[cold]
fn say_fault(version: Version, fault: &Fault<'_>, remarks: &mut Remarks) {
    // The part of the string is printed from 5.3.1 on (src/conf.c, `malloc_conf_format_error`).
    let message: Cow<'_, str> = match version {
        Version::V5_2_1 | Version::V5_3_0 => fault.message.into(),
        Version::V5_3_1 => {
            let shown: String = fault.shown.chars().take(64).collect();
            format!("{} -- {shown}", fault.message).into()
        }
    };
    let says = jemalloc_says(&message);
    if fault.rest.is_empty() {
        let text = format!("{says} and accepts it all the same.");
        remarks.say(NAME, Tone::Surprise, text);
    } else {
        let (rest, hint) = (shortened(fault.rest), hints::of_fault(fault));
        let text = format!("{says} and ignores everything from `{rest}` on.{hint}");
        remarks.say(NAME, Tone::Invalid, text);
    }
}

/// Adds remarks on what follows from several pairs together.
#[cold]
fn say_whole(options: &Options, taken: &[Taken], failed: bool, remarks: &mut Remarks) {
    let last = |name: &str| {
        let mut set = taken.iter().flatten().filter(|t| t.0.name == name);
        set.next_back().map(|t| t.1)
    };
    let is = |name: &str| last(name) == Some(1);
    let mut surprise = |name: &str, text: &str| remarks.say(name, Tone::Surprise, text);
    if last("dirty_decay_ms").is_some() {
        if (1..=60).contains(&options.dirty_decay_ms) {
            let text = "The unit is milliseconds: for seconds, add three zeros.";
            surprise("dirty_decay_ms", text);
        }
        if options.dirty_decay_ms > 0 && !options.background_thread {
            let text = "Without background_thread:true nothing purges pages while the program neither allocates nor frees: at rest, they stay resident.";
            surprise("dirty_decay_ms", text);
        }
    }
    if last("muzzy_decay_ms").is_some() && options.muzzy_decay_ms != 0 {
        let text = "Purging first only offers pages to the kernel (MADV_FREE): RSS includes them until they go back or memory runs short.";
        surprise("muzzy_decay_ms", text);
    }
    // src/jemalloc.c, `malloc_init_narenas`
    if options.narenas > 4094 {
        let text = "jemalloc says `<jemalloc>: Reducing narenas to limit (4094)`.";
        surprise("narenas", text);
    }
    // `malloc_conf_init_check_deps`
    let leak = is("prof_leak_error") && !is("prof_final");
    if leak {
        let text = "jemalloc says `<jemalloc>: prof_leak_error is set w/o prof_final.`";
        surprise("prof_leak_error", text);
    }
    if is("abort_conf") && (failed || leak) {
        let text = "jemalloc says `<jemalloc>: Abort (abort_conf:true) on invalid conf value (see above).` and ends the process at its start; the model runs on.";
        surprise("abort_conf", text);
    }
}

/// The remarks, in the order in which they come up.
#[derive(Default)]
struct Remarks {
    said: Vec<Remark>,
    /// Whether the next remark is on an option of the string.
    in_conf: bool,
}

impl Remarks {
    /// Adds a remark on a variable, or on an option of the string.
    #[cold]
    fn say(&mut self, variable: &str, tone: Tone, text: impl Into<String>) {
        let is_option = self.in_conf && variable != NAME;
        self.said.push(Remark {
            variable: shortened(variable).to_owned(),
            within: is_option.then(|| NAME.to_owned()),
            tone,
            text: text.into(),
        });
    }
}

/// Returns at most the first 100 characters of a typed text, short enough for a sentence.
fn shortened(text: &str) -> &str {
    match text.char_indices().nth(100) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
