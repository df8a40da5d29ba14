//! What is read as plain lines is what every text of its kind is read as.

use highwater_settings::{Environment, Variable};
use proptest::prelude::*;

const NAMES: [&str; 22] = [
    "MALLOC_ARENA_MAX",
    "MALLOC_ARENA_TEST",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD",
    "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_CHECK_",
    "MALLOC_PERTURB_",
    "MALLOC_CONF",
    "_RJEM_MALLOC_CONF",
    "MALLOC_CONFIG",
    "GLIBC_TUNABLES",
    "GLIBC_TUNABLE",
    "PYTHONMALLOC",
    "PYTHONMALLOCSTATS",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "M_ARENA_MAX",
    "PATH",
    "ENV",
    "STAGE",
    "MAL",
];

const VALUES: [&str; 24] = [
    "1",
    "65536",
    "0x10",
    "-1",
    "64k",
    "malloc",
    "pymalloc_debug",
    "narenas:1",
    "background_thread:true,dirty_decay_ms:1000",
    "glibc.malloc.tcache_count=0",
    "glibc.malloc.mxfast=0:glibc.malloc.tcache_count=0",
    "libjemalloc.so.2",
    "yes",
    "null",
    "true",
    "changeme",
    "xxx",
    "todo",
    "none",
    "unset",
    "value",
    "1e5",
    "...",
    "your-value",
];

fn line() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        6 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        1 => "[A-Z_]{1,12}",
    ];
    let value = prop_oneof![
        6 => prop::sample::select(&VALUES[..]).prop_map(str::to_owned),
        2 => "[a-z0-9_.:,=-]{0,12}",
        1 => "[ -~]{0,8}",
    ];
    let separator = prop_oneof![12 => Just("="), 1 => Just(""), 1 => Just(": "), 1 => Just(" ")];
    (name, separator, value)
        .prop_map(|(name, separator, value)| format!("{name}{separator}{value}"))
}

fn text() -> impl Strategy<Value = String> {
    let lines = prop::collection::vec(line(), 0..5);
    let last = prop_oneof![
        2 => Just(String::new()),
        1 => Just("\n".to_owned()),
        1 => "\n[A-Z_]{1,18}",
        1 => prop::sample::select(&NAMES[..]).prop_map(|name| format!("\n{name}")),
    ];
    let between = prop_oneof![8 => Just("\n"), 1 => Just("\n\n"), 1 => Just("\r\n")];
    (lines, between, last).prop_map(|(lines, between, last)| lines.join(between) + &last)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn plain_lines_are_read_as_any_text_is(text in text()) {
        if let Some(read) = Environment::plain(&text) {
            prop_assert_eq!(read, Environment::parse(&text));
        }
    }
}

proptest! {
    #[test]
    fn variables_are_read_back_from_the_lines_that_were_written(
        all in prop::collection::vec(("[A-Z_][A-Za-z0-9_.]{0,12}", ".{0,12}|[ -~\n']{0,12}"), 0..4)
    ) {
        let all = all.into_iter().map(|(name, value)| Variable { name, value });
        let all: Vec<Variable> = all.collect();
        let lines: Vec<String> = all.iter().map(Variable::to_string).collect();
        prop_assert_eq!(Variable::all_of(&lines.join("\n")), Some(all.clone()));
        prop_assert_eq!(Variable::all_of(&(lines.concat() + "# more")), None);
    }
}

#[test]
fn what_boxes_hold_is_plain() {
    for text in [
        "",
        "MALLOC_TRIM_THRESHOLD_=65536",
        "MALLOC_ARENA_MAX=2\nMALLOC_TOP_PAD_=0\n",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0\n",
        "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0",
        "MALLOC_ARENA_MAX=2\nMALL",
        "PYTHONMALLOC=malloc",
    ] {
        assert_eq!(
            Environment::plain(text),
            Some(Environment::parse(text)),
            "{text:?}"
        );
    }
    for text in [
        "ENV MALLOC_ARENA_MAX=2",
        "MALLOC_ARENA_MAX='2'",
        "MALLOC_ARENA_MAX=2 # two",
        "MALLOC_ARENA_MAX=$ARENAS",
        "LD_PRELOAD=/usr/lib/libjemalloc.so.2",
        "DATABASE_URL=postgres",
    ] {
        assert_eq!(Environment::plain(text), None, "{text:?}");
    }
}
