use super::*;
use crate::version::Version::{V2_31, V2_34, V2_35, V2_36, V2_39, V2_41, V2_42, V2_43, V2_44};
use highwater_allocator::{Bytes, Effect, Reader, reader_of};

/// Lines of NAME=VALUE, in the order given; single quotes are no part of a value.
pub(super) fn environment(text: &str) -> Vec<Variable> {
    let variable = |line: &str| {
        let (name, value) = line.split_once('=').expect("a variable");
        Variable {
            name: name.to_owned(),
            value: value.replace('\'', ""),
        }
    };
    text.lines().map(variable).collect()
}

fn read_in(version: Version, text: &str) -> Settings {
    Settings::from_environment(version, &environment(text))
}

fn read(text: &str) -> Settings {
    read_in(V2_36, text)
}

/// All that is said to a variable.
fn said_in(version: Version, text: &str) -> Vec<(Tone, String)> {
    let remarks = read_in(version, text).remarks;
    remarks.into_iter().map(|r| (r.tone, r.text)).collect()
}

fn said(text: &str) -> (Tone, String) {
    said_in(V2_36, text).remove(0)
}

const MAX: u64 = u64::MAX;

#[test]
fn any_of_four_freezes_the_threshold_and_it_is_said_what_that_means() {
    for line in [
        "MALLOC_TRIM_THRESHOLD_=1",
        "MALLOC_TOP_PAD_=0",
        "MALLOC_MMAP_THRESHOLD_=1",
        "MALLOC_MMAP_MAX_=5",
    ] {
        for version in Version::ALL {
            let settings = read_in(version, line);
            assert!(!settings.params.dynamic_threshold, "{version} {line}");
            let surprises: Vec<_> = settings
                .remarks
                .iter()
                .filter(|r| r.tone == Tone::Surprise)
                .collect();
            assert!(surprises[0].text.contains("instead of rising"), "{line}");
        }
    }
    let remarks = read("MALLOC_TRIM_THRESHOLD_=65536\nMALLOC_TOP_PAD_=0").remarks;
    assert_eq!(remarks.len(), 3, "said once: {remarks:?}");
    assert_eq!(
        remarks[2].text,
        "The mmap threshold now stays at 128 KiB instead of rising to as much as 32 MiB. This usually changes the outcome, not the number given."
    );
    assert!(read("MALLOC_ARENA_MAX=2").params.dynamic_threshold);
}

#[test]
fn an_mmap_threshold_above_32_mib_is_ignored_by_2_31_and_freezes_nothing() {
    for value in ["33554433", "-1"] {
        let line = format!("MALLOC_MMAP_THRESHOLD_={value}");
        let old = read_in(V2_31, &line);
        assert_eq!(old.params, Params::defaults(V2_31), "{line}");
        assert_eq!(old.remarks.last().map(|r| r.tone), Some(Tone::Invalid));
        assert_eq!(
            read_in(V2_34, &line).params,
            Params::defaults(V2_34),
            "{line}"
        );
        assert!(!read_in(V2_35, &line).params.dynamic_threshold);
    }
    let params = read_in(V2_31, "MALLOC_MMAP_THRESHOLD_=33554432").params;
    assert_eq!(
        (params.mmap_threshold, params.dynamic_threshold),
        (Bytes::mib(32), false)
    );
}

