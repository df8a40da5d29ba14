//! A program is recorded, its recording converted, and the trace replayed: the model gives the addresses that the program got.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn highwater(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(arguments).env_remove("LD_PRELOAD");
    command.output().expect("the command was built")
}

/// The name of a folder that is not there.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn recordings(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder of the recordings");
    let paths = files.map(|file| file.expect("a file").path());
    let recordings = paths.filter(|path| path.extension() == Some("hwr".as_ref()));
    recordings.map(|path| path.display().to_string()).collect()
}

#[test]
fn a_recorded_program_checks_as_equal() {
    let folder = folder("recorded");
    let into = folder.to_str().expect("a plain name");
    let script =
        "for name in one two three; do (echo $name; cat /proc/self/comm) | cat; done; exit 7";
    let output = highwater(&["record", "-o", into, "--", "sh", "-c", script]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert_eq!(output.stdout, b"one\ncat\ntwo\ncat\nthree\ncat\n");
    assert!(said.contains("Next: highwater convert "), "{said}");
    let recordings = recordings(&folder);
    assert!(recordings.len() >= 7, "{recordings:?}");
    for recording in recordings {
        let trace = format!("{recording}.hwt.gz");
        let output = highwater(&["convert", &recording, &trace]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let output = highwater(&["replay", "--check", &trace]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // The machine's C library may be one that no model is of.
        assert!(
            output.status.success() || said.contains("which is not modelled"),
            "{trace}: {said}"
        );
    }
    let again = highwater(&["record", "-o", into, "--", "true"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("the folder is not empty"));
}

#[test]
fn what_cannot_be_recorded_is_said() {
    let folder = folder("not-recorded");
    let into = folder.to_str().expect("a plain name");
    let own = std::process::id().to_string();
    for (arguments, said) in [
        (
            &["record", "-o", into, "--", "./no-such-program"][..],
            "the program cannot be started",
        ),
        (&["mark", &own, "rest:0"], "is not recorded"),
        (&["mark", &own, "two words"], "a mark's name has no spaces"),
        (&["stop", "4294967295"], "does not run"),
        (
            &["convert", "Cargo.toml", "never.hwt"],
            "this is not a recording",
        ),
    ] {
        let output = highwater(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(
            arguments[0] == "convert" || text.contains(said),
            "{arguments:?}: {text}"
        );
    }
    assert!(!Path::new("never.hwt").exists());
    assert!(!folder.exists(), "nothing is left of what was not started");
}
