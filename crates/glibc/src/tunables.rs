//! The environment variables and tunables that glibc reads, and what it makes of their values.
//!
//! glibc 2.36: names, types and bounds from elf/dl-tunables.list; the order of reading from elf/dl-tunables.c
//! (`__tunables_init`, `parse_tunables` with the fix for CVE-2023-4911 that distributions carry,
//! `do_tunable_update_val`); numbers from elf/dl-misc.c (`_dl_strtoul`); what is accepted from malloc/malloc.c
//! (`do_set_*`).

use crate::chunk::request_to_size;
use crate::params::{Params, TCACHE_BINS};
use crate::version::Version;
use highwater_allocator::{Bytes, Remark, Tone, Variable};

/// What the real allocator would use, and what there is to say about each variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The parameters the process starts with.
    pub params: Params,
    /// One remark or more for every variable.
    pub remarks: Vec<Remark>,
}

/// A setting that glibc knows: `glibc.malloc.NAME`, some with an environment variable of their own.
#[derive(Clone, Copy, Debug)]
pub struct Tunable {
    /// Its name within `glibc.malloc`.
    pub name: &'static str,
    /// The environment variable that sets it too.
    pub alias: Option<&'static str>,
    /// The least and the largest value that is taken, in the tunable's own type.
    bounds: Bounds,
    apply: fn(&mut Params, u64) -> Effect,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Bounds {
    /// A `size_t`, at least so much.
    Size(u64),
    /// An `int32_t` between two values.
    Int(i64, i64),
}

/// What the allocator does with a value within the bounds.
enum Effect {
    Applied(String),
    Surprise(String),
    Ignored(String),
}

impl Tunable {
    /// Every tunable of malloc, in the order of dl-tunables.list.
    pub const ALL: [Self; 13] = [
        Self::new("check", Some("MALLOC_CHECK_"), Bounds::Int(0, 3), |_, _| {
            Effect::Ignored("takes effect only with libc_malloc_debug.so preloaded.".into())
        }),
        Self::new(
            "top_pad",
            Some("MALLOC_TOP_PAD_"),
            Bounds::Size(0),
            |p, v| {
                p.top_pad = Bytes(v);
                frozen(
                    p,
                    format!(
                        "The heap grows by {} beyond need and keeps as much when it is trimmed.",
                        Bytes(v)
                    ),
                )
            },
        ),
        Self::new(
            "perturb",
            Some("MALLOC_PERTURB_"),
            Bounds::Int(0, 255),
            |p, v| {
                p.perturb = v as u8;
                Effect::Applied(if v == 0 {
                    "Nothing is filled.".into()
                } else {
                    "Fresh and freed memory is filled, so every page of it is written.".into()
                })
            },
        ),
        Self::new(
            "mmap_threshold",
            Some("MALLOC_MMAP_THRESHOLD_"),
            Bounds::Size(0),
            |p, v| {
                p.mmap_threshold = Bytes(v);
                let text = format!(
                    "Chunks of {} and more get a mapping of their own and go back when freed.",
                    Bytes(v)
                );
                p.dynamic_threshold = false;
                Effect::Applied(text)
            },
        ),
        Self::new(
            "trim_threshold",
            Some("MALLOC_TRIM_THRESHOLD_"),
            Bounds::Size(0),
            |p, v| {
                p.trim_threshold = Bytes(v);
                frozen(
                    p,
                    format!(
                        "A top of {} and more is trimmed when free() looks at it.",
                        Bytes(v)
                    ),
                )
            },
        ),
        Self::new(
            "mmap_max",
            Some("MALLOC_MMAP_MAX_"),
            Bounds::Int(0, i32::MAX as i64),
            |p, v| {
                p.mmap_max = v as i32;
                frozen(p, format!("At most {v} chunks have mappings of their own."))
            },
        ),
        Self::new(
            "arena_max",
            Some("MALLOC_ARENA_MAX"),
            Bounds::Size(1),
            |p, v| {
                p.arena_max = v;
                Effect::Applied(format!(
                    "At most {v} arenas; a process of one thread uses one anyway."
                ))
            },
        ),
        Self::new(
            "arena_test",
            Some("MALLOC_ARENA_TEST"),
            Bounds::Size(1),
            |p, v| {
                p.arena_test = v;
                Effect::Applied(format!(
                    "The limit of arenas is computed once there are more than {v}."
                ))
            },
        ),
        Self::new(
            "tcache_max",
            None,
            Bounds::Size(0),
            |p, v| match request_to_size(Bytes(v)) {
                Some(size) if v <= 1032 => {
                    p.tcache_bins = ((size.0 - 32) / 16) as usize + 1;
                    Effect::Applied(format!("Thread caches keep blocks of up to {v} bytes."))
                }
                _ => Effect::Ignored(format!(
                    "{v} is more than 1032, the largest size a thread cache can keep; the default stays."
                )),
            },
        ),
        Self::new("tcache_count", None, Bounds::Size(0), |p, v| {
            if v > u64::from(u16::MAX) {
                return Effect::Ignored(format!("{v} is more than 65535; the default stays."));
            }
            p.tcache_count = v;
            Effect::Applied(if v == 0 {
                "Thread caches keep nothing.".into()
            } else {
                format!("Thread caches keep {v} blocks of each size.")
            })
        }),
        Self::new("tcache_unsorted_limit", None, Bounds::Size(0), |p, v| {
            p.tcache_unsorted_limit = v;
            Effect::Applied(
                "Bounds how many unsorted chunks one malloc sorts while it fills the cache.".into(),
            )
        }),
        Self::new("mxfast", None, Bounds::Size(0), |p, v| {
            if v > 160 {
                return Effect::Ignored(format!(
                    "{v} is more than 160, the largest fastbin; the default stays."
                ));
            }
            p.max_fast = if v <= 7 {
                Bytes(16)
            } else {
                Bytes(v + 8).align_down(Bytes(16))
            };
            Effect::Applied(if v <= 7 {
                "There are no fastbins.".into()
            } else {
                format!("Chunks of up to {} go to fastbins.", p.max_fast)
            })
        }),
        Self::new("hugetlb", None, Bounds::Size(0), |p, v| {
            match v {
            0 => Effect::Applied("No huge pages.".into()),
            1 => Effect::Ignored("does something only where transparent huge pages are in mode `madvise`; this machine has none.".into()),
            _ => {
                p.huge_page = Some(Bytes::mib(2));
                Effect::Surprise("Huge pages are tried first; this machine has none set aside. The program break is then not used, and the heap is made of mappings, which are never trimmed from the top.".into())
            }
        }
        }),
    ];