#[test]
fn misspelt_variables_are_named_as_they_should_be() {
    for (line, part) in [
        ("MALLOC_TRIM_THRESHOLD=65536", "must end with an underscore"),
        ("MALLOC_TRIM_THRESHOLD=65536", "`MALLOC_TRIM_THRESHOLD_`"),
        ("MALLOC_ARENA_MAX_=2", "must not end with an underscore"),
        ("MALLOC_ARENA_MAX_=2", "`MALLOC_ARENA_MAX`"),
        ("malloc_arena_max=2", "capitals"),
        ("Malloc_Top_Pad=2", "`MALLOC_TOP_PAD_`"),
        ("M_ARENA_MAX=2", "`MALLOC_ARENA_MAX`"),
        (
            "MALLOC_TCACHE_COUNT=0",
            "GLIBC_TUNABLES=glibc.malloc.tcache_count",
        ),
        (
            "GLIBC_TUNABLE=glibc.malloc.tcache_count=0",
            "GLIBC_TUNABLES",
        ),
        (
            "glibc.malloc.tcache_count=0",
            "Write GLIBC_TUNABLES=glibc.malloc.tcache_count=",
        ),
        ("HOME=/root", "reads no variable"),
    ] {
        for version in Version::ALL {
            let settings = read_in(version, line);
            assert_eq!(settings.params, Params::defaults(version));
            let remark = &settings.remarks[0];
            assert_eq!(remark.tone, Tone::NotRead, "{line}");
            assert!(remark.text.contains(part), "{line}: {}", remark.text);
        }
    }
}

#[test]
fn misspelt_tunables_are_named_as_they_should_be() {
    for (name, part) in [
        ("glibc.malloc.TCACHE_COUNT", "glibc.malloc.tcache_count"),
        (
            "glibc.malloc.trim_threshold_",
            "glibc.malloc.trim_threshold",
        ),
        ("malloc.tcache_count", "glibc.malloc.tcache_count"),
        ("MALLOC_ARENA_MAX", "glibc.malloc.arena_max"),
        (" glibc.malloc.mxfast", "glibc.malloc.mxfast"),
        ("glibc.malloc.nothing", "no such tunable"),
    ] {
        let (tone, text) = said(&format!("GLIBC_TUNABLES='{name}=1'"));
        assert_eq!(tone, Tone::NotRead);
        assert!(text.contains(part), "{name}: {text}");
    }
}

#[test]
fn every_variable_gets_a_remark() {
    for version in Version::ALL {
        for line in [
            "GLIBC_TUNABLES=",
            "GLIBC_TUNABLES=:",
            "GLIBC_TUNABLES=x",
            "GLIBC_TUNABLES=glibc.malloc.hugetlb=0",
            "GLIBC_TUNABLES=glibc.rtld.enable_secure=0",
            "MALLOC_CHECK_=0",
            "MALLOC_PERTURB_=",
            "PATH=/bin",
        ] {
            assert!(!said_in(version, line).is_empty(), "{version} {line}");
        }
    }
}

#[test]
fn units_are_dropped_or_the_whole_value_is_and_the_number_to_write_is_said() {
    for (value, number) in [
        ("64K", 65536),
        ("64KB", 65536),
        ("1MiB", 1 << 20),
        ("2 g", 2_147_483_648_u64),
    ] {
        let line = format!("MALLOC_TRIM_THRESHOLD_='{value}'");
        for version in Version::ALL {
            let strict = version >= V2_39;
            let (tone, text) = said_in(version, &line).remove(0);
            assert_eq!(tone == Tone::Invalid, strict);
            assert!(
                text.ends_with(&format!("write {number}.")),
                "{version} {line}: {text}"
            );
            assert_eq!(read_in(version, &line).params.dynamic_threshold, strict);
        }
    }
    assert_eq!(
        read("MALLOC_TRIM_THRESHOLD_=64K").params.trim_threshold,
        Bytes(64)
    );
}

#[test]
fn odd_numbers_are_said() {
    for (value, part) in [
        ("", "Empty"),
        ("010", "octal"),
        ("-1", "18446744073709551615"),
        ("'\"5\"'", "quotes"),
        ("99999999999999999999", "too large"),
        ("abc", "not a number"),
    ] {
        let (tone, text) = said(&format!("MALLOC_TOP_PAD_={value}"));
        assert_eq!(tone, Tone::Surprise);
        assert!(text.contains(part), "{value}: {text}");
    }
    for value in ["0", "0x0", "0X10", "+5", "65536"] {
        assert_eq!(
            said(&format!("MALLOC_TOP_PAD_={value}")).0,
            Tone::Applied,
            "{value}"
        );
    }
    let (_, text) = said("GLIBC_TUNABLES=glibc.malloc.top_pad=1,glibc.malloc.mxfast=0");
    assert!(text.contains("Separate tunables with `:`"), "{text}");
}

