//! Traces and recordings of the user's own, dropped on the page.

use anyhow::{Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    page::View,
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
