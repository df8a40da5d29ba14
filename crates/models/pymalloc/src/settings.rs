//! The environment variables by which CPython chooses and hooks its allocators.
//!
//! CPython 3.11: Python/preconfig.c, `preconfig_init_allocator`; Python/initconfig.c, `config_init_tracemalloc`;
//! Objects/obmalloc.c, `_PyMem_GetAllocatorName`. A value that CPython does not take ends it at its start; here the
//! variable is left aside, and the remark says what CPython says.

use crate::version::Version;
use highwater_allocator::{Remark, Tone, Variable};

/// The options by which an interpreter allocates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether blocks of up to 512 bytes come from pools; else every block is malloc's.
    pub pools: bool,
    /// Whether the debug hooks are in place: 24 bytes more around each block.
    pub debug: bool,
    /// Whether tracemalloc runs from the start.
    pub tracemalloc: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pools: true,
            debug: false,
            tracemalloc: false,
        }
    }
}

/// The options that an interpreter would use, and a remark on each of its variables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The options it starts with.
    pub options: Options,
    /// One remark or more for every variable that is Python's.
    pub remarks: Vec<Remark>,
}

/// Whether a variable is one of those that Python reads, or is meant for it.
pub fn is_pythons(name: &str) -> bool {
    let head = name.get(..6);
    head.is_some_and(|head| head.eq_ignore_ascii_case("PYTHON"))
}

impl Settings {
    /// Reads an environment as the interpreter of a version does when it starts. Variables that are not Python's are
    /// passed over: they are malloc's.
    pub fn from_environment(version: Version, environment: &[Variable]) -> Self {
        let mut reader = Reader {
            version,
            options: Options::default(),
            chosen: false,
            remarks: Vec::new(),
        };
        let of_python = || environment.iter().filter(|v| is_pythons(&v.name));
        // PYTHONMALLOC counts before PYTHONDEVMODE, in whatever order they are.
        for variable in of_python().filter(|v| v.name == "PYTHONMALLOC") {
            reader.malloc(&variable.value);
        }
        for variable in of_python() {
            reader.other(variable);
        }
        Self {
            options: reader.options,
            remarks: reader.remarks,
        }
    }
}

struct Reader {
    version: Version,
    options: Options,
    /// Whether PYTHONMALLOC has chosen.
    chosen: bool,
    remarks: Vec<Remark>,
}

/// The remark where nothing changes.
const DEFAULT: &str =
    "That is the default: blocks of up to 512 bytes come from pools, others from malloc.";

impl Reader {
    fn say(&mut self, name: &str, tone: Tone, text: impl Into<String>) {
        self.remarks.push(Remark::new(name, tone, text));
    }

    fn malloc(&mut self, value: &str) {
        const NAME: &str = "PYTHONMALLOC";
        let (pools, debug, text) = match value {
            "" => return self.say(NAME, Tone::NoEffect, DEFAULT),
            "default" | "pymalloc" => (true, false, DEFAULT),
            "debug" | "pymalloc_debug" => (
                true,
                true,
                "Each block gets 24 bytes of size and guards, 48 where it comes from malloc, so requests of more than 488 bytes \
                 leave the pools.",
            ),
            "malloc" => (
                false,
                false,
                "Every block comes from malloc: Python has no pools and no arenas.",
            ),
            "malloc_debug" => (
                false,
                true,
                "Every block comes from malloc, with 24 bytes of size and guards around it.",
            ),
            "mimalloc" | "mimalloc_debug" if self.version >= Version::V3_13 => {
                let text = "CPython then allocates through mimalloc, which is not modelled: the model keeps pools and malloc.";
                self.chosen = true;
                return self.say(NAME, Tone::Surprise, text);
            }
            other => {
                let text = self.refused(other);
                return self.say(NAME, Tone::Invalid, text);
            }
        };
        self.chosen = true;
        (self.options.pools, self.options.debug) = (pools, debug);
        let tone = if text == DEFAULT {
            Tone::NoEffect
        } else {
            Tone::Applied
        };
        self.say(NAME, tone, text);
    }

