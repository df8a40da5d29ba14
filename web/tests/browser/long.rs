//! Recordings that are too long to be kept: read in parts from the disk, they give what the engine gives natively.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use flate2::{Compression, write::GzEncoder};
use highwater_simulator::{Options, Recording, Variant, run};
use highwater_workload::{
    trace::{self, Limits},
    unwatched,
};
use tempfile::TempDir;

use crate::{
    heavy::tab,
    page::{Page, View},
    simulation::{key, number, settle, variant},
    timed::{longest_task, watch_tasks},
    visit, visit_alone,
};

/// A trace of a program that holds more and more and lets most of it go, again and again, in so many rounds of 40,000 calls,
/// with a rest after each.
pub(crate) fn text(rounds: u64) -> String {
    const BLOCKS: u64 = 20_000;
    let mut text = "highwater-trace 1\nend counted\n".to_owned();
    let (mut time, mut events) = (0, 0);
    for round in 0..rounds {
        let address = |block: u64| 0x10_0000 + (round * BLOCKS + block) * 16;
        for block in 0..BLOCKS {
            time += 3;
            let size = 24 + block * 37 % 900 + u64::from(block % 500 == 0) * 70_000;
            text += &format!("m {time} 0 {:#x} {size}\n", address(block));
        }
        // One in a thousand stays.
        for block in (0..BLOCKS).filter(|block| block % 1000 != 7) {
            time += 2;
            text += &format!("f {time} 0 {:#x}\n", address(block));
        }
        text += &format!("k {time} 0 round\n");
        events += 2 * BLOCKS - BLOCKS / 1000 + 1;
        time += 1_000_000;
    }
    text + &format!("m {time} 0 0x10 100\nend {}\n", events + 1)
}

/// The same trace in each form, as files on the disk.
fn files(text: &str) -> Result<(TempDir, Vec<PathBuf>)> {
    let gzip = |bytes: &[u8]| -> Result<Vec<u8>> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes)?;
        Ok(gzip.finish()?)
    };
    let mut packed = Vec::new();
    trace::pack(text.as_bytes(), &mut packed)?;
    let folder = TempDir::with_prefix("highwater-long-")?;
    let forms = [
        ("plain.hwt", text.as_bytes().to_vec()),
        ("packed.hwt.gz", gzip(text.as_bytes())?),
        ("twice.hwr.gz", gzip(&packed)?),
        ("binary.hwr", packed),
    ];
    let mut files = Vec::new();
    for (name, bytes) in forms {
        let file = folder.path().join(name);
        fs::write(&file, bytes)?;
        files.push(file);
    }
    Ok((folder, files))
}

/// Opens a file of the disk as a user does who chooses it.
pub(crate) fn open(page: &Page, file: &Path) -> Result<()> {
    page.send_file("#file", file)?;
    let name = file.file_name().context("a name")?.to_string_lossy();
    page.wait_for_text("#title", &name)
}

