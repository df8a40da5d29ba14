//! What goes over the wire when the page is opened: the first time, again, and after a new release took its place. The
//! server sends the headers that docs/embedding.md names.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use tempfile::TempDir;

use crate::{
    built_page, copy,
    hosting::PLACE,
    packed,
    page::{Page, View},
    simulation::settle,
    site::{Asked, Site},
    visit_address,
};

/// What a first visit may send at most, in bytes; recordings aside.
const MOST_SENT: usize = 600_000;

/// Words of the program, each with others as long: the page writes the first, its workers send the second.
const WORDS: [(&str, &str); 2] = [
    ("Highwater", "Ebb-water"),
    ("only from the top", "only with the ebb"),
];

/// How the names of the files begin that read what somebody brings.
const READER: &str = "highwater-reader";

/// The digits of a hash in a file's name, as trunk writes it: `start-23b1c77eea491fc0.js`, `highwater-web-7cd2_bg.bin`.
fn hash_in(name: &str) -> Option<&str> {
    let (stem, _) = name.split_once('.')?;
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    let (_, hash) = stem.rsplit_once('-')?;
    let is_hash = hash.len() >= 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(hash)
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What the docs say of names that carry a hash, and of all others.
const KEPT: [&str; 2] = ["public, max-age=31536000, immutable", "no-cache"];

fn headers(path: &str) -> Vec<(&'static str, String)> {
    let [hashed, others] = KEPT;
    let kept = hash_in(name_of(path)).map_or(others, |_| hashed);
    vec![("cache-control", kept.to_owned())]
}

/// A second release in place of the first: other text in the program, other colours, and so other hashes in all names that
/// carry one.
fn release_anew(folder: &Path) -> Result<()> {
    let files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    let names: Vec<String> = (files.iter())
        .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
        .collect();
    let hashes: BTreeSet<&str> = names.iter().filter_map(|name| hash_in(name)).collect();
    ensure!(hashes.len() >= 2, "few names carry a hash: {names:?}");
    // As long as the old one, and other in every digit.
    let anew = |text: &str| {
        hashes.iter().fold(text.to_owned(), |text, hash| {
            let other: String = hash.chars().map(next_digit).collect();
            text.replace(hash, &other)
        })
    };
    for file in files.iter().filter(|file| file.is_file()) {
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.context("a name that is text")?;
        let mut bytes = fs::read(file)?;
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("wasm" | "bin") if name.starts_with(READER) => {}
            Some("wasm") => release_module(&mut bytes)?,
            Some("bin") => {
                let mut module = Vec::new();
                GzDecoder::new(&bytes[..]).read_to_end(&mut module)?;
                release_module(&mut module)?;
                bytes = packed(&module)?;
            }
            _ => {
                // The styles stand in the page itself.
                let style = "<style>:root { --background: rgb(1, 2, 3); }</style></head>";
                let text = anew(&String::from_utf8(bytes)?).replace("</head>", style);
                bytes = text.into_bytes();
            }
        }
        fs::remove_file(file)?;
        fs::write(folder.join(anew(name)), bytes)?;
    }
    Ok(())
}

/// Changes the words that page and worker take from the program, to others of the same length, so that it stays a module.
fn release_module(module: &mut [u8]) -> Result<()> {
    for (old, new) in WORDS {
        replace(module, old.as_bytes(), new.as_bytes())?;
    }
    Ok(())
}

/// Another hexadecimal digit for each.
fn next_digit(digit: char) -> char {
    match digit {
        '9' => 'a',
        'f' => '0',
        _ => char::from_u32(u32::from(digit) + 1).unwrap_or(digit),
    }
}

/// Puts other bytes in place of some, wherever they are.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) -> Result<()> {
    ensure!(old.len() == new.len(), "of the same length");
    let places: Vec<usize> = (bytes.windows(old.len()).enumerate())
        .filter(|(_, window)| *window == old)
        .map(|(place, _)| place)
        .collect();
    let text = String::from_utf8_lossy(old);
    ensure!(!places.is_empty(), "the program has no `{text}`");
    for place in places {
        bytes[place..place + old.len()].copy_from_slice(new);
    }
    Ok(())
}

/// As if all files had been put there an hour ago: a server tells releases apart by the second.
fn make_older(folder: &Path) -> Result<()> {
    let then = SystemTime::now() - Duration::from_secs(3600);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_older(&entry.path())?;
        } else {
            File::open(entry.path())?.set_modified(then)?;
        }
    }
    Ok(())
}

