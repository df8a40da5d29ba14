//! The keyboard alone: ways past the header, few stops to the chart, undo and redo, and a focus that is never lost.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    links::settled_link,
    page::{Page, View},
    simulation::{number, settle},
    visit,
};

/// Stops of the Tab key from the top of the page to the chart, the chart's own among them, at most.
const MOST_STOPS: usize = 10;

/// What has the focus: its id, or else its words.
fn focused(page: &Page) -> Result<String> {
    let name = page.evaluate(
        "const at = document.activeElement;
         return at === document.body ? 'body' : at.id || at.textContent.trim().slice(0, 60)",
    )?;
    Ok(name.as_str().unwrap_or_default().to_owned())
}

/// Puts the focus before all that can have it.
fn to_the_top(page: &Page) -> Result<()> {
    page.evaluate("scrollTo(0, 0); document.body.tabIndex = -1; document.body.focus()")?;
    Ok(())
}

/// Presses a key with Ctrl, where the focus is.
fn press_with_control(page: &Page, key: &str, shift: bool) -> Result<()> {
    page.evaluate_with(
        "const [key, shiftKey] = arguments;
         document.activeElement.dispatchEvent(new KeyboardEvent('keydown',
             { key, shiftKey, ctrlKey: true, bubbles: true, cancelable: true }))",
        vec![key.into(), shift.into()],
    )?;
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn few_stops_lead_to_the_chart_and_a_link_skips_them() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        for (width, height) in [(1440, 900), (390, 844)] {
            page.look(View {
                width,
                height,
                dark: false,
            })?;
            for depth in 1..=3 {
                page.click(&format!(".depth:nth-of-type({depth})"))?;
                page.frames(2)?;
                to_the_top(page)?;
                let mut stops = Vec::new();
                while stops.last().is_none_or(|stop| stop != "chart") {
                    page.press("Tab")?;
                    stops.push(focused(page)?);
                    ensure!(
                        stops.len() <= MOST_STOPS,
                        "{width} wide, depth {depth}: {stops:?}"
                    );
                }
            }
        }
        // The settings are folded there, and the link leads to what unfolds them.
        to_the_top(page)?;
        page.press("Tab")?;
        page.press("Tab")?;
        ensure!(
            focused(page)? == "Skip to the settings",
            "{}",
            focused(page)?
        );
        page.press("Enter")?;
        ensure!(focused(page)? == "fold", "{}", focused(page)?);
        page.frames(2)?;

        page.look(View::default())?;
        // What was chosen last has reached the address.
        settled_link(page)?;
        let address = page.evaluate("return location.href")?;
        to_the_top(page)?;
        page.press("Tab")?;
        ensure!(focused(page)? == "Skip to the chart");
        page.press("Enter")?;
        ensure!(focused(page)? == "chart");
        to_the_top(page)?;
        page.press("Tab")?;
        page.press("Tab")?;
        page.press("Enter")?;
        ensure!(focused(page)? == "source");
        ensure!(page.evaluate("return location.href")? == address);
        // The header's tools are one stop, and the arrow keys lead on.
        page.evaluate("document.querySelector('.depth').focus()")?;
        let time = number(page, "#chart", "data-time")?;
        page.press("ArrowRight")?;
        ensure!(focused(page)? == "Compare");
        page.press("ArrowRight")?;
        page.press("ArrowRight")?;
        ensure!(focused(page)? == "tour");
        page.press("ArrowLeft")?;
        ensure!(focused(page)? == "Expert");
        ensure!(number(page, "#chart", "data-time")? == time, "it moved");
        Ok(())
    })
}

