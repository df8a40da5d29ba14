//! Files that once broke something, dropped on the page: each is read or told in a sentence, and the page goes on.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};

use crate::{
    page::{Page, View},
    private::drop_file,
    simulation::settle,
    visit,
};

/// Drops a file and waits until it is shown or told.
fn answer(page: &Page, name: &str, bytes: &[u8]) -> Result<String> {
    drop_file(page, name, bytes)?;
    let told = "const trouble = document.querySelector('#trouble')?.textContent ?? '';
        const title = document.querySelector('#title')?.textContent ?? '';
        const isDone = document.querySelector('main').dataset.busy === 'false';
        return isDone && (title.startsWith(arguments[0]) || trouble.length > 0) ? `${title}\\n${trouble}` : null";
    let mut found = String::new();
    page.wait_until(&format!("an answer to {name}"), || {
        Ok(page.evaluate_with(told, vec![name.into()])?.is_string())
    })?;
    let text = page.evaluate_with(told, vec![name.into()])?;
    found.push_str(text.as_str().context("a text")?);
    let stopped = page.count("#stopped")?;
    ensure!(stopped == 0, "{name} stopped the page");
    let dark = || page.attribute("#dark", "aria-pressed");
    let before = dark()?;
    page.click("#dark")?;
    page.wait_until("an answer to a click", || Ok(dark()? != before))?;
    Ok(found)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn files_that_once_broke_something_are_answered_by_a_page_that_goes_on() -> Result<()> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/fronts/cli/tests/data/hostile");
    let mut files = Vec::new();
    for folder in [folder.clone(), folder.join("gen")] {
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.retain(|file| file.is_file());
    files.sort();
    ensure!(files.len() > 5, "{files:?}");
    visit(View::default(), |page| {
        settle(page)?;
        for (number, file) in files.iter().enumerate() {
            let name = file.file_name().context("a name")?.to_string_lossy();
            let name = format!("{number}-{name}");
            answer(page, &name, &fs::read(file)?)?;
        }
        page.set_value("#source", "bundled")?;
        page.wait_for_text("#title", "asyncio burst")?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        Ok(())
    })
}

/// Returns the most memory that a renderer of any browser on this machine has had, in bytes.
fn peak_memory() -> Result<u64> {
    let mut peak = None;
    for process in fs::read_dir("/proc")? {
        let folder = process?.path();
        let text = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
        if !String::from_utf8_lossy(&text("cmdline")).contains("--type=renderer") {
            continue;
        }
        let status = text("status");
        let status = String::from_utf8_lossy(&status);
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = most.and_then(|most| most.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kib.map(|kib| kib << 10));
    }
    peak.context("no renderer tells its memory")
}

/// Files of other folders, where `HIGHWATER_HOSTILE` names one.
#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn files_of_a_named_folder_are_answered_in_a_gibibyte() -> Result<()> {
    let Some(folder) = std::env::var_os("HIGHWATER_HOSTILE") else {
        return Ok(());
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.retain(|file| file.is_file());
    files.sort();
    for (number, file) in files.iter().enumerate() {
        visit(View::default(), |page| {
            settle(page)?;
            let name = file.file_name().context("a name")?.to_string_lossy();
            let told = answer(page, &format!("{number}-{name}"), &fs::read(file)?)?;
            let peak = peak_memory()?;
            println!("{name}: {} MiB, {told:?}", peak >> 20);
            ensure!(peak < 1 << 30, "{name}: {} MiB", peak >> 20);
            Ok(())
        })?;
    }
    Ok(())
}

/// A few kilobytes of gzip that come to many lines.
fn packed(line: &str, count: usize) -> Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"highwater-trace 1\n")?;
    for _ in 0..count {
        gzip.write_all(line.as_bytes())?;
    }
    Ok(gzip.finish()?)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_few_kilobytes_of_gzip_cannot_fill_the_pages_memory() -> Result<()> {
    let pairs = format!("k 1 0 a{}\n", " a=1".repeat(200_000));
    visit(View::default(), |page| {
        settle(page)?;
        for (name, line, count, told) in [
            ("env", "env A=1\n", 2_000_000, "header lines"),
            ("marks", "k 1 0 a\n", 2_000_000, "marks"),
            ("pairs", pairs.as_str(), 20, "bytes of marks"),
        ] {
            let found = answer(page, &format!("{name}.hwt.gz"), &packed(line, count)?)?;
            ensure!(found.contains(told), "{name}: {found}");
            ensure!(found.contains("asyncio burst"), "{name}: {found}");
        }
        Ok(())
    })
}