#[test]
fn values_out_of_range_leave_the_default_and_the_range_is_said() {
    for (line, part) in [
        ("MALLOC_ARENA_MAX=0", "from 1 to 2^64"),
        ("MALLOC_PERTURB_=256", "from 0 to 255"),
        ("MALLOC_MMAP_MAX_=2147483648", "from 0 to 2147483647"),
        ("GLIBC_TUNABLES=glibc.malloc.tcache_max=1033", "1032"),
        ("GLIBC_TUNABLES=glibc.malloc.tcache_count=65536", "65535"),
        ("GLIBC_TUNABLES=glibc.malloc.mxfast=161", "160"),
        ("GLIBC_TUNABLES=glibc.malloc.hugetlb=3", "2097152"),
    ] {
        let settings = read(line);
        assert_eq!(settings.params, Params::default(), "{line}");
        let remark = &settings.remarks[0];
        assert_eq!(remark.tone, Tone::Invalid, "{line}");
        assert!(remark.text.contains(part), "{line}: {}", remark.text);
    }
}

#[test]
fn fastbins_end_where_mxfast_says_and_2_43_has_none() {
    // The largest chunk that the real libraries kept in a fastbin with the thread cache off.
    for (value, largest) in [
        (0, 16),
        (7, 16),
        (8, 16),
        (16, 16),
        (24, 32),
        (152, 160),
        (160, 160),
        (161, 128),
    ] {
        let line = format!("GLIBC_TUNABLES=glibc.malloc.mxfast={value}");
        for version in [V2_31, V2_36, V2_41] {
            let largest_chunk = read_in(version, &line).params.max_fast.max(Bytes(16));
            assert_eq!(largest_chunk, Bytes(largest), "{version} {line}");
        }
        let settings = read_in(V2_43, &line);
        assert_eq!(settings.params, Params::defaults(V2_43));
        assert!(settings.remarks[0].text.contains("no fastbins"));
    }
}

#[test]
fn thread_caches_keep_what_tcache_max_says() {
    let read = |version, value: u64| {
        read_in(
            version,
            &format!("GLIBC_TUNABLES=glibc.malloc.tcache_max={value}"),
        )
    };
    for version in Version::ALL {
        for (value, bins) in [(0, 1), (24, 1), (25, 2), (100, 6), (1031, 64), (1032, 64)] {
            let params = read(version, value).params;
            let below = Bytes(32 + 16 * (bins - 1) + 1);
            assert_eq!(
                (params.tcache_bins, params.tcache_max_chunk),
                (bins as usize, below),
                "{version} {value}"
            );
        }
    }
    for version in [V2_31, V2_36, V2_41] {
        for value in [1033, 4096, MAX] {
            assert_eq!(read(version, value).params, Params::defaults(version));
        }
    }
}

/// The largest request that the real 2.43 kept in a cache, for values beyond the small bins.
#[test]
fn thread_caches_of_2_43_reach_up_to_4_mib() {
    let read = |value: u64| {
        read_in(
            V2_43,
            &format!("GLIBC_TUNABLES=glibc.malloc.tcache_max={value}"),
        )
    };
    for (value, below) in [
        (1033, 1057),
        (1048, 1057),
        (2000, 2017),
        (65536, 65553),
        (4194280, 4194289),
    ] {
        let params = read(value).params;
        assert_eq!(
            (params.tcache_bins, params.tcache_max_chunk),
            (64, Bytes(below)),
            "{value}"
        );
    }
    for refused in [
        4194281,
        4194304,
        8000000,
        4294967272,
        4294967280,
        4294967288,
        4303355904,
        8589934560,
        8589934576,
        1 << 63,
        MAX,
    ] {
        assert_eq!(read(refused).params, Params::defaults(V2_43), "{refused}");
    }
    for truncated in [
        4294967289,
        4294967295,
        4294967296,
        4294968337,
        8589934592,
        1 << 40,
        (1 << 63) - 1,
    ] {
        let settings = read(truncated);
        assert_eq!(
            settings.params.tcache_max_chunk,
            Bytes::mib(4),
            "{truncated}"
        );
        assert_eq!(settings.remarks[0].tone, Tone::Surprise);
        let line = format!("GLIBC_TUNABLES=glibc.malloc.tcache_max={truncated}");
        assert_eq!(
            read_in(V2_44, &line).params,
            Params::defaults(V2_44),
            "{truncated}"
        );
    }
}

