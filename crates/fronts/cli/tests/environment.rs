//! `--env` takes settings as they are pasted, and the report says what became of them.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A short run with these arguments: what it printed, or what it said was wrong.
fn run(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["run", "sync", "--set", "cycles=1", "--set", "events=5"])
        .args(arguments)
        .output()
        .expect("the command was built");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

const MANIFEST: &str = "env:\n- name: MALLOC_ARENA_MAX\n  value: \"2\"\n- name: MALLOC_TRIM_THRESHOLD_\n  value: \"64K\"\n- name: MALLOC_TOP_PAD_\n  valueFrom:\n    configMapKeyRef: {name: x, key: y}\n";

fn shows_the_manifest(text: &str) {
    for part in [
        "MALLOC_ARENA_MAX=2",
        "✓ MALLOC_ARENA_MAX:",
        "! MALLOC_TRIM_THRESHOLD_:",
        "write 65536",
        "stays at 128 KiB instead of rising",
        "✗ MALLOC_TOP_PAD_: Left out: its value comes from",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn a_manifest_is_taken_as_text_and_as_a_file() {
    shows_the_manifest(&run(&["--env", MANIFEST]).expect("it runs"));
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("settings.yaml");
    fs::write(&path, MANIFEST).expect("the folder for such files is writable");
    let path = path.display().to_string();
    shows_the_manifest(&run(&["--env", &path]).expect("it runs"));
}

#[test]
fn versions_differ_in_what_they_take() {
    let unit = |allocator: &str| {
        run(&[
            "--allocator",
            allocator,
            "--env",
            "MALLOC_TRIM_THRESHOLD_=64K",
        ])
        .expect("it runs")
    };
    assert!(unit("glibc@2.36").contains("only the digits of `64K`: 64."));
    assert!(unit("glibc@2.41").contains("ignores it"));
}

#[test]
fn other_lines_are_counted_and_never_shown() {
    let text = "DATABASE_URL=postgres://u:hunter2@db\nFROM debian\nENV MALLOC_ARENA_MAX=1\n";
    let shown = run(&["--env", text]).expect("it runs");
    assert!(shown.contains("2 other lines hold no setting"), "{shown}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("DATABASE_URL"),
        "{shown}"
    );
    let said = run(&["--env", "no-such-file"]).expect_err("there is none");
    assert!(
        said.contains("no-such-file") && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn a_preload_and_a_near_release_choose_the_model_and_it_is_said() {
    let preload = "LD_PRELOAD=/opt/jemalloc-5.2.1/lib/libjemalloc.so";
    let shown = run(&["--env", preload]).expect("it runs");
    assert!(
        shown.contains("Runs on jemalloc 5.2.1: LD_PRELOAD loads libjemalloc.so."),
        "{shown}"
    );
    let shown = run(&["--allocator", "glibc@2.38"]).expect("it runs");
    assert!(
        shown.contains("glibc 2.38 is not modelled; glibc@2.39 is used instead"),
        "{shown}"
    );
}

#[test]
fn settings_are_explained_as_json() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(["settings", "-", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the command was built");
    let text =
        b"PATH=/bin\0SECRET=hunter2\0LD_PRELOAD=/usr/lib/libjemalloc.so.2\0MALLOC_ARENA_MAX=2\0";
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(text).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["allocator"], "jemalloc@5.3.0");
    assert_eq!(report["other_lines"], 2);
    let names = [("LD_PRELOAD", "obeyed"), ("MALLOC_ARENA_MAX", "no_effect")];
    for (setting, (name, effect)) in report["settings"]
        .as_array()
        .expect("a list")
        .iter()
        .zip(names)
    {
        assert_eq!(
            (&setting["name"], &setting["effect"]),
            (&name.into(), &effect.into())
        );
        assert_eq!(setting.as_object().map(serde_json::Map::len), Some(4));
    }
    assert_eq!(report.as_object().map(serde_json::Map::len), Some(4));
}

#[test]
fn a_dockerfile_is_judged_for_the_image_that_it_is_built_from() {
    let settings = |text: &str, more: &[&str]| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("from.Dockerfile");
        fs::write(&path, text).expect("the folder for such files is writable");
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        let output = command.arg("settings").arg(path).args(more).output();
        let output = output.expect("the command was built");
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).expect("text")
    };
    let ubuntu =
        "ARG V=24.04\nFROM golang:1 AS b\nFROM ubuntu:$V\nENV MALLOC_TRIM_THRESHOLD_=64K\n";
    let said = settings(ubuntu, &[]);
    for part in [
        "ubuntu:24.04 has Ubuntu 24.04 with glibc 2.39.\n",
        "Judged for glibc 2.39.",
        "this version ignores it",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let report = settings(ubuntu, &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["judged_for"], "glibc@2.39");
    assert_eq!(report["allocator"], serde_json::Value::Null);
    // What is asked for, and what the text loads, come first.
    let said = settings(ubuntu, &["--allocator", "2.36-9+deb12u9"]);
    assert!(said.contains("Judged for glibc 2.36."), "{said}");
    let said = settings("FROM ubuntu:24.04\nENV LD_PRELOAD=libjemalloc.so.2\n", &[]);
    assert!(said.starts_with("Runs on jemalloc 5.3.0"), "{said}");
    let said = settings("FROM python:3.12-alpine\nENV MALLOC_ARENA_MAX=2\n", &[]);
    assert!(said.starts_with("python:3.12-alpine has musl"), "{said}");
    let said = settings("FROM scratch\nENV MALLOC_ARENA_MAX=2\n", &[]);
    assert!(said.starts_with("scratch has no C library"), "{said}");
    let said = settings("FROM base:1\nENV MALLOC_ARENA_MAX=2\n", &[]);
    assert!(said.contains("with --allocator.\n"), "{said}");
    let compose = "services:\n  db: {image: postgres:16-bookworm}\n  app:\n    image: ubuntu:24.04\n    environment:\n    - MALLOC_TRIM_THRESHOLD_=64K\n";
    let said = settings(compose, &[]);
    assert!(said.starts_with("ubuntu:24.04 has Ubuntu 24.04"), "{said}");
    assert!(said.contains("Judged for glibc 2.39."), "{said}");
    let script = "docker run --rm \\\n  -e MALLOC_TRIM_THRESHOLD_=64K \\\n  ubuntu:24.04 app\n";
    let said = settings(script, &[]);
    assert!(said.starts_with("ubuntu:24.04 has Ubuntu 24.04"), "{said}");
}

#[test]
fn json_has_what_comes_of_each_setting_and_of_the_release() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let named = |name: &str| folder.join(name).display().to_string();
    let run = |arguments: &[&str]| -> serde_json::Value {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_highwater"))
            .args(arguments)
            .output()
            .expect("the command was built");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    };
    let hold = |report: &serde_json::Value, runs: &str, asked: &str| {
        let remarks = report["remarks"].as_array().expect("a list");
        let of = |name: &str| remarks.iter().find(|remark| remark["name"] == name);
        let setting = of("MALLOC_ARENA_MAX").expect("the setting");
        assert_eq!(
            (&setting["value"], &setting["effect"]),
            (&"2".into(), &"obeyed".into())
        );
        let release = of("allocator").expect("the release");
        assert_eq!(release["value"], runs);
        let says = release["says"].as_str().expect("a sentence");
        assert!(
            says.starts_with(&format!("{asked} is not modelled")),
            "{says}"
        );
    };
    let trace = named("nearest.hwt");
    let text =
        "highwater-trace 1\nallocator glibc 2.38\nenv MALLOC_ARENA_MAX=2\nm 10 0 0x1000 10\n";
    std::fs::write(&trace, text).expect("the folder is writable");
    hold(
        &run(&["replay", &trace, "--json"]),
        "glibc@2.39",
        "glibc 2.38",
    );
    let scenario = named("nearest.toml");
    let text = "title = 't'\nshows = 's'\nsource = 's'\npattern = 'sync'\nparameters = { events = 1 }\n\
        environment = 'MALLOC_ARENA_MAX=2'\n\
        [[variant]]\nname = 'a'\nallocator = 'glibc 2.37'\n[[variant]]\nname = 'b'\nallocator = 'libc6 2.38-1'\n";
    std::fs::write(&scenario, text).expect("the folder is writable");
    hold(
        &run(&["run", &scenario, "--json"]),
        "glibc@2.36",
        "glibc 2.37",
    );
    let table = run(&["matrix", &scenario, "--json"]);
    hold(&table["variants"][0], "glibc@2.36", "glibc 2.37");
    hold(&table["variants"][1], "glibc@2.39", "glibc 2.38");
    let asked = ["run", &scenario, "--allocator", "glibc 2.17", "--json"];
    let report = run(&asked);
    hold(&report, "glibc@2.28", "glibc 2.17");
    let remarks = report["remarks"].as_array().expect("a list");
    assert_eq!(
        remarks.len(),
        2,
        "only the release that was asked for last: {remarks:?}"
    );
}
