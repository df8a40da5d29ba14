//! The names that count: variables that an allocator reads, and those that were probably meant to be one.

use highwater_allocator::{VARIABLES, reader_of};

/// The variable that puts another allocator in the C library's place.
pub(crate) const PRELOAD: &str = "LD_PRELOAD";

/// What mallopt sets, without `M_`, and the variable that sets the same from the start.
pub(crate) const MALLOPT: &[(&str, &str)] = &[
    ("MMAP_THRESHOLD", "MALLOC_MMAP_THRESHOLD_"),
    ("MMAP_MAX", "MALLOC_MMAP_MAX_"),
    ("TRIM_THRESHOLD", "MALLOC_TRIM_THRESHOLD_"),
    ("TOP_PAD", "MALLOC_TOP_PAD_"),
    ("ARENA_MAX", "MALLOC_ARENA_MAX"),
    ("ARENA_TEST", "MALLOC_ARENA_TEST"),
    ("PERTURB", "MALLOC_PERTURB_"),
    ("CHECK_ACTION", "MALLOC_CHECK_"),
];

/// Whether an allocator, the C library's malloc or CPython's allocator reads a variable of this name. Only such
/// variables leave the box they were typed into: links, pictures and exports hold no others.
pub fn is_read(name: &str) -> bool {
    reader_of(name).is_some()
}

/// Whether a variable of this name is a setting here: an allocator reads it, it loads one, or it was probably meant
/// to be such a variable. All others are other lines.
pub fn is_setting(name: &str) -> bool {
    is_read(name) || name == PRELOAD || is_near(name)
}

/// Whether a name that nobody reads was probably meant to be one that somebody reads.
fn is_near(name: &str) -> bool {
    if name.len() < 5 || name.len() > 40 || !name.is_ascii() {
        return false;
    }
    let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_tunable = name.starts_with("glibc.malloc.");
    if is_tunable || !name.bytes().all(inside) {
        return is_tunable;
    }
    let same_but_for_case = || {
        let bare = bare(name);
        VARIABLES.iter().any(|(known, _)| self::bare(known) == bare)
    };
    if name.bytes().any(|b| b.is_ascii_lowercase()) {
        return same_but_for_case();
    }
    let starts = |start: &str| name.len() > start.len() && name.starts_with(start);
    if starts("MALLOC_") || name.ends_with("MALLOC_CONF") || starts("JEMALLOC_") {
        return true;
    }
    if let Some(option) = name.strip_prefix("M_") {
        return MALLOPT.iter().any(|(known, _)| *known == option);
    }
    // The rest are slips of a letter or two.
    let begins_like = ["MA", "GL", "PY", "LD"]
        .iter()
        .any(|start| name.starts_with(start));
    begins_like
        && (same_but_for_case()
            || VARIABLES
                .iter()
                .map(|(known, _)| *known)
                .chain([PRELOAD])
                .filter(|known| known.len() > 9)
                .any(|known| is_within(name.as_bytes(), known.as_bytes(), 2)))
}

/// A name without underscores, in small letters.
fn bare(name: &str) -> String {
    let letters = name.bytes().filter(|b| *b != b'_');
    letters.map(|b| b.to_ascii_lowercase() as char).collect()
}

/// Whether so few insertions, deletions and changes of a letter make one of the other.
fn is_within(a: &[u8], b: &[u8], most: usize) -> bool {
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()] <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_read_by_an_allocator() {
        assert!(is_read("MALLOC_TRIM_THRESHOLD_"));
        for name in ["DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", ""] {
            assert!(!is_read(name), "{name}");
        }
    }

    #[test]
    fn slips_are_settings_and_foreign_names_are_not() {
        for name in [
            "MALLOC_TRIM_THRESHOLD",
            "MALLOC_ARENA_MAX_",
            "MALLOC_CONFIG",
            "GLIBC_TUNABLE",
            "GLIBC_TUNEABLES",
            "PYTHON_MALLOC",
            "M_MMAP_THRESHOLD",
            "malloc_arena_max",
            "LD_PRELOADS",
            "MYAPP_MALLOC_CONF",
            "JEMALLOC_CONF",
            "LD_PRELOAD",
            "glibc.malloc.mxfast",
        ] {
            assert!(is_setting(name), "{name}");
        }
        for name in [
            "MemoryMax",
            "environment",
            "env",
            "name",
            "PATH",
            "Restart",
            "PYTHONPATH",
            "PYTHONUNBUFFERED",
            "PYTHONHASHSEED",
            "LD_LIBRARY_PATH",
            "MALLOC",
            "MAX_THREADS",
            "MAIL_HOST",
            "TCMALLOC_RELEASE_RATE",
        ] {
            assert!(!is_setting(name), "{name}");
        }
    }
}
