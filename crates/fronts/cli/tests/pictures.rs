//! The pictures of `highwater matrix`, and its table for documents.

use roxmltree::Document;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const SCENARIO: &str = r#"
title = "Small, < & > all"
shows = "Little."
source = "This test."
pattern = "async_fanout"
[parameters]
events = 20
streams = 2
cycles = 2
modules = 5
[[variant]]
name = "plain | first"
[[variant]]
name = "no cache"
environment = """
GLIBC_TUNABLES=glibc.malloc.tcache_count=0
MALLOC_TOP_PAD_=1048576
"""
[[variant]]
name = "one after the other"
cap = 200
[[variant.stage]]
name = "first"
workers = 2
[[variant.stage]]
name = "then"
allocator = "jemalloc"
"#;

const DATE: &str = "2026-03-31";

/// A folder of a test's own, with the scenario in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).expect("the folder for such files is writable");
        fs::write(folder.join("small.toml"), SCENARIO).expect("it is writable");
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// Compares the variants, and returns what is printed.
    fn matrix(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
            .args(["matrix", "small.toml"])
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .expect("the command was built");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }
}

/// The texts of a picture, and its size.
fn texts(svg: &str) -> (Vec<String>, (u32, u32)) {
    let document = Document::parse(svg).expect("it is well formed");
    let root = document.root_element();
    let side = |name: &str| {
        let side = root.attribute(name).expect(name);
        side.parse().expect("a number of pixels")
    };
    let texts = document.descendants().filter(|n| n.has_tag_name("text"));
    let texts = texts.filter_map(|node| node.text().map(str::to_owned));
    (texts.collect(), (side("width"), side("height")))
}

