//! Sharing a recording with what was set: the page saved as one file, and recordings at addresses that a link names.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    advice::watch_clipboard,
    built_page, copy,
    hosting::PLACE,
    page::{Page, View},
    pictures::{Downloads, today},
    private::drop_file,
    simulation::{number, settle},
    site::Site,
    visit, visit_address, visit_folder, visit_single_file,
};

/// A recording with a name that a file and an address must write otherwise.
const NAME: &str = "naïve & \"quoted\" 100%.hwt";

fn recording() -> Result<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces/ten_blocks.hwt");
    Ok(fs::read(file)?)
}

/// What is shown: the recording's name, its peak, the moment, and the first variant's settings.
fn shown(page: &Page) -> Result<(String, u64, u64, String)> {
    Ok((
        page.text("#title")?,
        number(page, "#chart", "data-peak")?,
        number(page, "#chart", "data-time")?,
        page.value("textarea")?.trim().to_owned(),
    ))
}

fn set_something(page: &Page) -> Result<()> {
    page.wait_for("main[data-worker=ready]")?;
    drop_file(page, NAME, &recording()?)?;
    page.wait_for_text("#title", NAME)?;
    settle(page)?;
    page.set_value("textarea", "MALLOC_TRIM_THRESHOLD_=4096")?;
    settle(page)?;
    page.evaluate("document.querySelector('#chart').focus()")?;
    page.press("Home")?;
    settle(page)
}

/// Saves the page that is shown into a folder of the test's, and returns its text.
fn save(page: &Page, name: &str) -> Result<String> {
    let downloads = Downloads::of(page)?;
    page.click("#save-page")?;
    let date = today(page)?;
    // What no file's name may have the browser replaces.
    let (named, bytes) = downloads.only(page)?;
    ensure!(
        named.starts_with("highwater-") && named.ends_with(&format!("-{date}.html")),
        "{name}: {named}"
    );
    Ok(String::from_utf8(bytes)?)
}

