//! Terms of the field are explained where one points at them, taps them or moves the focus there.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    page::{Page, View},
    simulation::settle,
    visit, visit_single_file,
};

const BOX: &str = "#glossary:popover-open";

/// Nothing is explained any more.
fn is_closed(page: &Page) -> Result<()> {
    page.wait_until("the explanation to close", || Ok(page.count(BOX)? == 0))
}

/// Scrolls to an element, and returns where its middle is then, from the left and from the top.
fn middle_of(page: &Page, selector: &str) -> Result<serde_json::Value> {
    page.evaluate_with(
        "const one = document.querySelector(arguments[0]);
         one.scrollIntoView({ block: 'center' });
         const place = one.getBoundingClientRect();
         return [place.left + place.width / 2, place.top + place.height / 2]",
        vec![selector.into()],
    )
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_term_is_explained_by_focus_pointer_and_tap() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let fetched = "return performance.getEntriesByType('resource').filter((one) => one.name.includes('glossary')).length";
        ensure!(page.evaluate(fetched)? == 0, "nobody has asked yet");
        page.evaluate("document.querySelector('#pins .term').focus()")?;
        page.wait_for_text(BOX, "keeps free memory below it from going back")?;
        ensure!(
            page.attribute("#pins .term", "aria-describedby")?
                .as_deref()
                == Some("glossary")
        );
        // Escape closes it, and does not move the chart's zoom as it else would.
        page.evaluate("document.querySelector('#chart').focus()")?;
        page.press("+")?;
        page.wait_for("#zoom-out")?;
        page.evaluate("document.querySelector('#pins .term').focus()")?;
        page.wait_for(BOX)?;
        page.press("Escape")?;
        is_closed(page)?;
        ensure!(
            page.count("#zoom-out")? == 1,
            "it was Escape of the chart, too"
        );
        // By a key it opens again.
        page.press("Enter")?;
        page.wait_for_text(BOX, "pin: ")?;

        // A pointer over the head of a column, which sorts when it is pressed.
        let at = middle_of(page, "#what-if .sort[data-column=faults]")?;
        let mouse = |x: f64, y: f64| {
            let event = json!({ "type": "mouseMoved", "x": x, "y": y });
            page.devtools("Input.dispatchMouseEvent", event)
        };
        let place = |number: usize| at[number].as_f64().unwrap_or_default();
        page.evaluate("document.activeElement.blur()")?;
        mouse(place(0), place(1))?;
        page.wait_for_text(BOX, "page fault: ")?;
        mouse(5.0, 5.0)?;
        is_closed(page)?;
        page.evaluate("document.querySelector('#what-if').scrollIntoView({ block: 'center' })")?;
        let at = middle_of(page, "#what-if .sort[data-column=faults]")?;
        let place = |number: usize| at[number].as_f64().unwrap_or_default();
        mouse(place(0), place(1))?;
        page.wait_for_text(BOX, "page fault: ")?;
        // Scrolled away from below the mouse, it is left.
        page.evaluate("scrollBy(0, 1)")?;
        is_closed(page)?;
        mouse(5.0, 5.0)?;

        // A tap on the legend of the map.
        let at = middle_of(page, ".legend__kind")?;
        let touch = |kind: &'static str, points: serde_json::Value| {
            let event = json!({ "type": kind, "touchPoints": points });
            page.devtools("Input.dispatchTouchEvent", event)
        };
        touch("touchStart", json!([{ "x": at[0], "y": at[1] }]))?;
        touch("touchEnd", json!([]))?;
        page.wait_for_text(BOX, "live: ")?;
        ensure!(page.evaluate(fetched)? == 2, "fetched once");
        // It lies within the window.
        page.look(View {
            width: 390,
            height: 844,
            dark: true,
        })?;
        page.evaluate(
            "const last = [...document.querySelectorAll('#what-if [data-term]')].at(-1); last.scrollIntoView(); last.focus()",
        )?;
        page.wait_for(BOX)?;
        page.frames(3)?;
        let is_within = page.evaluate(
            "const place = document.querySelector('#glossary').getBoundingClientRect();
             return place.left >= 7 && place.right <= innerWidth - 7 && place.top >= 0 && place.bottom <= innerHeight",
        )?;
        ensure!(is_within == true);
        let letters = "return getComputedStyle(arguments[0] ? document.body : document.querySelector('#glossary')).fontFamily";
        let letters = |of_page: bool| page.evaluate_with(letters, vec![of_page.into()]);
        ensure!(letters(true)? == letters(false)?);
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_mouse_that_lies_still_or_passes_asks_for_nothing() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let mouse = |x: f64, y: f64| {
            let event = json!({ "type": "mouseMoved", "x": x, "y": y });
            page.devtools("Input.dispatchMouseEvent", event)
        };
        // Loaded, and seen to open for a mouse.
        let at = middle_of(page, "#what-if .sort[data-column=faults]")?;
        let (x, y) = (
            at[0].as_f64().unwrap_or_default(),
            at[1].as_f64().unwrap_or_default(),
        );
        mouse(x, y)?;
        page.wait_for_text(BOX, "page fault: ")?;
        mouse(x, 5.0)?;
        is_closed(page)?;
        // Each mouse that comes to a term starts a time that is longer than that after which it would be explained.
        page.evaluate(
            "window.opened = [];
             window.passed = 0;
             document.addEventListener('beforetoggle', ({ target, newState }) => {
               if (target.id === 'glossary' && newState === 'open') window.opened.push(target.textContent);
             }, true);
             addEventListener('pointerover', ({ target }) => {
               if (target.closest('[data-term]')) setTimeout(() => window.passed++, 600);
             });",
        )?;
        mouse(x, y)?;
        mouse(x, 5.0)?;
        page.wait_until("a mouse to have passed", || {
            Ok(page.evaluate("return window.passed")?.as_u64() >= Some(1))
        })?;
        // The page moves a term below the mouse, which lies where it lay.
        page.evaluate("document.querySelector('#what-if .sort[data-column=faults]').scrollIntoView({ block: 'start' })")?;
        let away = page.evaluate("return scrollY")?;
        page.evaluate("scrollBy(0, 200)")?;
        ensure!(away != page.evaluate("return scrollY")?, "it scrolls");
        mouse(x, y)?;
        page.evaluate_with(
            "const head = document.querySelector('#what-if .sort[data-column=faults]').getBoundingClientRect();
             scrollBy(0, head.top + head.height / 2 - arguments[0]);",
            vec![json!(y)],
        )?;
        page.wait_until("a term to have come below the mouse", || {
            Ok(page.evaluate("return window.passed")?.as_u64() >= Some(2))
        })?;
        let opened = page.evaluate("return window.opened")?;
        ensure!(opened == json!([]), "{opened}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn every_marked_term_has_its_explanation() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        for source in ["bundled", "decay"] {
            page.set_value("#source", source)?;
            settle(page)?;
            if source == "decay" {
                page.click(".variant__head[data-variant='2']")?;
                page.wait_for("#free-pages")?;
                settle(page)?;
            }
            // In the findings each is marked once.
            let twice = page.evaluate(
                "const terms = [...document.querySelectorAll('#sentences .term')].map((one) => one.dataset.term);
                 return [terms.length, terms.filter((one, at) => terms.indexOf(one) !== at)]",
            )?;
            ensure!(twice[0].as_u64() > Some(1), "{twice}");
            ensure!(twice[1] == json!([]), "{twice}");
            let count = page.count("[data-term]")?;
            ensure!(count > 15, "{count}");
            for at in 0..count {
                let term = page.evaluate_with(
                    "const one = document.querySelectorAll('[data-term]')[arguments[0]];
                     if (!one.checkVisibility()) return null;
                     one.focus();
                     return one.dataset.term",
                    vec![at.into()],
                )?;
                let Some(term) = term.as_str() else { continue };
                page.wait_until(&format!("`{term}` to be explained"), || {
                    Ok(page.evaluate_with(
                        "const of = document.activeElement;
                         return of.dataset.term === arguments[0] && of.getAttribute('aria-describedby') === 'glossary'",
                        vec![term.into()],
                    )? == true)
                })?;
            }
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_single_file_has_it_too() -> Result<()> {
    let errors = visit_single_file(|page| {
        settle(page)?;
        page.evaluate("document.querySelector('#pins .term').focus()")?;
        page.wait_for_text(BOX, "keeps free memory below it")
    })?;
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}
