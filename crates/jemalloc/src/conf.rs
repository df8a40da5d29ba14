//! The variable MALLOC_CONF, read as jemalloc reads it in the build of Debian, with remarks on its options.
//!
//! A string passes four hands, each a file: `pairs` cuts it, `table` knows the options, `values` reads what they are set
//! to, and `hints` says what was probably meant where jemalloc refuses. Followed is src/jemalloc.c
//! (5.3.1: src/conf.c), `malloc_conf_init_helper`. Of its sources only the environment is in reach here: a string compiled in, the program's
//! `malloc_conf` and the link /etc/malloc.conf, which are read before it, are taken to be empty, as Debian leaves them.
//!
//! jemalloc reads a string twice, once for `confirm_conf` alone, and so prints what ends a string twice. Here it is said
//! once. What the tests expect was asked of the library of Debian 12.

mod hints;
mod pairs;
mod presets;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod values;

use crate::options::Options;
use crate::version::Version;
use highwater_allocator::{Remark, Tone, Variable};
use pairs::{Fault, Pair};
pub use presets::{Preset, presets};
use table::{Effect, Row};
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
    /// Reads an environment as a release of jemalloc does when a program starts. Never fails: jemalloc takes what it can,
    /// and says the rest.
    pub fn from_environment(version: Version, environment: &[Variable]) -> Self {
        let mut options = Options::of(version);
        let mut remarks = Remarks::default();
        for variable in environment {
            if variable.name == NAME {
                remarks.in_conf = true;
                read(version, &variable.value, &mut options, &mut remarks);
                remarks.in_conf = false;
            } else {
                hints::unread(&mut remarks, variable);
            }
        }
        Self {
            options,
            remarks: remarks.said,
        }
    }
}

const NAME: &str = "MALLOC_CONF";

/// How every error begins: jemalloc's own words.
const SAYS: &str = "jemalloc says `<jemalloc>: @`";

/// The limit of background threads where none is set. A number above 4095 stands for the usual 4
/// (src/background_thread.c, `background_thread_boot1`).
const THREADS_UNSET: u32 = 4096;

/// What became of a pair: the option and the number it is set to.
type Taken = Result<(&'static Row, u64), Wrong>;

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
                let said = [wrong.message, ": ", pair.key, ":", pair.value].concat();
                remarks.say(pair.name(), Tone::Invalid, SAYS, &[&said]);
                remarks.add(" and ignores it.", &[]);
                hints::add(version, remarks, pair, wrong);
            }
        }
    }
    if let Some(fault) = &fault {
        say_fault(version, fault, remarks);
    }
    if pairs.is_empty() && fault.is_none() {
        let text = "Empty: every option keeps its default.";
        remarks.say(NAME, Tone::NoEffect, text, &[]);
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

/// Finds a pair's option and sets it.
fn take(version: Version, pair: &Pair<'_>, options: &mut Options) -> Taken {
    let row = table::find(version, pair.key).ok_or(Wrong::UNKNOWN)?;
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

/// Adds what an accepted pair does.
fn confirm(
    version: Version,
    pair: &Pair<'_>,
    row: &Row,
    number: u64,
    wins: bool,
    remarks: &mut Remarks,
) {
    let name = pair.name();
    let figure = (number as i64).to_string();
    match row.effect {
        _ if !wins => {
            let text = "A later pair sets it again and wins.";
            remarks.say(name, Tone::NoEffect, text, &[]);
            return;
        }
        Effect::Obeyed(set, texts, text) => {
            let text = match texts.iter().find(|text| text.0 == number as i64) {
                Some((_, tone, text)) => (*tone, *text),
                None => (Tone::Applied, text),
            };
            remarks.say(name, text.0, text.1, &[&figure]);
            if row.kind.is_number() && figure != pair.value && pair.value != "default" {
                remarks.add(" jemalloc reads `@` as @.", &[pair.value, &figure]);
                remarks.surprise();
            } else if row.is_default(version, set, number) {
                remarks.add(" That is the default.", &[]);
                remarks.no_effect();
            }
        }
        Effect::Unmodelled(usual, _) if usual.contains(&number) => {
            let text = "That is the default: nothing changes.";
            remarks.say(name, Tone::NoEffect, text, &[]);
        }
        Effect::Unmodelled(_, what) => {
            let text = "@. This is not modelled: the real process will differ.";
            remarks.say(name, Tone::Surprise, text, &[what]);
        }
        Effect::Idle(why) => {
            let text = "Accepted, but without effect here: @.";
            remarks.say(name, Tone::NoEffect, text, &[why]);
        }
    }
    if pair.key != row.name {
        let text = " jemalloc accepts the beginning of this name and takes it for @.";
        remarks.add(text, &[row.name]);
        remarks.surprise();
    }
}

/// Adds what ended the string.
fn say_fault(version: Version, fault: &Fault<'_>, remarks: &mut Remarks) {
    let ends = !fault.rest.is_empty();
    let tone = if ends { Tone::Invalid } else { Tone::Surprise };
    // What it stands for is printed from 5.3.1 on (src/conf.c, `malloc_conf_format_error`).
    let said = match version {
        Version::V5_2_1 | Version::V5_3_0 => fault.message.to_owned(),
        Version::V5_3_1 => {
            let shown: String = fault.shown.chars().take(64).collect();
            [fault.message, " -- ", &shown].concat()
        }
    };
    remarks.say(NAME, tone, SAYS, &[&said]);
    if ends {
        remarks.add(" and ignores everything from `@` on.", &[fault.rest]);
        hints::add_to_fault(remarks, fault);
    } else {
        remarks.add(" and accepts it all the same.", &[]);
    }
}

/// Adds what follows from several pairs together.
fn say_whole(options: &Options, taken: &[Taken], failed: bool, remarks: &mut Remarks) {
    let last = |name: &str| {
        let mut set = taken.iter().flatten().filter(|t| t.0.name == name);
        set.next_back().map(|t| t.1)
    };
    let is = |name: &str| last(name) == Some(1);
    let mut surprise = |name: &str, text: &str| remarks.say(name, Tone::Surprise, text, &[]);
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
    /// Whether what is said next is about an option of the string.
    in_conf: bool,
}

impl Remarks {
    /// Adds a sentence in which the parts replace each `@`. Templates are what keeps this small.
    #[cold]
    fn say(&mut self, variable: &str, tone: Tone, template: &str, parts: &[&str]) {
        let is_option = self.in_conf && variable != NAME;
        self.said.push(Remark {
            variable: shortened(variable).to_owned(),
            within: is_option.then(|| NAME.to_owned()),
            tone,
            text: String::new(),
        });
        self.add(template, parts);
    }

    /// Adds to the last remark.
    #[cold]
    fn add(&mut self, template: &str, parts: &[&str]) {
        let Some(last) = self.said.last_mut() else {
            return;
        };
        let mut parts = parts.iter();
        for c in template.chars() {
            if c == '@' {
                let part = parts.next().copied().unwrap_or_default();
                last.text.push_str(shortened(part));
            } else {
                last.text.push(c);
            }
        }
    }

    /// The last remark is on an option that changes nothing.
    fn no_effect(&mut self) {
        if let Some(last) = self.said.last_mut() {
            last.tone = Tone::NoEffect;
        }
    }

    /// The last remark may surprise.
    fn surprise(&mut self) {
        if let Some(last) = self.said.last_mut()
            && last.tone == Tone::Applied
        {
            last.tone = Tone::Surprise;
        }
    }
}

/// A typed text, short enough for a sentence; whole messages of jemalloc pass.
fn shortened(text: &str) -> &str {
    match text.char_indices().nth(100) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
