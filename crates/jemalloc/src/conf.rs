//! The variable MALLOC_CONF, read as jemalloc reads it in the build of Debian, and what is to be said to it.
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

/// What the real allocator would use, and what there is to say about each variable.
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
        let mut remarks = Remarks(Vec::new());
        for variable in environment {
            if variable.name == NAME {
                read(version, &variable.value, &mut options, &mut remarks);
            } else {
                hints::unread(&mut remarks, variable);
            }
        }
        Self {
            options,
            remarks: remarks.0,
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
                confirm(pair, row, *number, wins, remarks);
            }
            Err(wrong) => {
                let said = [wrong.message, ": ", pair.key, ":", pair.value].concat();
                remarks.say(pair.name(), Tone::Ignored, SAYS, &[&said]);
                remarks.add(" and does not take it.", &[]);
                hints::add(version, remarks, pair, wrong);
            }
        }
    }
    if let Some(fault) = &fault {
        say_fault(version, fault, remarks);
    }
    if pairs.is_empty() && fault.is_none() {
        let text = "It is empty: everything is as it is by default.";
        remarks.say(NAME, Tone::Applied, text, &[]);
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

/// Says what an accepted pair does.
fn confirm(pair: &Pair<'_>, row: &Row, number: u64, wins: bool, remarks: &mut Remarks) {
    let name = pair.name();
    let figure = (number as i64).to_string();
    match row.effect {
        _ if !wins => {
            let text = "A later pair sets it again, and wins.";
            remarks.say(name, Tone::Ignored, text, &[]);
            return;
        }
        Effect::Obeyed(_, texts, text) => {
            let text = match texts.iter().find(|text| text.0 == number as i64) {
                Some((_, tone, text)) => (*tone, *text),
                None => (Tone::Applied, text),
            };
            remarks.say(name, text.0, text.1, &[&figure]);
            if row.kind.is_number() && figure != pair.value && pair.value != "default" {
                remarks.add(" `@` is read as @.", &[pair.value, &figure]);
                remarks.surprise();
            }
        }
        Effect::Unmodelled(usual, _) if usual.contains(&number) => {
            let text = "That is as it is by default: nothing changes.";
            remarks.say(name, Tone::Applied, text, &[]);
        }
        Effect::Unmodelled(_, what) => {
            let text = "@, which is not modelled: the real process will differ.";
            remarks.say(name, Tone::Surprise, text, &[what]);
        }
        Effect::Idle(why) => {
            let text = "It is accepted, and without effect here: @.";
            remarks.say(name, Tone::Ignored, text, &[why]);
        }
    }
    if pair.key != row.name {
        let text = " The beginning of a name is enough for this one: it is taken for @.";
        remarks.add(text, &[row.name]);
        remarks.surprise();
    }
}

/// Says what ended the string.
fn say_fault(version: Version, fault: &Fault<'_>, remarks: &mut Remarks) {
    let ends = !fault.rest.is_empty();
    let tone = if ends { Tone::Ignored } else { Tone::Surprise };
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
        remarks.add(" and reads nothing from `@` on.", &[fault.rest]);
        hints::add_to_fault(remarks, fault);
    } else {
        remarks.add(" and takes it all the same.", &[]);
    }
}

/// Says what follows from several pairs together.
fn say_whole(options: &Options, taken: &[Taken], failed: bool, remarks: &mut Remarks) {
    let last = |name: &str| {
        let mut set = taken.iter().flatten().filter(|t| t.0.name == name);
        set.next_back().map(|t| t.1)
    };
    let is = |name: &str| last(name) == Some(1);
    let mut surprise = |name: &str, text: &str| remarks.say(name, Tone::Surprise, text, &[]);
    if last("dirty_decay_ms").is_some() {
        if (1..=60).contains(&options.dirty_decay_ms) {
            let text = "The number counts milliseconds: for seconds, write three zeros more.";
            surprise("dirty_decay_ms", text);
        }
        if options.dirty_decay_ms > 0 && !options.background_thread {
            let text = "Without background_thread:true nobody looks at this clock while the program neither allocates nor frees: at rest, nothing goes back.";
            surprise("dirty_decay_ms", text);
        }
    }
    if last("muzzy_decay_ms").is_some() && options.muzzy_decay_ms != 0 {
        let text = "Purged pages are at first only offered to the kernel (MADV_FREE): RSS counts them until they go back or memory runs short.";
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
        let text = "jemalloc says `<jemalloc>: Abort (abort_conf:true) on invalid conf value (see above).` and ends the process before it has begun; here it runs on.";
        surprise("abort_conf", text);
    }
}

/// What is said, in the order in which it comes up.
struct Remarks(Vec<Remark>);

impl Remarks {
    /// Says a sentence in which the parts stand for each `@`. Templates are what keeps this small.
    #[cold]
    fn say(&mut self, variable: &str, tone: Tone, template: &str, parts: &[&str]) {
        self.0.push(Remark {
            variable: shortened(variable).to_owned(),
            tone,
            text: String::new(),
        });
        self.add(template, parts);
    }

    /// Adds to what was said last.
    #[cold]
    fn add(&mut self, template: &str, parts: &[&str]) {
        let Some(last) = self.0.last_mut() else {
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

    /// What was said last may surprise.
    fn surprise(&mut self) {
        if let Some(last) = self.0.last_mut()
            && last.tone == Tone::Applied
        {
            last.tone = Tone::Surprise;
        }
    }
}

/// What was typed, short enough for a sentence; whole words of jemalloc's pass.
fn shortened(text: &str) -> &str {
    match text.char_indices().nth(100) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
