//! Traces and recordings of the user's own, dropped on the page.

use anyhow::{Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use highwater_hwr::{Domain, Event, Placed, layout::Control, write::Writer};
use serde_json::json;

use crate::{
    page::{Page, View},
    simulation::{number, settle},
    visit,
};

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_trace_that_is_dropped_is_read_and_summed_up() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate(
            "const text = 'highwater-trace 1\\nprogram mine\\nallocator glibc 2.31\\nm 10 0 0x1000 100000\\nm 20 3 0x2000 50\\n'
                 + 'k 30 0 middle\\nf 40 0 0x1000\\n';
             const files = new DataTransfer();
             files.items.add(new File([text], 'mine.hwt'));
             document.querySelector('main').dispatchEvent(new DragEvent('drop',
                 { bubbles: true, cancelable: true, dataTransfer: files }));",
        )?;
        page.wait_for_text("#title", "mine.hwt")?;
        settle(page)?;
        let summary = page.text("#summary")?;
        for words in ["3 calls", "2 blocks", "4 threads", "1 mark ", "glibc 2.31"] {
            ensure!(summary.contains(words), "{words} in {summary}");
        }
        page.wait_for_text("#shows", "stays in this browser")?;
        page.wait_for_text(".variant__head[data-variant='0']", "glibc 2.31")?;
        ensure!(number(page, "#chart", "data-curves")? == 5);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_recording_that_is_dropped_runs_as_the_trace_that_it_holds() -> Result<()> {
    let trace = include_bytes!("../../traces/asyncio_burst.hwt.gz");
    let mut packed = Vec::new();
    highwater_workload::trace::pack(trace, &mut packed)?;
    let packed = STANDARD.encode(packed);
    visit(View::default(), |page| {
        settle(page)?;
        let figures = "return document.querySelector('#what-if tbody').textContent";
        let (of_trace, summary) = (page.evaluate(figures)?, page.text("#summary")?);
        page.evaluate_with(
            "const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
             const files = new DataTransfer();
             files.items.add(new File([bytes], 'mine.hwr'));
             document.querySelector('main').dispatchEvent(new DragEvent('drop',
                 { bubbles: true, cancelable: true, dataTransfer: files }));",
            vec![packed.into()],
        )?;
        page.wait_for_text("#title", "mine.hwr")?;
        settle(page)?;
        ensure!(page.text("#summary")? == summary, "{summary}");
        page.wait_until("the figures of the trace", || {
            Ok(page.evaluate(figures)? == of_trace)
        })
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_heap_of_half_a_gigabyte_is_played() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", "paging")?;
        page.wait_for_text("#title", "pages")?;
        settle(page)?;
        page.click("#to-start")?;
        page.click("#play")?;
        page.wait_until("the playhead to move", || {
            Ok(number(page, "#chart", "data-time")? > 0)
        })
    })
}

/// A recording of a process that began then, perhaps forked by another after so many of its events, with this many calls.
fn recording(process: u32, forked: Option<(u32, u64)>, begins: u64, calls: u64) -> Result<Vec<u8>> {
    let control = Control {
        process,
        parent: forked.map_or(1, |(parent, _)| parent),
        parent_ticket: forked.map(|(_, ticket)| ticket),
        monotonic_time: begins,
        ..Control::default()
    };
    let text = "highwater-trace 2\nallocator glibc 2.36\n";
    let mut writer = Writer::new(Vec::new(), &control, text, 4)?;
    for call in 0..calls {
        writer.placed(&Placed {
            ticket: call,
            width: 0,
            time: call * 1000,
            thread: 0,
            domain: Domain::default(),
            site: 0,
            event: Event::Malloc {
                address: 0x5555_5556_0010 + (u64::from(process) << 20) + call * 4096,
                size: 4000,
            },
        })?;
    }
    Ok(writer.finish()?)
}

/// Drops files on the page at once.
fn drop_files(page: &Page, files: &[(&str, &[u8])]) -> Result<()> {
    let files = files
        .iter()
        .map(|(name, bytes)| (name, STANDARD.encode(bytes)));
    page.evaluate_with(
        "const files = new DataTransfer();
         for (const [name, packed] of arguments[0])
             files.items.add(new File([Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0))], name));
         document.querySelector('main').dispatchEvent(new DragEvent('drop',
             { bubbles: true, cancelable: true, dataTransfer: files }));",
        vec![files.collect::<Vec<_>>().into_iter().map(|file| json!(file)).collect()],
    )?;
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_forked_process_is_opened_with_its_parents_recording() -> Result<()> {
    let parent = recording(10, None, 1_000, 900)?;
    let child = recording(20, Some((10, 600)), 2_000_000, 300)?;
    visit(View::default(), |page| {
        settle(page)?;
        drop_files(page, &[("worker.20.hwr", &child)])?;
        page.wait_for_text("#trouble", "open it together with its parent's, process 10")?;
        for files in [
            [("master.10.hwr", &parent[..]), ("worker.20.hwr", &child)],
            [("worker.20.hwr", &child), ("master.10.hwr", &parent)],
        ] {
            drop_files(page, &files)?;
            // Of the two the worker is shown, and names it.
            page.wait_for_text("#title", "worker.20.hwr")?;
            settle(page)?;
            ensure!(page.text("#trouble").is_err(), "no trouble is left");
            let origin = page.text("#source-origin")?;
            ensure!(
                origin.starts_with(
                    "Process 20, which began with the heap of its parent, process 10. "
                ),
                "{origin}"
            );
            let summary = page.text("#summary")?;
            ensure!(summary.starts_with("900 calls"), "{summary}");
        }
        // The others are there without a second drop, in the list of what runs, by name and by key.
        let lines = "return [...document.querySelectorAll('#source [value$=\".hwr\"]')].map((one) => one.text)";
        ensure!(
            page.evaluate(lines)?
                == json!([
                    "worker.20.hwr (process 20, 300 events, 0.299 s)",
                    "master.10.hwr (process 10, 900 events, 0.899 s)"
                ]),
            "{}",
            page.evaluate(lines)?
        );
        page.evaluate("document.querySelector('#source').focus()")?;
        for (key, name, process) in [
            ("ArrowDown", "master.10.hwr", "Process 10. "),
            ("ArrowUp", "worker.20.hwr", "Process 20, "),
            ("ArrowDown", "master.10.hwr", "Process 10. "),
        ] {
            page.press(key)?;
            page.wait_for_text("#title", name)?;
            settle(page)?;
            let origin = page.text("#source-origin")?;
            ensure!(origin.starts_with(process), "{origin}");
            let focused = page.evaluate("return document.activeElement.id")?;
            ensure!(focused == "source", "{focused} has the focus");
        }
        ensure!(page.text("#summary")?.starts_with("900 calls"));
        // The button takes several as well.
        ensure!(page.evaluate("return document.querySelector('#file').multiple")? == true);
        Ok(())
    })
}
