//! What is pasted is read back as the same settings, in every form.

use highwater_advise::{Form, Remedy};
use highwater_settings::Environment;
use highwater_simulator::Variable;
use proptest::prelude::*;

fn variable(name: &str, value: impl Into<String>) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value.into(),
    }
}

/// Settings that a remedy can have, and some that only people have.
fn variables() -> impl Strategy<Value = Vec<Variable>> {
    let number = prop_oneof![Just(0_u64), 1_u64..1 << 40].prop_map(|number| number.to_string());
    let malloc = prop::sample::select(vec![
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
        "MALLOC_TOP_PAD_",
        "MALLOC_ARENA_MAX",
    ]);
    let tunables = prop::collection::vec(("[a-z_]{3,12}", 0_u64..1 << 30), 1..4).prop_map(|all| {
        let all = all
            .iter()
            .map(|(name, value)| format!("glibc.malloc.{name}={value}"));
        all.collect::<Vec<_>>().join(":")
    });
    let conf = prop::collection::vec(("[a-z_]{3,12}", "[a-z0-9-]{1,6}"), 1..4).prop_map(|all| {
        let all = all.iter().map(|(name, value)| format!("{name}:{value}"));
        all.collect::<Vec<_>>().join(",")
    });
    let others =
        "[a-z/._%+@=-]{1,12}".prop_map(|others| format!("libjemalloc.so.2:/opt/{others}.so"));
    let one = prop_oneof![
        (malloc, number).prop_map(|(name, value)| variable(name, value)),
        tunables.prop_map(|value| variable("GLIBC_TUNABLES", value)),
        conf.prop_map(|value| variable("MALLOC_CONF", value)),
        others.prop_map(|value| variable("LD_PRELOAD", value)),
    ];
    prop::collection::vec(one, 1..5).prop_map(|all| {
        let mut once: Vec<Variable> = Vec::new();
        for variable in all {
            if once.iter().all(|known| known.name != variable.name) {
                once.push(variable);
            }
        }
        once
    })
}

fn files() -> impl Iterator<Item = Form> {
    Form::ALL.into_iter().filter(|form| *form != Form::Review)
}

proptest! {
    #[test]
    fn a_remedy_is_read_back_in_every_form(
        variables in variables(),
        installs in prop::option::of(Just("apt-get install -y libjemalloc2".to_owned())),
        removed in prop::option::of(Just("MALLOC_PERTURB_".to_owned())),
        trims in prop::option::of(prop::sample::select(vec!["idle 2 s", "every 60 s", "after bursts"])),
    ) {
        let remedy = Remedy {
            variables: variables.clone(),
            removed: removed.into_iter().collect(),
            installs,
            trims: trims.map(|trims| trims.parse().expect(trims)),
        };
        for form in files() {
            let text = remedy.written(&form.into());
            let read = Environment::parse(&text);
            prop_assert_eq!(&read.variables, &variables, "{}:\n{}", form, text);
            prop_assert!(read.refused.is_empty(), "{}:\n{}", form, text);
            // A Procfile is known by its name alone.
            prop_assert_eq!(Form::of("", &text) == form, form != Form::Procfile, "{}:\n{}", form, text);
        }
    }
}

#[test]
fn a_remedy_without_settings_is_only_comments() {
    let remedy = Remedy {
        trims: Some("idle 2 s".parse().expect("it is one")),
        ..Remedy::default()
    };
    for form in files() {
        let text = remedy.written(&form.into());
        assert!(
            text.lines().all(|line| line.starts_with('#')),
            "{form}: {text}"
        );
        assert!(text.contains("malloc_trim(0), idle 2 s"), "{form}: {text}");
    }
}

#[test]
fn the_form_of_a_file_is_known() {
    for (name, text, form) in [
        ("deploy/Dockerfile.prod", "", Form::Dockerfile),
        ("build", "FROM debian:12\n", Form::Dockerfile),
        ("docker-compose.yml", "services:\n  web:\n", Form::Compose),
        (
            "web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\n",
            Form::Kubernetes,
        ),
        ("web.service", "", Form::Systemd),
        ("override.conf", "[Service]\n", Form::Systemd),
        ("Procfile", "web: gunicorn\n", Form::Procfile),
        (".env", "A=1\n", Form::Env),
    ] {
        assert_eq!(Form::of(name, text), form, "{name}");
    }
}
