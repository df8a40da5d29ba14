//! The names of variants, and the settings that may leave the page.

use highwater_settings::is_read;
use highwater_simulator::{Choice, Variable, Variant};

/// Characters of a name at most.
pub const LONGEST: usize = 120;

/// The name of a variant on the default allocator without any setting.
pub const NO_SETTING: &str = "no setting";

/// A name that a variant has for as long as it has these settings, and that nobody typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The name.
    pub name: String,
    /// The allocator that it stands for.
    pub allocator: Choice,
    /// The settings that it stands for.
    pub settings: Vec<Variable>,
}

impl Given {
    /// A name for what a variant is run through.
    pub fn new(name: String, allocator: Choice, variables: &[Variable]) -> Self {
        Self {
            name,
            allocator,
            settings: settings(variables),
        }
    }
}

/// The variables among these that an allocator reads. Links, pictures and names hold no others.
pub fn settings(variables: &[Variable]) -> Vec<Variable> {
    let variables = variables.iter();
    let read = variables.filter(|variable| is_read(&variable.name));
    read.cloned().collect()
}

/// Says what a variant is run through, in few words.
pub fn automatic(variant: &Variant) -> String {
    let mut parts = Vec::new();
    if variant.allocator != Choice::default() {
        parts.push(variant.allocator.to_string().replace('@', " "));
    }
    let is_jemalloc = matches!(variant.allocator, Choice::Jemalloc(_));
    for Variable { name, value } in settings(&variant.environment) {
        parts.push(match name.as_str() {
            "MALLOC_CONF" | "JE_MALLOC_CONF" | "_RJEM_MALLOC_CONF" if is_jemalloc => value,
            "GLIBC_TUNABLES" if !is_jemalloc => value.replace("glibc.malloc.", ""),
            _ => format!("{name}={value}"),
        });
    }
    parts.retain(|part| !part.trim().is_empty());
    match parts.is_empty() {
        true => NO_SETTING.to_owned(),
        false => plain(&parts.join(", ")),
    }
}

/// A name as it can be shown anywhere: in one line, of bounded length, and without characters that turn what follows around.
pub fn plain(name: &str) -> String {
    let shown = |character: &char| !character.is_control() && !turns(*character);
    let mut letters = name
        .chars()
        .map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
    let mut plain: String = letters.by_ref().filter(shown).take(LONGEST).collect();
    if letters.any(|letter| shown(&letter)) {
        plain.pop();
        plain.push('…');
    }
    plain
}

/// Whether a character changes the direction of the text behind it.
fn turns(character: char) -> bool {
    matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// A name that is not taken: the given one, or that with a number behind it.
pub fn apart(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(wanted) {
        return wanted.to_owned();
    }
    let stem = stem(wanted);
    let mut numbered = (2..).map(|number| format!("{stem} ({number})"));
    numbered.find(|name| !is_taken(name)).unwrap_or_default()
}

/// A name without the number that [`apart`] put behind it.
fn stem(name: &str) -> &str {
    let numbered = name
        .strip_suffix(')')
        .and_then(|name| name.rsplit_once(" ("));
    match numbered {
        Some((stem, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(allocator: &str, lines: &[(&str, &str)]) -> Variant {
        let variable = |(name, value): &(&str, &str)| Variable {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        Variant {
            allocator: allocator.parse().expect("it is modelled"),
            environment: lines.iter().map(variable).collect(),
            ..Variant::default()
        }
    }

    #[test]
    fn a_name_says_allocator_and_settings_and_nothing_else() {
        let name = |allocator, lines: &[(&str, &str)]| automatic(&variant(allocator, lines));
        assert_eq!(name("glibc@2.36", &[]), "no setting");
        assert_eq!(name("glibc@2.31", &[]), "glibc 2.31");
        assert_eq!(
            name("glibc@2.36", &[("AWS_SECRET_ACCESS_KEY", "hunter2")]),
            "no setting"
        );
        assert_eq!(
            name(
                "glibc@2.36",
                &[("MALLOC_ARENA_MAX", "2"), ("TOKEN", "hunter2")]
            ),
            "MALLOC_ARENA_MAX=2"
        );
        assert_eq!(
            name("jemalloc@5.3.0", &[("MALLOC_CONF", "dirty_decay_ms:1000")]),
            "jemalloc 5.3.0, dirty_decay_ms:1000"
        );
        assert_eq!(
            name("glibc@2.36", &[("MALLOC_CONF", "narenas:1")]),
            "MALLOC_CONF=narenas:1"
        );
        assert_eq!(
            name(
                "glibc@2.36",
                &[("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")]
            ),
            "tcache_count=0"
        );
    }

    #[test]
    fn a_name_is_short_and_cannot_turn_what_follows_around() {
        let long = plain(&"x".repeat(20_000));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with('…'));
        assert_eq!(plain("a\u{202e}b\u{2067}\u{0}c\nd"), "abc d");
        assert_eq!(plain(&"y".repeat(LONGEST)), "y".repeat(LONGEST));
    }

    #[test]
    fn a_number_behind_a_name_is_no_part_of_a_setting() {
        let taken = [
            "MALLOC_ARENA_MAX=2",
            "trim threshold 64",
            "mine (2)",
            "mine",
        ];
        let apart = |name| apart(name, |name| taken.contains(&name));
        assert_eq!(apart("MALLOC_ARENA_MAX=2"), "MALLOC_ARENA_MAX=2 (2)");
        assert_eq!(apart("trim threshold 64"), "trim threshold 64 (2)");
        assert_eq!(apart("mine (2)"), "mine (3)");
        assert_eq!(apart("new"), "new");
    }
}
