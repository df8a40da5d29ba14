use super::*;
use highwater_allocator::{Bytes, parse_lines};

fn read(text: &str) -> Settings {
    let environment = parse_lines(text).expect("well formed");
    Settings::from_environment(Version::V2_36, &environment)
}

fn said(text: &str) -> (Tone, String) {
    let remarks = read(text).remarks;
    let remark = remarks.into_iter().next().expect("one remark at least");
    (remark.tone, remark.text)
}

#[test]
fn numbers_are_read_as_the_loader_reads_them() {
    for (text, number, rest) in [
        ("65536", 65536, ""),
        ("0x10000", 65536, ""),
        ("0200000", 65536, ""),
        (" \t+7", 7, ""),
        ("64K", 64, "K"),
        ("08", 0, "8"),
        ("-1", u64::MAX, ""),
        ("99999999999999999999", u64::MAX, ""),
        ("abc", 0, "abc"),
        ("", 0, ""),
        ("-", 0, "-"),
    ] {
        assert_eq!(strtoul(text), (number, rest), "{text:?}");
    }
}

#[test]
fn any_of_four_freezes_the_threshold() {
    for line in [
        "MALLOC_TRIM_THRESHOLD_=1",
        "MALLOC_TOP_PAD_=0",
        "MALLOC_MMAP_THRESHOLD_=1",
        "MALLOC_MMAP_MAX_=5",
    ] {
        assert!(!read(line).params.dynamic_threshold, "{line}");
    }
    assert!(read("MALLOC_ARENA_MAX=2").params.dynamic_threshold);
}

#[test]
fn a_missing_underscore_is_not_read_and_said() {
    let settings = read("MALLOC_TRIM_THRESHOLD=65536");
    assert_eq!(settings.params, Params::default());
    assert_eq!(settings.remarks[0].tone, Tone::Ignored);
    assert!(settings.remarks[0].text.contains("MALLOC_TRIM_THRESHOLD_."));
    let (tone, text) = said("MALLOC_ARENA_MAX_=2");
    assert_eq!(tone, Tone::Ignored);
    assert!(text.contains("MALLOC_ARENA_MAX."), "{text}");
}

#[test]
fn a_tunable_without_a_variable_is_pointed_out() {
    let (tone, text) = said("MALLOC_TCACHE_COUNT=0");
    assert_eq!(tone, Tone::Ignored);
    assert!(text.contains("glibc.malloc.tcache_count"), "{text}");
}

#[test]
fn units_are_dropped_and_said() {
    let settings = read("MALLOC_TRIM_THRESHOLD_=64K");
    assert_eq!(settings.params.trim_threshold, Bytes(64));
    assert_eq!(settings.remarks[0].tone, Tone::Surprise);
}

#[test]
fn values_out_of_range_leave_the_default() {
    for line in [
        "MALLOC_ARENA_MAX=0",
        "MALLOC_PERTURB_=256",
        "MALLOC_MMAP_MAX_=-1",
        "MALLOC_MMAP_MAX_=2147483648",
        "GLIBC_TUNABLES=glibc.malloc.tcache_max=1033",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=65536",
        "GLIBC_TUNABLES=glibc.malloc.mxfast=161",
    ] {
        let settings = read(line);
        assert_eq!(settings.params, Params::default(), "{line}");
        assert_eq!(settings.remarks[0].tone, Tone::Ignored, "{line}");
    }
}

#[test]
fn tunables_win_over_variables_in_either_order() {
    for lines in [
        "MALLOC_TOP_PAD_=1\nGLIBC_TUNABLES=glibc.malloc.top_pad=2",
        "GLIBC_TUNABLES=glibc.malloc.top_pad=2\nMALLOC_TOP_PAD_=1",
    ] {
        assert_eq!(read(lines).params.top_pad, Bytes(2), "{lines}");
    }
}

#[test]
fn tunables_are_separated_by_colons() {
    let p = read(
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:nonsense:glibc.cpu.x=1:glibc.malloc.mxfast=0",
    )
    .params;
    assert_eq!((p.tcache_count, p.max_fast), (0, Bytes(16)));
}

#[test]
fn fast_and_cached_sizes_are_those_of_chunks() {
    let p = read("GLIBC_TUNABLES=glibc.malloc.mxfast=160:glibc.malloc.tcache_max=100").params;
    assert_eq!((p.max_fast, p.tcache_bins), (Bytes(160), 6));
    let p = read("GLIBC_TUNABLES=glibc.malloc.tcache_max=0").params;
    assert_eq!(p.tcache_bins, 1);
}
