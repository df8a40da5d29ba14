//! Texts as people keep them: each file of `data`, and what it sets.

use highwater_settings::{Environment, decode};
use std::path::Path;

#[path = "kept/expected.rs"]
mod expected;

fn read(file: &str) -> Environment {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    Environment::parse(&decode(&bytes))
}

#[test]
fn each_text_sets_what_it_says() {
    let mut wrong = String::new();
    for (file, expected) in expected::ALL {
        let read = read(file);
        let found: Vec<_> = read
            .variables
            .iter()
            .map(|v| (&*v.name, &*v.value))
            .collect();
        if found != *expected {
            wrong += &format!(
                "{file}\n  read     {found:?}\n  expected {expected:?}\n  said {:?}\n",
                read.remarks
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_file_has_its_right_value() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let files = std::fs::read_dir(folder).expect("it is there");
    for file in files {
        let name = file.expect("it can be read").file_name();
        let name = name.to_string_lossy().into_owned();
        assert!(
            expected::ALL.iter().any(|(file, _)| *file == name),
            "{name}"
        );
    }
}

#[test]
fn other_lines_are_counted() {
    for (file, others) in [
        ("03-dockerfile-commented-preload.txt", 8),
        ("09-ecs-task.json", 9),
        ("13-render.yaml", 3),
        ("20-systemd-jemalloc.service", 6),
        ("24-supervisord.conf", 3),
        ("line-p-proc-environ-nul.txt", 1),
        ("line-two-preloads.txt", 0),
        ("line-f-docker-inspect.txt", 3),
    ] {
        assert_eq!(read(file).other_lines, others, "{file}");
    }
}

#[test]
fn what_does_not_count_is_said() {
    for (file, name, part) in [
        (
            "05-dockerfile-backticks.txt",
            "LD_PRELOAD",
            "runs no command",
        ),
        (
            "line-dockerfile-comment.txt",
            "MALLOC_ARENA_MAX",
            "begins no comment",
        ),
        (
            "22-systemd-unset.service",
            "MALLOC_ARENA_MAX",
            "UnsetEnvironment",
        ),
        ("line-systemd-reset.txt", "MALLOC_ARENA_MAX", "Cleared"),
        (
            "21-systemd-python.service",
            "EnvironmentFile",
            "not known here",
        ),
        ("45-docker-run.txt", "--env-file", "not known here"),
    ] {
        let read = read(file);
        let said = read.remarks.iter().find(|r| r.variable == name);
        assert!(
            said.is_some_and(|r| r.text.contains(part)),
            "{file}: {:?}",
            read.remarks
        );
    }
}
