//! The chart is worked with: curves hidden and shown alone, a part of the run shown nearer, notes at moments; by pointer and by
//! key, and in a link.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;

use crate::{
    links::settled_link,
    page::{Page, View},
    simulation::{number, settle},
    visit,
};

/// Where an element lies: left, top, width and height.
fn place(page: &Page, selector: &str) -> Result<[f64; 4]> {
    let place = page.evaluate(&format!(
        "const at = document.querySelector({selector:?}); at.scrollIntoView({{ block: 'center' }});
         const box = at.getBoundingClientRect(); return [box.left, box.top, box.width, box.height]"
    ))?;
    let place = place.as_array().context("it is a list")?;
    let mut numbers = [0.0; 4];
    for (number, value) in numbers.iter_mut().zip(place) {
        *number = value.as_f64().context("they are numbers")?;
    }
    Ok(numbers)
}

/// Does something with a real mouse at a share of an element's width.
fn mouse(page: &Page, selector: &str, at: f64, kind: &str, more: serde_json::Value) -> Result<()> {
    let [left, top, width, height] = place(page, selector)?;
    let mut event = json!({
        "type": kind, "x": left + at * width, "y": top + height / 2.0, "button": "left", "clickCount": 1, "pointerType": "mouse",
        "buttons": u8::from(kind != "mouseReleased"),
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    page.devtools("Input.dispatchMouseEvent", event)?;
    Ok(())
}

fn drag(page: &Page, selector: &str, from: f64, to: f64, more: serde_json::Value) -> Result<()> {
    mouse(
        page,
        selector,
        from,
        "mouseMoved",
        json!({ "buttons": 0, "button": "none" }),
    )?;
    mouse(page, selector, from, "mousePressed", more.clone())?;
    for step in 1..=4 {
        let at = from + (to - from) * f64::from(step) / 4.0;
        mouse(page, selector, at, "mouseMoved", more.clone())?;
    }
    mouse(page, selector, to, "mouseReleased", more)
}

fn wheel(page: &Page, at: f64, across: f64, down: f64, modifiers: u8) -> Result<()> {
    let more = json!({
        "deltaX": across, "deltaY": down, "modifiers": modifiers, "button": "none", "buttons": 0, "clickCount": 0,
    });
    mouse(page, "#over", at, "mouseWheel", more)
}

/// The part of the run that the chart shows, in microseconds.
fn shown(page: &Page) -> Result<(u64, u64)> {
    let from = number(page, "#chart", "data-from")?;
    Ok((from, number(page, "#chart", "data-to")?))
}

/// Waits until another part is shown than before.
fn another(page: &Page, before: (u64, u64)) -> Result<(u64, u64)> {
    page.wait_until("another part of the run", || Ok(shown(page)? != before))?;
    // A wheel may come in several turns.
    page.frames(3)?;
    shown(page)
}

/// Whether a time is near another, as a share of a run that takes so long.
fn is_near(one: u64, other: f64, whole: u64) -> bool {
    (one as f64 - other).abs() < whole as f64 * 0.01
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn curves_are_hidden_and_shown_alone_and_the_link_keeps_that() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let curves = |page: &Page| number(page, "#chart", "data-curves");
        let named = page.text("#legend")?;
        for words in ["no setting", "trim threshold 64 KiB", "207.6"] {
            ensure!(named.contains(words), "{words} in {named}");
        }
        page.click(".names__name[data-variant='1']")?;
        page.wait_for("#chart[data-curves='4']")?;
        ensure!(page.count(".curves .curve[data-variant='1']")? == 0);
        // With Shift by key: only this one; once more: all.
        page.evaluate("document.querySelector(\".names__name[data-variant='3']\").focus()")?;
        for expected in ["1", "5"] {
            for kind in ["rawKeyDown", "char", "keyUp"] {
                page.devtools(
                    "Input.dispatchKeyEvent",
                    json!({ "type": kind, "key": "Enter", "code": "Enter", "text": "\r", "modifiers": 8, "windowsVirtualKeyCode": 13 }),
                )?;
            }
            page.wait_for(&format!("#chart[data-curves='{expected}']"))?;
        }
        // The button does the same, and what is looked into may be hidden.
        page.evaluate("document.querySelector(\".names__only[data-variant='4']\").click()")?;
        page.wait_for("#chart[data-curves='1']")?;
        ensure!(page.count(".playhead__dot")? == 0);
        ensure!(page.text(".ends .end:last-child")?.starts_with('E'));
        let link = settled_link(page)?;
        page.go("?again")?;
        settle(page)?;
        ensure!(curves(page)? == 5);
        page.go(&link)?;
        page.wait_for("#chart[data-curves='1']")?;
        ensure!(
            page.attribute(".names__name[data-variant='4']", "aria-pressed")?
                .as_deref()
                == Some("true")
        );
        page.evaluate("document.querySelector(\".names__only[data-variant='4']\").click()")?;
        page.wait_for("#chart[data-curves='5']")
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_wheel_scales_with_ctrl_and_else_the_page_scrolls() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let whole = shown(page)?;
        let ends = whole.1;
        wheel(page, 0.25, 0.0, -125.0, 2)?;
        let nearer = another(page, whole)?;
        let span = nearer.1 - nearer.0;
        ensure!(span < ends, "{nearer:?}");
        let under = nearer.0 as f64 + span as f64 * 0.25;
        ensure!(
            is_near((ends as f64 * 0.25) as u64, under, ends),
            "{nearer:?}: what lies under the pointer stays"
        );
        // Sideways it moves the part; the wheel alone scrolls the page and leaves the chart alone.
        wheel(page, 0.5, 200.0, 0.0, 0)?;
        let moved = another(page, nearer)?;
        ensure!(
            moved.0 > nearer.0 && (moved.1 - moved.0).abs_diff(span) < 3,
            "{moved:?}"
        );
        let top = page
            .evaluate("return scrollY")?
            .as_f64()
            .unwrap_or_default();
        wheel(page, 0.5, 0.0, 300.0, 0)?;
        page.wait_until("the page to scroll", || {
            Ok(page.evaluate("return scrollY")?.as_f64() > Some(top))
        })?;
        ensure!(shown(page)? == moved);
        // Far out it is the whole again.
        for _ in 0..4 {
            wheel(page, 0.5, 0.0, 400.0, 2)?;
        }
        page.wait_for("#chart[data-zoomed=false]")?;
        ensure!(shown(page)? == whole);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_minimap_has_a_brush_whose_part_slides_and_whose_edges_are_drawn() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let whole = shown(page)?;
        let ends = whole.1;
        let at = |share: f64| ends as f64 * share;
        let is = |part: (u64, u64), from, to| {
            is_near(part.0, at(from), ends) && is_near(part.1, at(to), ends)
        };
        drag(page, "#minimap", 0.5, 0.25, json!({}))?;
        let part = another(page, whole)?;
        ensure!(is(part, 0.25, 0.5), "{part:?}");
        drag(page, "#minimap", 0.375, 0.575, json!({}))?;
        let part = another(page, part)?;
        ensure!(is(part, 0.45, 0.7), "slid: {part:?}");
        drag(page, "#minimap", 0.7, 0.9, json!({}))?;
        let part = another(page, part)?;
        ensure!(is(part, 0.45, 0.9), "its edge: {part:?}");
        // No curve leaves the plot.
        let clip = page.evaluate(
            "return getComputedStyle(document.querySelector('#chart .curves')).clipPath",
        )?;
        ensure!(clip == "inset(-4px 0px)", "{clip}");
        // With Shift the part is moved in the chart itself.
        drag(page, "#over", 0.25, 0.5, json!({ "modifiers": 8 }))?;
        let moved = another(page, part)?;
        ensure!(is(moved, 0.45 - 0.45 / 4.0, 0.9 - 0.45 / 4.0), "{moved:?}");
        page.click("#zoom-out")?;
        page.wait_for("#chart[data-zoomed=false]")?;
        drag(page, "#minimap", 0.6, 0.6, json!({}))?;
        page.wait_until("the moment", || {
            Ok(is_near(number(page, "#chart", "data-time")?, at(0.6), ends))
        })
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_chart_is_scaled_and_moved_by_key() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let whole = shown(page)?;
        page.evaluate("document.querySelector('#chart').focus()")?;
        page.press("+")?;
        let nearer = another(page, whole)?;
        let time = number(page, "#chart", "data-time")?;
        ensure!(
            (nearer.0..=nearer.1).contains(&time),
            "{nearer:?} around {time}"
        );
        page.type_text(
            "#chart",
            &format!("{}{}", char::from(Key::Shift), char::from(Key::Left)),
        )?;
        let moved = another(page, nearer)?;
        ensure!(
            moved.0 < nearer.0 && moved.1 - moved.0 == nearer.1 - nearer.0,
            "{moved:?}"
        );
        ensure!(
            number(page, "#chart", "data-time")? == time,
            "the playhead stays"
        );
        page.press("-")?;
        another(page, moved)?;
        page.press("+")?;
        page.press("0")?;
        page.wait_for("#chart[data-zoomed=false]")?;
        page.press("[")?;
        page.wait_until("the mark before", || {
            Ok(number(page, "#chart", "data-time")? < time)
        })
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_note_at_a_moment_is_in_the_chart_and_in_the_link() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let time = number(page, "#chart", "data-time")?;
        page.evaluate("document.querySelector('#chart').focus()")?;
        page.press("n")?;
        page.wait_for("#notes-list input")?;
        page.wait_until("the focus in its field", || {
            Ok(
                page.evaluate("return document.activeElement.matches('#notes-list input')")?
                    == true,
            )
        })?;
        let text = "here <b>it</b> rests & stays";
        page.type_text("#notes-list input", text)?;
        page.wait_for_text(".flag", text)?;
        page.type_text("#chart", &char::from(Key::Home).to_string())?;
        page.wait_until(
            "the start",
            || Ok(number(page, "#chart", "data-time")? == 0),
        )?;
        let link = settled_link(page)?;
        page.go("?again")?;
        settle(page)?;
        ensure!(page.count(".flag")? == 0);
        page.go(&link)?;
        page.wait_for_text(".flag", text)?;
        ensure!(page.value("#notes-list input")? == text);
        page.click("#notes-list .link")?;
        page.wait_until("its moment", || {
            Ok(number(page, "#chart", "data-time")? == time)
        })?;
        page.click("#notes-list .button")?;
        page.wait_until("no note", || Ok(page.count(".flag")? == 0))
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn one_crosshair_lies_over_both_charts_with_the_figures_of_each() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let lines =
            "return [...document.querySelectorAll('.crosshair')].map((line) => line.style.left)";
        for (over, words) in [
            ("#over", "held by the program"),
            ("#second .over", "trim threshold"),
        ] {
            mouse(
                page,
                over,
                0.5,
                "mouseMoved",
                json!({ "button": "none", "buttons": 0 }),
            )?;
            page.wait_for_text(&format!("{over} .readout"), words)?;
            ensure!(page.count(".readout")? == 1, "one box");
            let left = page.evaluate(lines)?;
            let left = left.as_array().context("a list")?;
            ensure!(left.len() == 2 && left[0] == left[1], "{left:?}");
        }
        Ok(())
    })
}
