//! Inputs that once broke the command: each ends with an answer or with one line that says what is wrong.

use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn highwater(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(arguments).output().expect("it runs")
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile")
}

/// Asks for status 0, or for status 2 and one line.
fn is_answered(output: &Output, what: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => assert!(said.is_empty(), "{what}: {said}"),
        Some(2) => assert_eq!(said.lines().count(), 1, "{what}: {said}"),
        other => panic!("{what}: {other:?}: {said}"),
    }
    said
}

#[test]
fn every_file_that_once_broke_something_is_answered() {
    let files = fs::read_dir(data()).expect("there");
    let more = fs::read_dir(data().join("gen")).expect("there");
    let mut tried = 0;
    for file in files.chain(more) {
        let path = file.expect("an entry").path();
        let Some(name) = path.to_str().filter(|_| path.is_file()) else {
            continue;
        };
        let is_trace = name.ends_with(".hwt");
        for allocator in [
            "glibc@2.31",
            "glibc@2.43",
            "jemalloc@5.2.1",
            "jemalloc@5.3.1",
        ] {
            let output = match is_trace {
                true => highwater(&["replay", name, "--allocator", allocator, "--seed", "3"]),
                false => highwater(&["matrix", name]),
            };
            is_answered(&output, name);
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried}");
}

#[test]
fn arenas_beyond_1792_and_mappings_at_the_bottom_are_answered() {
    let two_threads = data().join("jemalloc-521-two-threads.hwt");
    let two_threads = two_threads.to_str().expect("text");
    for more in [["--env", "MALLOC_CONF=narenas:1793"], ["--cores", "448"]] {
        let asked = [
            "replay",
            two_threads,
            "--allocator",
            "jemalloc@5.2.1",
            more[0],
            more[1],
        ];
        assert_eq!(highwater(&asked).status.code(), Some(0), "{more:?}");
    }
    let low = data().join("mappings-low.hwt");
    let low = low.to_str().expect("text");
    let output = highwater(&["replay", low, "--python", "3.9", "--seed", "3"]);
    assert!(is_answered(&output, low).contains("mappings"));
}

#[test]
fn a_few_megabytes_of_gzip_cannot_fill_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let pairs = format!("k 1 0 a{}\n", " a=1".repeat(200_000));
    for (name, line, count, told) in [
        ("env", "env A=1\n", 2_000_000, "header lines"),
        ("marks", "k 1 0 a\n", 2_000_000, "marks"),
        ("pairs", pairs.as_str(), 20, "bytes of marks"),
    ] {
        let file = folder.path().join(name).with_extension("hwt.gz");
        let mut gzip = GzEncoder::new(fs::File::create(&file).expect("made"), Compression::fast());
        gzip.write_all(b"highwater-trace 1\n").expect("written");
        for _ in 0..count {
            gzip.write_all(line.as_bytes()).expect("written");
        }
        gzip.finish().expect("written");
        let script = format!(
            "ulimit -v 1048576; exec \"$HIGHWATER\" replay {}",
            file.display()
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("HIGHWATER", env!("CARGO_BIN_EXE_highwater"))
            .output()
            .expect("there is a shell");
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(is_answered(&output, name).contains(told), "{name}");
    }
}

#[test]
fn files_without_end_are_refused_at_their_beginning() {
    let folder = tempfile::tempdir().expect("a folder");
    let endless = folder.path().join("endless.toml");
    std::os::unix::fs::symlink("/dev/zero", &endless).expect("linked");
    let endless = endless.to_str().expect("text");
    for asked in [
        &["replay", "/dev/zero"][..],
        &["replay", endless],
        &["matrix", endless],
    ] {
        let output = highwater(asked);
        assert_eq!(output.status.code(), Some(2), "{asked:?}");
        is_answered(&output, asked[1]);
    }
}
