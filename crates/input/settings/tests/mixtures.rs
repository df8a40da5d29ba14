//! Any mixture of settings in any of their forms with any other text sets exactly those, and no text is refused.

use highwater_settings::{Environment, Variable, is_setting};
use proptest::prelude::*;

/// Settings with values as people give them.
const SETTINGS: [(&str, &[&str]); 12] = [
    ("MALLOC_ARENA_MAX", &["1", "2", "16"]),
    ("MALLOC_ARENA_TEST", &["2", "0x10"]),
    ("MALLOC_TRIM_THRESHOLD_", &["65536", "131072", "-1"]),
    ("MALLOC_TOP_PAD_", &["0", "64K"]),
    ("MALLOC_MMAP_THRESHOLD_", &["16384", "010"]),
    ("MALLOC_MMAP_MAX_", &["0"]),
    ("MALLOC_PERTURB_", &["165"]),
    ("MALLOC_CHECK_", &["3"]),
    (
        "MALLOC_CONF",
        &[
            "narenas:1",
            "background_thread:true,dirty_decay_ms:1000",
            "bin_shards:1-8:2|9-16:1",
        ],
    ),
    (
        "GLIBC_TUNABLES",
        &[
            "glibc.malloc.tcache_count=0",
            "glibc.malloc.mxfast=0:glibc.malloc.tcache_count=0",
        ],
    ),
    (
        "LD_PRELOAD",
        &[
            "/usr/lib/libjemalloc.so.2",
            "/a/libx.so:/usr/$LIB/libmimalloc.so",
        ],
    ),
    ("MALLOC_TRIM_THRESHOLD", &["65536"]),
];

/// Text that sets nothing, with keys like those of settings, secrets, and the beginnings of other languages.
const OTHERS: [&str; 26] = [
    "PATH=/usr/bin:/bin",
    "DATABASE_URL=postgres://u:p@db/x?MALLOC=1",
    "environment:",
    "env:",
    "  - name: app",
    "    image: app:1",
    "MemoryMax=12G",
    "Restart=on-failure",
    "[Service]",
    "[program:api]",
    "RUN apt-get update && apt-get install -y libjemalloc2",
    "# MALLOC_TOP_PAD_=1 was tried",
    "#ENV LD_PRELOAD=/usr/lib/libtcmalloc.so.4",
    "  // MALLOC_CONF: 'narenas:9'",
    "CMD [\"node\", \"index.js\"]",
    "echo $MALLOC_ARENA_MAX ${MALLOC_CONF}",
    "if [ -z \"$LD_PRELOAD\" ]; then",
    "{",
    "},",
    "];",
    "resources: {limits: {memory: 512Mi}}",
    "don't panic: it's all right",
    "grep MALLOC_CONF /proc/1/environ",
    "malloc(64); free(p); /* MALLOC_PERTURB_=1 */",
    "\u{e4}\u{f6}\u{fc} \u{1f9e0} = 3",
    "",
];

/// Every way to write one setting that needs nothing before or after it but an end of line.
const FORMS: usize = 26;

fn form(number: usize, name: &str, value: &str) -> String {
    match number {
        0 => format!("{name}={value}"),
        1 => format!("export {name}=\"{value}\""),
        2 => format!("{name}='{value}' ./program --flag"),
        3 => format!("ENV {name}={value}"),
        4 => format!("ENV A=1 {name}=\"{value}\" \\\n    B=2"),
        5 => format!("ENV {name} {value}"),
        6 => format!("docker run -e {name}={value} --rm image"),
        7 => format!("docker run --env '{name}={value}' image"),
        8 => format!("  - {name}={value}"),
        9 => format!("  - \"{name}={value}\"  # why"),
        10 => format!("    {name}: \"{value}\""),
        11 => format!("    - name: {name}\n      value: '{value}'"),
        12 => format!("\"{name}\": \"{value}\","),
        13 => format!("{{ \"name\": \"{name}\", \"value\": \"{value}\" }},"),
        14 => format!("  {name} = \"{value}\""),
        15 => format!("env {{\n  name  = \"{name}\"\n  value = \"{value}\"\n}}"),
        16 => format!("Environment=\"{name}={value}\""),
        17 => format!("environment=A=\"1\",{name}=\"{value}\",B=\"2\""),
        18 => format!("setenv {name} \"{value}\""),
        19 => format!("os.environ[\"{name}\"] = \"{value}\""),
        20 => format!("<env>{name}={value}</env>"),
        21 => format!("heroku config:set {name}='{value}' B=1 -a app"),
        22 => format!("web: {name}='{value}' bundle exec puma"),
        23 => format!("systemd-run --setenv={name}={value} job"),
        24 => format!("export {name}=\"${{{name}:-{value}}}\""),
        _ => format!("  {name}: process.env.X || '{value}',"),
    }
}

