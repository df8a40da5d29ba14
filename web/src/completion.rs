//! Names that can be completed while an environment is typed: those that real allocators and interpreters read.

use highwater_simulator::Choice;

/// Names at most that are offered.
const MOST: usize = 4;

/// What glibc reads, and what stands in its tunables.
const GLIBC: [&str; 19] = [
    "MALLOC_ARENA_MAX=",
    "MALLOC_ARENA_TEST=",
    "MALLOC_TRIM_THRESHOLD_=",
    "MALLOC_TOP_PAD_=",
    "MALLOC_MMAP_THRESHOLD_=",
    "MALLOC_MMAP_MAX_=",
    "MALLOC_PERTURB_=",
    "GLIBC_TUNABLES=glibc.malloc.",
    "arena_max=",
    "arena_test=",
    "mmap_max=",
    "mmap_threshold=",
    "mxfast=",
    "tcache_count=",
    "tcache_max=",
    "tcache_unsorted_limit=",
    "top_pad=",
    "trim_threshold=",
    "glibc.malloc.",
];

/// What jemalloc reads, and the options that decide when memory goes back.
const JEMALLOC: [&str; 12] = [
    "MALLOC_CONF=",
    "background_thread:true",
    "dirty_decay_ms:",
    "muzzy_decay_ms:",
    "narenas:",
    "lg_tcache_max:",
    "tcache:false",
    "retain:",
    "oversize_threshold:",
    "abort_conf:true",
    "percpu_arena:",
    "max_background_threads:",
];

const PYTHON: [&str; 2] = ["PYTHONMALLOC=", "PYTHONTRACEMALLOC=1"];

/// What the last word of a text may become: each with as much of the text as stays.
pub fn completions(text: &str, allocator: Choice) -> (&str, Vec<&'static str>) {
    let ends_word =
        |c: char| c.is_whitespace() || matches!(c, ':' | ',' | '=' | ';' | '.' | '"' | '\'');
    let from = text.rfind(ends_word).map_or(0, |at| at + 1);
    let (kept, word) = text.split_at(from);
    if word.len() < 2 {
        return (kept, Vec::new());
    }
    let own: &[&str] = match allocator {
        Choice::Glibc(_) => &GLIBC,
        Choice::Jemalloc(_) => &JEMALLOC,
    };
    let begins = |name: &&&'static str| {
        name.len() > word.len()
            && name.as_bytes()[..word.len()].eq_ignore_ascii_case(word.as_bytes())
    };
    let found = own.iter().chain(&PYTHON).filter(begins);
    (kept, found.take(MOST).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_completed() {
        let glibc = Choice::default();
        let jemalloc = "jemalloc".parse().expect("it is modelled");
        for (text, choice, kept, names) in [
            ("", glibc, "", &[][..]),
            ("M", glibc, "", &[]),
            (
                "malloc_t",
                glibc,
                "",
                &["MALLOC_TRIM_THRESHOLD_=", "MALLOC_TOP_PAD_="],
            ),
            (
                "A=1\nMALLOC_AR",
                glibc,
                "A=1\n",
                &["MALLOC_ARENA_MAX=", "MALLOC_ARENA_TEST="],
            ),
            (
                "GLIBC_TUNABLES=glibc.malloc.tc",
                glibc,
                "GLIBC_TUNABLES=glibc.malloc.",
                &["tcache_count=", "tcache_max=", "tcache_unsorted_limit="],
            ),
            (
                "MALLOC_CONF=narenas:1,di",
                jemalloc,
                "MALLOC_CONF=narenas:1,",
                &["dirty_decay_ms:"],
            ),
            ("MALLOC_CONF=", jemalloc, "MALLOC_CONF=", &[]),
            ("grüße", jemalloc, "", &[]),
        ] {
            assert_eq!(completions(text, choice), (kept, names.to_vec()), "{text}");
        }
    }
}