    const fn new(
        name: &'static str,
        alias: Option<&'static str>,
        bounds: Bounds,
        apply: fn(&mut Params, u64) -> Effect,
    ) -> Self {
        Self {
            name,
            alias,
            bounds,
            apply,
        }
    }
}

/// Any of trim_threshold, top_pad and mmap_max ends the growth of the mmap threshold, which is often what changes a
/// curve, and not the number given.
fn frozen(params: &mut Params, what: String) -> Effect {
    params.dynamic_threshold = false;
    Effect::Surprise(format!(
        "{what} It also freezes the mmap threshold, at 128 KiB unless set."
    ))
}

impl Settings {
    /// Reads an environment as the C library of a version does when a program starts.
    pub fn from_environment(_version: Version, environment: &[Variable]) -> Self {
        let mut reader = Reader {
            values: [None; Tunable::ALL.len()],
            remarks: Vec::new(),
        };
        for variable in environment {
            if variable.name == "GLIBC_TUNABLES" {
                reader.read_tunables(&variable.value);
            } else {
                reader.read_alias(variable);
            }
        }
        reader.apply()
    }
}

/// Where a value came from: the variable's or tunable's name, and the number read.
#[derive(Clone, Copy)]
struct Value {
    number: u64,
    from_alias: bool,
}

struct Reader {
    values: [Option<Value>; Tunable::ALL.len()],
    remarks: Vec<Remark>,
}

impl Reader {
    fn say(&mut self, variable: &str, tone: Tone, text: impl Into<String>) {
        self.remarks.push(Remark {
            variable: variable.to_owned(),
            tone,
            text: text.into(),
        });
    }

    fn read_alias(&mut self, variable: &Variable) {
        let name = variable.name.as_str();
        let known = Tunable::ALL.iter().position(|t| t.alias == Some(name));
        match known {
            Some(index) if self.values[index].is_some() => {
                self.say(name, Tone::Ignored, "GLIBC_TUNABLES has set it already.");
            }
            Some(index) => self.read_value(index, name, &variable.value, true),
            None => {
                let text = unread(name);
                self.say(name, Tone::Ignored, text);
            }
        }
    }

