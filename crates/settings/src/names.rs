//! The names of the variables that an allocator, the C library's malloc or CPython's allocator reads.

/// Every such name.
const READ: &[&str] = &[
    // glibc: elf/dl-tunables.list, namespace malloc.
    "GLIBC_TUNABLES",
    "MALLOC_ARENA_MAX",
    "MALLOC_ARENA_TEST",
    "MALLOC_CHECK_",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_PERTURB_",
    "MALLOC_TOP_PAD_",
    "MALLOC_TRIM_THRESHOLD_",
    // jemalloc: src/jemalloc.c, obtain_malloc_conf; the prefixes are those that builds put before the name.
    "MALLOC_CONF",
    "JE_MALLOC_CONF",
    "_RJEM_MALLOC_CONF",
    // CPython: Python/preconfig.c and Python/initconfig.c.
    "PYTHONDEVMODE",
    "PYTHONMALLOC",
    "PYTHONMALLOCSTATS",
    "PYTHONTRACEMALLOC",
];

/// Whether an allocator, the C library's malloc or CPython's allocator reads a variable of this name. Only such
/// variables leave the box they were typed into: links, pictures and exports hold no others.
pub fn is_read(name: &str) -> bool {
    READ.contains(&name)
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
}