/// Size and colours of a picture of pixels.
fn decoded(bytes: &[u8]) -> ((u32, u32), HashSet<[u8; 3]>) {
    let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().expect("it is a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut pixels).expect("it is whole");
    assert_eq!(info.color_type, png::ColorType::Rgba);
    let colours = pixels.chunks_exact(4).map(|p| [p[0], p[1], p[2]]);
    ((info.width, info.height), colours.collect())
}

#[test]
fn the_curves_say_what_they_are_of_in_both_formats() {
    let folder = Folder::new("curves");
    let set = ["--set", "events=22", "--date", DATE];
    let files = ["--svg", "curves.svg", "--png", "curves.png"];
    folder.matrix(&[set, files].concat());
    let (texts, (width, height)) = texts(&folder.read("curves.svg"));
    // Long lines are wrapped.
    let said = texts.join(" ");
    for part in [
        "Small, < & > all",
        "2026-03-31 · scenario small · events=22",
        "A plain | first",
        "CPython 3.11 on glibc 2.36, no settings",
        "B no cache",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
        "MALLOC_TOP_PAD_=1048576",
        "C one after the other",
        "first: CPython 3.11 on glibc 2.36, 2 processes, cap 200.0 MiB, no settings",
        "then: CPython 3.11 on jemalloc 5.3.0, cap 200.0 MiB, no settings",
        "burst",
        "rest",
        "Highwater",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let curves = folder.read("curves.svg").matches("class=\"curve\"").count();
    assert_eq!(curves, 3);
    let bytes = fs::read(folder.path("curves.png")).expect("it was written");
    let (size, colours) = decoded(&bytes);
    assert_eq!(size, (width * 2, height * 2));
    // The ground, what is held, and the first curves as they are drawn in the page.
    for colour in [
        [255, 255, 255],
        [0xd4, 0xcf, 0xc4],
        [0xc9, 0x43, 0x2a],
        [0x0b, 0x6e, 0x99],
    ] {
        assert!(colours.contains(&colour), "{colour:?}");
    }
    // Letters have rims.
    assert!(colours.len() > 100, "{} colours", colours.len());
}

#[test]
fn dark_ones_are_dark() {
    let folder = Folder::new("dark");
    folder.matrix(&["--png", "dark.png", "--dark", "--variant", "no cache"]);
    let bytes = fs::read(folder.path("dark.png")).expect("it was written");
    let (_, colours) = decoded(&bytes);
    assert!(colours.contains(&[0x1c, 0x22, 0x26]));
    assert!(!colours.contains(&[255, 255, 255]));
}

#[test]
fn the_heap_of_every_variant_is_drawn_and_named_by_its_letter() {
    let folder = Folder::new("maps");
    folder.matrix(&["--map", "heap.svg", "--date", DATE]);
    let named = [
        (
            "heap-A.svg",
            "A plain | first",
            "CPython 3.11 on glibc 2.36, no settings",
        ),
        ("heap-B.svg", "B no cache", "MALLOC_TOP_PAD_=1048576"),
        (
            "heap-C.svg",
            "C one after the other",
            "then: CPython 3.11 on jemalloc 5.3.0, cap 200.0 MiB, no settings",
        ),
    ];
    for (file, name, settings) in named {
        let (texts, _) = texts(&folder.read(file));
        let begins = |part: &str| texts.iter().any(|text| text.starts_with(part));
        for part in [
            "Small, < & > all",
            &format!("Heap map of {name} at "),
            "2026-03-31 · scenario small",
            settings,
            "one dot a page (4 KiB)",
            "live ",
            "given back ",
        ] {
            assert!(begins(part), "{part} in {texts:#?}");
        }
    }
    assert!(!fs::exists(folder.path("heap.svg")).expect("it can be asked"));
}

#[test]
fn the_heap_of_one_variant_is_drawn_at_the_moment_that_is_asked_for() {
    let folder = Folder::new("moment");
    let one = ["--variant", "plain | first"];
    folder.matrix(&[&one[..], &["--map", "rest.svg"]].concat());
    folder.matrix(&[&one[..], &["--map", "early.svg", "--at", "0.01"]].concat());
    folder.matrix(&[&one[..], &["--map", "rest.png"]].concat());
    let (early, _) = texts(&folder.read("early.svg"));
    assert!(
        early
            .iter()
            .any(|text| text == "Heap map of A plain | first at 0.010 s"),
        "{early:#?}"
    );
    let (rest, (width, height)) = texts(&folder.read("rest.svg"));
    let live = |texts: &[String]| {
        let live = texts.iter().find_map(|text| text.strip_prefix("live "));
        live.expect("it is in the legend").to_owned()
    };
    assert_ne!(live(&early), live(&rest));
    // What is free at the end of the last rest is what the table says.
    let json = folder.matrix(&[&one[..], &["--json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let marks = report["variants"][0]["marks"].as_array().expect("a list");
    let last = marks
        .iter()
        .rfind(|m| m["name"].as_str().is_some_and(|n| n.starts_with("rest:")));
    let time = last.expect("it rests")["time_us"].as_u64().expect("a time");
    let said = format!("at {:.2} s", time as f64 / 1e6);
    assert!(
        rest.iter().any(|text| text.ends_with(&said)),
        "{said} in {rest:#?}"
    );
    let bytes = fs::read(folder.path("rest.png")).expect("it was written");
    let (size, colours) = decoded(&bytes);
    assert_eq!(size, (width * 2, height * 2));
    // Live and free pages.
    assert!(colours.contains(&[0x1f, 0x50, 0x7a]) && colours.contains(&[0xec, 0xb7, 0x9c]));
}

#[test]
fn the_table_is_markdown_in_a_file_or_in_place_of_the_table() {
    let folder = Folder::new("markdown");
    let table = folder.matrix(&["--markdown", "table.md"]);
    assert!(
        table.starts_with("Small, < & > all\n\nafter burst: each run"),
        "{table}"
    );
    let printed = folder.matrix(&["--markdown", "-"]);
    assert_eq!(printed, folder.read("table.md"));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 2 + 2 + 3, "{printed}");
    assert_eq!(lines[0], "**Small, < & > all**");
    assert!(
        lines[2].starts_with("| variant | allocator | settings | peak | after burst (each run")
    );
    assert!(lines[4].starts_with("| plain \\| first | "), "{printed}");
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    for line in &lines[2..] {
        assert_eq!(cells(line), cells(lines[2]), "{line}");
    }
}

#[test]
fn the_date_is_todays_if_none_is_said() {
    let folder = Folder::new("today");
    let today = || jiff::ZonedDateTime::now().date().to_string();
    let before = today();
    folder.matrix(&["--svg", "today.svg", "--variant", "no cache"]);
    let (texts, _) = texts(&folder.read("today.svg"));
    let dated = texts
        .iter()
        .find(|text| text.ends_with(" · scenario small"));
    let date = dated
        .and_then(|text| text.split(' ').next())
        .expect("it is dated");
    assert!([before, today()].contains(&date.to_owned()), "{date}");
}

#[test]
fn no_output_holds_what_no_allocator_reads() {
    let folder = Folder::new("secrets");
    let with = SCENARIO.replace(
        "MALLOC_TOP_PAD_=1048576",
        "MALLOC_TOP_PAD_=1048576\n# hunter2-comment\nDATABASE_URL=postgres://admin:hunter2@db\n\
         MALLOC_TOP_PAD=hunter2-near\nhunter2_NAME=1\nCONFIG='{\"password\": \"hunter2\"}'",
    );
    fs::write(folder.path("small.toml"), with).expect("it is writable");
    let pictures = [
        "--svg",
        "curves.svg",
        "--png",
        "curves.png",
        "--map",
        "heap.svg",
    ];
    let mut said = folder.matrix(&[&pictures[..], &["--markdown", "table.md"]].concat());
    said += &folder.matrix(&["--json"]);
    said += &folder.matrix(&["--csv"]);
    let texts = [
        "curves.svg",
        "heap-A.svg",
        "heap-B.svg",
        "heap-C.svg",
        "table.md",
    ];
    for name in texts {
        let text = folder.read(name);
        assert!(!text.contains("hunter2"), "{name}");
        said += &text;
    }
    assert!(!said.contains("hunter2"), "{said}");
    assert!(said.contains("MALLOC_TOP_PAD_=1048576"));
    let png = fs::read(folder.path("curves.png")).expect("it was drawn");
    assert!(!String::from_utf8_lossy(&png).contains("hunter2"));
}

#[test]
fn a_report_of_a_recording_holds_none_of_its_secrets() {
    let folder = Folder::new("recorded-secrets");
    let trace = "highwater-trace 1\nenv TOKEN=hunter2\nenv MALLOC_ARENA_MAX=1\nenv LD_PRELOAD=libjemalloc.so.2\n\
                 m 10 0 0x1000 100000\nf 40 0 0x1000\n";
    fs::write(folder.path("mine.hwt"), trace).expect("it is writable");
    for form in [&[][..], &["--json"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
            .args(["replay", "mine.hwt"])
            .args(form)
            .current_dir(&folder.0)
            .output()
            .expect("the command was built");
        assert_eq!(output.status.code(), Some(0));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("hunter2"), "{said}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
        if form.is_empty() {
            assert!(
                // LD_PRELOAD has a remark of its own.
                said.contains("MALLOC_ARENA_MAX=1") && said.contains("1 other variable"),
                "{said}"
            );
        }
    }
}