/// Types letters one after another, each as a key does, with time enough for the address to follow each.
fn type_slowly(page: &Page, selector: &str, letters: &[&str]) -> Result<()> {
    for text in letters {
        let before = page.evaluate("return location.hash")?;
        page.evaluate_with(
            "const [selector, text] = arguments, field = document.querySelector(selector);
             field.focus(); field.value = text; field.dispatchEvent(new Event('input', { bubbles: true }))",
            vec![(*selector).into(), (*text).into()],
        )?;
        page.wait_until("the address to follow", || {
            Ok(page.evaluate("return location.hash")? != before)
        })?;
    }
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_word_is_undone_as_one_and_done_again() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.set_value("#source", "environment")?;
        page.wait_for("#parameter-events")?;
        settle(page)?;
        page.wait_until("its address", || {
            Ok(page.evaluate("return history.state")? == 1)
        })?;
        let events = page.value("#parameter-events")?;
        let places = page.evaluate("return history.length")?;
        type_slowly(page, "#parameter-events", &["4", "41", "412"])?;
        let more = |than: &Value| {
            let now = page.evaluate("return history.length")?;
            Ok::<_, anyhow::Error>(
                now.as_i64()
                    .zip(than.as_i64())
                    .map(|(now, than)| now - than),
            )
        };
        ensure!(more(&places)? == Some(1), "one place for a word");
        // A name is a word, and a second word is another.
        page.click("#variant-name")?;
        type_slowly(
            page,
            "#variant-name",
            &["f", "fo", "foo", "foo b", "foo ba"],
        )?;
        ensure!(more(&places)? == Some(3), "{:?}", more(&places)?);

        // In the field it is the browser's own.
        press_with_control(page, "z", false)?;
        ensure!(page.value("#variant-name")? == "foo ba");
        page.evaluate("document.querySelector('#chart').focus()")?;
        press_with_control(page, "z", false)?;
        page.wait_until("the second word undone", || {
            Ok(page.value("#variant-name")? == "foo")
        })?;
        press_with_control(page, "z", false)?;
        page.wait_until("the name undone", || {
            Ok(page.value("#variant-name")? == "no setting"
                && page.value("#parameter-events")? == "412")
        })?;
        settle(page)?;
        press_with_control(page, "z", false)?;
        page.wait_until("the number undone", || {
            Ok(page.value("#parameter-events")? == events)
        })?;
        for (key, shift) in [("Z", true), ("y", false)] {
            press_with_control(page, key, shift)?;
            settle(page)?;
        }
        page.wait_until("both done again", || {
            Ok(page.value("#variant-name")? == "foo" && page.value("#parameter-events")? == "412")
        })?;
        settle(page)?;
        // What was removed comes back.
        let variants = number(page, "#variants", "data-count")?;
        page.click("#remove-variant")?;
        page.wait_until("it to be gone", || {
            Ok(number(page, "#variants", "data-count")? == variants - 1)
        })?;
        ensure!(
            page.evaluate("return document.activeElement.className")? == "variant__head",
            "the focus is at {}",
            focused(page)?
        );
        press_with_control(page, "z", false)?;
        page.wait_until("the variant", || {
            Ok(number(page, "#variants", "data-count")? == variants)
        })?;
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_focus_is_never_lost() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        // A name that is completed leads back into the box.
        page.set_value("#environment", "MALLOC_TR")?;
        page.wait_for("#completions button")?;
        page.evaluate("document.querySelector('#completions button').focus()")?;
        page.press("Enter")?;
        page.wait_until("the name", || {
            Ok(page.value("#environment")? == "MALLOC_TRIM_THRESHOLD_=")
        })?;
        ensure!(focused(page)? == "environment", "{}", focused(page)?);
        page.set_value("#environment", "")?;
        settle(page)?;
        // Every button of the page, one after another: whatever it does, something has the focus.
        let mut pressed = 0;
        for at in 0..300 {
            let there = page.evaluate_with(
                "const all = [...document.querySelectorAll('button')].filter((one) =>
                     !one.disabled && one.checkVisibility() && !one.closest('dialog'));
                 const one = all[arguments[0]];
                 if (!one) return null;
                 one.focus();
                 return one.outerHTML.slice(0, 120)",
                vec![at.into()],
            )?;
            let Some(button) = there.as_str() else { break };
            if [
                "id=\"home\"",
                "id=\"tour\"",
                "id=\"save-csv\"",
                "SVG of",
                "PNG of",
                "copy-",
            ]
            .iter()
            .any(|of| button.contains(of))
            {
                continue;
            }
            page.evaluate("navigator.clipboard.writeText = () => Promise.resolve(); document.activeElement.click()")?;
            page.frames(2)?;
            pressed += 1;
            ensure!(focused(page)? != "body", "lost after {button}");
            page.evaluate("document.querySelector('dialog[open]')?.close()")?;
        }
        ensure!(pressed > 40, "{pressed} buttons");
        Ok(())
    })
}
