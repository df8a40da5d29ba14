//! The page keeps to itself what is pasted into it, and says of nothing that it is something else.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    built_page,
    embedding::{around, serve},
    page::{Page, View},
    pictures::Downloads,
    simulation::{number, settle},
    visit, visit_folder,
};

/// What must be nowhere but in the box it was pasted into.
const SECRET: &str = "hunter2";

/// Settings among what people have in such files.
const PASTED: &str = "# the password is hunter2-comment\nDATABASE_URL=postgres://admin:hunter2-url@db\n\
                      AWS_SECRET_ACCESS_KEY=hunter2-key\nMALLOC_ARENA_MAX=2\nMALLOC_ARENA_MAX_=hunter2-near\n\
                      malloc_arena_max=hunter2-case\nhunter2_NAME=1\nCONFIG={\"password\":\"hunter2-json\"}\n";

/// The text of a link, and a link of a text, as the page itself makes and reads them.
pub(crate) const LINKS: &str = "
    const through = async (bytes, stream) => new Uint8Array(
        await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
    window.textOf = async (link) => {
        const coded = atob(link.slice(link.search(/#[12]=/) + 3).replaceAll('-', '+').replaceAll('_', '/'));
        const bytes = Uint8Array.from(coded, (letter) => letter.charCodeAt(0));
        return new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw')));
    };
    window.linkOf = async (text) => {
        const bytes = await through(new TextEncoder().encode(text), new CompressionStream('deflate-raw'));
        const coded = btoa(String.fromCharCode(...bytes));
        return '#1=' + coded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    };";

/// What a promise in the page comes to.
fn promised(page: &Page, promise: &str) -> Result<String> {
    page.evaluate(&format!(
        "{LINKS} window.kept = undefined; ({promise}).then((value) => {{ window.kept = value }})"
    ))?;
    page.wait_until("a promise", || {
        Ok(page.evaluate("return window.kept !== undefined")? == true)
    })?;
    let kept = page.evaluate("return window.kept")?;
    Ok(kept.as_str().context("a text")?.to_owned())
}

/// What the address says, decoded.
fn address(page: &Page) -> Result<String> {
    let text = promised(
        page,
        "location.hash ? textOf(location.hash) : Promise.resolve('')",
    )?;
    let href = page.evaluate("return location.href")?;
    Ok(format!("{}\n{text}", href.as_str().unwrap_or_default()))
}

fn clean(what: &str, text: &str) -> Result<()> {
    ensure!(!text.contains(SECRET), "{what}: {text}");
    Ok(())
}

/// Presses a button that copies, and returns what was copied.
fn copied(page: &Page, button: &str) -> Result<String> {
    page.evaluate(
        "window.copied = undefined;
         navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }",
    )?;
    page.evaluate(&format!("document.querySelector('{button}').click()"))?;
    page.wait_until("what is copied", || {
        Ok(page.evaluate("return window.copied")?.is_string())
    })?;
    let copied = page.evaluate("return window.copied")?;
    Ok(copied.as_str().unwrap_or_default().to_owned())
}

/// Drops a file on the page.
pub(crate) fn drop_file(page: &Page, name: &str, bytes: &[u8]) -> Result<()> {
    page.evaluate_with(
        "const files = new DataTransfer();
         files.items.add(new File([Uint8Array.from(arguments[1])], arguments[0]));
         document.querySelector('main').dispatchEvent(new DragEvent('drop',
             { bubbles: true, cancelable: true, dataTransfer: files }));",
        vec![name.into(), bytes.into()],
    )?;
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn nothing_that_is_pasted_leaves_the_page() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#environment", PASTED)?;
        page.wait_for_text(".variant__name", "MALLOC_ARENA_MAX=2")?;
        settle(page)?;
        page.wait_until("an address", || {
            Ok(page.evaluate("return location.hash.length > 3")? == true)
        })?;
        for button in ["#copy-link", "#copy-frame"] {
            let copied = copied(page, button)?;
            clean(button, &copied)?;
            let end = "copied.slice(copied.indexOf('#2=')).split('\"')[0]";
            let text = promised(page, &format!("textOf({end})"))?;
            ensure!(
                text.contains(r#""environment":"MALLOC_ARENA_MAX=2\n""#),
                "{text}"
            );
            clean(button, &text)?;
        }
        clean("Markdown", &copied(page, "#copy-markdown")?)?;
        clean("address", &address(page)?)?;
        let downloads = Downloads::of(page)?;
        let date = "return new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toISOString().slice(0, 10)";
        let date = page.evaluate(date)?;
        let date = date.as_str().unwrap_or_default();
        for (label, end) in [
            ("SVG of the chart", "chart"),
            ("SVG of heap map A", "map-A"),
        ] {
            let name = format!("highwater-asyncio_burst-{end}-{date}.svg");
            let svg = String::from_utf8(downloads.press(page, label, &name)?)?;
            ensure!(svg.contains("MALLOC_ARENA_MAX=2"), "{label}");
            clean(label, &svg)?;
        }
        let name = format!("highwater-asyncio_burst-chart-{date}.png");
        let png = downloads.press(page, "PNG of the chart", &name)?;
        clean("PNG", &String::from_utf8_lossy(&png))?;
        page.click("#save-csv")?;
        let csv = downloads.read(page, "highwater.csv")?;
        clean("CSV", &String::from_utf8(csv)?)?;
        let title = page.evaluate("return document.title")?;
        clean("title", title.as_str().unwrap_or_default())?;
        // It stays in the box, also where somebody goes back and comes again.
        page.evaluate("document.querySelector('.variant__head[data-variant=\"1\"]').click()")?;
        page.set_value("#environment", "MALLOC_TOP_PAD_=0")?;
        page.wait_for_text(".variant__head[data-variant='1']", "MALLOC_TOP_PAD_=0")?;
        page.wait_until(
            "the next address",
            || Ok(address(page)?.contains("TOP_PAD")),
        )?;
        clean("next address", &address(page)?)?;
        page.evaluate("history.back()")?;
        page.wait_for_text(".variant__head[data-variant='1']", "trim threshold")?;
        clean("address before", &address(page)?)?;
        settle(page)?;
        page.evaluate("document.querySelector('.variant__head[data-variant=\"0\"]').click()")?;
        let kept = page.value("#environment")?;
        ensure!(kept.contains("hunter2-url"), "{kept}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn what_a_link_from_elsewhere_holds_besides_is_neither_read_nor_kept() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let link = promised(
            page,
            "linkOf('sdecay\\np events 40\\nv0 0 glibc@2.36 \\neTOKEN=hunter2\\ne# hunter2\\neMALLOC_ARENA_MAX=1\\nu0 0 -\\n'
                 .replace('p events', 'pevents'))",
        )?;
        page.go(&format!("?1{link}"))?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        ensure!(page.value("#environment")?.trim() == "MALLOC_ARENA_MAX=1");
        page.wait_until("a clean address", || Ok(!address(page)?.contains(SECRET)))?;
        ensure!(address(page)?.contains("MALLOC_ARENA_MAX=1"));

        page.go("?scenario=decay&events=40&env=MALLOC_ARENA_MAX%3D1%0ATOKEN%3Dhunter2")?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        page.wait_until("a clean address", || Ok(!address(page)?.contains(SECRET)))?;
        ensure!(page.value("#environment")?.trim() == "MALLOC_ARENA_MAX=1");
        ensure!(page.count("#trouble")? == 0);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_page_around_is_told_nothing_that_was_pasted() -> Result<()> {
    let built = built_page()?;
    let (_site, address) = serve(&built)?;
    let folder = around(&format!(
        "<iframe width=640 height=400 src='{address}?embed=1&scenario=decay&events=40&utm_source=x&env=MALLOC_ARENA_MAX%3D1%0ATOKEN%3Dhunter2'></iframe>"
    ))?;
    let errors = visit_folder(folder.path(), View::default(), |page| {
        let done = "return Boolean(last()?.variants.every((one) => one.peak > 0))";
        page.wait_until("the result", || Ok(page.evaluate(done)? == true))?;
        page.evaluate(
            "say({ type: 'set', scenario: 'environment', parameters: { events: 60, nosuch: 1 },
                   environment: 'MALLOC_ARENA_MAX=1\\nTOKEN=hunter2' })",
        )?;
        let done = "return Boolean(last()?.scenario === 'environment'
            && last().variants.every((one) => one.peak > 0))";
        page.wait_until("the next result", || Ok(page.evaluate(done)? == true))?;
        let heard = page.evaluate("return JSON.stringify(heard)")?;
        let heard = heard.as_str().unwrap_or_default();
        clean("messages", heard)?;
        for words in ["`utm_source`", "`nosuch`", "\"letter\":\"A\""] {
            ensure!(heard.contains(words), "{words} in {heard}");
        }
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

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

/// What is wrong with the labels at the chart's edge, as far as places go.
const LABELS: &str = "
    const box = (node) => node.getBoundingClientRect();
    const chart = box(document.querySelector('.chart')), plot = box(document.querySelector('#chart'));
    const labels = [...document.querySelectorAll('.chart:not(.chart--second) .end:not(.end--room)')];
    const wrong = [];
    let letters = 0;
    for (const [at, label] of labels.entries()) {
        const of = box(label);
        letters += label.querySelectorAll('b').length;
        if (!/\\d$/.test(label.textContent)) wrong.push(`no figure: ${label.textContent}`);
        if (of.right > chart.right + 0.5 || of.left < plot.right) wrong.push(`cut: ${label.textContent}`);
        if (of.top < plot.top - 1 || of.bottom > plot.bottom + 1) wrong.push(`beyond: ${label.textContent}`);
        for (const other of labels.slice(0, at).map(box)) {
            if (of.top < other.bottom - 1 && other.top < of.bottom - 1) wrong.push(`over another: ${label.textContent}`);
        }
    }
    if (plot.width < 90) wrong.push(`the plot is ${plot.width} wide`);
    const variants = document.querySelector('#chart').dataset.curves;
    if (letters != variants) wrong.push(`${letters} letters of ${variants}`);
    return wrong;";

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn labels_at_the_edge_are_whole_in_every_size() -> Result<()> {
    visit(View::default(), |page| {
        for address in [
            "",
            "?scenario=incident&events=60",
            "?embed=1&scenario=incident&events=60&panels=chart&controls=0",
        ] {
            page.go(address)?;
            page.wait_for("main[data-busy=false] #chart .curve--rss")?;
            if address.is_empty() {
                for _ in 0..3 {
                    page.evaluate("document.querySelector('#add-variant').click()")?;
                }
                page.wait_for("main[data-busy=false] #chart[data-curves='8']")?;
            }
            for at in ["Home", "End"] {
                page.evaluate("document.querySelector('#chart').focus()")?;
                page.press(at)?;
                for (width, height) in [(1440, 900), (1024, 768), (390, 844), (320, 240)] {
                    page.look(View {
                        width,
                        height,
                        dark: width == 390,
                    })?;
                    let wrong = page.evaluate(LABELS)?;
                    ensure!(wrong == json!([]), "{address} {width} {at}: {wrong}");
                }
            }
            page.look(View::default())?;
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn letters_stay_and_names_follow() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let all = |page: &Page| -> Result<String> {
            let all = "return [...document.querySelectorAll('#what-if .row__name')].map(
                (row) => row.textContent).sort().join('|')";
            Ok(page.evaluate(all)?.as_str().unwrap_or_default().to_owned())
        };
        ensure!(
            all(page)?.starts_with("Ano setting|Btrim threshold 64 KiB|C"),
            "{}",
            all(page)?
        );
        page.click("#add-variant")?;
        settle(page)?;
        ensure!(
            all(page)?.contains("|Btrim threshold 64 KiB|"),
            "{}",
            all(page)?
        );
        ensure!(all(page)?.ends_with("|Fno setting (2)"), "{}", all(page)?);
        page.set_value("#environment", "MALLOC_ARENA_MAX=1")?;
        page.wait_for_text(".variant__head[data-variant='5']", "MALLOC_ARENA_MAX=1")?;
        settle(page)?;
        page.click(".variant__head[data-variant='0']")?;
        page.click("#remove-variant")?;
        settle(page)?;
        ensure!(all(page)?.starts_with("Btrim threshold"), "{}", all(page)?);
        let before = all(page)?;
        let link = copied(page, "#copy-link")?;
        page.go(&format!("?1{}", &link[link.find('#').context("a link")?..]))?;
        settle(page)?;
        ensure!(all(page)? == before, "{} {before}", all(page)?);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn long_names_paper_and_forced_colours_leave_the_page_whole() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#variant-name", &format!("\u{202e}{}", "x".repeat(20_000)))?;
        settle(page)?;
        for (width, height) in [(1440, 900), (390, 844)] {
            page.look(View {
                width,
                height,
                dark: false,
            })?;
            let wide = page.evaluate("return document.documentElement.scrollWidth")?;
            ensure!(wide.as_u64() <= Some(u64::from(width)), "{wide} of {width}");
            let row = "return document.querySelector('.row__name').getBoundingClientRect().width";
            ensure!(page.evaluate(row)?.as_f64() < Some(500.0));
        }
        let title = page.attribute(".row__name", "title")?.unwrap_or_default();
        ensure!(
            title.ends_with('…') && !title.contains('\u{202e}'),
            "{title}"
        );
        page.look(View::default())?;
        page.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" }))?;
        let seen = "return [...document.querySelectorAll('button, input, select, textarea')].filter(
            (one) => one.checkVisibility() && !one.closest('.term, .legend, .names, table, .pins, .log, .sentences, .variants'))
            .map((one) => one.id || one.className || one.textContent)";
        ensure!(
            page.evaluate(seen)? == json!([]),
            "{}",
            page.evaluate(seen)?
        );
        // The names of the curves are read on paper, and nothing beside them is pressed there.
        let beside = "return [...document.querySelectorAll('.names__only, #add-note')].filter((one) => one.checkVisibility()).length";
        ensure!(page.evaluate(beside)? == 0);
        for selector in [
            "#chart",
            "canvas.map",
            "#why",
            "#what-if",
            "#title",
            "#variants",
        ] {
            ensure!(page.count(selector)? == 1, "{selector}");
            page.wait_for(selector)?;
        }
        let forced =
            json!({ "media": "", "features": [{ "name": "forced-colors", "value": "active" }] });
        page.devtools("Emulation.setEmulatedMedia", forced)?;
        let colours = "return new Set([...document.querySelectorAll('.legend__kind .swatch')].map(
            (one) => getComputedStyle(one).backgroundColor + getComputedStyle(one).backgroundImage)).size";
        let kinds = page.count(".legend__kind")? as u64;
        ensure!(
            page.evaluate(colours)?.as_u64() >= Some(kinds - 1),
            "{}",
            page.evaluate(colours)?
        );
        page.look(View::default())
    })
}