fn opened(text: &str, test: impl FnOnce(&Page) -> Result<()>) -> Result<()> {
    let folder = TempDir::with_prefix("highwater-saved-")?;
    let file = folder.path().join("saved.html");
    fs::write(&file, text)?;
    let address = format!("file://{}", file.display());
    let errors = visit_address(&address, View::default(), test)?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_saved_page_shows_the_recording_and_everything_set_and_saves_itself() -> Result<()> {
    let (mut text, mut before) = (String::new(), None);
    visit(View::default(), |page| {
        set_something(page)?;
        before = Some(shown(page)?);
        text = save(page, "served")?;
        Ok(())
    })?;
    let before = before.context("nothing was shown")?;
    ensure!(before.3.contains("4096") && before.2 == 0, "{before:?}");
    let mut again = String::new();
    opened(&text, |page| {
        page.wait_for_text("#title", NAME)?;
        settle(page)?;
        ensure!(
            shown(page)? == before,
            "{:?} instead of {before:?}",
            shown(page)?
        );
        again = save(page, "saved")?;
        // The way on without the link shows what an empty page does.
        page.evaluate("location.href = location.pathname + '?'")?;
        page.wait_for(".landing__first")
    })?;
    // It holds one recording, however often it is saved.
    for once in ["id=\"file:opened\"", "<meta name=\"link\""] {
        ensure!(again.matches(once).count() == 1, "{once}");
    }
    opened(&again, |page| {
        page.wait_for_text("#title", NAME)?;
        settle(page)?;
        ensure!(shown(page)? == before, "saved twice");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_scenario_is_saved_too_and_from_one_file() -> Result<()> {
    let mut text = String::new();
    let errors = visit_single_file(|page| {
        page.go("?scenario=decay&events=60&variant=B")?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        text = save(page, "scenario")?;
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    ensure!(!text.contains("id=\"file:opened\""));
    opened(&text, |page| {
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        page.wait_for(".variant--selected [data-variant='1'], .variant__head[data-variant='1']")?;
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_server_that_answers_with_another_page_saves_nothing() -> Result<()> {
    // As servers do that send an application's page for each address.
    let root = TempDir::with_prefix("highwater-another-")?;
    copy(&built_page()?, root.path())?;
    fs::copy(
        root.path().join("index.html"),
        root.path().join("single.html"),
    )?;
    let errors = visit_folder(root.path(), View::default(), |page| {
        settle(page)?;
        let downloads = Downloads::of(page)?;
        page.click("#save-page")?;
        page.wait_for_text("#trouble", "the server has another page")?;
        let saved = fs::read_dir(downloads.path())?.count();
        ensure!(saved == 0, "a page that opens nowhere was saved");
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

/// A server with recordings, which allows every page to read them or none.
fn traces(allows: bool) -> Result<(TempDir, Site)> {
    let folder = TempDir::with_prefix("highwater-traces-")?;
    fs::write(folder.path().join(NAME), recording()?)?;
    fs::write(
        folder.path().join("no-recording.hwt"),
        "nothing of the kind\n",
    )?;
    let allowed = |_: &str| vec![("access-control-allow-origin", "*".to_owned())];
    let site = match allows {
        true => Site::serve_with(folder.path(), allowed)?,
        false => Site::serve(folder.path())?,
    };
    Ok((folder, site))
}

/// Serves the page and opens it with a recording's address.
fn at(address: &str, more: &str, test: impl FnOnce(&Page) -> Result<()>) -> Result<Vec<String>> {
    let site = Site::serve(&built_page()?)?;
    let page = Page::open(&site.address, View::default())?;
    let encoded: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
    page.go(&format!("?trace={encoded}{more}"))?;
    let result = test(&page);
    let errors = page.console_errors()?;
    result.with_context(|| format!("console errors: {errors:#?}"))?;
    Ok(errors)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_recording_at_an_address_is_fetched_once_its_reader_agrees() -> Result<()> {
    let (_folder, elsewhere) = traces(true)?;
    let address = format!("{}{}", elsewhere.address, url_path(NAME));
    let errors = at(
        &address,
        "&env=MALLOC_TRIM_THRESHOLD_%3D4096&at=0",
        |page| {
            page.wait_for_text("#offer", "127.0.0.1")?;
            ensure!(elsewhere.asked().is_empty(), "it was fetched unasked");
            // Whoever reads what is offered takes longer than the address takes to follow what is shown.
            page.wait_for("main[data-worker=ready]")?;
            page.frames(60)?;
            page.click("#fetch")?;
            page.wait_for_text("#title", NAME)?;
            settle(page)?;
            let (_, peak, time, settings) = shown(page)?;
            ensure!(
                peak > 0 && time == 0 && settings.contains("4096"),
                "{peak} {time} {settings}"
            );
            // The copied link names the address, and opens the same.
            watch_clipboard(page)?;
            page.click("#copy-link")?;
            page.wait_until("the link", || {
                Ok(!page.evaluate("return window.copied ?? null")?.is_null())
            })?;
            let link = page.evaluate("return window.copied")?;
            let link = link.as_str().context("a link")?.to_owned();
            ensure!(
                link.contains("?trace=http") && link.contains("#2="),
                "{link}"
            );
            page.evaluate_with(
                "location.href = arguments[0]; location.reload()",
                vec![json!(link)],
            )?;
            page.wait_for("#fetch")?;
            page.click("#fetch")?;
            page.wait_for_text("#title", NAME)?;
            settle(page)?;
            ensure!(shown(page)?.3.contains("4096"));
            // Something else is of another address.
            page.set_value("#source", "decay")?;
            settle(page)?;
            page.wait_until("the address to follow", || {
                let address = page.evaluate("return location.href")?;
                Ok(address
                    .as_str()
                    .is_some_and(|at| at.contains("#2=") && !at.contains("trace=")))
            })
        },
    )?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_recording_that_cannot_be_had_is_said_and_the_page_goes_on() -> Result<()> {
    let (_folder, silent) = traces(false)?;
    let address = format!("{}{}", silent.address, url_path(NAME));
    at(&address, "", |page| {
        page.wait_for("#fetch")?;
        page.click("#fetch")?;
        page.wait_for_text("#offer", "CORS")?;
        page.click("#decline")?;
        page.wait_for(".landing__first #landing-example")?;
        page.click("#landing-example")?;
        settle(page)?;
        let left = page.evaluate("return location.search")?;
        ensure!(left.as_str() == Some(""), "{left}");
        Ok(())
    })?;
    let (_folder, allowing) = traces(true)?;
    let gone = format!("{}gone.hwr", allowing.address);
    at(&gone, "", |page| {
        page.wait_for("#fetch")?;
        page.click("#fetch")?;
        page.wait_for_text("#offer", "404")?;
        page.wait_for_text("#fetch", "Try again")
    })?;
    let strange = format!("{}no-recording.hwt", allowing.address);
    at(&strange, "", |page| {
        page.wait_for("#fetch")?;
        page.click("#fetch")?;
        page.wait_for("#trouble")
    })?;
    for odd in [
        "javascript:alert(1)",
        "data:text/plain,x",
        "http://a:b@127.0.0.1/x",
        "",
    ] {
        at(odd, "", |page| {
            page.wait_for_text("main", "Ignored `trace`")?;
            ensure!(page.count("#fetch")? == 0, "{odd}");
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_recording_beside_the_page_is_of_its_own_server() -> Result<()> {
    let root = TempDir::with_prefix("highwater-site-")?;
    copy(&built_page()?, &root.path().join(PLACE))?;
    fs::create_dir(root.path().join(PLACE).join("incidents"))?;
    fs::write(
        root.path().join(PLACE).join("incidents/one.hwt"),
        recording()?,
    )?;
    let site = Site::serve(root.path())?;
    let address = format!("{}{PLACE}?trace=incidents/one.hwt", site.address);
    let errors = visit_address(&address, View::default(), |page| {
        page.wait_for_text("#offer", "this page's own server")?;
        page.wait_for("main[data-worker=ready]")?;
        page.frames(60)?;
        page.click("#fetch")?;
        page.wait_for_text("#title", "one.hwt")?;
        settle(page)
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

/// A name as it stands in an address.
fn url_path(name: &str) -> String {
    let mut url = url::Url::parse("http://x/").expect("an address");
    url.set_path(&name.replace('%', "%25"));
    url.path().trim_start_matches('/').to_owned()
}