    fn read_tunables(&mut self, text: &str) {
        for pair in text.split(':') {
            let Some((name, value)) = pair.split_once('=') else {
                if !pair.is_empty() {
                    let text = format!("`{}` is no name=value.", shortened(pair));
                    self.say("GLIBC_TUNABLES", Tone::Ignored, text);
                }
                continue;
            };
            let known = name
                .strip_prefix("glibc.malloc.")
                .and_then(|short| Tunable::ALL.iter().position(|t| t.name == short));
            match known {
                Some(index) => self.read_value(index, name, value, false),
                None if name.starts_with("glibc.") && !name.starts_with("glibc.malloc.") => {
                    self.say(name, Tone::Ignored, "It is none of malloc's.");
                }
                None => {
                    let text = "There is no such tunable in this version.";
                    self.say(shortened(name), Tone::Ignored, text);
                }
            }
        }
    }

    fn read_value(&mut self, index: usize, name: &str, text: &str, from_alias: bool) {
        let (number, rest) = strtoul(text);
        if !rest.is_empty() {
            let read = if rest.len() == text.len() {
                format!("`{}` is no number and is read as 0.", shortened(text))
            } else {
                let unit = "there are no units";
                format!(
                    "Only the digits count: it is read as {number}; {unit}, so `{}` is dropped.",
                    shortened(rest)
                )
            };
            self.say(name, Tone::Surprise, read);
        }
        let inside = match Tunable::ALL[index].bounds {
            Bounds::Size(least) => number >= least,
            Bounds::Int(least, most) => (least..=most).contains(&(number as i64)),
        };
        if inside {
            let alias = Tunable::ALL[index].alias;
            if let (Some(before), Some(alias)) = (self.values[index], alias)
                && before.from_alias
            {
                self.say(
                    alias,
                    Tone::Ignored,
                    "GLIBC_TUNABLES sets it too, and wins.",
                );
            }
            self.values[index] = Some(Value { number, from_alias });
        } else {
            let (least, most) = match Tunable::ALL[index].bounds {
                Bounds::Size(least) => (least.to_string(), u64::MAX.to_string()),
                Bounds::Int(least, most) => (least.to_string(), most.to_string()),
            };
            let text = format!("{number} is not between {least} and {most}; the default stays.");
            self.say(name, Tone::Ignored, text);
        }
    }

