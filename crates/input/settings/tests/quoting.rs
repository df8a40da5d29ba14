//! Variables drawn at random, written in each form with that form's own quoting, are read back as they were; and a text
//! that was cut off never gives a part of a quoted value for the whole.

use highwater_settings::{Environment, Variable};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::fmt::Write;

/// A way to write variables.
struct Form {
    name: &'static str,
    write: fn(&[Variable]) -> String,
    /// Whether it can hold any character in a value; else it holds only those of [`PLAIN`].
    holds_any: bool,
    /// Whether a value ends where its quotes do, so that a cut within it shows.
    is_quoted: bool,
}

/// Characters that need no quotes in any form.
const PLAIN: &str = "[0-9A-Za-z/._:-]";

/// Characters of which some need quotes. A `$`, a backtick, a `{` and a `<` are not among them: wherever one is, it refers
/// to something or stands for a value that somebody still has to choose.
const ANY: &str = "[ !\"#%&'()*+,\\-./0-9:;=>?@A-Z\\[\\\\\\]^_a-z|}~\u{e4}\u{4e2d}]";
/// The same without quotes, backslashes and blanks, at which a value of a damaged text may seem to end.
const UNBROKEN: &str = "[!#%&()*+,\\-./0-9:;=>?@A-Z\\[\\]^_a-z|}~\u{e4}\u{4e2d}]";

