//! What would help: a search on the page, and what people do with what it finds.

use anyhow::{Context, Result, ensure};

use crate::{
    links::wait_for_link,
    page::{Page, View},
    simulation::settle,
    visit,
};

/// Drops a file on the page, whose bytes a promise gives, and waits until it is shown.
fn drop_file(page: &Page, bytes: &str, name: &str) -> Result<()> {
    page.evaluate(&format!(
        "Promise.resolve({bytes}).then((bytes) => {{
             const files = new DataTransfer();
             files.items.add(new File([bytes], '{name}'));
             document.querySelector('main').dispatchEvent(new DragEvent('drop',
                 {{ bubbles: true, cancelable: true, dataTransfer: files }}));
         }})"
    ))?;
    page.wait_for_text("#title", name)?;
    settle(page)
}

/// Begins a search and waits until it is over.
fn search(page: &Page) -> Result<()> {
    page.click("#what-would-help")?;
    page.wait_for("#advice[data-state=over]")
}

/// What lies on the clipboard from now on is kept.
pub(crate) fn watch_clipboard(page: &Page) -> Result<()> {
    page.evaluate(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }",
    )?;
    Ok(())
}

/// Opens the row whose change has these words in its name.
fn open(page: &Page, words: &str) -> Result<()> {
    let place = page.evaluate_with(
        "return [...document.querySelectorAll('#advice tr[data-row]')]
             .find((row) => row.querySelector('th').textContent.includes(arguments[0]))?.dataset.row",
        vec![words.into()],
    )?;
    let place = place
        .as_str()
        .with_context(|| format!("no row has {words}"))?;
    page.click(&format!("#advice tr[data-row='{place}'] button"))?;
    page.wait_for(&format!("#advice tr[data-row='{place}'][data-open=true]"))
}

