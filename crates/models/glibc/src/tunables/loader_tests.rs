//! The table of what the real libraries of Debian 11, 12, 13 and sid (2.31, 2.36, 2.41, 2.43) took: a program run on each
//! asked `__tunable_get_val` of the loader for every tunable of malloc. The others follow from their sources.

use super::number::strtoul;
use super::tests::environment;
use super::*;
use crate::version::Version::{V2_31, V2_34, V2_36, V2_39, V2_41, V2_43, V2_44};

/// The releases that were asked.
const ASKED: [Version; 4] = [V2_31, V2_36, V2_41, V2_43];

/// Which numbers the loader takes, by their tunables' names.
fn taken(version: Version, text: &str) -> Vec<(&'static str, u64)> {
    let values = loader::load(version, &environment(text), &mut Remarks::default());
    let named = Tunable::ALL.iter().zip(values);
    named
        .filter_map(|(tunable, value)| Some((tunable.short_name(), value?.number)))
        .collect()
}

const MAX: u64 = u64::MAX;

/// The number that each release's loader took for a value, where it took one: read back from the real libraries through
/// `__tunable_get_val`.
const NUMBERS: [(&str, [Option<u64>; 4]); 21] = [
    ("", [Some(0); 4]),
    ("abc", [Some(0), Some(0), None, None]),
    ("12abc", [Some(12), Some(12), None, None]),
    ("64K", [Some(64), Some(64), None, None]),
    ("0x10", [Some(16); 4]),
    ("0x", [Some(0); 4]),
    ("0xg", [Some(0), Some(0), None, None]),
    ("010", [Some(8); 4]),
    ("08", [Some(0), Some(0), None, None]),
    ("-1", [Some(MAX); 4]),
    (" 5", [Some(5); 4]),
    ("\t5", [Some(5); 4]),
    ("5 ", [Some(5), Some(5), None, None]),
    ("+5", [Some(5); 4]),
    ("-", [Some(0); 4]),
    ("\"65536\"", [Some(0), Some(0), None, None]),
    ("99999999999999999999", [Some(MAX), Some(MAX), None, None]),
    ("-99999999999999999999", [Some(MAX), Some(MAX), None, None]),
    ("18446744073709551615", [Some(MAX); 4]),
    (
        "18446744073709551614",
        [Some(MAX), Some(MAX), Some(MAX - 1), Some(MAX - 1)],
    ),
    (
        "18446744073709551609",
        [Some(MAX), Some(MAX), Some(MAX - 6), Some(MAX - 6)],
    ),
];

#[test]
fn numbers_are_those_that_the_real_loaders_took() {
    for (text, numbers) in NUMBERS {
        for (version, number) in ASKED.into_iter().zip(numbers) {
            let value = format!("'{text}'");
            for line in [
                format!("MALLOC_TOP_PAD_={value}"),
                format!("GLIBC_TUNABLES=glibc.malloc.top_pad={value}"),
            ] {
                let expected: Vec<_> = number.map(|n| ("top_pad", n)).into_iter().collect();
                assert_eq!(taken(version, &line), expected, "{version} {line}");
            }
        }
    }
}

#[test]
fn bounds_are_those_of_the_real_loaders() {
    type Numbers = [Option<i64>; 4];
    let table: [(&str, &str, Numbers); 15] = [
        ("MALLOC_MMAP_MAX_", "-1", [Some(-1), None, None, None]),
        ("MALLOC_MMAP_MAX_", "2147483647", [Some(2147483647); 4]),
        ("MALLOC_MMAP_MAX_", "2147483648", [None; 4]),
        ("MALLOC_MMAP_MAX_", "4294967295", [None; 4]),
        (
            "MALLOC_MMAP_MAX_",
            "4294967297",
            [None, None, Some(1), Some(1)],
        ),
        ("MALLOC_PERTURB_", "255", [Some(255); 4]),
        ("MALLOC_PERTURB_", "256", [None; 4]),
        ("MALLOC_PERTURB_", "-1", [None; 4]),
        (
            "MALLOC_PERTURB_",
            "4294967297",
            [None, None, Some(1), Some(1)],
        ),
        ("MALLOC_CHECK_", "3", [Some(3); 4]),
        ("MALLOC_CHECK_", "4", [None; 4]),
        ("MALLOC_ARENA_MAX", "0", [None; 4]),
        ("MALLOC_ARENA_MAX", "1", [Some(1); 4]),
        ("MALLOC_ARENA_MAX", "-1", [Some(-1); 4]),
        ("MALLOC_ARENA_TEST", "0", [None; 4]),
    ];
    for (name, value, numbers) in table {
        for (version, expected) in ASKED.into_iter().zip(numbers) {
            let line = format!("{name}={value}");
            let number = taken(version, &line).first().map(|&(_, n)| n as i64);
            assert_eq!(number, expected, "{version} {line}");
        }
    }
}