#[test]
fn a_tunable_that_was_removed_is_named_with_the_release() {
    let line = "GLIBC_TUNABLES=glibc.malloc.tcache_unsorted_limit=5";
    assert_eq!(read_in(V2_43, line).params.tcache_unsorted_limit, 5);
    let settings = read_in(V2_44, line);
    assert_eq!(settings.params, Params::defaults(V2_44));
    assert_eq!(settings.remarks[0].tone, Tone::NotRead);
    assert!(settings.remarks[0].text.contains("removed in 2.44"));
}

#[test]
fn thread_caches_hold_16_of_a_size_from_2_43_on_and_7_before() {
    for (version, count) in [
        (V2_31, 7),
        (V2_36, 7),
        (V2_41, 7),
        (V2_42, 7),
        (V2_43, 16),
        (V2_44, 16),
    ] {
        assert_eq!(read_in(version, "").params.tcache_count, count);
        for (value, count) in [(0, 0), (1, 1), (65535, 65535), (65536, count)] {
            let line = format!("GLIBC_TUNABLES=glibc.malloc.tcache_count={value}");
            assert_eq!(
                read_in(version, &line).params.tcache_count,
                count,
                "{version} {line}"
            );
        }
    }
}

#[test]
fn huge_pages_take_the_mmap_threshold_with_them_since_2_39() {
    let params = |version, more: &str| {
        read_in(
            version,
            &format!("GLIBC_TUNABLES=glibc.malloc.hugetlb={more}"),
        )
        .params
    };
    let (two, gib) = (Bytes::mib(2), Bytes::mib(1024));
    for (version, value, page, threshold) in [
        (V2_31, "2", None, None),
        (V2_36, "0", None, None),
        (V2_36, "1", None, None),
        (V2_36, "2", Some(two), None),
        (V2_36, "3", None, None),
        (V2_36, "1073741824", Some(gib), None),
        (V2_39, "2", Some(two), Some(two)),
        (V2_42, "2", Some(two), Some(two)),
        (V2_42, "1073741824", None, None),
        (V2_41, "2", Some(two), Some(two)),
        (V2_41, "2097152", Some(two), Some(two)),
        (V2_41, "1073741824", Some(gib), Some(gib)),
        (
            V2_41,
            "2:glibc.malloc.mmap_threshold=500000",
            Some(two),
            Some(Bytes(500_000)),
        ),
        (V2_41, "2:glibc.malloc.mmap_max=500", Some(two), Some(two)),
        (V2_43, "2", Some(two), Some(two)),
        (V2_43, "1073741824", None, None),
    ] {
        let params = params(version, value);
        assert_eq!(params.huge_page, page, "{version} {value}");
        assert_eq!(
            params.mmap_threshold,
            threshold.unwrap_or(Bytes::kib(128)),
            "{version} {value}"
        );
        assert_eq!(
            params.dynamic_threshold,
            threshold.is_none(),
            "{version} {value}"
        );
    }
    let (tone, text) = said_in(V2_31, "GLIBC_TUNABLES=glibc.malloc.hugetlb=2").remove(0);
    assert_eq!(tone, Tone::NotRead);
    assert!(text.contains("came with 2.35"), "{text}");
}