/// Waits until the page has shown all it opens with, and says what the browser asked for.
fn seen(page: &Page, site: &Site) -> Result<Vec<Asked>> {
    page.wait_for("main[data-worker=ready]")?;
    settle(page)?;
    Ok(site.asked())
}

/// Leaves the page, and comes to it again.
fn come_again(page: &Page, site: &Site) -> Result<Vec<Asked>> {
    page.evaluate("location.assign('about:blank')")?;
    page.wait_until("an empty page", || {
        Ok(page.evaluate("return location.href")? == "about:blank")
    })?;
    site.asked();
    page.go("")?;
    seen(page, site)
}

/// Those names among the files that carry a hash.
fn hashed(asked: &[Asked]) -> BTreeSet<&str> {
    let names = asked.iter().map(|asked| name_of(&asked.path));
    names.filter(|name| hash_in(name).is_some()).collect()
}

/// How many bytes were sent, compressed as a server does it, without recordings.
fn sent(asked: &[Asked], root: &Path) -> Result<usize> {
    let mut sum = 0;
    for asked in asked.iter().filter(|one| !one.path.contains("/traces/")) {
        let mut file = root.join(asked.path.trim_start_matches('/'));
        if file.is_dir() {
            file.push("index.html");
        }
        sum += packed(&fs::read(file)?)?.len();
    }
    Ok(sum)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_release_is_sent_once_and_the_next_one_is_seen_whole() -> Result<()> {
    let built = built_page()?;
    let docs = include_str!("../../../docs/embedding.md");
    for kept in KEPT {
        let header = format!("`Cache-Control: {kept}`");
        ensure!(docs.contains(&header), "the docs do not say {header}");
    }
    let root = TempDir::with_prefix("highwater-site-")?;
    copy(&built, &root.path().join(PLACE))?;
    make_older(root.path())?;
    let site = Site::serve_with(root.path(), headers)?;
    let address = format!("{}{PLACE}", site.address);
    let errors = visit_address(&address, View::default(), |page| {
        let first = seen(page, &site)?;
        let sent = sent(&first, root.path())?;
        println!("a first visit sends {sent} bytes, recordings aside");
        ensure!(sent <= MOST_SENT, "a first visit sends {sent} bytes");
        ensure!(sent > MOST_SENT / 2, "what was asked for? {first:#?}");
        ensure!(all_sent_once(&first), "{first:#?}");
        let files = hashed(&first);
        ensure!(files.len() >= 3, "{first:#?}");

        // What reads a Dockerfile is sent to those who bring one.
        page.set_value("#environment", "FROM x\nENV MALLOC_ARENA_MAX=1\n")?;
        page.wait_for_text("#environment-others", "1 other line")?;
        settle(page)?;
        let of_reader = |asked: &[Asked]| -> Vec<String> {
            let names = asked.iter().map(|one| name_of(&one.path).to_owned());
            names.filter(|name| name.starts_with(READER)).collect()
        };
        let brought = of_reader(&site.asked());
        ensure!(brought.len() == 2, "{brought:?}");
        ensure!(
            brought.iter().all(|name| hash_in(name).is_some()),
            "{brought:?}"
        );
        ensure!(of_reader(&first).is_empty(), "{first:#?}");

        let again = come_again(page, &site)?;
        ensure!(hashed(&again).is_empty(), "sent again: {again:#?}");
        let is_known = again.iter().all(|asked| asked.status == 304);
        ensure!(is_known && !again.is_empty(), "sent again: {again:#?}");

        release_anew(&root.path().join(PLACE))?;
        let anew = come_again(page, &site)?;
        ensure!(
            hashed(&anew).is_disjoint(&files),
            "of the old one: {anew:#?}"
        );
        ensure!(hashed(&anew).len() == files.len(), "not all: {anew:#?}");
        let rest: Vec<&Asked> = (anew.iter())
            .filter(|asked| asked.path.contains("/traces/"))
            .collect();
        ensure!(rest.iter().all(|asked| asked.status == 304), "{rest:#?}");
        ensure!(page.text("h1")? == WORDS[0].1, "the old program");
        let colour = "return getComputedStyle(document.body).backgroundColor";
        ensure!(page.evaluate(colour)? == "rgb(1, 2, 3)", "the old style");
        // A sentence that a worker wrote.
        page.wait_for_text("#why", WORDS[1].1)?;
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

/// Whether each file was sent, and none of them twice.
fn all_sent_once(asked: &[Asked]) -> bool {
    let paths: BTreeSet<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    paths.len() == asked.len() && asked.iter().all(|asked| asked.status == 200)
}
