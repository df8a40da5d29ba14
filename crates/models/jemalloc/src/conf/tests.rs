use super::rows::ROWS;
use super::*;
use highwater_allocator::{Bytes, Effect as Outcome};
use proptest::prelude::*;

fn variable(name: &str, value: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn read(value: &str) -> Settings {
    read_by(Version::V5_3_0, value)
}

fn read_by(version: Version, value: &str) -> Settings {
    Settings::from_environment(version, &[variable(NAME, value)])
}

/// Returns what the library would print.
fn printed(value: &str) -> Vec<String> {
    printed_by(Version::V5_3_0, value)
}

fn printed_by(version: Version, value: &str) -> Vec<String> {
    let quoted = |remark: &Remark| {
        let (_, said) = remark.text.split_once("jemalloc says `")?;
        Some(said.split('`').next()?.to_owned())
    };
    let remarks = read_by(version, value).remarks;
    remarks.iter().filter_map(quoted).collect()
}

/// Returns all remarks on a value, as one text.
fn said(value: &str) -> String {
    let line = |r: &Remark| format!("{} {:?} {}\n", r.variable, r.tone, r.text);
    read(value).remarks.iter().map(line).collect()
}

fn defaults_but(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

/// Observed: the library of Debian 12 (5.3.0), `LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=... /bin/true`; what it prints
/// twice, once.
const PRINTED: &[(&str, &[&str])] = &[
    ("", &[]),
    (
        "dirty_decay_ms:1s",
        &["Invalid conf value: dirty_decay_ms:1s"],
    ),
    ("dirty_decay_ms=1000", &["Malformed conf string"]),
    (
        "dirty_decay_ms:1000, muzzy_decay_ms:0",
        &["Malformed conf string"],
    ),
    (" dirty_decay_ms:0", &["Malformed conf string"]),
    (",", &["Malformed conf string"]),
    ("dirty_decay_ms:0,", &["Conf string ends with comma"]),
    ("dirty_decay_ms", &["Conf string ends with key"]),
    ("dirty_decay_ms:", &["Invalid conf value: dirty_decay_ms:"]),
    (
        "dirty_decay_ms:-2",
        &["Out-of-range conf value: dirty_decay_ms:-2"],
    ),
    (
        "dirty_decay_ms:0x",
        &["Invalid conf value: dirty_decay_ms:0x"],
    ),
    (
        "dirty_decay_ms:08",
        &["Invalid conf value: dirty_decay_ms:08"],
    ),
    (
        "dirty_decay_ms:5 ",
        &["Invalid conf value: dirty_decay_ms:5 "],
    ),
    (
        "dirty_decay_ms:--5",
        &["Invalid conf value: dirty_decay_ms:--5"],
    ),
    (
        "background_thread:1",
        &["Invalid conf value: background_thread:1"],
    ),
    ("retain:TRUE", &["Invalid conf value: retain:TRUE"]),
    ("narenas:0", &["Out-of-range conf value: narenas:0"]),
    ("narenas:-1", &["Reducing narenas to limit (4094)"]),
    (
        "oversize_threshold:8M",
        &["Invalid conf value: oversize_threshold:8M"],
    ),
    (
        "oversize_threshold:8070450532247928833",
        &["Out-of-range conf value: oversize_threshold:8070450532247928833"],
    ),
    ("oversize_threshold:8070450532247928832", &[]),
    (
        "lg_tcache_nslots_mul:17",
        &["Out-of-range conf value: lg_tcache_nslots_mul:17"],
    ),
    ("lg_prof_sample:99", &[]),
    (
        "lg_prof_interval:99",
        &["Out-of-range conf value: lg_prof_interval:99"],
    ),
    ("foo:bar", &["Invalid conf pair: foo:bar"]),
    (
        "cache_oblivious:false",
        &["Invalid conf pair: cache_oblivious:false"],
    ),
    ("utrace:true", &["Invalid conf pair: utrace:true"]),
    (
        "lg_san_uaf_align:4",
        &["Invalid conf pair: lg_san_uaf_align:4"],
    ),
    (":", &[]),
    (":x", &["Invalid conf value: :x"]),
    ("d:x", &["Invalid conf value: d:x"]),
    ("t:x", &["Invalid conf pair: t:x"]),
    ("thp:", &[]),
    ("percpu_arena:x", &["Invalid conf value: percpu_arena:x"]),
    ("narenas_ratio:.5", &[]),
    (
        "narenas_ratio:5.",
        &["Invalid conf value: narenas_ratio:5."],
    ),
    ("hpa_dirty_mult:-1", &[]),
    (
        "hpa_hugification_threshold_ratio:1.1",
        &["Invalid conf value: hpa_hugification_threshold_ratio:1.1"],
    ),
    ("bin_shards:1-8:64|16-32:2|", &[]),
    (
        "bin_shards:1-8:65",
        &["Invalid settings for bin_shards: bin_shards:1-8:65"],
    ),
    (
        "slab_sizes:1-8:2x",
        &["Invalid settings for slab_sizes: slab_sizes:1-8:2x"],
    ),
    (
        "prof_leak_error:true",
        &["prof_leak_error is set w/o prof_final."],
    ),
    (
        "foo:bar,abort_conf:true",
        &[
            "Invalid conf pair: foo:bar",
            "Abort (abort_conf:true) on invalid conf value (see above).",
        ],
    ),
    (
        "abort_conf:true,experimental_foo:1",
        &["Invalid conf pair: experimental_foo:1"],
    ),
    (
        "abort_conf:true,dirty_decay_ms:5,",
        &[
            "Conf string ends with comma",
            "Abort (abort_conf:true) on invalid conf value (see above).",
        ],
    ),
    (
        "foo:1,bar baz,abort_conf:true",
        &["Invalid conf pair: foo:1", "Malformed conf string"],
    ),
];

#[test]
fn errors_are_said_in_the_librarys_words() {
    let by_release = [
        (Version::V5_2_1, PRINTED_BY_5_2_1),
        (Version::V5_3_0, PRINTED),
        (Version::V5_3_1, PRINTED_BY_5_3_1),
    ];
    for (version, observed) in by_release {
        for (value, messages) in observed {
            let expected: Vec<_> = messages
                .iter()
                .map(|m| format!("<jemalloc>: {m}"))
                .collect();
            assert_eq!(printed_by(version, value), expected, "{value}");
        }
    }
}

/// Observed: `opt.*` by mallctl in the library of Debian 12.
#[test]
fn numbers_are_those_the_library_takes() {
    for (value, number) in [
        ("0x10", 16),
        ("010", 8),
        (" 5", 5),
        ("+5", 5),
        ("-1", -1),
        ("18446744072000", 18_446_744_072_000),
        ("18446744072001", 10_000),
        ("18446744073709551615", -1),
        ("0xffffffffffffffff", -1),
        ("36893488147419103232", 10_000),
        ("1,dirty_decay_ms:2", 2),
        ("1,dirty_decay_ms:x", 1),
        ("1,foo=2,dirty_decay_ms:3", 1),
    ] {
        let options = read(&format!("dirty_decay_ms:{value}")).options;
        assert_eq!(options.dirty_decay_ms, number, "{value}");
    }
    for (value, narenas) in [("4294967296", 0), ("4294967298", 2), ("default", 0)] {
        let options = read(&format!("narenas:{value}")).options;
        assert_eq!(options.narenas, narenas, "{value}: it is cut to 32 bits");
    }
    for (value, threads) in [
        ("100000", 4),
        ("4095", 4095),
        ("0", 1),
        ("9,max_background_threads:7", 7),
        ("7,max_background_threads:9", 7),
    ] {
        let options = read(&format!("max_background_threads:{value}")).options;
        assert_eq!(options.max_background_threads, threads, "{value}");
    }
}

#[test]
fn what_is_out_of_range_is_brought_inside_where_jemalloc_does_so_and_it_is_said() {
    for (value, options) in [
        (
            "tcache_max:-1",
            defaults_but(|o| o.tcache_max = Bytes::mib(8)),
        ),
        (
            "lg_tcache_max:100",
            defaults_but(|o| o.tcache_max = Bytes::mib(8)),
        ),
        (
            "tcache_nslots_small_min:0",
            defaults_but(|o| o.tcache_nslots_small_min = 1),
        ),
        (
            "tcache_nslots_small_max:4294967295",
            defaults_but(|o| o.tcache_nslots_small_max = 2048),
        ),
        (
            "tcache_gc_incr_bytes:0",
            defaults_but(|o| o.tcache_gc_incr_bytes = Bytes(1024)),
        ),
        ("lg_tcache_flush_small_div:0", Options::default()),
    ] {
        assert_eq!(read(value).options, options, "{value}");
        assert_eq!(printed(value), [""; 0], "jemalloc is silent");
        assert!(said(value).contains("jemalloc reads `"), "{}", said(value));
        assert!(said(value).contains("Surprise"), "{}", said(value));
    }
}

#[test]
fn an_accepted_string_sets_what_it_says() {
    let settings = read(
        "background_thread:true,narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:500,retain:false,tcache:false,lg_tcache_max:12,oversize_threshold:0,lg_extent_max_active_fit:4,tcache_nslots_large:7,lg_tcache_nslots_mul:-2,tcache_gc_delay_bytes:9,lg_tcache_flush_large_div:3",
    );
    let options = defaults_but(|o| {
        o.background_thread = true;
        o.narenas = 2;
        o.dirty_decay_ms = 1000;
        o.muzzy_decay_ms = 500;
        o.retain = false;
        o.tcache = false;
        o.tcache_max = Bytes(4096);
        o.oversize_threshold = Bytes::ZERO;
        o.lg_extent_max_active_fit = 4;
        o.tcache_nslots_large = 7;
        o.lg_tcache_nslots_mul = -2;
        o.tcache_gc_delay_bytes = Bytes(9);
        o.lg_tcache_flush_large_div = 3;
    });
    assert_eq!(settings.options, options);
    assert!(
        settings
            .remarks
            .iter()
            .all(|r| r.tone.effect() == Outcome::Obeyed)
    );
}

#[test]
fn mistakes_get_a_sentence() {
    for (value, part) in [
        ("dirty_decay_ms=1000", "with `:`, not with `=`"),
        ("dirty_decay_ms:0, muzzy_decay_ms:0", "Spaces before"),
        ("opt.dirty_decay_ms:0", "without `opt.`"),
        ("dirty-decay-ms:0", "`_` in names, not `-`"),
        ("dirty_decay_ms:0;muzzy_decay_ms:0", "with commas only"),
        ("\"dirty_decay_ms:0\"", "Quotes"),
        ("dirty_decay_ms:0,,narenas:1", "extra comma"),
        ("tcache,narenas:1", "`:` and a value are missing"),
        ("dirty_decay_ms:10", "add three zeros"),
        ("dirty_decay_ms:1s", "milliseconds"),
        ("background_thread:1", "true or false"),
        ("dirty_decay_ms:1000", "Without background_thread:true"),
        ("muzzy_decay_ms:1000", "MADV_FREE"),
        ("background_threads:true", "Did you mean background_thread?"),
        ("Narenas:1", "Did you mean narenas?"),
        ("decay_time:1", "ended with 4.x"),
        ("tcache_ncached_max:8-8:1", "came with 5.3.1"),
        ("xmalloc:true", "Only a library built with it"),
        ("quux:1", "no such option"),
        ("thp:sometimes", "default, always, never"),
        ("narenas:0", "Allowed: 1 to"),
        ("narenas:2,narenas:3", "A later pair"),
        ("m:auto", "takes it for metadata_thp"),
        ("percpu_arena:percpu", "not modelled"),
        ("hpa:true", "not modelled"),
        ("zero:true", "not modelled"),
        ("zero:false", "nothing changes"),
        (
            "stats_print:true",
            "without effect here: it only controls output",
        ),
        ("", "Empty"),
    ] {
        assert!(said(value).contains(part), "{value}: {}", said(value));
    }
    // A guide that is widely followed writes it like this: what comes after it is lost.
    let settings = read("narenas:2,lg_tcache_max=12,lg_extent_max_active_fit:4");
    assert_eq!(settings.options, defaults_but(|o| o.narenas = 2));
    let settings = read("background_thread:true,dirty_decay_ms:1000");
    let surprised = |r: &Remark| r.tone == Tone::Surprise;
    assert!(!settings.remarks.iter().any(surprised));
}

#[test]
fn variables_that_are_not_read_are_told_apart() {
    for (name, part) in [
        ("_RJEM_MALLOC_CONF", "Rust program"),
        ("JE_MALLOC_CONF", "Redis"),
        ("malloc_conf", "the name is `MALLOC_CONF`"),
        ("MALLOC_CONFIG", "the name is `MALLOC_CONF`"),
        ("MALLOC_ARENA_MAX", "glibc's"),
        ("GLIBC_TUNABLES", "glibc's"),
        ("MALLOC_TRIM_THRESHOLD", "no variable of this name"),
        ("HOME", "no variable of this name"),
    ] {
        let tone = match part {
            "Rust program" | "Redis" | "glibc's" => Tone::NoEffect,
            _ => Tone::NotRead,
        };
        let settings = Settings::from_environment(Version::V5_3_0, &[variable(name, "narenas:1")]);
        assert_eq!(settings.options, Options::default(), "{name}");
        let remark = &settings.remarks[0];
        assert_eq!((remark.tone, &*remark.variable), (tone, name));
        assert!(remark.text.contains(part), "{}", remark.text);
    }
}

#[test]
fn what_comes_of_an_option_is_one_of_four() {
    use Outcome::{Invalid, NoEffect, Obeyed};
    for (value, effect) in [
        ("dirty_decay_ms:1000", Obeyed),
        ("dirty_decay_ms:10000", NoEffect),
        ("tcache:true", NoEffect),
        ("tcache:false", Obeyed),
        ("prof:false", NoEffect),
        ("prof:true", Obeyed),
        ("stats_print:true", NoEffect),
        ("dirty_decay_ms:1s", Invalid),
        ("dirty_decay_ms=1", Invalid),
        ("quux:1", Invalid),
    ] {
        let remarks = read(value).remarks;
        assert_eq!(remarks[0].tone.effect(), effect, "{value}: {remarks:?}");
        assert!(
            remarks.iter().all(|r| r.is_about(NAME)),
            "{value}: {remarks:?}"
        );
    }
}

/// Observed in the same way: the library of Debian 11 (5.2.1).
const PRINTED_BY_5_2_1: &[(&str, &[&str])] = &[
    ("tcache_max:4096", &["Invalid conf pair: tcache_max:4096"]),
    ("lg_tcache_max:12,lg_tcache_max:-1,thp:always", &[]),
    (
        "lg_tcache_max:64",
        &["Out-of-range conf value: lg_tcache_max:64"],
    ),
    ("narenas_ratio:2", &["Invalid conf pair: narenas_ratio:2"]),
    ("dirty_decay_ms:0,", &["Conf string ends with comma"]),
    ("metadata_thp:auto,dss:primary,percpu_arena:percpu", &[]),
    ("tcache:maybe", &["Invalid conf value: tcache:maybe"]),
    ("stats_interval:5", &["Invalid conf pair: stats_interval:5"]),
    (
        "zero_realloc:free",
        &["Invalid conf pair: zero_realloc:free"],
    ),
];

/// Observed in the same way: the library of Debian unstable of 2026 (5.3.1).
const PRINTED_BY_5_3_1: &[(&str, &[&str])] = &[
    ("debug_double_free_max_scan:3", &[]),
    ("utrace:true", &["Invalid conf pair: utrace:true"]),
    (
        "lg_san_uaf_align:12",
        &["Invalid conf pair: lg_san_uaf_align:12"],
    ),
    ("prof_bt_max:9,prof_pid_namespace:true", &[]),
    ("process_madvise_max_batch:3,cache_oblivious:false", &[]),
    (
        "tcache_ncached_max:8-100:3,hpa_purge_threshold_ratio:0.5",
        &[],
    ),
    (
        "tcache_ncached_max:8",
        &["Invalid settings for tcache_ncached_max: tcache_ncached_max:8"],
    ),
    ("hpa_hugify_style:none,h:lazy", &[]),
    ("hpa_s:1", &["Invalid conf pair: hpa_s:1"]),
    (
        "hpa_sec_bytes_after_flush:100000",
        &["Invalid conf pair: hpa_sec_bytes_after_flush:100000"],
    ),
    (
        "dirty_decay_ms:0,",
        &["Conf string ends with comma -- dirty_decay_ms:0,"],
    ),
    (
        "dirty_decay_ms",
        &["Conf string ends with key -- dirty_decay_ms"],
    ),
    (
        "dirty_decay_ms=5",
        &["Malformed conf string -- dirty_decay_ms="],
    ),
    (
        "abort_conf:true,foo:1",
        &[
            "Invalid conf pair: foo:1",
            "Abort (abort_conf:true) on invalid conf value (see above).",
        ],
    ),
];

#[test]
fn what_another_release_takes_is_told() {
    let later = said("experimental_tcache_gc:false");
    assert!(
        later.contains("It came with 5.3.1; this is 5.3.0."),
        "{later}"
    );
    let remarks = read_by(Version::V5_3_1, "hpa_sec_bytes_after_flush:1").remarks;
    let text = &remarks[0].text;
    assert!(
        text.contains("It ended with 5.3.0; this is 5.3.1."),
        "{text}"
    );
}

#[test]
fn options_that_came_with_a_release_are_obeyed_there() {
    let options = |value| read_by(Version::V5_3_1, value).options;
    assert_eq!(options(""), Options::of(Version::V5_3_1));
    assert!(options("disable_large_size_classes:false").large_size_classes);
    let old = |value| read_by(Version::V5_2_1, value).options.tcache_max;
    assert_eq!(
        (old("lg_tcache_max:20"), old("lg_tcache_max:-1")),
        (Bytes::mib(1), Bytes(14_336))
    );
    assert!(!options("experimental_tcache_gc:false").experimental_tcache_gc);
    assert!(!options("cache_oblivious:false").cache_oblivious);
    assert_eq!(
        options("calloc_madvise_threshold:0").calloc_madvise_threshold,
        Bytes::ZERO
    );
    assert_eq!(options("tcache_max:1000000").tcache_max, Bytes::kib(32));
    assert_eq!(options("lg_tcache_max:20").tcache_max, Bytes::kib(32));
}

#[test]
fn presets_are_read_without_a_complaint() {
    let counts = Version::ALL.map(|version| {
        for preset in presets(version) {
            let printed = printed_by(version, preset.value);
            assert_eq!(printed, [""; 0], "{}", preset.name);
        }
        let first = presets(version).next().expect("the defaults");
        let options = read_by(version, first.value).options;
        assert_eq!(options, Options::of(version));
        presets(version).count()
    });
    assert_eq!(counts, [6, 8, 8], "5.2.1 has no tcache_max");
}

#[test]
fn every_option_of_the_table_is_found_by_its_name() {
    let counts = Version::ALL.map(|version| rows::rows(version).count());
    assert_eq!(counts, [34, 70, 87]);
    for version in Version::ALL {
        for row in rows::rows(version) {
            let found = rows::find(version, row.name);
            assert!(found.is_some_and(|found| found.name == row.name));
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", pair in "[a-z_]{0,8}[:=, ]?[-+0-9a-fx.|:]{0,24}") {
        prop_assert!(!read(&text).remarks.is_empty());
        prop_assert!(!read(&pair).remarks.is_empty());
    }

    #[test]
    fn no_value_makes_an_option_panic(row in 0..ROWS.len(), value in "[-+ ]?[0-9a-fx.|:,\u{e9}]{0,30}") {
        let text = format!("{}:{value}", ROWS[row].name);
        prop_assert!(!read(&text).remarks.is_empty());
    }

    #[test]
    fn a_plain_number_in_range_is_taken_as_it_is(ms in 0_i64..=18_446_744_072_000) {
        let options = read(&format!("dirty_decay_ms:{ms}")).options;
        prop_assert_eq!(options.dirty_decay_ms, ms);
    }
}