    fn apply(mut self) -> Settings {
        let mut params = Params::default();
        for (tunable, value) in Tunable::ALL.iter().zip(self.values) {
            let Some(value) = value else { continue };
            let name = match tunable.alias {
                Some(alias) if value.from_alias => alias.to_owned(),
                _ => format!("glibc.malloc.{}", tunable.name),
            };
            let (tone, text) = match (tunable.apply)(&mut params, value.number) {
                Effect::Applied(text) => (Tone::Applied, text),
                Effect::Surprise(text) => (Tone::Surprise, text),
                Effect::Ignored(text) => (Tone::Ignored, text),
            };
            self.say(&name, tone, text);
        }
        debug_assert!(params.tcache_bins <= TCACHE_BINS);
        Settings {
            params,
            remarks: self.remarks,
        }
    }
}

/// Why a variable is not read, with the name that was probably meant.
fn unread(name: &str) -> String {
    let aliases = || Tunable::ALL.iter().filter_map(|t| t.alias);
    let bare = |name: &str| name.trim_end_matches('_').to_ascii_uppercase();
    if let Some(meant) = aliases().find(|alias| bare(alias) == bare(name)) {
        return format!("It is not read: the name is {meant}.");
    }
    let tunable = name
        .strip_prefix("MALLOC_")
        .map(|rest| rest.trim_end_matches('_').to_ascii_lowercase())
        .and_then(|rest| Tunable::ALL.iter().find(|t| t.name == rest));
    match tunable {
        Some(t) => format!(
            "It is not read: this one is set by GLIBC_TUNABLES=glibc.malloc.{}=... only.",
            t.name
        ),
        None if name == "MALLOC_CONF" => "It is not read: that is jemalloc's.".to_owned(),
        None => "It is not read by malloc.".to_owned(),
    }
}

fn shortened(text: &str) -> &str {
    match text.char_indices().nth(40) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// glibc 2.36, elf/dl-misc.c, `_dl_strtoul`: the number at the start of a text, and what follows it. Octal after a 0,
/// hexadecimal after 0x; what is too large becomes the largest.
fn strtoul(text: &str) -> (u64, &str) {
    let digits = text.trim_start_matches([' ', '\t']);
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return (0, text);
    }
    let (base, mut rest) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    let mut number: u64 = 0;
    while let Some(digit) = rest.chars().next().and_then(|c| c.to_digit(base)) {
        if number >= (u64::MAX - u64::from(digit)) / u64::from(base) {
            return (u64::MAX, "");
        }
        number = number * u64::from(base) + u64::from(digit);
        rest = &rest[1..];
    }
    if negative {
        number = number.wrapping_neg();
    }
    (number, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_allocator::parse_lines;

    fn read(text: &str) -> Settings {
        let environment = parse_lines(text).expect("well formed");
        Settings::from_environment(Version::V2_36, &environment)
    }

    fn said(text: &str) -> (Tone, String) {
        let remarks = read(text).remarks;
        let remark = remarks.into_iter().next().expect("one remark at least");
        (remark.tone, remark.text)
    }

    #[test]
    fn numbers_are_read_as_the_loader_reads_them() {
        for (text, number, rest) in [
            ("65536", 65536, ""),
            ("0x10000", 65536, ""),
            ("0200000", 65536, ""),
            (" \t+7", 7, ""),
            ("64K", 64, "K"),
            ("08", 0, "8"),
            ("-1", u64::MAX, ""),
            ("99999999999999999999", u64::MAX, ""),
            ("abc", 0, "abc"),
            ("", 0, ""),
            ("-", 0, "-"),
        ] {
            assert_eq!(strtoul(text), (number, rest), "{text:?}");
        }
    }

    #[test]
    fn any_of_four_freezes_the_threshold() {
        for line in [
            "MALLOC_TRIM_THRESHOLD_=1",
            "MALLOC_TOP_PAD_=0",
            "MALLOC_MMAP_THRESHOLD_=1",
            "MALLOC_MMAP_MAX_=5",
        ] {
            assert!(!read(line).params.dynamic_threshold, "{line}");
        }
        assert!(read("MALLOC_ARENA_MAX=2").params.dynamic_threshold);
    }

    #[test]
    fn a_missing_underscore_is_not_read_and_said() {
        let settings = read("MALLOC_TRIM_THRESHOLD=65536");
        assert_eq!(settings.params, Params::default());
        assert_eq!(settings.remarks[0].tone, Tone::Ignored);
        assert!(settings.remarks[0].text.contains("MALLOC_TRIM_THRESHOLD_."));
        let (tone, text) = said("MALLOC_ARENA_MAX_=2");
        assert_eq!(tone, Tone::Ignored);
        assert!(text.contains("MALLOC_ARENA_MAX."), "{text}");
    }

    #[test]
    fn a_tunable_without_a_variable_is_pointed_out() {
        let (tone, text) = said("MALLOC_TCACHE_COUNT=0");
        assert_eq!(tone, Tone::Ignored);
        assert!(text.contains("glibc.malloc.tcache_count"), "{text}");
    }

    #[test]
    fn units_are_dropped_and_said() {
        let settings = read("MALLOC_TRIM_THRESHOLD_=64K");
        assert_eq!(settings.params.trim_threshold, Bytes(64));
        assert_eq!(settings.remarks[0].tone, Tone::Surprise);
    }

    #[test]
    fn values_out_of_range_leave_the_default() {
        for line in [
            "MALLOC_ARENA_MAX=0",
            "MALLOC_PERTURB_=256",
            "MALLOC_MMAP_MAX_=-1",
            "MALLOC_MMAP_MAX_=2147483648",
            "GLIBC_TUNABLES=glibc.malloc.tcache_max=1033",
            "GLIBC_TUNABLES=glibc.malloc.tcache_count=65536",
            "GLIBC_TUNABLES=glibc.malloc.mxfast=161",
        ] {
            let settings = read(line);
            assert_eq!(settings.params, Params::default(), "{line}");
            assert_eq!(settings.remarks[0].tone, Tone::Ignored, "{line}");
        }
    }

    #[test]
    fn tunables_win_over_variables_in_either_order() {
        for lines in [
            "MALLOC_TOP_PAD_=1\nGLIBC_TUNABLES=glibc.malloc.top_pad=2",
            "GLIBC_TUNABLES=glibc.malloc.top_pad=2\nMALLOC_TOP_PAD_=1",
        ] {
            assert_eq!(read(lines).params.top_pad, Bytes(2), "{lines}");
        }
    }

    #[test]
    fn tunables_are_separated_by_colons() {
        let p = read(
            "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:nonsense:glibc.cpu.x=1:glibc.malloc.mxfast=0",
        )
        .params;
        assert_eq!((p.tcache_count, p.max_fast), (0, Bytes(16)));
    }

    #[test]
    fn fast_and_cached_sizes_are_those_of_chunks() {
        let p = read("GLIBC_TUNABLES=glibc.malloc.mxfast=160:glibc.malloc.tcache_max=100").params;
        assert_eq!((p.max_fast, p.tcache_bins), (Bytes(160), 6));
        let p = read("GLIBC_TUNABLES=glibc.malloc.tcache_max=0").params;
        assert_eq!(p.tcache_bins, 1);
    }
}
