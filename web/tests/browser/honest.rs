//! The page says of nothing that it is something else.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    page::{Page, View},
    private::{SECRET, address, clean, copied, drop_file, promised},
    simulation::{number, settle},
    visit,
};

const TRACE: &str = "highwater-trace 1\nprogram mine\nenv TOKEN=hunter2\nenv MALLOC_ARENA_MAX=1\n\
                     m 10 0 0x1000 100000\nm 20 0 0x2000 50\nk 30 0 middle\nf 40 0 0x1000\n";

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_files_name_stands_only_over_its_own_data() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let before = page.text("#title")?;
        let markdown = copied(page, "#copy-markdown")?;
        // A file of 2 GB, which takes no memory: its parts are one.
        page.evaluate(
            "const part = new Blob(['m 1 0 0x10 8\\nf 1 0 0x10\\n'.repeat(20000)]);
             const files = new DataTransfer();
             files.items.add(new File(['highwater-trace 1\\n', ...Array(4000).fill(part)], 'huge.hwt'));
             document.querySelector('main').dispatchEvent(new DragEvent('drop',
                 { bubbles: true, cancelable: true, dataTransfer: files }))",
        )?;
        page.wait_for_text(".page-header__status", "reading huge.hwt")?;
        let same = |page: &Page| -> Result<()> {
            ensure!(page.text("#title")? == before);
            ensure!(page.value("#source")? == "bundled");
            ensure!(copied(page, "#copy-markdown")? == markdown);
            let link = copied(page, "#copy-link")?;
            let text = promised(page, &format!("textOf('{link}')"))?;
            ensure!(text.starts_with(r#"{"run":{"trace":"bundled""#), "{text}");
            Ok(())
        };
        same(page)?;
        page.click("#cancel")?;
        page.wait_for_text("#trouble", "huge.hwt was not read")?;
        same(page)?;
        // What is shown can still be looked into.
        page.set_value("#scrub", "300")?;
        settle(page)?;
        // Files that are no traces, or only a part of one.
        for (bytes, words) in [
            (&b""[..], "is empty"),
            (b"\x89PNG\r\n\x1a\n\0\0", "this is a PNG image, not a trace"),
            (b"TOKEN=hunter2\n", "this is another text, not a trace"),
            (
                b"highwater-trace 1\nm 1 0 0x10 8\nm 2 0",
                "after 1 whole call",
            ),
        ] {
            drop_file(page, "bad.hwt", bytes)?;
            page.wait_for_text("#trouble", words)?;
            clean("trouble", &page.text("#trouble")?)?;
            same(page)?;
        }
        drop_file(page, "mine.hwt", TRACE.trim_end().as_bytes())?;
        page.wait_for_text("#title", "mine.hwt")?;
        settle(page)?;
        page.wait_for_text("#source-unended", "has no line break")?;
        ensure!(
            page.text("#title")?.contains("3 calls"),
            "a mark is no call"
        );
        page.wait_for_text(".variant__head[data-variant='0']", "as recorded")?;
        ensure!(
            !page.value("#environment")?.contains(SECRET),
            "what no allocator reads is not taken from a recording"
        );
        page.wait_until("its address", || {
            Ok(address(page)?.contains(r#""trace":"mine.hwt""#))
        })?;
        clean("address", &address(page)?)
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_link_finds_its_recording_by_any_name() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        drop_file(page, "mine.hwt", TRACE.as_bytes())?;
        page.wait_for_text("#title", "mine.hwt")?;
        settle(page)?;
        page.set_value("#environment", "MALLOC_TOP_PAD_=0")?;
        page.wait_for_text(".variant__head[data-variant='0']", "MALLOC_TOP_PAD_=0")?;
        settle(page)?;
        let link = copied(page, "#copy-link")?;
        let link = &link[link.find('#').context("a link")?..];
        page.go(&format!("?1{link}"))?;
        page.wait_for_text("#trouble", "mine.hwt is not open")?;
        ensure!(
            !page.text("#title")?.contains("mine.hwt"),
            "nothing is there"
        );
        drop_file(page, "mine (1).hwt", TRACE.as_bytes())?;
        page.wait_for_text("#title", "mine (1).hwt")?;
        settle(page)?;
        page.wait_for_text(".variant__head[data-variant='0']", "MALLOC_TOP_PAD_=0")?;
        ensure!(page.count("#trouble")? == 0);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn what_an_address_asks_for_in_vain_is_told_and_the_rest_is_done() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?scenario=decay&events=40&rest=many&at=abc&variant=Z&beside=C&theme=blue&utm_source=slack&fbclid=")?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        ensure!(page.value("#parameter-events")? == "40");
        let notes = page.text("#notes")?;
        for name in ["rest", "at", "variant", "theme", "utm_source", "fbclid"] {
            ensure!(notes.contains(&format!("`{name}`")), "{name} in {notes}");
        }
        ensure!(
            !notes.contains("slack") && page.count("#trouble")? == 0,
            "{notes}"
        );
        ensure!(page.count("#map-beside")? == 1);
        page.click("#dismiss")?;
        page.wait_until("no notes", || Ok(page.count("#notes")? == 0))?;
        page.go("?scenario=decay&events=40&variant=H&at=1.5")?;
        page.wait_for_text("#notes", "Ignored variant H")?;
        settle(page)?;
        ensure!(number(page, "#chart", "data-time")? == 1_500_000);
        // A line within a value is no line of a link.
        page.go("?scenario=decay%0Ao9%200&events=40")?;
        page.wait_for_text("#trouble", "link is invalid")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_log_is_filtered_whole_and_says_how_much_there_is() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.click("[data-only='gave back']")?;
        let mut counts = Vec::new();
        for share in ["620", "700", "900", "1000"] {
            page.set_value("#scrub", share)?;
            settle(page)?;
            ensure!(page.count("#decisions .told--gave")? > 0, "at {share}");
            ensure!(page.count("#decisions .told:not(.told--gave)")? == 0);
            let count = number(page, "#decisions", "data-count")?;
            let said = page.text("#decided")?.replace(',', "");
            ensure!(said.ends_with(&format!(" of {count}")), "{said}");
            let chip = page.text("[data-only='gave back'] small")?.replace(',', "");
            ensure!(chip == count.to_string(), "{chip} of {count}");
            counts.push(count);
        }
        ensure!(counts.is_sorted() && counts[0] > 0, "{counts:?}");
        // Going back there are fewer, whatever the worker had read by then.
        page.set_value("#scrub", "620")?;
        settle(page)?;
        ensure!(number(page, "#decisions", "data-count")? == counts[0]);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn chart_tooltip_and_explanation_agree_at_every_event() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        for round in 0..24 {
            let share = (round * 389) % 1000;
            page.set_value("#scrub", &share.to_string())?;
            page.evaluate("document.querySelector('#chart').focus()")?;
            for _ in 0..round % 3 {
                page.press(".")?;
            }
            settle(page)?;
            page.evaluate(
                "const plot = document.querySelector('#over'), box = plot.getBoundingClientRect();
                 const line = document.querySelector('#chart .playhead').getBoundingClientRect();
                 plot.dispatchEvent(new PointerEvent('pointermove', { bubbles: true,
                     clientX: line.left + 1, clientY: box.top + 20 }));",
            )?;
            page.wait_for(".readout")?;
            let told = page.evaluate(
                "const size = (text) => text.trim();
                 const terms = Object.fromEntries([...document.querySelectorAll('.readout dt')].map(
                     (term) => [term.textContent, term.nextElementSibling.textContent]));
                 const why = [...document.querySelectorAll('#why .figures dd')].map((one) => size(one.textContent));
                 const ends = [...document.querySelectorAll('.ends .end:not(.end--room)')];
                 const own = ends.find((end) => [...end.querySelectorAll('b')].some((one) => one.textContent === 'A'));
                 return { rss: [document.querySelector('#chart').dataset.rss, document.querySelector('#why').dataset.rss],
                     terms, why, own: own.textContent, top: document.querySelector('#trim')?.dataset.top,
                     words: document.querySelector('#chart').getAttribute('aria-valuetext'),
                     second: [...document.querySelectorAll('[aria-labelledby=second-title] .legend b')].map(
                         (one) => one.textContent), trim: document.querySelector('#trim')?.textContent }",
            )?;
            let same = |one: &Value, other: &Value| one.is_string() && one == other;
            ensure!(same(&told["rss"][0], &told["rss"][1]), "{round}: {told}");
            let terms = &told["terms"];
            let first = terms
                .as_object()
                .and_then(|terms| terms.iter().find(|(name, _)| name.starts_with('A')));
            let (_, rss) = first.context("a line of A")?;
            ensure!(same(rss, &told["why"][0]), "{round}: {told}");
            ensure!(
                same(&terms["held by the program"], &told["why"][1]),
                "{round}: {told}"
            );
            ensure!(same(&terms["parked"], &told["why"][2]), "{round}: {told}");
            ensure!(
                same(&terms["malloc_trim(0) would return"], &told["why"][4]),
                "{round}: {told}"
            );
            let trim = told["trim"].as_str().context("a gauge")?;
            for figure in told["second"].as_array().context("two figures")? {
                ensure!(
                    trim.contains(figure.as_str().unwrap_or("?")),
                    "{round}: {told}"
                );
            }
            let words = told["words"].as_str().unwrap_or_default();
            ensure!(
                words.contains(told["why"][0].as_str().unwrap_or("?")),
                "{round}: {told}"
            );
        }
        let calls = "return [document.querySelector('#title').textContent, document.querySelector('#summary').textContent]
            .map((text) => text.match(/([\\d,]+) calls/)[1])";
        let calls = page.evaluate(calls)?;
        ensure!(calls[0] == calls[1], "{calls}");
        Ok(())
    })
}