/// Strings of tunables, with what 2.31 and 2.36 took and what 2.41 and 2.43 took; `t` is short for `glibc.malloc`.
#[test]
fn strings_are_taken_apart_as_by_the_real_loaders() {
    type Taken = &'static [(&'static str, u64)];
    const PAD: Taken = &[("top_pad", 1)];
    const BOTH: Taken = &[("top_pad", 1), ("mmap_max", 2)];
    let table: [(&str, Taken, Taken); 25] = [
        ("t.check", &[], &[]),
        ("t.check=a=b=c", &[("check", 0)], &[]),
        ("", &[], &[]),
        (":", &[], &[]),
        ("::", &[], &[]),
        ("t.top_pad=1:", PAD, &[]),
        (":t.top_pad=1", PAD, PAD),
        ("t.top_pad=1::t.mmap_max=2", BOTH, BOTH),
        ("t.top_pad=1:t.mmap_max", PAD, &[]),
        ("t.mmap_max:t.top_pad=1", PAD, PAD),
        ("t.top_pad=1:t.mmap_max=2=4", BOTH, &[]),
        ("t.mmap_max=2=4:t.top_pad=1", BOTH, &[]),
        ("t.top_pad=2:t.top_pad=1", PAD, PAD),
        ("t.top_pad=1:t.top_pad=abc", &[("top_pad", 0)], &[]),
        (
            "t.mmap_max=5:t.mmap_max=2147483648",
            &[("mmap_max", 5)],
            &[],
        ),
        ("nonsense:t.top_pad=1", PAD, PAD),
        ("no.such=1:t.top_pad=1", PAD, PAD),
        ("t.top_pad=1,t.mmap_max=2", PAD, &[]),
        ("t.top_pad=1:t.mmap_max=2 ", BOTH, PAD),
        (" t.top_pad=1", &[], &[]),
        ("t.top_pad =1", &[], &[]),
        ("malloc.top_pad=1", &[], &[]),
        ("GLIBC.MALLOC.TOP_PAD=1", &[], &[]),
        ("glibc.rtld.enable_secure=1:t.top_pad=1", PAD, &[]),
        ("glibc.rtld.enable_secure=x:t.top_pad=1", PAD, PAD),
    ];
    for (string, old, new) in table {
        let string = string.replace("t.", "glibc.malloc.");
        let line = format!("GLIBC_TUNABLES='{string}'");
        for (version, expected) in [(V2_31, old), (V2_36, old), (V2_41, new), (V2_43, new)] {
            assert_eq!(taken(version, &line), expected, "{version} {line}");
        }
    }
}

/// elf/dl-tunables.c of 2.39 takes the values of a name one after another, and knows no enable_secure; those of 2.40 do.
#[test]
fn of_several_values_2_39_keeps_the_last_good_one() {
    for (string, kept) in [
        ("t.top_pad=2:t.top_pad=1", 1),
        ("t.top_pad=1:t.top_pad=abc", 1),
        ("t.mmap_max=5:t.top_pad=1:t.mmap_max=2147483648", 5),
    ] {
        let line = format!("GLIBC_TUNABLES='{}'", string.replace("t.", "glibc.malloc."));
        let taken = taken(V2_39, &line);
        assert!(
            taken.iter().any(|&(_, number)| number == kept),
            "{line}: {taken:?}"
        );
    }
    let line = "GLIBC_TUNABLES=glibc.rtld.enable_secure=1:glibc.malloc.top_pad=1\nMALLOC_TRIM_THRESHOLD_=3";
    assert_eq!(taken(V2_39, line), [("top_pad", 1), ("trim_threshold", 3)]);
    for malformed in ["glibc.malloc.top_pad=1:", "glibc.malloc.top_pad=64K"] {
        assert_eq!(taken(V2_39, &format!("GLIBC_TUNABLES={malformed}")), []);
    }
}

#[test]
fn a_tunable_is_taken_while_a_release_has_it() {
    let taken =
        |version, name: &str, value: &str| !taken(version, &format!("{name}={value}")).is_empty();
    let limit = "GLIBC_TUNABLES=glibc.malloc.tcache_unsorted_limit";
    assert!(taken(V2_43, limit, "1") && !taken(V2_44, limit, "1"));
    let huge = "GLIBC_TUNABLES=glibc.malloc.hugetlb";
    assert!(taken(Version::V2_35, huge, "2") && !taken(V2_34, huge, "2"));
    assert!(
        taken(Version::V2_28, "MALLOC_MMAP_MAX_", "-1") && !taken(V2_34, "MALLOC_MMAP_MAX_", "-1")
    );
    let names = "GLIBC_TUNABLES=glibc.mem.decorate_maps";
    assert!(taken(V2_39, names, "1") && !taken(V2_36, names, "1"));
}

#[test]
fn a_variable_yields_to_glibc_tunables_in_either_order() {
    // What stands in GLIBC_TUNABLES for a variable of 3, and what the old and the new loaders took.
    for (tunable, old, new) in [
        ("top_pad=4", 4, 4),
        ("top_pad=", 0, 0),
        ("top_pad=abc", 0, 3),
        ("mmap_max=2147483648", 3, 3),
        ("bad", 3, 3),
    ] {
        let name = if tunable.starts_with("mmap") {
            "MMAP_MAX_"
        } else {
            "TOP_PAD_"
        };
        let alias = format!("MALLOC_{name}=3");
        let string = format!("GLIBC_TUNABLES=glibc.malloc.{tunable}");
        for line in [format!("{alias}\n{string}"), format!("{string}\n{alias}")] {
            for (version, expected) in [(V2_31, old), (V2_36, old), (V2_41, new), (V2_43, new)] {
                let number = taken(version, &line).first().map(|&(_, n)| n);
                assert_eq!(number, Some(expected), "{version} {line}");
            }
        }
    }
    let line = "GLIBC_TUNABLES=glibc.rtld.enable_secure=1\nMALLOC_TOP_PAD_=3";
    assert_eq!(taken(V2_36, line), [("top_pad", 3)]);
    assert_eq!(taken(V2_41, line), []);
}

#[test]
fn the_number_is_what_the_real_function_reads_and_the_rest_what_it_leaves() {
    for (text, number, rest) in [
        ("65536", 65536, ""),
        (" \t+7", 7, ""),
        ("64K", 64, "K"),
        ("08", 0, "8"),
        ("0x1fG", 31, "G"),
        ("-", 0, ""),
        ("99999999999999999999", MAX, "9"),
    ] {
        assert_eq!(strtoul(V2_36, text), (number, rest), "{text:?}");
    }
}
