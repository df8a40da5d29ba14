//! Odd names through the whole command: of scenarios, variants, marks and files.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

fn highwater(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.current_dir(folder);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Numbers from a seed (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) % end as u64) as usize
    }

    fn name(&mut self) -> String {
        let count = 1 + self.below(7);
        (0..count).map(|_| ODD[self.below(ODD.len())]).collect()
    }
}

/// Parts of names that mean something to a terminal, a table, a spreadsheet or a picture.
const ODD: [&str; 36] = [
    "=",
    "+",
    "-",
    "@",
    "|",
    "\\",
    "\\|",
    "`",
    "``",
    "*",
    "_",
    "~~",
    "<b>",
    "</text>",
    "<!--",
    "&amp;",
    "&",
    "]]>",
    "[x](y)",
    "\"",
    "'",
    ",",
    ";",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\u{1b}[31m",
    "\u{7}",
    "\u{9b}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "ä",
    "日本",
    "a",
];

fn steers(text: &str) -> bool {
    let one = |c: char| {
        (c.is_control() && c != '\n') || ['\u{202e}', '\u{2028}', '\u{feff}'].contains(&c)
    };
    text.contains(one)
}

/// A TOML string, everything odd in it escaped.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| format!("\\U{:08x}", u32::from(c)))
        .collect();
    format!("\"{escaped}\"")
}

/// The fields of a line of CSV.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            letter => field.push(letter),
        }
    }
    assert!(!is_quoted, "{line}");
    fields.push(field);
    fields
}

/// The cells of a line of Markdown, as GitHub's reader cuts them: a backslash takes the sign after it along.
fn cells(line: &str) -> usize {
    let mut count = 0;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '|' => count += 1,
            _ => {}
        }
    }
    count
}

/// A scenario with a variant of each name.
fn scenario(numbers: &mut Numbers, names: &[String]) -> String {
    let mut scenario = format!(
        "title = {}\nshows = \"s\"\nsource = \"s\"\npattern = \"sync\"\n[parameters]\nevents = 1\ncycles = 1\nsubscribers = 1\n\
         modules = 0\nstreams = 1\nrest = 1\n",
        quoted(&format!("t{}", numbers.name()))
    );
    for name in names {
        scenario += &format!("[[variant]]\nname = {}\n", quoted(name));
    }
    scenario
}

/// Runs its comparison, with a picture, and returns what it prints.
fn compare(folder: &Path, more: &[&str]) -> String {
    let mut command = highwater(folder);
    command
        .args(["matrix", "s.toml", "--svg", "s.svg"])
        .args(more);
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn odd_names_stay_in_their_cells_in_every_output() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..12 {
        let mut numbers = Numbers(seed);
        let mut names: Vec<String> = (0..8).map(|_| numbers.name()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| !name.trim().is_empty());
        fs::write(folder.path().join("s.toml"), scenario(&mut numbers, &names)).expect("written");
        let run = |more: &[&str]| compare(folder.path(), more);
        let csv = run(&["--csv"]);
        assert!(!steers(&csv), "{csv:?}");
        let lines: Vec<Vec<String>> = csv.lines().map(fields).collect();
        assert_eq!(lines.len(), names.len() + 1, "{csv}");
        for line in &lines {
            assert_eq!(line.len(), lines[0].len(), "{csv}");
            assert!(
                !line[0].trim_start().starts_with(['=', '+', '-', '@']),
                "{csv}"
            );
        }
        run(&["--markdown", "s.md"]);
        let markdown = fs::read_to_string(folder.path().join("s.md")).expect("written");
        assert!(!steers(&markdown), "{markdown:?}");
        let rows: Vec<&str> = markdown.lines().skip(2).collect();
        assert_eq!(rows.len(), names.len() + 2, "{markdown}");
        for row in &rows {
            assert_eq!(cells(row), cells(rows[1]), "{markdown}");
        }
        let text = run(&[]);
        assert!(!steers(&text), "{text:?}");
        let rows = text.lines().filter(|line| line.contains("glibc@")).count();
        assert_eq!(rows, names.len(), "{text}");
        let json: serde_json::Value = serde_json::from_str(&run(&["--json"])).expect("JSON");
        for (name, variant) in names
            .iter()
            .zip(json["variants"].as_array().expect("a list"))
        {
            assert_eq!(variant["name"], **name);
        }
        let svg = fs::read_to_string(folder.path().join("s.svg")).expect("written");
        assert!(!steers(&svg), "{svg:?}");
        let read = roxmltree::Document::parse(&svg).expect("XML");
        assert!(read.descendants().all(|node| !node.has_tag_name("b")));
        let missing = numbers.name() + "x";
        let output = highwater(folder.path())
            .args(["matrix", "s.toml", &format!("--variant={missing}")])
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        let said = said(&output);
        assert!(said.lines().count() == 1 && !steers(&said), "{said:?}");
    }
}