#[test]
fn a_checked_heap_is_not_modelled_and_that_is_said() {
    let (tone, text) = said_in(V2_31, "MALLOC_CHECK_=3").remove(0);
    assert_eq!(tone, Tone::Surprise);
    assert!(text.contains("not modelled"), "{text}");
    let (tone, text) = said("MALLOC_CHECK_=3");
    assert_eq!(tone, Tone::NoEffect);
    assert!(text.contains("libc_malloc_debug.so"), "{text}");
}

#[test]
fn what_comes_of_a_setting_is_one_of_four() {
    use Effect::{Invalid, NoEffect, NotRead, Obeyed};
    for (line, effect) in [
        ("MALLOC_ARENA_MAX=1", Obeyed),
        ("MALLOC_TRIM_THRESHOLD_=131072", Obeyed),
        ("MALLOC_TOP_PAD_=abc", Obeyed),
        ("MALLOC_ARENA_TEST=8", NoEffect),
        ("MALLOC_PERTURB_=0", NoEffect),
        ("GLIBC_TUNABLES=glibc.malloc.tcache_count=7", NoEffect),
        ("GLIBC_TUNABLES=glibc.cpu.x=1", NoEffect),
        ("GLIBC_TUNABLES=", NoEffect),
        ("MALLOC_CONF=dirty_decay_ms:0", NoEffect),
        ("MALLOC_TRACE=/tmp/trace", NoEffect),
        ("MALLOC_TRIM_THRESHOLD=1", NotRead),
        ("GLIBC_TUNABLES=glibc.malloc.nothing=1", NotRead),
        ("MALLOC_ARENA_MAX=0", Invalid),
        ("GLIBC_TUNABLES=glibc.malloc.mxfast=161", Invalid),
    ] {
        let remarks = read(line).remarks;
        assert_eq!(remarks[0].tone.effect(), effect, "{line}: {remarks:?}");
        let (name, _) = line.split_once('=').expect("a variable");
        assert!(
            remarks.iter().all(|r| r.is_about(name)),
            "{line}: {remarks:?}"
        );
    }
    let both = read("GLIBC_TUNABLES=glibc.malloc.top_pad=1\nMALLOC_TOP_PAD_=2").remarks;
    let wins = both.iter().find(|r| r.text.contains("wins")).expect("said");
    assert!(wins.is_about("MALLOC_TOP_PAD_") && wins.tone == Tone::NoEffect);
}

#[test]
fn an_arena_cap_is_said_in_the_right_number() {
    assert_eq!(said("MALLOC_ARENA_MAX=1").1, "All threads share one arena.");
    let (_, text) = said("MALLOC_ARENA_MAX=4");
    assert!(text.starts_with("At most 4 arenas"), "{text}");
    assert!(text.contains("locked moves on to another"), "{text}");
}

#[test]
fn every_variable_of_a_tunable_is_one_that_glibc_reads() {
    for alias in Tunable::ALL.iter().filter_map(|tunable| tunable.alias) {
        assert_eq!(reader_of(alias), Some(Reader::Glibc), "{alias}");
    }
}

#[test]
fn named_mappings_change_no_memory_and_came_with_2_39() {
    for version in Version::ALL {
        let line = "GLIBC_TUNABLES=glibc.mem.decorate_maps=";
        let read = |value: u32| read_in(version, &format!("{line}{value}"));
        for value in [0, 1, 2] {
            assert_eq!(read(value).params, Params::defaults(version));
        }
        let remarks = [0, 1, 2].map(|value| read(value).remarks.remove(0));
        if version < V2_39 {
            assert!(remarks.iter().all(|r| r.tone == Tone::NotRead));
            assert!(remarks[1].text.contains("came with 2.39"));
        } else {
            let tones = remarks.each_ref().map(|remark| remark.tone);
            assert_eq!(tones, [Tone::NoEffect, Tone::NoEffect, Tone::Invalid]);
            assert!(remarks[1].text.contains("/proc/PID/maps"));
        }
    }
    let remarks = read_in(V2_43, "MALLOC_DECORATE_MAPS=1").remarks;
    assert!(
        remarks[0]
            .text
            .contains("GLIBC_TUNABLES=glibc.mem.decorate_maps=")
    );
}
