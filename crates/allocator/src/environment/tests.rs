use super::*;
use proptest::prelude::*;

fn pairs(text: &str) -> Vec<(String, String)> {
    let variables = parse_lines(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    variables.into_iter().map(|v| (v.name, v.value)).collect()
}

/// Whether a text sets `A=1` and `B=two words`, and nothing else.
fn sets_both(text: &str) {
    let expected = [("A", "1"), ("B", "two words")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(pairs(text), expected, "{text}");
}

fn refusal(text: &str) -> String {
    match Environment::parse(text) {
        Ok(read) => panic!("{text}\n{read:?}"),
        Err(error) => error.to_string(),
    }
}

/// The remark on a variable, if there is one.
fn said(text: &str, name: &str) -> Option<String> {
    let read = Environment::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let remark = read.remarks.into_iter().find(|r| r.variable == name)?;
    Some(remark.text)
}

#[test]
fn lines_of_a_shell_are_read() {
    for text in [
        "# none\n\nA=1\n  B=\"two words\" \n",
        "A=1\r\nB='two words'\r\n",
        "export A=1 B='two words'",
        "export A=1; export B=two\\ words;",
        "export A=1 &&\nexport B=\"two words\" && ./program --flag=3 | tee log",
        "A=1 B=\"two words\" ./program -e C=3 # D=4",
        "A=1 \\\n  B=two' 'words \\\n  ./program \\\n --more",
        "A=1\nB=t\"wo word\"s\nexport A B\n",
        "$ env -i -u C A=1 B='two words' ./program",
        "declare -x A=\"1\"\ndeclare -x B=\"two words\"",
        "setenv A 1\nsetenv B 'two words'",
        "set -gx A 1; set -gx B \"two words\"",
        "\u{feff}A=1\nB='two words'",
    ] {
        sets_both(text);
    }
}

#[test]
fn dockerfiles_and_dockers_options_are_read() {
    for text in [
        "ENV A=1 B=\"two words\"",
        "ENV A=1 \\\n# between\n    B=two\\ words\n",
        "ENV A 1\nENV B two words  \n",
        "ENV A 1\nENV B \"two words\"",
        "docker run --rm -e A=1 --env B='two words' -p 80:80 image",
        "docker run \\\n  --env=A=1 \\\n  -e \"B=two words\" \\\n  image",
        "-e A=1 --env 'B=two words'",
        "-eA=1\n--env=B='two words'",
    ] {
        sets_both(text);
    }
}

#[test]
fn yaml_of_compose_and_kubernetes_is_read() {
    for text in [
        "environment:\n  - A=1\n  - B=two words # why\n",
        "    environment:\n    - \"A=1\"\n    - 'B=two words'\n",
        "environment:\n  A: \"1\"\n  B: two words\n",
        "environment: {A: 1, B: 'two words'}",
        "environment: [A=1, \"B=two words\"]",
        "env:\n- name: A\n  value: \"1\"\n- name: B\n  value: 'two words'\n",
        "        env:\n        - name: A\n\n          # one\n          value: \"1\"\n        -\n          name: B\n          value: \"two words\"",
        "env: [{name: A, value: \"1\"}, {name: B, value: two words}]",
        "- {name: A, value: \"1\"}\n- { \"name\": \"B\", \"value\": \"two words\" },",
        "[\n{\n\"name\": \"A\",\n\"value\": \"1\"\n},\n{\n\"name\": \"B\",\n\"value\": \"two words\"\n}\n]",
    ] {
        sets_both(text);
    }
}

#[test]
fn unit_files_are_read() {
    sets_both("[Service]\nEnvironment=\"A=1\" \"B=two words\"");
    sets_both("; note\nEnvironment=A=1\nEnvironment=B=two\\ words");
}

#[test]
fn dialects_can_be_mixed() {
    let text = "ENV A=1\n- name: B\n  value: \"2\"\nexport C=3\nD: 4\nEnvironment=E=5";
    let names: Vec<String> = pairs(text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E"]);
}

#[test]
fn quotes_within_an_item_of_a_list_are_part_of_the_value() {
    assert_eq!(pairs("- A=\"1\"")[0].1, "\"1\"");
    assert_eq!(pairs("A: '\"1\"'")[0].1, "\"1\"");
    assert_eq!(pairs("A=\"'1'\"")[0].1, "'1'");
}

#[test]
fn the_later_of_two_counts_in_the_earlier_place_and_is_said() {
    let text = "A=1\nB=2\nexport A=3";
    let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
    assert_eq!(pairs(text), [pair("A", "3"), pair("B", "2")]);
    let remark = said(text, "A").expect("it is said");
    assert!(remark.contains("line 3 wins over line 1"), "{remark}");
}

#[test]
fn values_that_stand_elsewhere_are_left_out_and_said() {
    let text = "- name: A\n  valueFrom:\n    secretKeyRef:\n      name: B\n      key: c\n- name: D\n  value: x\nenvFrom:\n- configMapRef:\n    name: E";
    assert_eq!(pairs(text), [("D".to_owned(), "x".to_owned())]);
    assert!(said(text, "A").is_some_and(|t| t.contains("valueFrom")));
    assert!(said(text, "envFrom").is_some());
    for text in ["- A", "A:", "export A", "docker run -e A image"] {
        assert!(pairs(text).is_empty(), "{text}");
        assert!(
            said(text, "A").is_some_and(|t| t.contains("not known")),
            "{text}"
        );
    }
}

#[test]
fn what_a_value_would_become_elsewhere_is_said() {
    for (text, part) in [
        ("A=$B", "`$`"),
        ("- name: A\n  value: 65536", "quotes"),
        ("- name: A\n- name: B\n  value: x", "empty"),
        ("set A=1", "exports nothing"),
        ("A=two words", "`words`"),
    ] {
        let remark = said(text, "A").unwrap_or_else(|| panic!("nothing is said to {text}"));
        assert!(remark.contains(part), "{text}: {remark}");
    }
    assert_eq!(said("A='$B'", "A"), None);
    assert_eq!(said("- name: A\n  value: \"65536\"", "A"), None);
}

#[test]
fn a_malformed_line_is_named() {
    for (text, part) in [
        ("A=1\nMALLOC", "line 2"),
        ("MALLOC", "no `=`"),
        ("=1", "no name"),
        ("A B=1", "first word"),
        ("A = 1", "space"),
        ("A= 1", "space"),
        ("export A =1", "space"),
        ("1A=1", "digit"),
        ("A-B=1", "`-`"),
        ("A=1\n\nB='2\nC=3", "line 3"),
        ("B='2", "never closed"),
        ("A: \"1", "never closed"),
        ("A: |\n  1", "same line"),
        ("FROM debian", "first word"),
        ("image: redis", "`image`"),
        ("- name: app\n  image: redis", "line 2"),
        ("value: 1", "name:"),
        ("- {name: A, value: 1", "same line"),
        ("- {A: {B: 1}}", "brackets"),
        ("ENV A", "no value"),
        ("setenv A 1 2", "quote"),
        ("EnvironmentFile=/etc/x", "paste"),
        ("docker run --env-file x image", "paste"),
        ("docker run image", "-e NAME=VALUE"),
        ("A=\0", "zero byte"),
        (
            "glibc.malloc.tcache_count=0",
            "GLIBC_TUNABLES=glibc.malloc.tcache_count=",
        ),
    ] {
        let error = refusal(text);
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_text_of_nothing_but_separators_and_brackets_ends() {
    for text in [
        ";;;", "&&\n||", "\\\n\\\n", "-", "- - -", "{}\n[]", "$", "\\",
    ] {
        let _ = Environment::parse(text);
    }
    let deep = "[".repeat(100_000);
    let _ = Environment::parse(&format!("x: {deep}"));
    let _ = Environment::parse(&format!("{deep}A"));
    let _ = Environment::parse(&"export A=1;".repeat(100_000));
}

fn single(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

fn double(value: &str) -> String {
    let mut text = "\"".to_owned();
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            text.push('\\');
        }
        text.push(c);
    }
    text + "\""
}

fn yaml_double(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn yaml_single(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Each variable written by one rule, with something before, between and after them.
fn written(
    variables: &[Variable],
    around: [&str; 3],
    one: impl Fn(&str, &str) -> String,
) -> String {
    let all: Vec<String> = variables.iter().map(|v| one(&v.name, &v.value)).collect();
    format!("{}{}{}", around[0], all.join(around[1]), around[2])
}

fn renderings(v: &[Variable]) -> Vec<String> {
    let lines = ["", "\n", "\n"];
    vec![
        written(v, lines, |n, v| {
            Variable {
                name: n.into(),
                value: v.into(),
            }
            .to_string()
        }),
        written(v, ["", "\r\n", ""], |n, v| format!("{n}={}", double(v))),
        written(v, lines, |n, v| format!("export {n}={}", single(v))),
        written(v, ["export ", " \\\n  ", " && ./x"], |n, v| {
            format!("{n}={}", double(v))
        }),
        written(v, ["", " ", " ./program -a b"], |n, v| {
            format!("{n}={}", single(v))
        }),
        written(v, ["env ", " ", " x"], |n, v| single(&format!("{n}={v}"))),
        written(v, lines, |n, v| format!("setenv {n} {};", single(v))),
        written(v, lines, |n, v| format!("set -x {n} {}", double(v))),
        written(v, ["ENV ", " \\\n", ""], |n, v| {
            format!("{n}={}", double(v))
        }),
        written(v, lines, |n, v| format!("ENV {n} {}", single(v))),
        written(v, ["docker run ", " ", " image"], |n, v| {
            format!("-e {n}={}", single(v))
        }),
        written(v, ["docker run ", " \\\n", ""], |n, v| {
            format!("--env {}", single(&format!("{n}={v}")))
        }),
        written(v, ["environment:\n", "\n", ""], |n, v| {
            format!("  - {}", yaml_double(&format!("{n}={v}")))
        }),
        written(v, ["environment:\n", "\n", ""], |n, v| {
            format!("  {n}: {}", yaml_single(v))
        }),
        written(v, ["env:\n", "\n", ""], |n, v| {
            format!("- name: {n}\n  value: {}", yaml_double(v))
        }),
        written(v, ["env: [", ", ", "]"], |n, v| {
            format!("{{name: {n}, value: {}}}", yaml_single(v))
        }),
        written(v, ["environment: {", ", ", "}"], |n, v| {
            format!("{n}: {}", yaml_double(v))
        }),
        written(v, ["[\n", ",\n", "\n]"], |n, v| {
            format!(
                "{{\n \"name\": \"{n}\",\n \"value\": {}\n}}",
                yaml_double(v)
            )
        }),
        written(v, ["[Service]\nEnvironment=", " ", ""], |n, v| {
            single(&format!("{n}={v}"))
        }),
    ]
}

fn variables() -> impl Strategy<Value = Vec<Variable>> {
    let name = "[A-Z_][A-Z0-9_]{0,11}";
    let value = prop_oneof![
        "[0-9]{1,9}",
        "[a-z.]{1,9}=[0-9a-zK]{0,4}:?",
        "[ -~\u{e4}\u{1f9e0}]{0,16}",
    ];
    proptest::collection::btree_map(name, value, 1..5).prop_map(|map| {
        map.into_iter()
            .map(|(name, value)| Variable { name, value })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_dialect_says_the_same(variables in variables()) {
        for text in renderings(&variables) {
            let read = parse_lines(&text);
            prop_assert_eq!(read.as_ref(), Ok(&variables), "{}", text);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC*", pieces in proptest::collection::vec(
        prop_oneof!["[A-Za-z_=:]{1,4}", "[-'\"\\\\ \t\r\n#;&|$@{}\\[\\],]{1,3}", Just("\n- name: ".to_owned()),
            Just("\nENV ".to_owned()), Just("\n  value: ".to_owned()), Just("\nexport ".to_owned()), "\\PC{1,2}"], 0..40)) {
        for text in [text, pieces.concat()] {
            if let Err(error) = Environment::parse(&text) {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1), "{error} in {text:?}");
            }
        }
    }

    #[test]
    fn a_variable_displayed_is_read_back(name in "[A-Za-z_][A-Za-z0-9_]{0,9}", value in "[^\0]{0,20}") {
        let variable = Variable { name, value };
        prop_assert_eq!(parse_lines(&variable.to_string()), Ok(vec![variable]));
    }
}