/// What goes around each setting of a list.
fn each(variables: &[Variable], line: impl Fn(&str, &str) -> String) -> String {
    let lines = variables.iter().map(|v| line(&v.name, &v.value));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// A text in double quotes, a backslash before each of some characters.
fn escaped(text: &str, special: &[char]) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if special.contains(&c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted + "\""
}

/// As JSON has it, and YAML and TOML in double quotes.
fn json(text: &str) -> String {
    escaped(text, &['"', '\\'])
}

/// As a shell has it in single quotes.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// As a shell has it in double quotes.
fn shell_double(text: &str) -> String {
    escaped(text, &['"', '\\', '$', '`'])
}

const FORMS: &[Form] = &[
    Form {
        name: "an environment of /proc",
        write: |v| {
            let entries = v.iter().map(|v| format!("{}={}\0", v.name, v.value));
            "HOME=/root\0".to_owned() + &entries.collect::<String>()
        },
        holds_any: true,
        is_quoted: false,
    },
    Form {
        name: "a file of docker's --env-file",
        write: |v| "TZ=UTC\n".to_owned() + &each(v, |name, value| format!("{name}={value}")),
        holds_any: false,
        is_quoted: false,
    },
    Form {
        name: "a shell's exports in single quotes",
        write: |v| {
            "#!/bin/sh\n".to_owned()
                + &each(v, |name, value| format!("export {name}={}", shell(value)))
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a shell's exports in double quotes",
        write: |v| {
            let export = |name: &str, value: &str| format!("export {name}={}", shell_double(value));
            "#!/bin/sh\n".to_owned() + &each(v, export) + "exec ./program\n"
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a command",
        write: |v| {
            let words = v.iter().map(|v| format!("{}={} ", v.name, shell(&v.value)));
            words.collect::<String>() + "./program --flag\n"
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a Procfile",
        write: |v| {
            let words = v.iter().map(|v| format!("{}={} ", v.name, shell(&v.value)));
            format!("web: {}bundle exec puma\n", words.collect::<String>())
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "docker run",
        write: |v| {
            let option =
                |v: &Variable| format!("-e {} ", shell(&format!("{}={}", v.name, v.value)));
            format!(
                "docker run --rm {}image\n",
                v.iter().map(option).collect::<String>()
            )
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a Dockerfile's lines",
        write: |v| {
            let env = |name: &str, value: &str| format!("ENV {name}={}", shell_double(value));
            "FROM debian:12\n".to_owned() + &each(v, env) + "CMD [\"./program\"]\n"
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "one ENV of a Dockerfile",
        write: |v| {
            let words = v
                .iter()
                .map(|v| format!("{}={}", v.name, shell_double(&v.value)));
            let words = words.collect::<Vec<_>>().join(" \\\n    ");
            format!("FROM debian:12\nENV {words}\nCMD [\"./program\"]\n")
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "the old ENV of a Dockerfile",
        write: |v| {
            "FROM debian:12\n".to_owned() + &each(v, |name, value| format!("ENV {name} {value}"))
        },
        holds_any: false,
        is_quoted: false,
    },
    Form {
        name: "a map of Compose",
        write: |v| {
            let head = "services:\n  web:\n    image: app:1\n    environment:\n";
            head.to_owned() + &each(v, |name, value| format!("      {name}: {}", json(value)))
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a list of Compose",
        write: |v| {
            let item = |name: &str, value: &str| {
                format!(
                    "      - '{}'",
                    format!("{name}={value}").replace('\'', "''")
                )
            };
            "services:\n  web:\n    environment:\n".to_owned() + &each(v, item)
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "Compose as JSON",
        write: |v| {
            let pairs = v
                .iter()
                .map(|v| format!("{}: {}", json(&v.name), json(&v.value)));
            let pairs = pairs.collect::<Vec<_>>().join(",\n  ");
            format!("{{\"services\": {{\"web\": {{\"environment\": {{\n  {pairs}\n}}}}}}}}\n")
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a container of Kubernetes",
        write: |v| {
            let item = |name: &str, value: &str| {
                format!("    - name: {name}\n      value: {}", json(value))
            };
            "spec:\n  containers:\n  - name: app\n    env:\n".to_owned() + &each(v, item)
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a task of ECS",
        write: |v| {
            let item = |v: &Variable| {
                format!(
                    "{{\"name\": {}, \"value\": {}}}",
                    json(&v.name),
                    json(&v.value)
                )
            };
            let items = v.iter().map(item).collect::<Vec<_>>().join(",\n");
            format!("{{\"containerDefinitions\": [{{\"environment\": [\n{items}\n]}}]}}\n")
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a unit of systemd",
        write: |v| {
            let line = |name: &str, value: &str| {
                let pair = format!("{name}={}", value.replace('%', "%%"));
                format!("Environment={}", json(&pair))
            };
            "[Service]\n".to_owned() + &each(v, line) + "ExecStart=/usr/bin/program\n"
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "a program of supervisord",
        write: |v| {
            let pairs = v.iter().map(|v| format!("{}=\"{}\"", v.name, v.value));
            let pairs = pairs.collect::<Vec<_>>().join(",");
            format!("[program:api]\ncommand=/bin/api\nenvironment={pairs}\n")
        },
        holds_any: false,
        is_quoted: true,
    },
    Form {
        name: "TOML",
        write: |v| {
            "[env]\n".to_owned() + &each(v, |name, value| format!("{name} = {}", json(value)))
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "Python",
        write: |v| {
            let line =
                |name: &str, value: &str| format!("os.environ[\"{name}\"] = {}", json(value));
            "import os\n".to_owned() + &each(v, line)
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "JavaScript",
        write: |v| {
            each(v, |name, value| {
                format!("process.env.{name} = {};", json(value))
            })
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "C",
        write: |v| {
            each(v, |name, value| {
                format!("  setenv(\"{name}\", {}, 1);", json(value))
            })
        },
        holds_any: true,
        is_quoted: true,
    },
    Form {
        name: "HCL",
        write: |v| {
            let block = |name: &str, value: &str| {
                format!(
                    "env {{\n  name  = \"{name}\"\n  value = {}\n}}",
                    json(value)
                )
            };
            each(v, block)
        },
        holds_any: false,
        is_quoted: true,
    },
    Form {
        name: "csh",
        write: |v| each(v, |name, value| format!("setenv {name} {}", shell(value))),
        holds_any: false,
        is_quoted: true,
    },
    Form {
        name: "fish",
        write: |v| each(v, |name, value| format!("set -gx {name} {}", shell(value))),
        holds_any: false,
        is_quoted: true,
    },
    Form {
        name: "PowerShell",
        write: |v| each(v, |name, value| format!("$env:{name} = \"{value}\"")),
        holds_any: false,
        is_quoted: true,
    },
    Form {
        name: "a batch file",
        write: |v| "@echo off\n".to_owned() + &each(v, |n, value| format!("set \"{n}={value}\"")),
        holds_any: false,
        is_quoted: true,
    },
    Form {
        name: "XML",
        write: |v| {
            let element = |name: &str, value: &str| {
                format!("  <environmentVariable name=\"{name}\" value=\"{value}\" />")
            };
            format!(
                "<environmentVariables>\n{}</environmentVariables>\n",
                each(v, element)
            )
        },
        holds_any: false,
        is_quoted: true,
    },
    Form {
        name: "a table of Markdown",
        write: |v| {
            let mut table = String::from("| Variable | Value |\n|---|---|\n");
            for Variable { name, value } in v {
                let _ = writeln!(table, "| `{name}` | `{value}` |");
            }
            table
        },
        holds_any: false,
        is_quoted: true,
    },
];

/// What an allocator's variable may hold, of these characters where it holds a text.
fn value(name: &'static str, character: &'static str) -> BoxedStrategy<String> {
    match name {
        "MALLOC_CONF" => {
            let option = (
                prop_oneof![Just("narenas"), Just("dirty_decay_ms"), Just("prof_prefix")],
                proptest::string::string_regex(&format!("[0-9a-z]{character}{{0,12}}[0-9a-z]"))
                    .expect("it is a pattern"),
            );
            let joined = |options: Vec<(&str, String)>| {
                let pairs = options
                    .iter()
                    .map(|(name, value)| format!("{name}:{value}"));
                pairs.collect::<Vec<_>>().join(":")
            };
            proptest::collection::vec(option, 1..4)
                .prop_map(joined)
                .boxed()
        }
        "LD_PRELOAD" => proptest::string::string_regex(&format!(
            "/usr/[a-z]{character}{{0,10}}/libjemalloc\\.so\\.2"
        ))
        .expect("it is a pattern")
        .boxed(),
        "PYTHONMALLOC" => prop_oneof![Just("malloc"), Just("debug")]
            .prop_map(str::to_owned)
            .boxed(),
        _ => "(0|[1-9][0-9]{0,18}|0x[0-9a-f]{1,8}|-1|[1-9][0-9]{0,3}[KM])".boxed(),
    }
}

const NAMES: [&str; 8] = [
    "MALLOC_CONF",
    "LD_PRELOAD",
    "MALLOC_ARENA_MAX",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_PERTURB_",
    "PYTHONMALLOC",
];

prop_compose! {
    /// Some variables, each name once, in an order of their own.
    fn variables(character: &'static str)(
        names in Just(NAMES.to_vec()).prop_shuffle(),
        count in 1..=NAMES.len(),
    )(values in names.iter().take(count).map(|name| value(name, character)).collect::<Vec<_>>(), names in Just(names)) -> Vec<Variable> {
        let pairs = names.into_iter().zip(values);
        pairs.map(|(name, value)| Variable { name: name.to_owned(), value }).collect()
    }
}

/// Checks a property of variables in each form, and returns the first failure of each.
fn failures<S: Strategy<Value = T>, T: std::fmt::Debug>(
    strategy: impl Fn(&Form) -> S,
    property: impl Fn(&Form, T) -> Result<(), TestCaseError>,
) -> String {
    let config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    };
    let mut failures = String::new();
    for form in FORMS {
        let mut runner = TestRunner::new(config.clone());
        let result = runner.run(&strategy(form), |value| property(form, value));
        if let Err(error) = result {
            let _ = writeln!(failures, "{}: {error}", form.name);
        }
    }
    failures
}

#[test]
fn what_a_form_holds_is_read_back() {
    let read_back = |form: &Form, variables: Vec<Variable>| {
        let text = (form.write)(&variables);
        prop_assert_eq!(Environment::parse(&text).variables, variables, "{}", text);
        Ok(())
    };
    let failures = failures(
        |form| variables(if form.holds_any { ANY } else { PLAIN }),
        read_back,
    );
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn a_text_that_was_cut_gives_no_part_of_a_value_for_the_whole() {
    let strategy = |form: &Form| {
        let characters = if form.holds_any { UNBROKEN } else { PLAIN };
        (variables(characters), 0.0..1.0_f64, 0..12_usize)
    };
    let failures = failures(strategy, |form, (variables, cut, gap)| {
        let text = (form.write)(&variables);
        let from = text.floor_char_boundary((text.len() as f64 * cut) as usize);
        let to = text.ceil_char_boundary((from + gap).min(text.len()));
        // Any damage is read without a panic.
        Environment::parse(&format!("{}{}", &text[..from], &text[to..]));
        let read = Environment::parse(&text[..from]).variables;
        for known in read.iter().filter(|_| form.is_quoted) {
            let has_begun = text[..from]
                .rsplit_once(&known.name)
                .is_some_and(|(_, rest)| {
                    let value = rest.replace("value", "");
                    !value
                        .trim_matches([' ', '\n', ':', '=', '"', '\'', '`', ',', '|'])
                        .is_empty()
                });
            if !has_begun && known.value.is_empty() {
                continue;
            }
            if let Some(whole) = variables.iter().find(|whole| whole.name == known.name) {
                prop_assert_eq!(&known.value, &whole.value, "{}", &text[..from]);
            }
        }
        Ok(())
    });
    assert!(failures.is_empty(), "{failures}");
}
