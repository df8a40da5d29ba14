//! The settings in any text: none is refused, what is found are settings, those that were planted are found, and what was
//! read is read back.
#![no_main]
use highwater_fuzz::Input;
use highwater_settings::{Environment, Variable, is_setting};
use libfuzzer_sys::fuzz_target;

/// Settings that are planted, with values that no placeholder is like.
const PLANTED: [(&str, &str); 6] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_TRIM_THRESHOLD_", "65536"),
    ("MALLOC_CONF", "narenas:1,dirty_decay_ms:0"),
    ("GLIBC_TUNABLES", "glibc.malloc.mxfast=0"),
    ("LD_PRELOAD", "/usr/lib/libjemalloc.so.2"),
    ("PYTHONMALLOC", "malloc"),
];

/// Lines that set nothing, some with a secret.
const OTHERS: [&str; 10] = [
    "PATH=/usr/bin:/bin",
    "TOKEN=hunter2secret",
    "# MALLOC_TOP_PAD_=1",
    "environment:",
    "  - name: app",
    "RUN make && echo hunter2secret",
    "[Service]",
    "don't",
    "{ \"a\": [1, 2] },",
    "",
];

/// One setting in one of its forms.
fn form(number: usize, name: &str, value: &str) -> String {
    match number {
        0 => format!("{name}={value}"),
        1 => format!("export {name}=\"{value}\""),
        2 => format!("ENV {name}={value}"),
        3 => format!("    {name}: \"{value}\""),
        4 => format!("    - name: {name}\n      value: '{value}'"),
        5 => format!("\"{name}\": \"{value}\","),
        6 => format!("docker run -e {name}={value} image"),
        _ => format!("| `{name}` | `{value}` |"),
    }
}

/// A text of known lines, and what it sets.
fn mixture(input: &mut Input<'_>) -> (String, Vec<Variable>) {
    let (mut lines, mut expected) = (Vec::new(), Vec::<Variable>::new());
    while !input.is_empty() && lines.len() < 40 {
        let at = usize::from(input.byte());
        let (name, value) = PLANTED[at % PLANTED.len()];
        if at % 3 == 0 || expected.iter().any(|variable| variable.name == name) {
            lines.push((*input.one_of(&OTHERS)).to_owned());
            continue;
        }
        lines.push(form(input.below(8), name, value));
        expected.push(Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }
    (lines.join("\n"), expected)
}

/// Holds what is true of every text.
fn hold(text: &str) -> Environment {
    let read = Environment::parse(text);
    for variable in read.variables.iter().chain(&read.refused) {
        assert!(is_setting(&variable.name), "{variable:?}");
        assert!(!variable.value.contains('\0'), "{variable:?}");
    }
    assert!(read.other_lines <= text.len() + 1);
    assert_eq!(
        Environment::parse(text),
        read,
        "the same text is read alike"
    );
    read
}

fuzz_target!(|bytes: &[u8]| {
    hold(&highwater_settings::decode(bytes));
    let (text, expected) = mixture(&mut Input::new(bytes));
    let read = hold(&text);
    assert_eq!(read.variables, expected, "{text}");
    let said = format!("{:?} {:?}", read.variables, read.remarks);
    assert!(!said.contains("hunter2secret"), "{text}");
    let lines: Vec<String> = expected.iter().map(ToString::to_string).collect();
    assert_eq!(hold(&lines.join("\n")).variables, expected);
});
