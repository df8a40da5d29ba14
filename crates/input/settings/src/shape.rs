//! What a value of a variable can look like, so that a name of a program, a placeholder or a word of prose is not taken
//! for one.

use crate::PRELOAD;
use crate::values::is_number_name;

/// What `PYTHONMALLOC` takes.
const PYTHON_ALLOCATORS: [&str; 9] = [
    "",
    "default",
    "debug",
    "malloc",
    "malloc_debug",
    "pymalloc",
    "pymalloc_debug",
    "mimalloc",
    "mimalloc_debug",
];

/// Words that stand for a value that somebody still has to choose.
const OPEN: [&str; 8] = [
    "...", "\u{2026}", "?", "??", "???", "TODO", "TBD", "CHANGEME",
];

/// Whether a text is surely a value of this variable, wherever it stands.
pub(crate) fn is_value(name: &str, text: &str) -> bool {
    if text.is_empty() || text.contains([' ', '\t', '\n']) {
        return false;
    }
    if is_number_name(name) {
        return is_number(text);
    }
    match name {
        PRELOAD => text.contains('/') || text.contains(".so"),
        "MALLOC_TRACE" => text.contains('/'),
        "PYTHONMALLOC" => PYTHON_ALLOCATORS.contains(&text),
        name if name.starts_with("PYTHON") => is_number(text) || is_switch(text),
        name if name.starts_with("glibc.") => is_number(text),
        name if name.starts_with("GLIBC") => text.contains('='),
        _ => text.contains([':', '=']),
    }
}

/// A number, perhaps with a sign, a base or a unit.
fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let letters = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_based = digits.starts_with("0x") && digits.len() > 2;
    letters.len() < digits.len()
        && digits.len() <= 24
        && (is_based || letters.len() <= 3)
        && letters.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_switch(text: &str) -> bool {
    matches!(text, "true" | "false" | "yes" | "no" | "on" | "off")
}

/// Whether a text without quotes in a program's source is a name or an expression there, and no value of this variable.
pub(crate) fn is_expression(name: &str, text: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$' | '(' | '!' | '@');
    let is_reference = text.starts_with("${") || text.starts_with("$(");
    text.starts_with(begins) && !is_reference && !text.contains("{{") && !is_value(name, text)
}

/// Whether a value only says where one belongs: `<number>`, `%d`, `...`.
pub(crate) fn is_placeholder(name: &str, value: &str) -> bool {
    let text = value.trim();
    let within =
        |open: char, close: char| text.len() > 2 && text.starts_with(open) && text.ends_with(close);
    if OPEN.contains(&text) || within('<', '>') || within('@', '@') || within('%', '%') {
        return true;
    }
    if within('{', '}') && !text.starts_with("{{") {
        return true;
    }
    if is_conversion(text) || text.to_ascii_lowercase().starts_with("your") {
        return true;
    }
    if is_number_name(name) {
        let capitals = |b: u8| b.is_ascii_uppercase() || b == b'_';
        return text.starts_with(['<', '%', '[', '@'])
            || (text.starts_with('{') && !text.starts_with("{{"))
            || (!text.is_empty() && text.bytes().all(capitals));
    }
    // An option whose number is open: `dirty_decay_ms:<ms>`, `dirty_decay_ms:%(ENV_DECAY)s`.
    name != PRELOAD && (holds_open_part(text) || holds_expansion(text))
}

/// Whether a text is what C's printf puts a value in for.
fn is_conversion(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('%') else {
        return false;
    };
    let kind = rest.trim_start_matches(['l', 'z', 'h', 'j', '0', '.', '#', '-']);
    matches!(kind, "d" | "i" | "u" | "s" | "x" | "v" | "p")
}

/// Whether supervisord puts something into a text: `%(ENV_DECAY)s`.
fn holds_expansion(text: &str) -> bool {
    let mut parts = text.split("%(").skip(1);
    parts.any(|part| {
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        part.split_once(")s").is_some_and(|(name, _)| is_name(name))
    })
}

/// Whether a part in angle brackets stands in a text.
pub(crate) fn holds_open_part(text: &str) -> bool {
    let mut parts = text.split('<').skip(1);
    parts.any(|part| {
        let inside = part.split('>').next().unwrap_or_default();
        let letters = |b: u8| b.is_ascii_alphabetic() || b"-_ ".contains(&b);
        inside.len() < part.len() && !inside.is_empty() && inside.bytes().all(letters)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_values() {
        for (name, value) in [
            ("MALLOC_ARENA_MAX", "<number>"),
            ("MALLOC_ARENA_MAX", "%d"),
            ("MALLOC_ARENA_MAX", "N"),
            ("MALLOC_ARENA_MAX", "[n]"),
            ("MALLOC_ARENA_MAX", "%ARENAS%"),
            ("MALLOC_CONF", "..."),
            ("MALLOC_CONF", "dirty_decay_ms:<ms>"),
            ("MALLOC_CONF", "narenas:1,dirty_decay_ms:%(ENV_DECAY)s"),
            ("LD_PRELOAD", "<path-to-libjemalloc>"),
            ("GLIBC_TUNABLES", "@TUNABLES@"),
            ("MALLOC_CONF", "{conf}"),
        ] {
            assert!(is_placeholder(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("MALLOC_ARENA_MAX", "2"),
            ("MALLOC_ARENA_MAX", "abc"),
            ("MALLOC_ARENA_MAX", ""),
            ("MALLOC_ARENA_MAX", "{{ x }}"),
            ("MALLOC_CONF", "bin_shards:1-8:2|9-16:1"),
            ("LD_PRELOAD", "/usr/lib/<arch>/libjemalloc.so.2"),
            ("PYTHONMALLOC", "malloc"),
        ] {
            assert!(!is_placeholder(name, value), "{name}={value}");
        }
    }

    #[test]
    fn names_of_a_program_are_told_from_values() {
        for (name, text) in [
            ("MALLOC_ARENA_MAX", "arenas"),
            ("MALLOC_ARENA_MAX", "os.cpus().length"),
            ("MALLOC_CONF", "conf"),
            ("LD_PRELOAD", "paths.jemalloc"),
            ("PYTHONMALLOC", "allocator"),
            ("GLIBC_TUNABLES", "tunables"),
        ] {
            assert!(is_expression(name, text), "{name}: {text}");
        }
        for (name, text) in [
            ("MALLOC_ARENA_MAX", "2"),
            ("MALLOC_ARENA_MAX", "-1"),
            ("MALLOC_CONF", "narenas:2"),
            ("LD_PRELOAD", "libjemalloc.so.2"),
            ("PYTHONMALLOC", "pymalloc"),
            ("PYTHONDEVMODE", "true"),
            ("GLIBC_TUNABLES", "glibc.malloc.mxfast=0"),
        ] {
            assert!(!is_expression(name, text), "{name}: {text}");
        }
    }
}