fn native(text: &str, variant: &Variant) -> Result<Recording> {
    let workload = Arc::new(trace::read(text.as_bytes())?);
    Ok(run(workload, variant, &Options::default(), &mut unwatched)?)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_long_recording_is_read_in_parts_in_every_form_and_gives_the_native_figures() -> Result<()> {
    let text = text(15);
    let whole = native(&text, &Variant::default())?;
    ensure!(whole.events > Limits::KEPT, "{} events", whole.events);
    let other = native(&text, &variant("MALLOC_TRIM_THRESHOLD_=65536")?)?;
    let (_folder, files) = files(&text)?;
    visit(View::default(), |page| {
        settle(page)?;
        for file in &files {
            open(page, file)?;
            settle(page)?;
            let name = file.display();
            ensure!(page.count("#source-long")? == 1, "{name}: it is not long");
            let peak = number(page, "#chart", "data-peak")?;
            ensure!(peak == whole.peak_rss.0, "{name}: {peak} at the peak");
            let peak = page.evaluate(
                "return document.querySelectorAll('#what-if tbody tr')[1]
                    .querySelector('td[data-column=peak]').dataset.value",
            )?;
            let peak: Option<f64> = peak.as_str().and_then(|peak| peak.parse().ok());
            ensure!(peak == Some(other.peak_rss.0 as f64), "{name}: {peak:?}");
            // A moment is looked into wherever it lies.
            let look = number(page, "#why", "data-event")?;
            page.type_text("#chart", &key(Key::Home))?;
            page.wait_for("#why[data-event='0'][aria-busy=false]")?;
            page.type_text("#chart", &key(Key::End))?;
            page.wait_for("#why[aria-busy=false]:not([data-event='0'])")?;
            ensure!(number(page, "#why", "data-event")? >= look);
            settle(page)?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_long_recording_that_changes_or_vanishes_is_told_in_one_sentence_and_the_page_lives()
-> Result<()> {
    let text = text(15);
    let (_folder, files) = files(&text)?;
    visit(View::default(), |page| {
        settle(page)?;
        for (file, is_gone) in [(&files[3], false), (&files[1], true)] {
            open(page, file)?;
            settle(page)?;
            match is_gone {
                true => fs::remove_file(file)?,
                false => fs::write(file, "highwater-trace 1\n")?,
            }
            page.set_value("#environment", "MALLOC_ARENA_MAX=1")?;
            page.wait_for_text("main", "the file has changed or is gone")?;
            page.set_value("#source", "bundled")?;
            page.wait_for_text("#title", "asyncio burst")?;
            settle(page)?;
            ensure!(page.count("#trouble")? == 0);
        }
        Ok(())
    })
}

/// Measures what a recording of one's own takes, where `HIGHWATER_LONG` names one.
#[test]
#[ignore = "it measures time; run it alone, with the file in HIGHWATER_LONG"]
fn a_named_recording_is_measured() -> Result<()> {
    let Some(file) = std::env::var_os("HIGHWATER_LONG") else {
        return Ok(());
    };
    let file = PathBuf::from(file);
    visit_alone(View::default(), |page| {
        settle(page)?;
        watch_tasks(page)?;
        println!("before: {} MiB of the tab", tab()?);
        page.evaluate(
            "window.seen = {};
             const began = performance.now();
             const watch = () => {
                 const name = document.querySelector('#title')?.textContent ?? '';
                 const now = (performance.now() - began) / 1000;
                 if (document.querySelector('.curve--growing')) seen.growing ??= now;
                 if (document.querySelector('#source-long')) {
                     seen.loaded ??= now;
                     if (document.querySelector('#chart .curve--rss')) seen.first ??= now;
                     if (document.querySelector('main').dataset.busy === 'false') seen.done ??= now;
                 }
             };
             new MutationObserver(watch).observe(document.body,
                 { subtree: true, childList: true, attributes: true });",
        )?;
        open(page, &file)?;
        page.wait_until("all runs", || {
            Ok(!page.evaluate("return seen.done ?? null")?.is_null())
        })?;
        println!("seconds: {}", page.evaluate("return seen")?);
        println!("{}", page.text("#summary")?);
        println!("five variants: {} MiB of the tab", tab()?);
        let clock = "return performance.now()";
        let before = page.evaluate(clock)?.as_f64().unwrap_or_default();
        for environment in [
            "MALLOC_ARENA_MAX=1",
            "MALLOC_TOP_PAD_=0",
            "MALLOC_MMAP_THRESHOLD_=65536",
        ] {
            page.click("#add-variant")?;
            page.set_value("#environment", environment)?;
        }
        page.frames(10)?;
        page.wait_for("main[data-busy=false]")?;
        let after = page.evaluate(clock)?.as_f64().unwrap_or_default();
        println!("three more variants: {:.1} s", (after - before) / 1000.0);
        println!("eight variants: {} MiB of the tab", tab()?);
        settle(page)?;
        for place in [0.1, 0.9, 0.35, 0.7, 0.5, 0.95, 0.05] {
            let took = page.evaluate_with(
                "const over = document.querySelector('#over');
                 const room = over.getBoundingClientRect();
                 const at = { bubbles: true, clientX: room.left + room.width * arguments[0],
                     clientY: room.top + 20, pointerId: 1, button: 0, buttons: 1 };
                 const why = () => document.querySelector('#why');
                 window.looked = null;
                 const began = performance.now();
                 const before = why().dataset.event;
                 over.dispatchEvent(new PointerEvent('pointerdown', at));
                 over.dispatchEvent(new PointerEvent('pointerup', { ...at, buttons: 0 }));
                 const wait = () => {
                     const is = why()?.getAttribute('aria-busy') === 'false' && why().dataset.event !== before;
                     if (is) window.looked = performance.now() - began;
                     else setTimeout(wait, 2);
                 };
                 wait();",
                vec![place.into()],
            );
            took?;
            page.wait_until("the look", || {
                Ok(!page.evaluate("return looked")?.is_null())
            })?;
            let took = page.evaluate("return looked")?.as_f64().unwrap_or_default();
            println!("a look at {place}: {took:.0} ms");
            settle(page)?;
        }
        println!("at the end: {} MiB of the tab", tab()?);
        println!("longest task: {} ms", longest_task(page)?);
        Ok(())
    })
}