    /// The message for an allocator that CPython does not know.
    fn refused(&self, value: &str) -> String {
        let mut text = "CPython does not start: it says `Fatal Python error: preconfig_init_allocator: PYTHONMALLOC: unknown \
                        allocator`."
            .to_owned();
        let known = [
            "default",
            "debug",
            "malloc",
            "malloc_debug",
            "pymalloc",
            "pymalloc_debug",
        ];
        let near = |name: &&&str| name.eq_ignore_ascii_case(value.trim());
        if let Some(name) = known.iter().find(near) {
            text += &format!(" Write `{name}`.");
        } else if value.starts_with("mimalloc") {
            text += " mimalloc came with 3.13.";
        } else if value.contains("jemalloc") || value.contains("tcmalloc") {
            text += " It chooses between pools and malloc; LD_PRELOAD decides which malloc.";
        } else {
            text += &format!(" Allowed: {}.", known.join(", "));
        }
        text
    }

    fn other(&mut self, variable: &Variable) {
        let (name, value) = (variable.name.as_str(), variable.value.as_str());
        match name {
            "PYTHONMALLOC" => {}
            "PYTHONTRACEMALLOC" => self.tracemalloc(value),
            "PYTHONDEVMODE" => self.developer(value),
            "PYTHONMALLOCSTATS" => {
                let text =
                    "Python prints statistics at every new arena. Allocation does not change.";
                self.say(name, Tone::NoEffect, text);
            }
            "PYTHON_GIL" if value == "0" => {
                let text = "Without its lock CPython allocates through mimalloc, which is not modelled; an interpreter \
                            built with the lock does not start.";
                self.say(name, Tone::NoEffect, text);
            }
            _ => {
                const KNOWN: [&str; 3] = ["PYTHONMALLOC", "PYTHONTRACEMALLOC", "PYTHONMALLOCSTATS"];
                let bare = |name: &str| name.replace('_', "").to_ascii_uppercase();
                let meant = KNOWN.iter().find(|known| bare(name) == **known);
                match meant {
                    Some(known) => {
                        self.say(
                            name,
                            Tone::NotRead,
                            format!("Ignored: the name is `{known}`."),
                        );
                    }
                    None => self.say(name, Tone::NoEffect, "Allocation does not depend on it."),
                }
            }
        }
    }

    fn tracemalloc(&mut self, value: &str) {
        const NAME: &str = "PYTHONTRACEMALLOC";
        const START: &str = "CPython does not start: it says";
        if value.is_empty() {
            return self.say(NAME, Tone::NoEffect, "Empty: the same as not set.");
        }
        // As strtol reads it: blanks before it, and a sign.
        let number = value.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number = if is_number { number.parse().ok() } else { None };
        match number {
            Some(0) => self.say(NAME, Tone::NoEffect, "0 leaves tracemalloc off, as by default."),
            Some(frames @ 1..=0x7fff_ffff_i64) => match u16::try_from(frames) {
                Ok(frames) => {
                    self.options.tracemalloc = true;
                    let text = format!(
                        "tracemalloc runs from the start, with {frames} frame{} per traceback. Each block costs a trace and a table \
                         entry: 80 bytes of malloc memory and 16 to 80 of buckets. The heap grows with every object.",
                        if frames == 1 { "" } else { "s" }
                    );
                    self.say(NAME, Tone::Surprise, text);
                }
                Err(_) => self.say(
                    NAME,
                    Tone::Invalid,
                    format!(
                        "{START} `the number of frames must be in range [1; 65535]` and `Fatal Python error: \
                         init_interp_main: can't initialize tracemalloc`."
                    ),
                ),
            },
            _ => self.say(
                NAME,
                Tone::Invalid,
                format!(
                    "{START} `Fatal Python error: config_init_tracemalloc: PYTHONTRACEMALLOC: invalid number of frames`."
                ),
            ),
        }
    }

