//! A program is recorded and its recording replayed, as it is and as text: the model gives the addresses that the program got.

use highwater_hwr::layout::Control;
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
    assert!(said.contains("Next: highwater replay "), "{said}");
    let recordings = recordings(&folder);
    assert!(recordings.len() >= 7, "{recordings:?}");
    for recording in recordings {
        let trace = format!("{recording}.hwt.gz");
        let output = highwater(&["convert", &recording, &trace]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        for file in [recording, trace] {
            let output = highwater(&["replay", "--check", &file]);
            let said = String::from_utf8_lossy(&output.stderr);
            // The machine's C library may be one that no model is of.
            assert!(
                output.status.success() || said.contains("which is not modelled"),
                "{file}: {said}"
            );
        }
    }
    let again = highwater(&["record", "-o", into, "--", "true"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("the folder is not empty"));
}

#[test]
fn samples_beside_a_recording_go_into_what_it_is_converted_to() {
    let folder = folder("samples-beside");
    let into = folder.to_str().expect("a plain name");
    highwater(&["record", "-o", into, "--", "ls", "/"]);
    let recording = recordings(&folder).remove(0);
    let samples = Path::new(&recording).with_extension("samples");
    fs::write(
        samples,
        "s 5 rss=9 heap=987654 anonymous=8192 files=12288\ns 9",
    )
    .expect("a file");
    let (text, packed) = (format!("{into}/text"), format!("{into}/packed.hwr"));
    for to in [&text, &packed] {
        assert!(highwater(&["convert", &recording, to]).status.success());
    }
    let measured = |file: &str| {
        let output = highwater(&["replay", file, "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["measured"].clone()
    };
    let beside = measured(&recording);
    let moments = beside["moments"].as_array().expect("moments");
    let own = moments.iter().find(|at| at["process"] == 987_654);
    assert_eq!(
        own.expect("the sample")["rest"]["files"],
        12_288,
        "{beside}"
    );
    for converted in [text, packed] {
        assert_eq!(measured(&converted), beside);
    }
}

/// Compiles the program that allocates from known places; `None` where there is no compiler.
fn chains(folder: &Path) -> Option<String> {
    fs::create_dir_all(folder).expect("a folder");
    let program = folder.join("chains").display().to_string();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../record/tests/programs/chains.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-g", "-O1", "-w", "-fno-omit-frame-pointer", "-pthread"]);
    let compiled = compiler.arg("-o").arg(&program).arg(source).status();
    let Ok(status) = compiled else {
        eprintln!("there is no C compiler: sites are not tested");
        return None;
    };
    assert!(status.success());
    Some(program)
}

#[test]
fn where_a_block_was_allocated_is_named_by_the_programs_own_file() {
    let folder = folder("named-sites");
    let Some(program) = chains(&folder) else {
        return;
    };
    let into = folder.join("recorded").display().to_string();
    let output = highwater(&["record", "--sites", "-o", &into, "--", &program, "3"]);
    assert_eq!(output.stdout, b"done\n");
    let recording = recordings(Path::new(&into)).remove(0);
    let told = |file: &str| {
        let output = highwater(&["replay", "--check", file]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // The machine's C library may be one that no model is of.
        let is_known = output.status.success() || said.contains("which is not modelled");
        assert!(is_known, "{file}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let place = "innermost(chains.c:14)";
    let named = told(&recording);
    assert!(named.is_empty() || named.contains(place), "{named}");
    // Either form keeps names, and offsets that are named when they are read.
    let mut texts = Vec::new();
    for form in ["hwt", "hwr"] {
        for option in [&[][..], &["--addresses"]] {
            let to = format!("{into}/{form}{}.{form}", option.len());
            let arguments = [&["convert"][..], option, &[&recording, &to]].concat();
            assert!(highwater(&arguments).status.success());
            // What is said of the file begins with its name.
            let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(lines(&told(&to)).last(), lines(&named).last());
            assert_eq!(told(&to).contains(place), named.contains(place), "{to}");
            let text = format!("{to}.text.hwt");
            let arguments = ["convert", "--addresses", &to, &text];
            assert!(highwater(&arguments).status.success());
            texts.push(fs::read_to_string(text).expect("text"));
        }
    }
    assert_eq!((&texts[0], &texts[1]), (&texts[2], &texts[3]));
    let way = format!(" {place} by_one_way(chains.c:19) main(chains.c:89)");
    assert!(texts[0].contains(&way));
    assert!(!texts[1].contains(place) && texts[1].contains(" chains+0x"));
    // Once the program is another, its places keep their offsets.
    fs::write(&program, "another").expect("a file");
    let unnamed = told(&recording);
    assert!(!unnamed.contains(place), "{unnamed}");
    assert!(
        unnamed.is_empty() || unnamed.contains("chains+0x"),
        "{unnamed}"
    );
}

#[test]
fn what_python_holds_is_named_by_its_functions() {
    let ask = "import sys; print(sys.executable, end='')";
    let Ok(python) = Command::new("python3").args(["-c", ask]).output() else {
        eprintln!("there is no Python: its functions are not tested");
        return;
    };
    let python = String::from_utf8(python.stdout).expect("a path");
    let folder = folder("python-sites");
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("holds.py");
    let text =
        "def hold_many():\n    return [bytearray(3000) for _ in range(400)]\nheld = hold_many()\n";
    fs::write(&program, text).expect("the program");
    let program = program.display().to_string();
    let told = |name: &str, options: &[&str]| {
        let into = folder.join(name).display().to_string();
        let own = ["-o", &into, "--", &python, &program];
        let output = highwater(&[&["record", "--sites"], options, &own].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let to = format!("{into}/text.hwt");
        let recording = recordings(Path::new(&into)).remove(0);
        assert!(highwater(&["convert", &recording, &to]).status.success());
        (fs::read_to_string(to).expect("text"), said)
    };
    let (text, said) = told("with", &[]);
    // A Python that is not known is named as such.
    let is_known =
        text.contains("hold_many(python-sites/holds.py:1) <module>(python-sites/holds.py:1)");
    assert_ne!(is_known, text.contains(":not_known)"));
    assert_ne!(
        is_known,
        said.contains("The call sites lack Python functions"),
        "{said}"
    );
    let (text, said) = told("without", &["--no-python"]);
    assert!(!text.contains("hold_many") && !text.contains(":not_known)"));
    assert!(!said.contains("lack"), "{said}");
}

#[test]
fn of_a_long_recording_the_newest_part_replays_and_cannot_be_checked() {
    let folder = folder("newest-part");
    let Some(program) = chains(&folder) else {
        return;
    };
    let into = folder.join("recorded").display().to_string();
    let record = [
        "record", "--last", "2", "--sites", "-o", &into, "--", &program, "1000",
    ];
    let output = highwater(&record);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.stdout, b"done\n", "{said}");
    assert!(said.contains("; goes on in the next file\n"), "{said}");
    let recordings = recordings(Path::new(&into));
    assert_eq!(recordings.len(), 2, "{recordings:?}");
    for recording in &recordings {
        let output = highwater(&["replay", recording, "--json"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() || error.contains("not modelled"),
            "{error}"
        );
        let output = highwater(&["replay", "--check", recording]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains("the recording begins in the middle"),
            "{error}"
        );
    }
    let packed = format!("{into}/packed.hwt.gz");
    assert!(
        highwater(&["convert", &recordings[0], &packed])
            .status
            .success()
    );
    let checked = highwater(&["replay", "--check", &packed]);
    assert_eq!(checked.status.code(), Some(2));
}

#[test]
fn how_many_places_a_site_has_is_a_small_number() {
    for (wanted, said) in [
        ("0", "0 is not in 1..=8"),
        ("9", "9 is not in"),
        ("x", "invalid"),
    ] {
        let output = highwater(&["record", "--sites", wanted, "--", "true"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_recording_that_is_not_whole_is_refused_in_a_sentence() {
    let folder = folder("not-whole");
    let into = folder.to_str().expect("a plain name");
    let script = "(echo one; cat /proc/self/comm) | cat > /dev/null";
    highwater(&["record", "-o", into, "--", "sh", "-c", script]);
    let of_child = |file: &String| {
        let bytes = fs::read(file).expect("a recording");
        let control = bytes[..512].try_into().expect("a control block");
        Control::read(control).parent_ticket.is_some()
    };
    let recordings = recordings(&folder);
    let child = recordings.iter().find(|file| of_child(file));
    let child = child.expect("a shell forks for a pipe");
    let alone = format!("{into}/alone");
    fs::create_dir(&alone).expect("a folder");
    let alone = format!("{alone}/child");
    let bytes = fs::read(child).expect("a recording");
    fs::write(&alone, &bytes).expect("a copy");
    let cut = format!("{into}/cut");
    fs::write(&cut, &bytes[..4000]).expect("a copy");
    let damaged = format!("{into}/damaged");
    let mut bytes = fs::read(&recordings[0]).expect("a recording");
    bytes[520] ^= 1;
    fs::write(&damaged, &bytes).expect("a copy");
    for (file, said) in [
        (&alone, "that of its parent"),
        (&cut, "the recording is"),
        (&damaged, "its checksum is wrong"),
    ] {
        let output = highwater(&["replay", file]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        assert!(text.contains(said), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
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
            "Cargo.toml: this is",
        ),
    ] {
        let output = highwater(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
    assert!(!Path::new("never.hwt").exists());
    assert!(!folder.exists(), "nothing is left of what was not started");
}

#[test]
fn of_an_allocator_whose_mappings_have_no_places_all_memory_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("j.hwt");
    let text = "highwater-trace 2\nallocator jemalloc 5.3.0\nm 1 0 0x7f0000001000 100000\ns 5 0 rss=9000000 heap=4096 anonymous=2097152\nf 9 0 0x7f0000001000\n";
    fs::write(&trace, text).expect("written");
    let trace = trace.to_str().expect("a plain name");
    let said = |more: &[&str]| {
        let output = highwater(&[&["replay", trace][..], more].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let own = said(&[]);
    assert!(
        own.contains("Measured: The samples do not separate jemalloc's mappings"),
        "{own}"
    );
    assert!(
        own.contains("but the stacks was 2.0 MiB resident;"),
        "{own}"
    );
    // Another allocator's memory is not beside what was measured of this one.
    assert!(!said(&["--allocator", "jemalloc@5.2.1"]).contains("Measured:"));
}
