//! Bytes to a variant: every release, under settings that people try and settings that nobody should.

use crate::Input;
use highwater_allocator::Variable;
use highwater_simulator::{
    Bytes, Choice, Cores, HugeMode, Khugepaged, Machine, PythonVersion, Variant,
};

/// Names that the models read, with a separator between name and value.
const GLIBC: [&str; 16] = [
    "MALLOC_ARENA_MAX",
    "MALLOC_ARENA_TEST",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_MMAP_MAX_",
    "MALLOC_PERTURB_",
    "MALLOC_CHECK_",
    "glibc.malloc.tcache_count",
    "glibc.malloc.tcache_max",
    "glibc.malloc.tcache_unsorted_limit",
    "glibc.malloc.mxfast",
    "glibc.malloc.hugetlb",
    "glibc.malloc.arena_max",
    "glibc.malloc.trim_threshold",
    "glibc.malloc.mmap_threshold",
];

const JEMALLOC: [&str; 19] = [
    "narenas",
    "dirty_decay_ms",
    "muzzy_decay_ms",
    "background_thread",
    "tcache",
    "tcache_max",
    "lg_tcache_max",
    "lg_extent_max_active_fit",
    "oversize_threshold",
    "retain",
    "percpu_arena",
    "cache_oblivious",
    "zero",
    "junk",
    "metadata_thp",
    "thp",
    "max_background_threads",
    "tcache_nslots_small_max",
    "lg_tcache_nslots_mul",
];

const VALUES: [&str; 27] = [
    "0",
    "1",
    "2",
    "-1",
    "true",
    "false",
    "always",
    "never",
    "auto",
    "",
    "16",
    "64",
    "128",
    "1000",
    "5000",
    "4096",
    "65536",
    "131072",
    "1048576",
    "8388608",
    "33554432",
    "1793",
    "4095",
    "18446744073709551615",
    "9223372036854775808",
    "0x10000",
    "64K",
];

/// Makes a variant of the input.
pub fn variant(input: &mut Input<'_>) -> Variant {
    let all: Vec<Choice> = Choice::all().collect();
    let allocator = *input.one_of(&all);
    variant_of(allocator, input)
}

/// Makes a variant of one allocator of the input.
pub fn variant_of(allocator: Choice, input: &mut Input<'_>) -> Variant {
    let python = match input.below(8) {
        at @ 0..=2 => Some(PythonVersion::ALL[(at * 2) % PythonVersion::ALL.len()]),
        _ => None,
    };
    Variant {
        allocator,
        environment: environment(input, allocator),
        cap: match input.below(16) {
            0 => Some(Bytes(65536)),
            1 => Some(Bytes(64 << 20)),
            2 => Some(Bytes(1 << 60)),
            _ => None,
        },
        high: *input.one_of(&[None, None, Some(Bytes(1)), Some(Bytes(8 << 20))]),
        cores: *input.one_of(&[None, None, Some(Cores::all(1)), Some(Cores::all(448))]),
        seed: *input.one_of(&[None, Some(0), Some(3), Some(u64::MAX)]),
        python,
        machine: machine(input),
    }
}

fn machine(input: &mut Input<'_>) -> Machine {
    Machine {
        thp: match input.below(2) {
            0 => None,
            _ => Some(*input.one_of(&HugeMode::ALL)),
        },
        khugepaged: *input.one_of(&Khugepaged::ALL),
        page_size: None,
    }
}

fn environment(input: &mut Input<'_>, allocator: Choice) -> Vec<Variable> {
    let mut conf = Vec::new();
    let mut tunables = Vec::new();
    let mut variables = Vec::new();
    for _ in 0..input.below(4) {
        let is_jemalloc = matches!(allocator, Choice::Jemalloc(_));
        let names: &[&str] = if is_jemalloc { &JEMALLOC } else { &GLIBC };
        let (name, value) = (*input.one_of(names), *input.one_of(&VALUES));
        if is_jemalloc {
            conf.push(format!("{name}:{value}"));
        } else if name.starts_with("glibc.") {
            tunables.push(format!("{name}={value}"));
        } else {
            variables.push((name.to_owned(), value.to_owned()));
        }
    }
    if !conf.is_empty() {
        variables.push(("MALLOC_CONF".to_owned(), conf.join(",")));
    }
    if !tunables.is_empty() {
        variables.push(("GLIBC_TUNABLES".to_owned(), tunables.join(":")));
    }
    let variable = |(name, value)| Variable { name, value };
    variables.into_iter().map(variable).collect()
}
