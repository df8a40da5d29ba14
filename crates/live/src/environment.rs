//! The environments under which sequences are run.

use std::fmt;

/// The lines of a process's environment that malloc reads.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    /// Names and values.
    pub lines: Vec<(String, String)>,
}

impl Environment {
    /// From the form `NAME=VALUE NAME=VALUE`, values without spaces.
    pub fn parse(text: &str) -> Self {
        let line = |word: &str| {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            (name.to_owned(), value.to_owned())
        };
        Self {
            lines: text.split_whitespace().map(line).collect(),
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return write!(f, "(no settings)");
        }
        for (index, (name, value)) in self.lines.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{name}={value}")?;
        }
        Ok(())
    }
}

/// Every setting by itself at the values where its rule turns, some that the library ignores or cuts, and the
/// combinations that meet in one rule. The default comes first and once more in between, being what most people run.
const ENVIRONMENTS: &[&str] = &[
    "",
    "MALLOC_TRIM_THRESHOLD_=65536",
    "MALLOC_TRIM_THRESHOLD_=0",
    "MALLOC_TRIM_THRESHOLD_=4194304",
    // What is at the top when all is free of a heap that had to grow to 17 pages.
    "MALLOC_TRIM_THRESHOLD_=68976 MALLOC_TOP_PAD_=0",
    "MALLOC_TRIM_THRESHOLD=65536",
    "MALLOC_TOP_PAD_=0",
    "MALLOC_TOP_PAD_=1",
    "MALLOC_TOP_PAD_=65536",
    "MALLOC_TOP_PAD_=8388608",
    "MALLOC_MMAP_THRESHOLD_=16384",
    "MALLOC_MMAP_THRESHOLD_=0",
    "MALLOC_MMAP_THRESHOLD_=1048576",
    "MALLOC_MMAP_THRESHOLD_=1073741824",
    "MALLOC_MMAP_MAX_=0",
    "MALLOC_MMAP_MAX_=4",
    "MALLOC_PERTURB_=170",
    "MALLOC_ARENA_MAX=1",
    "MALLOC_ARENA_TEST=1",
    "MALLOC_CHECK_=3",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=1",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=20",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=65535",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=65536",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=8",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=256",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=100000",
    "GLIBC_TUNABLES=glibc.malloc.tcache_unsorted_limit=1",
    "GLIBC_TUNABLES=glibc.malloc.tcache_unsorted_limit=3",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=0",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=32",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=160",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=161",
    "",
    "GLIBC_TUNABLES=glibc.malloc.trim_threshold=0x10000:glibc.malloc.top_pad=4096",
    "GLIBC_TUNABLES=glibc.malloc.mmap_max=2:glibc.malloc.mmap_threshold=32768",
    "GLIBC_TUNABLES=glibc.malloc.perturb=85:glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=160",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=2:glibc.malloc.tcache_max=128:glibc.malloc.mxfast=80",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_TOP_PAD_=0",
    "MALLOC_TRIM_THRESHOLD_=0 MALLOC_TOP_PAD_=0",
    "MALLOC_MMAP_THRESHOLD_=4096 MALLOC_MMAP_MAX_=8",
    "MALLOC_MMAP_MAX_=0 MALLOC_TOP_PAD_=0 MALLOC_TRIM_THRESHOLD_=65536",
    "MALLOC_MMAP_MAX_=0 GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
];

/// The environments to go through.
pub fn all_environments() -> Vec<Environment> {
    ENVIRONMENTS
        .iter()
        .map(|text| Environment::parse(text))
        .collect()
}
