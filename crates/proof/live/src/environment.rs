//! The environments under which sequences are run.

use crate::wire::asks_for_huge_pages;
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

impl Environment {
    /// Whether it makes malloc ask for transparent huge pages. The oracle then does not switch them off.
    pub fn asks_for_huge_pages(&self) -> bool {
        asks_for_huge_pages(|name| {
            let lines = self.lines.iter();
            let named = lines.filter(|(line, _)| line.as_bytes() == name.to_bytes());
            named.map(|(_, value)| value.as_bytes()).next_back()
        })
    }

    /// Whether it asks for a heap that checks itself, which up to 2.33 was built into the library.
    pub fn checks_the_heap(&self) -> bool {
        self.lines.iter().any(|(name, value)| match name.as_str() {
            "MALLOC_CHECK_" => value != "0",
            "GLIBC_TUNABLES" => value
                .split(':')
                .any(|pair| pair.starts_with("glibc.malloc.check=") && !pair.ends_with("=0")),
            _ => false,
        })
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
    "MALLOC_ARENA_MAX=2",
    "MALLOC_ARENA_MAX=3",
    "MALLOC_ARENA_MAX=0",
    "MALLOC_ARENA_TEST=1",
    "MALLOC_ARENA_TEST=2",
    "MALLOC_ARENA_TEST=64",
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
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=0",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=2",
    // What takes the environment's name above, by its own.
    "GLIBC_TUNABLES=glibc.malloc.check=3",
    "GLIBC_TUNABLES=glibc.malloc.top_pad=65536",
    "GLIBC_TUNABLES=glibc.malloc.perturb=170",
    "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=16384",
    "GLIBC_TUNABLES=glibc.malloc.trim_threshold=65536",
    "GLIBC_TUNABLES=glibc.malloc.mmap_max=4",
    "GLIBC_TUNABLES=glibc.malloc.arena_max=2",
    "GLIBC_TUNABLES=glibc.malloc.arena_test=1",
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
    // Threads that share arenas; heaps that must hold what would get mappings of its own.
    "MALLOC_ARENA_MAX=2 GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    "MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0",
    "MALLOC_ARENA_MAX=3 MALLOC_TRIM_THRESHOLD_=0 MALLOC_TOP_PAD_=0",
    "MALLOC_ARENA_TEST=1 MALLOC_MMAP_THRESHOLD_=1073741824",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4000000",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.arena_max=2:glibc.malloc.top_pad=3000000",
    "GLIBC_TUNABLES=glibc.malloc.arena_max=2:glibc.malloc.hugetlb=2",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=2:glibc.malloc.mmap_threshold=1073741824",
    "MALLOC_TRIM_THRESHOLD_=65536 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=16384",
    "GLIBC_TUNABLES=glibc.mem.decorate_maps=1",
];

/// The environments to go through, without those whose effect depends on how many huge pages this machine has set aside: the
/// model's machine has none.
pub fn all_environments() -> Vec<Environment> {
    let read = |file: &str| std::fs::read_to_string(format!("/sys/kernel/mm/{file}"));
    let reserved = read("hugepages/hugepages-2048kB/nr_hugepages");
    let none_reserved = reserved.is_ok_and(|count| count.trim() == "0");
    ENVIRONMENTS
        .iter()
        .filter(|text| !text.contains("hugetlb=2") || none_reserved)
        .map(|text| Environment::parse(text))
        .collect()
}

/// Values of MALLOC_CONF: the defaults, the settings that people use, every option that changes placement, residency or
/// timing at the values where its rule turns, and those that meet in one rule.
const CONFS: &[&str] = &[
    "",
    "dirty_decay_ms:0,muzzy_decay_ms:0",
    "dirty_decay_ms:-1,muzzy_decay_ms:-1",
    "dirty_decay_ms:1000,muzzy_decay_ms:1000",
    "dirty_decay_ms:5000,muzzy_decay_ms:5000",
    "narenas:1,tcache:false",
    "dirty_decay_ms:0",
    "dirty_decay_ms:-1",
    "dirty_decay_ms:1",
    "dirty_decay_ms:0,muzzy_decay_ms:-1",
    "dirty_decay_ms:0,muzzy_decay_ms:1000",
    "dirty_decay_ms:100,muzzy_decay_ms:0",
    "muzzy_decay_ms:10000",
    "muzzy_decay_ms:-1",
    "narenas:1",
    "narenas:2",
    "narenas:3,dirty_decay_ms:0,muzzy_decay_ms:0",
    "narenas:100",
    "tcache:false",
    "tcache:false,dirty_decay_ms:0,muzzy_decay_ms:0",
    "tcache:false,dirty_decay_ms:1000,muzzy_decay_ms:1000",
    "narenas:1,tcache:false,dirty_decay_ms:100,muzzy_decay_ms:300",
    "narenas:1,tcache:false,dirty_decay_ms:-1,muzzy_decay_ms:-1",
    "tcache_max:8",
    "tcache_max:1024",
    "tcache_max:4096",
    "tcache_max:65536",
    "tcache_max:1048576,narenas:1",
    "lg_tcache_max:20,tcache_nslots_large:4",
    "lg_tcache_nslots_mul:-1",
    "lg_tcache_nslots_mul:3",
    "tcache_nslots_small_min:2,tcache_nslots_small_max:2",
    "tcache_nslots_small_max:1000,lg_tcache_nslots_mul:4",
    "tcache_nslots_small_min:100,tcache_nslots_large:100",
    "tcache_gc_incr_bytes:1024",
    "tcache_gc_incr_bytes:0",
    "tcache_gc_incr_bytes:4096,tcache_gc_delay_bytes:16384",
    "tcache_gc_incr_bytes:4096,tcache_gc_delay_bytes:0,dirty_decay_ms:0",
    "lg_tcache_flush_small_div:5,lg_tcache_flush_large_div:2",
    "lg_tcache_flush_small_div:3,lg_tcache_flush_large_div:3",
    "lg_extent_max_active_fit:0",
    "lg_extent_max_active_fit:2,dirty_decay_ms:-1,muzzy_decay_ms:-1",
    "lg_extent_max_active_fit:63",
    "lg_extent_max_active_fit:0,tcache:false",
    "retain:false",
    "retain:false,dirty_decay_ms:0,muzzy_decay_ms:0",
    "retain:false,tcache:false,dirty_decay_ms:1000,muzzy_decay_ms:1000",
    "retain:false,dirty_decay_ms:-1,muzzy_decay_ms:-1",
    "retain:false,narenas:1,tcache:false",
    "oversize_threshold:0",
    "oversize_threshold:65536",
    "oversize_threshold:1048576,tcache:false",
    "oversize_threshold:65536,dirty_decay_ms:-1,muzzy_decay_ms:-1",
    "oversize_threshold:1048576,dirty_decay_ms:1000,muzzy_decay_ms:1000",
    "oversize_threshold:0,tcache:false,dirty_decay_ms:0",
    "oversize_threshold:262144,retain:false",
    "oversize_threshold:16384,narenas:1",
    "thp:always",
    "thp:never",
    "thp:always,dirty_decay_ms:0,muzzy_decay_ms:0",
    "thp:always,retain:false",
    "thp:always,muzzy_decay_ms:1000",
    "thp:always,retain:false,muzzy_decay_ms:1000",
    "thp:always,narenas:1,tcache:false,dirty_decay_ms:1000",
    "thp:always,oversize_threshold:65536,metadata_thp:always",
    "metadata_thp:always",
    "metadata_thp:auto,narenas:2",
    "",
];

/// The environments for jemalloc: no variable, and each of those values.
pub fn jemalloc_environments() -> Vec<Environment> {
    let of = |conf: &&str| match *conf {
        "" => Environment::default(),
        conf => Environment {
            lines: vec![("MALLOC_CONF".to_owned(), conf.to_owned())],
        },
    };
    CONFS.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_allocator::Variable;
    use highwater_glibc::Tunable;
    use highwater_jemalloc::{Options, Settings};

    #[test]
    fn every_tunable_is_set_in_each_of_its_spellings() {
        let all = ENVIRONMENTS.join(" ");
        for tunable in Tunable::ALL {
            let name = format!("{}=", tunable.name);
            assert!(all.contains(&name), "{name}");
            if let Some(alias) = tunable.alias {
                assert!(all.contains(&format!("{alias}=")), "{alias}");
            }
        }
    }

    #[test]
    fn every_value_for_jemalloc_sets_something() {
        // A divisor of 0 is taken for the least there is, which is the default.
        let clipped = "lg_tcache_flush_small_div:0,lg_tcache_flush_large_div:0";
        for environment in jemalloc_environments() {
            let variables: Vec<Variable> = environment
                .lines
                .iter()
                .map(|(name, value)| Variable {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect();
            let settings =
                Settings::from_environment(highwater_jemalloc::Version::V5_3_0, &variables);
            let is_default = settings.options == Options::of(highwater_jemalloc::Version::V5_3_0);
            let is_clipped = environment.lines.iter().any(|(_, value)| value == clipped);
            let sets_nothing = environment.lines.is_empty() || is_clipped;
            assert_eq!(is_default, sets_nothing, "{environment}");
        }
    }
}