/// What a mark is called ends at a space or line break.
#[test]
fn odd_marks_stay_on_their_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut read = 0;
    for seed in 0..40 {
        let mut numbers = Numbers(seed);
        let name = numbers.name().replace(['\n', '\r', ' '], "");
        let name = format!("x{name}x");
        let trace = format!(
            "highwater-trace 1\nm 1 0 0x1010 5000\nm 2 10 0x3010 64\nf 2000 0 0x1010\nk 9000000 0 {name}\nm 9000001 0 0x1010 80\n"
        );
        fs::write(folder.path().join("t.hwt"), trace).expect("written");
        for more in [&[][..], &["--json"], &["--at", "x"], &["--decisions", "-"]] {
            let output = highwater(folder.path())
                .args(["replay", "t.hwt"])
                .args(more)
                .output()
                .expect("it runs");
            let text = String::from_utf8(output.stdout.clone()).expect("text");
            // A name with a control character is refused, as it is in a scenario.
            let (status, lines) = (output.status.code(), said(&output).lines().count());
            assert!(
                status == Some(0) || (status, lines) == (Some(2), 1) && text.is_empty(),
                "{name:?}: {}",
                said(&output)
            );
            read += u32::from(status == Some(0));
            assert!(
                !steers(&text) && !steers(&said(&output)),
                "{name:?}: {text:?}"
            );
        }
    }
    assert!(read > 40, "most names can be read: {read}");
}

/// Writes a pattern's calls to a file of this name. The sign between lets it begin with a dash.
#[cfg(target_os = "linux")]
fn write(folder: &Path, name: &OsStr, more: &[&str]) -> Output {
    let mut command = highwater(folder);
    command
        .args(["run", "jobs", "--set", "cycles=1"])
        .args(more);
    command.arg([OsStr::new("--write="), name].join(OsStr::new("")));
    command.output().expect("it runs")
}

#[test]
#[cfg(target_os = "linux")]
fn files_of_odd_names_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    for name in [
        &b".hidden"[..],
        b"...",
        b"--",
        b"./-",
        b"--svg",
        b"-x",
        b" ",
        b"a\nb",
        b"\x1b[31m",
        b"\xff\xfe.hwt",
        b"=1",
        "ä".as_bytes(),
        &[b'n'; 255],
    ] {
        let name = OsStr::from_bytes(name);
        let output = write(path, name, &[]);
        assert_eq!(output.status.code(), Some(0), "{name:?}: {}", said(&output));
        let written = path.join(name);
        let text = fs::read(&written).expect("it is written");
        assert!(text.starts_with(b"highwater-trace 2\n"), "{name:?}");
        fs::remove_file(written).expect("it is there");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_written_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    fs::write(path.join("t.hwt"), "highwater-trace 1\nm 1 0 0x10 64\n").expect("written");
    fs::write(path.join("settings.env"), "MALLOC_ARENA_MAX=2\n").expect("written");
    fs::create_dir(path.join("folder")).expect("made");
    for (name, more, part) in [
        (&b"-"[..], &[][..], "./-"),
        (b"folder", &[], "folder"),
        (b"folder/", &[], "folder"),
        (b"new/", &[], "name a file"),
        (b".", &[], "directory"),
        (b"..", &[], "directory"),
        (b"", &[], "--write"),
        (b"t.hwt/x", &[], "t.hwt/x"),
        (&[b'n'; 256], &[], "too long"),
        (
            b"settings.env",
            &["--env", "settings.env"],
            "the input is the same file",
        ),
        (
            b"folder/../settings.env",
            &["--env", "./settings.env"],
            "same file",
        ),
    ] {
        let output = write(path, OsStr::from_bytes(name), more);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{name:?}: {said}");
        assert!(
            said.lines().count() == 1 && said.contains(part),
            "{name:?}: {said}"
        );
    }
    let kept = fs::read_to_string(path.join("settings.env")).expect("there");
    assert_eq!(kept, "MALLOC_ARENA_MAX=2\n");
    // Standard output is a file as well, and not to be replaced under the command.
    let out = fs::File::create(path.join("out.txt")).expect("made");
    for name in ["out.txt", "/dev/stdout", "/proc/self/fd/1"] {
        let mut command = highwater(path);
        command.args(["run", "jobs", "--set", "cycles=1", "--write", name]);
        command.stdout(out.try_clone().expect("a file"));
        let output = command.output().expect("it runs");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains("standard output is the same file"), "{said}");
    }
}