/// A trace whose program fills the heap twice and frees all but a small block on top: what a lower threshold cures.
fn pinned() -> String {
    let mut text = "highwater-trace 1\\n".to_owned();
    let mut time = 0;
    for round in 0..3 {
        for block in 1..400 {
            time += 10;
            text += &format!("m {time} 0 {:#x} 40000\\n", round * 1000 + block);
        }
        text += &format!("m {time} 0 {:#x} 2000\\n", round * 1000 + 500);
        for block in 1..400 {
            time += 10;
            text += &format!("f {time} 0 {:#x}\\n", round * 1000 + block);
        }
        time += 3_000_000;
    }
    text + &format!("m {time} 0 0xffff 2000\\n")
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_newcomer_copies_a_remedy_with_four_clicks() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        watch_clipboard(page)?;
        let bytes = format!("`{}`", pinned());
        drop_file(page, &bytes, "mine.hwt")?;
        page.click(".ask summary")?;
        // Whoever may only set variables.
        page.click(".wishes fieldset label:nth-of-type(3) input")?;
        page.click(".wishes fieldset label:nth-of-type(2) input")?;
        page.evaluate(
            "window.clicks = 0; addEventListener('click', () => { window.clicks += 1; }, true)",
        )?;
        search(page)?;
        page.click("#advice tr[data-worth=true] button")?;
        page.click("#advice-copy")?;
        page.wait_for_text("#advice-copy", "Copied")?;
        let copied = page.evaluate("return copied")?;
        ensure!(
            copied == "ENV MALLOC_MMAP_THRESHOLD_=\"32768\"\n",
            "{copied}"
        );
        ensure!(page.value("#advice-text")? == copied.as_str().unwrap_or_default());
        let clicks = page.evaluate("return clicks")?;
        ensure!(clicks == 3, "{clicks} clicks after the drop");

        // It is written for the file that settings were pasted from.
        let compose =
            "services:\n  db: {image: x}\n  api:\n    environment:\n      - MALLOC_ARENA_MAX=2\n";
        page.set_value("#environment", compose)?;
        page.wait_for_text("#remarks", "MALLOC_ARENA_MAX")?;
        settle(page)?;
        search(page)?;
        page.click("#advice tr[data-worth=true] button")?;
        page.wait_for("#advice-text")?;
        let text = page.value("#advice-text")?;
        let place = "services:\n  api:\n    environment:\n      - \"MALLOC_";
        ensure!(text.contains(place), "{text}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_bundled_recording_is_advised_and_a_row_becomes_a_variant() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        watch_clipboard(page)?;
        search(page)?;
        for usual in ["MALLOC_TRIM_THRESHOLD_=65536", "MALLOC_ARENA_MAX=2"] {
            open(page, usual)?;
            page.wait_for_text("#advice .advice__open", "It does nothing here")?;
        }
        open(page, "jemalloc@5.3.0")?;
        page.click("#advice-copy")?;
        page.wait_for_text("#advice-copy", "Copied")?;
        let copied = page.evaluate("return copied")?;
        let lines: Vec<&str> = copied.as_str().unwrap_or_default().lines().collect();
        ensure!(lines[0].starts_with("RUN apt-get update && "), "{lines:?}");
        ensure!(
            lines[1] == "ENV LD_PRELOAD=\"libjemalloc.so.2\"",
            "{lines:?}"
        );
        ensure!(lines[2].starts_with("ENV MALLOC_CONF=\""), "{lines:?}");

        open(page, "malloc_trim(0) after bursts")?;
        let after = "#advice tr[data-open=true] .figure--weighed";
        let after = page.text(after)?;
        page.click("#advice-take")?;
        page.wait_for_text("#advice-take", "Show variant F")?;
        settle(page)?;
        let row = "#what-if tr[data-selected=true] td[data-column=after_rest]";
        page.wait_for_text(row, after.trim())?;

        // A link has it too, and what it says is run as it was.
        wait_for_link(page)?;
        page.evaluate("location.reload()")?;
        page.wait_until("the page anew", || Ok(page.count("#advice")? == 0))?;
        settle(page)?;
        page.wait_for_text(row, after.trim())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_search_is_cancelled_at_once_and_holds_up_nothing() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.click("#what-would-help")?;
        page.wait_for_text("#advice-runs", " of ")?;
        // A variant's own run comes first.
        page.set_value("#environment", "MALLOC_MMAP_THRESHOLD_=16384")?;
        page.wait_until("another answer", || {
            let held =
                page.evaluate("return Number(document.querySelector('#why')?.dataset.rss)")?;
            Ok(held.as_f64() < Some(2e7))
        })?;
        page.click("#advice-close")?;
        page.wait_until("no search", || Ok(page.count("#advice")? == 0))?;
        page.wait_until("the button to have the focus", || {
            Ok(page.evaluate("return document.activeElement.id")? == "what-would-help")
        })?;
        // It begins anew, for what is set now.
        search(page)?;
        page.wait_for_text("#advice-title", "MALLOC_MMAP_THRESHOLD_=16384")?;
        page.set_value("#environment", "")?;
        page.wait_for("#advice-outdated")?;
        page.set_value("#source", "decay")?;
        page.wait_until("no advice for another source", || {
            Ok(page.count("#advice")? == 0)
        })
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn where_nothing_helps_it_says_why() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let calls = (1..200).map(|block| format!("m {block} 0 {block:#x} 20000\\n"));
        let text = format!("`highwater-trace 1\\n{}`", calls.collect::<String>());
        drop_file(page, &text, "held.hwt")?;
        search(page)?;
        page.wait_for_text("#advice-says", "none of them helps")?;
        page.wait_for_text(
            "#advice .sentences",
            "No change that was run lowers this memory",
        )?;
        page.wait_for_text("#advice .sentences", "The program holds 3.8 MiB then")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn jemalloc_is_advised_by_its_own_options_in_the_form_of_the_settings() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.click(".variant__head[data-variant='4']")?;
        settle(page)?;
        let compose = "services:\n  app:\n    environment:\n      LD_PRELOAD: libjemalloc.so.2\n      MALLOC_CONF: narenas:1\n";
        page.set_value("#environment", compose)?;
        page.wait_for_text("#environment-choice", "jemalloc")?;
        settle(page)?;
        search(page)?;
        page.click("#advice tr[data-worth=true] button")?;
        page.wait_for("#advice-text")?;
        let form = page.value("#advice-form")?;
        ensure!(form == "Compose service", "{form}");
        let text = page.value("#advice-text")?;
        let line = text
            .lines()
            .find(|line| line.contains("MALLOC_CONF"))
            .context("it sets no options")?;
        ensure!(
            line.starts_with("      MALLOC_CONF: \"narenas:1,"),
            "{text}"
        );
        ensure!(!text.contains("LD_PRELOAD"), "{text}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_task_definition_is_pasted_as_json_and_called_what_it_is() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let task = "{\"family\": \"app\", \"containerDefinitions\": [\n {\"name\": \"web\", \"image\": \"python:3.12\",\n  \
            \"environment\": [{\"name\": \"MALLOC_ARENA_MAX\", \"value\": \"2\"}]}]}\n";
        page.set_value("#environment", task)?;
        page.wait_for_text(
            "#environment-choice, .variant__settings, #variants",
            "MALLOC_ARENA_MAX",
        )?;
        settle(page)?;
        search(page)?;
        // A setting: a change of the program is no part of the file.
        page.evaluate(
            "[...document.querySelectorAll('#advice tr button')].find((one) => one.textContent.startsWith('MALLOC_')).click()",
        )?;
        page.wait_for("#advice-text")?;
        let form = page.value("#advice-form")?;
        ensure!(form == "ECS task definition", "{form}");
        let text = page.value("#advice-text")?;
        ensure!(text.contains("\"containerDefinitions\": ["), "{text}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn wishes_count_and_wrong_ones_say_what_to_change() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.click(".ask summary")?;
        page.set_value("#advice-image", "python:3.12-alpine")?;
        page.click("#what-would-help")?;
        page.wait_for_text("#advice-failed", "musl")?;
        page.set_value("#advice-image", "python:3.12-slim-bookworm")?;
        page.set_value("#advice-weigh", "mean")?;
        search(page)?;
        page.click("#advice .more summary")?;
        page.wait_for_text("#advice .sentences", "Debian 12 with glibc 2.36")?;
        page.wait_for_text("#advice", "Memory is weighed on average over time")?;
        page.set_value("#advice-seconds", "soon")?;
        page.click("#what-would-help")?;
        page.wait_for_text("#advice-failed", "whole seconds")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_phone_sees_the_advice_without_scrolling_sideways() -> Result<()> {
    let phone = View {
        width: 390,
        height: 844,
        dark: false,
    };
    visit(phone, |page| {
        settle(page)?;
        search(page)?;
        open(page, "jemalloc@5.3.0")?;
        for part in [
            "document.documentElement",
            "document.querySelector('#advice .scrolls')",
        ] {
            let script = format!("return {part}.scrollWidth - {part}.clientWidth");
            let beyond = page.evaluate(&script)?;
            ensure!(beyond == 0, "{part}: {beyond}");
        }
        Ok(())
    })
}
