//! What is typed wrong is said where it stands, and nothing breaks.

use anyhow::{Result, ensure};

use crate::{
    page::{Page, View},
    simulation::{number, settle},
    visit,
};

/// Opens a file with this text, as choosing it in the browser's dialog would.
fn open(page: &Page, name: &str, text: &str) -> Result<()> {
    page.evaluate_with(
        "const [name, text] = arguments;
         const input = document.querySelector('#file');
         const files = new DataTransfer();
         files.items.add(new File([text], name));
         input.files = files.files;
         input.dispatchEvent(new Event('change', { bubbles: true }));",
        vec![name.into(), text.into()],
    )?;
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn an_unfinished_line_of_the_environment_is_counted_and_changes_nothing() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let before = number(page, "#chart", "data-rss")?;
        page.type_text("#environment", "# a comment\nMALLOC")?;
        page.wait_for_text("#environment-others", "2 other lines")?;
        settle(page)?;
        ensure!(page.count("#outdated")? == 0);
        ensure!(number(page, "#chart", "data-rss")? == before);
        // The playhead can still be moved.
        page.set_value("#scrub", "100")?;
        settle(page)?;
        page.set_value("#scrub", "990")?;
        page.type_text("#environment", "_MMAP_THRESHOLD_=16384")?;
        page.wait_until("another run", || {
            Ok(number(page, "#chart", "data-rss")? != before)
        })?;
        settle(page)?;
        page.wait_for_text("#environment-others", "1 other line")?;
        ensure!(number(page, "#chart", "data-rss")? != before);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_pasted_preload_switches_the_variant_and_foreign_lines_fold_into_one() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value(
            "#environment",
            "FROM debian\nENV TOKEN=hunter2\nENV LD_PRELOAD=/usr/lib/libjemalloc.so.2\nENV MALLOC_ARENA_MAX=2\n",
        )?;
        page.wait_for_text("#environment-choice", "Runs on jemalloc 5.3.0")?;
        page.wait_for_text("#environment-others", "2 other lines stay in this tab only")?;
        settle(page)?;
        ensure!(page.count("#remarks .remark")? == 2);
        page.set_value("#environment", "")?;
        settle(page)?;
        ensure!(page.count("#environment-choice")? == 0);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_setting_that_is_not_read_is_said_to_be_ignored() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.type_text("#environment", "MALLOC_TRIM_THRESHOLD=65536")?;
        page.wait_for("#remarks [data-tone=ignored]")?;
        settle(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn settings_at_the_edge_of_what_fits_do_no_harm() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        for lines in [
            "MALLOC_TRIM_THRESHOLD_=18446744073709551615",
            "MALLOC_TRIM_THRESHOLD_=-1\nMALLOC_TOP_PAD_=0",
            "GLIBC_TUNABLES=glibc.malloc.tcache_count=99999999:::=\nA=\u{1f9e0}",
        ] {
            page.set_value("#environment", lines)?;
            page.wait_for("#remarks .remark")?;
            settle(page)?;
            ensure!(
                page.count("#trouble")? == 0,
                "{lines}: {}",
                page.text("#trouble")?
            );
            page.set_value("#environment", "")?;
            page.wait_until("no remarks", || Ok(page.count("#remarks .remark")? == 0))?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_parameter_out_of_its_range_is_said_and_nothing_runs() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", "async_fanout")?;
        page.wait_for_text("#title", "fan-out")?;
        settle(page)?;
        let peak = number(page, "#chart", "data-peak")?;
        for value in ["65", "-1", "many", ""] {
            page.set_value("#parameter-streams", value)?;
            page.wait_for_text("#parameter-streams-error", "between 1 and 64")?;
        }
        page.wait_for("#outdated")?;
        ensure!(number(page, "#chart", "data-peak")? == peak);
        page.set_value("#parameter-streams", "4")?;
        page.wait_until("another run", || {
            Ok(number(page, "#chart", "data-peak")? != peak)
        })?;
        ensure!(page.count("#parameter-streams-error")? == 0);
        page.set_value("#parameter-events", "20000")?;
        page.set_value("#parameter-cycles", "1000")?;
        page.wait_for_text("#together-error", "Reduce events to")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_malformed_file_is_said_with_its_line_and_the_next_one_is_opened() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let before = number(page, "#chart", "data-peak")?;
        for (text, words) in [
            (
                "highwater-trace 1\nm 0 0 0x1000 10\nm 1 0 zzz 10\n",
                "line 3",
            ),
            ("not a trace", "this is another text, not a trace"),
            ("", "is empty"),
            ("highwater-trace 1\ne 0 7\nm 1 7 0x1000 10\n", "line 3"),
        ] {
            open(page, "bad.hwt", text)?;
            page.wait_for_text("#trouble", words)?;
            ensure!(number(page, "#chart", "data-peak")? == before);
            page.wait_for_text("#title", "asyncio burst")?;
        }
        open(
            page,
            "good.hwt",
            "highwater-trace 1\nenv MALLOC_TOP_PAD_=0\nm 10 0 0x1000 100000\nf 20 0 0x1000\n",
        )?;
        page.wait_for_text("#title", "good.hwt")?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0);
        ensure!(page.value("#environment")?.contains("MALLOC_TOP_PAD_=0"));
        page.set_value("#source", "bundled")?;
        page.wait_for_text("#title", "asyncio burst")?;
        settle(page)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn any_text_is_read_beside_the_page_and_plain_lines_at_once() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        // Notes every time that the page says it is reading, and what is there in the next picture.
        page.evaluate_with(
            "window.saidReading = 0;
             const says = document.querySelector('#environment-says');
             new MutationObserver(() => {
               window.saidReading += document.querySelectorAll('#environment-reading').length;
             }).observe(says, { childList: true, subtree: true });",
            vec![],
        )?;
        let said = || page.evaluate("return window.saidReading");
        page.set_value("#environment", "MALLOC_ARENA_MAX=1\nMALL")?;
        page.wait_for_text("#environment-others", "1 other line")?;
        ensure!(said()?.as_u64() == Some(0), "plain lines wait for nobody");
        let long = "x: &a [MALLOC, 1]\n".repeat(50_000) + "ENV MALLOC_ARENA_MAX=2\n";
        page.set_value("#environment", &long)?;
        // It answers though the text is being read.
        page.click("[data-preset=\"no setting\"]")?;
        page.wait_until("the box to be empty", || {
            Ok(page.evaluate("return document.querySelector('#environment').value")? == "")
        })?;
        ensure!(said()?.as_u64() > Some(0), "a long text is handed over");
        page.set_value("#environment", &long)?;
        page.wait_for_text("#environment-others", "50000 other lines")?;
        ensure!(page.count("#environment-reading")? == 0);
        ensure!(page.count("#remarks .remark")? > 0);
        settle(page)
    })
}