    fn developer(&mut self, value: &str) {
        const NAME: &str = "PYTHONDEVMODE";
        if value.is_empty() {
            self.say(NAME, Tone::NoEffect, "Empty: the same as not set.");
        } else if self.chosen {
            let text = "No effect on memory: PYTHONMALLOC is also set, and wins.";
            self.say(NAME, Tone::NoEffect, text);
        } else {
            self.options.debug = true;
            let text = "It installs the debug hooks, as PYTHONMALLOC=debug does: 24 bytes more for each block.";
            self.say(NAME, Tone::Surprise, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: Version, text: &str) -> Settings {
        let pairs = text
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='));
        let environment: Vec<_> = pairs
            .map(|(name, value)| Variable {
                name: name.to_owned(),
                value: value.to_owned(),
            })
            .collect();
        Settings::from_environment(version, &environment)
    }

    fn options(text: &str) -> (bool, bool, bool) {
        let options = read(Version::V3_11, text).options;
        (options.pools, options.debug, options.tracemalloc)
    }

    #[test]
    fn each_name_chooses_what_it_says() {
        for (text, expected) in [
            ("", (true, false, false)),
            ("PYTHONMALLOC=", (true, false, false)),
            ("PYTHONMALLOC=pymalloc", (true, false, false)),
            ("PYTHONMALLOC=debug", (true, true, false)),
            ("PYTHONMALLOC=malloc", (false, false, false)),
            ("PYTHONMALLOC=malloc_debug", (false, true, false)),
            ("PYTHONDEVMODE=1", (true, true, false)),
            ("PYTHONDEVMODE=1 PYTHONMALLOC=malloc", (false, false, false)),
            ("PYTHONDEVMODE=1 PYTHONMALLOC=default", (true, false, false)),
            ("PYTHONDEVMODE=1 PYTHONMALLOC=", (true, true, false)),
            ("PYTHONTRACEMALLOC=1", (true, false, true)),
            ("PYTHONTRACEMALLOC=0", (true, false, false)),
            (
                "PYTHONTRACEMALLOC=25 PYTHONMALLOC=malloc_debug",
                (false, true, true),
            ),
        ] {
            assert_eq!(options(text), expected, "{text}");
        }
    }

    #[test]
    fn what_ends_cpython_is_said_in_its_words_and_changes_nothing() {
        for (text, words) in [
            ("PYTHONMALLOC=Malloc", "PYTHONMALLOC: unknown allocator"),
            ("PYTHONMALLOC=jemalloc", "LD_PRELOAD"),
            ("PYTHONMALLOC=mimalloc", "came with 3.13"),
            ("PYTHONTRACEMALLOC=x", "invalid number of frames"),
            ("PYTHONTRACEMALLOC=-1", "invalid number of frames"),
            ("PYTHONTRACEMALLOC=65536", "range [1; 65535]"),
            ("PYTHONTRACEMALLOC=99999999999", "invalid number of frames"),
        ] {
            let settings = read(Version::V3_11, text);
            assert_eq!(settings.options, Options::default(), "{text}");
            let [remark] = settings.remarks.as_slice() else {
                panic!("one remark: {:?}", settings.remarks);
            };
            assert_eq!(remark.tone, Tone::Invalid, "{text}");
            assert!(remark.text.contains(words), "{text}: {}", remark.text);
        }
    }

    #[test]
    fn names_that_nobody_reads_are_said() {
        let settings = read(
            Version::V3_13,
            "PYTHON_MALLOC=malloc PYTHONHASHSEED=0 MALLOC_ARENA_MAX=2 PYTHONMALLOC=mimalloc",
        );
        let told: Vec<(&str, Tone)> = settings
            .remarks
            .iter()
            .map(|remark| (remark.variable.as_str(), remark.tone))
            .collect();
        assert_eq!(
            told,
            [
                ("PYTHONMALLOC", Tone::Surprise),
                ("PYTHON_MALLOC", Tone::NotRead),
                ("PYTHONHASHSEED", Tone::NoEffect),
            ]
        );
        assert_eq!(settings.options, Options::default());
    }
}
