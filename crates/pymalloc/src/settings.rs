//! The environment variables by which CPython chooses and hooks its allocators.
//!
//! CPython 3.11: Python/preconfig.c, `preconfig_init_allocator`; Python/initconfig.c, `config_init_tracemalloc`;
//! Objects/obmalloc.c, `_PyMem_GetAllocatorName`. A value that CPython does not take ends it at its start; here the
//! variable is left aside, and the remark says what CPython says.

use crate::version::Version;
use highwater_allocator::{Remark, Tone, Variable, holds};

/// How an interpreter allocates.
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

/// What an interpreter would use, and what there is to say about each variable that is Python's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How it allocates.
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
        // PYTHONMALLOC counts before PYTHONDEVMODE, wherever it stands.
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

/// What is said where nothing changes.
const DEFAULT: &str =
    "That is as it is by default: blocks of up to 512 bytes from pools, others from malloc.";

impl Reader {
    fn say(&mut self, name: &str, tone: Tone, text: impl Into<String>) {
        self.remarks.push(Remark {
            variable: name.to_owned(),
            tone,
            text: text.into(),
        });
    }

    fn malloc(&mut self, value: &str) {
        const NAME: &str = "PYTHONMALLOC";
        let (pools, debug, text) = match value {
            "" => return self.say(NAME, Tone::Applied, DEFAULT),
            "default" | "pymalloc" => (true, false, DEFAULT),
            "debug" | "pymalloc_debug" => (
                true,
                true,
                "Blocks get 24 bytes of size and guards around them, 48 where they come from malloc; so requests of more than \
                 488 bytes leave the pools.",
            ),
            "malloc" => (
                false,
                false,
                "Every block comes from malloc: there are no pools and no arenas.",
            ),
            "malloc_debug" => (
                false,
                true,
                "Every block comes from malloc, with 24 bytes of size and guards around it.",
            ),
            "mimalloc" | "mimalloc_debug" if self.version >= Version::V3_13 => {
                let text = "CPython takes it, and allocates through mimalloc, which is not modelled: here it goes on with \
                            pools and malloc.";
                self.chosen = true;
                return self.say(NAME, Tone::Surprise, text);
            }
            other => {
                let text = self.refused(other);
                return self.say(NAME, Tone::Ignored, text);
            }
        };
        self.chosen = true;
        (self.options.pools, self.options.debug) = (pools, debug);
        self.say(NAME, Tone::Applied, text);
    }

    /// An allocator that there is not.
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
            text += &format!(" `{name}` is meant.");
        } else if value.starts_with("mimalloc") {
            text += " mimalloc came with 3.13.";
        } else if holds(value, "jemalloc") || holds(value, "tcmalloc") {
            text +=
                " It chooses between pools and malloc; which malloc that is, LD_PRELOAD decides.";
        } else {
            text += &format!(" It knows {}.", known.join(", "));
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
                let text = "It prints statistics at every new arena, and changes nothing.";
                self.say(name, Tone::Applied, text);
            }
            "PYTHON_GIL" if value == "0" => {
                let text = "Without its lock CPython allocates through mimalloc, which is not modelled; an interpreter that \
                            was not built for that does not start.";
                self.say(name, Tone::Ignored, text);
            }
            _ => {
                const KNOWN: [&str; 3] = ["PYTHONMALLOC", "PYTHONTRACEMALLOC", "PYTHONMALLOCSTATS"];
                let bare = |name: &str| name.replace('_', "").to_ascii_uppercase();
                let meant = KNOWN.iter().find(|known| bare(name) == **known);
                let text = match meant {
                    Some(known) => format!("It is not read: the name is {known}."),
                    None => "It does not concern how Python allocates.".to_owned(),
                };
                self.say(name, Tone::Ignored, text);
            }
        }
    }

    fn tracemalloc(&mut self, value: &str) {
        const NAME: &str = "PYTHONTRACEMALLOC";
        const START: &str = "CPython does not start: it says";
        if value.is_empty() {
            return self.say(
                NAME,
                Tone::Ignored,
                "It is empty, which is as if it were not set.",
            );
        }
        // As strtol reads it: blanks before it, and a sign.
        let number = value.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number = if is_number { number.parse().ok() } else { None };
        match number {
            Some(0) => self.say(NAME, Tone::Applied, "0 leaves tracemalloc off."),
            Some(frames @ 1..=0x7fff_ffff_i64) => match u16::try_from(frames) {
                Ok(frames) => {
                    self.options.tracemalloc = true;
                    let text = format!(
                        "tracemalloc runs from the start, with {frames} frame{} to a traceback: each block costs a trace and \
                         an entry of a table, 80 bytes of glibc's heap and 16 to 80 of buckets. They lie in malloc's heap, which \
                         then grows with every object.",
                        if frames == 1 { "" } else { "s" }
                    );
                    self.say(NAME, Tone::Surprise, text);
                }
                Err(_) => self.say(
                    NAME,
                    Tone::Ignored,
                    format!(
                        "{START} `the number of frames must be in range [1; 65535]` and `Fatal Python error: \
                         init_interp_main: can't initialize tracemalloc`."
                    ),
                ),
            },
            _ => self.say(
                NAME,
                Tone::Ignored,
                format!(
                    "{START} `Fatal Python error: config_init_tracemalloc: PYTHONTRACEMALLOC: invalid number of frames`."
                ),
            ),
        }
    }

    fn developer(&mut self, value: &str) {
        const NAME: &str = "PYTHONDEVMODE";
        if value.is_empty() {
            self.say(
                NAME,
                Tone::Ignored,
                "It is empty, which is as if it were not set.",
            );
        } else if self.chosen {
            let text = "PYTHONMALLOC is set, and wins as far as memory is concerned.";
            self.say(NAME, Tone::Ignored, text);
        } else {
            self.options.debug = true;
            let text = "It puts the debug hooks in place, as PYTHONMALLOC=debug does: 24 bytes more around each block.";
            self.say(NAME, Tone::Surprise, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_allocator::parse_lines;

    fn read(version: Version, text: &str) -> Settings {
        let environment = parse_lines(text).expect("well formed");
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
            assert_eq!(remark.tone, Tone::Ignored, "{text}");
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
                ("PYTHON_MALLOC", Tone::Ignored),
                ("PYTHONHASHSEED", Tone::Ignored),
            ]
        );
        assert_eq!(settings.options, Options::default());
    }
}