/// Whether a form can hold a value: a shell ends an unquoted word at a `|`, and takes `$` for a name.
fn fits(number: usize, value: &str) -> bool {
    let is_quoted = !matches!(number, 0 | 6 | 20 | 23 | 24);
    is_quoted || !value.contains(['|', '$'])
}

prop_compose! {
    /// Settings, each once, in an order of their own.
    fn settings()(
        picked in Just((0..SETTINGS.len()).collect::<Vec<_>>()).prop_shuffle(),
        count in 1..SETTINGS.len(),
        values in proptest::collection::vec(0..3_usize, SETTINGS.len()),
        forms in proptest::collection::vec(0..FORMS, SETTINGS.len()),
    ) -> Vec<(usize, Variable)> {
        let take = |at: &usize| {
            let (name, choices) = SETTINGS[*at];
            let value = choices[values[*at] % choices.len()];
            let form = forms[*at];
            let form = if fits(form, value) { form } else { 10 };
            (form, Variable { name: name.to_owned(), value: value.to_owned() })
        };
        picked.iter().take(count).map(take).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn a_mixture_sets_exactly_its_settings(
        settings in settings(),
        others in proptest::collection::vec(0..OTHERS.len(), 0..12),
        places in proptest::collection::vec(0..100_usize, 12),
        ending in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let mut lines: Vec<String> = settings.iter().map(|(number, v)| form(*number, &v.name, &v.value)).collect();
        for (other, place) in others.iter().zip(places) {
            lines.insert(place % (lines.len() + 1), OTHERS[*other].to_owned());
        }
        let text = lines.join("\n").replace('\n', ending);
        let expected: Vec<Variable> = settings.into_iter().map(|(_, variable)| variable).collect();
        prop_assert_eq!(Environment::parse(&text).variables, expected, "{}", text);
    }

    #[test]
    fn no_text_is_refused_and_none_panics(text in "\\PC*", pieces in proptest::collection::vec(prop_oneof![
        "[A-Za-z_=:]{1,4}", "[-'\"\\\\ \t\r\n#;&|$@{}()<>\\[\\],*`%]{1,3}", "\\PC{1,2}",
        (0..FORMS, 0..SETTINGS.len()).prop_map(|(number, at)| form(number, SETTINGS[at].0, "1")),
        Just("\n- name: ".to_owned()), Just("\nENV ".to_owned()), Just("\nFROM ".to_owned()),
        Just("malloc_conf".to_owned()), Just("mallopt(M_TOP_PAD, ".to_owned()), Just("MALLOC_CONF".to_owned()),
        Just("\0".to_owned()), Just("${MALLOC_CONF:=".to_owned()), Just(": >-\n".to_owned()),
    ], 0..40)) {
        for text in [text, pieces.concat()] {
            let read = Environment::parse(&text);
            prop_assert!(read.variables.iter().all(|variable| is_setting(&variable.name)));
            prop_assert!(read.variables.iter().all(|variable| !variable.value.contains('\0')));
        }
    }

    #[test]
    fn a_setting_displayed_is_read_back(at in 0..SETTINGS.len(), value in "[0-9A-Za-z/._ :|;&#\u{e4}-]{0,20}") {
        // `N` and `...` are placeholders, wherever they stand.
        let is_open = |b: u8| b.is_ascii_uppercase() || b"_.".contains(&b);
        prop_assume!(value.is_empty() || !value.trim().bytes().all(is_open));
        prop_assume!(!value.to_ascii_lowercase().contains("your"));
        let variable = Variable { name: SETTINGS[at].0.to_owned(), value };
        prop_assert_eq!(Environment::parse(&variable.to_string()).variables, [variable]);
    }
}
