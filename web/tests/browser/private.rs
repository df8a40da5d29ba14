//! The page keeps to itself what is pasted into it.

use anyhow::{Context, Result, ensure};

use crate::{
    built_page,
    embedding::{around, serve},
    links::wait_for_link,
    page::{Page, View},
    pictures::Downloads,
    simulation::settle,
    visit, visit_folder,
};

/// What must be nowhere but in the box it was pasted into.
pub(crate) const SECRET: &str = "hunter2";

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
pub(crate) fn promised(page: &Page, promise: &str) -> Result<String> {
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
pub(crate) fn address(page: &Page) -> Result<String> {
    let text = promised(
        page,
        "location.hash ? textOf(location.hash) : Promise.resolve('')",
    )?;
    let href = page.evaluate("return location.href")?;
    Ok(format!("{}\n{text}", href.as_str().unwrap_or_default()))
}

pub(crate) fn clean(what: &str, text: &str) -> Result<()> {
    ensure!(!text.contains(SECRET), "{what}: {text}");
    Ok(())
}

/// Presses a button that copies, and returns what was copied.
pub(crate) fn copied(page: &Page, button: &str) -> Result<String> {
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
        wait_for_link(page)?;
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
