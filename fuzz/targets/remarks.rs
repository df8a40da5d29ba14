//! What every release says to the value of every variable that one of them reads.
#![no_main]
use highwater_allocator::Variable;
use highwater_simulator::{Choice, PythonVersion, Variant};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "MALLOC_CONF",
    "GLIBC_TUNABLES",
    "MALLOC_ARENA_MAX",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_CHECK_",
    "LD_PRELOAD",
    "PYTHONMALLOC",
    "PYTHONTRACEMALLOC",
    "PYTHONDEVMODE",
    "MALLOC_TRIM_THRESHOLD",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, value)) = bytes.split_first() else {
        return;
    };
    let Ok(value) = std::str::from_utf8(value) else {
        return;
    };
    if value.contains('\0') {
        return;
    }
    let name = NAMES[usize::from(*first) % NAMES.len()];
    for allocator in Choice::all() {
        for python in [
            None,
            Some(PythonVersion::ALL[0]),
            PythonVersion::ALL.last().copied(),
        ] {
            let variable = Variable {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            let variant = Variant {
                allocator,
                python,
                environment: vec![variable],
                ..Variant::default()
            };
            for remark in variant.remarks() {
                assert!(!remark.text.is_empty());
            }
        }
    }
});
