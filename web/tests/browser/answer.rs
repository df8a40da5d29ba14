//! The answer over everything, and what it leads to.

use anyhow::{Result, ensure};

use crate::{
    page::{Page, View},
    simulation::settle,
    visit,
};

fn says(page: &Page) -> Result<String> {
    let says = page.evaluate("return document.querySelector('#answer').innerText")?;
    Ok(says.as_str().unwrap_or_default().to_owned())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_answer_is_of_the_last_rest_wherever_the_playhead_is() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        let first = says(page)?;
        ensure!(
            first.contains(
                "After the last rest, 200.1 MiB of the 207.6 MiB that is resident is free"
            ),
            "{first}"
        );
        ensure!(
            first.contains("This is not a leak: the program holds 7.2 MiB."),
            "{first}"
        );
        ensure!(
            first.contains("In the run of D (mmap from 16 KiB), 8.9 MiB is resident then."),
            "{first}"
        );
        // The same figures as the table's.
        let cell = page.evaluate("return document.querySelector('tr[data-selected=true] [data-column=after_rest]').innerText")?;
        ensure!(
            cell.as_str().is_some_and(|cell| cell.contains("207.6 MiB")),
            "{cell}"
        );
        page.evaluate("document.querySelector('#chart-title').focus(); document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true }))")?;
        page.frames(2)?;
        ensure!(says(page)? == first);
        page.click("#answer-why")?;
        page.wait_until("the explanation of that moment", || {
            Ok(page.evaluate(
                "const why = document.querySelector('#why');
                 const left = document.querySelector('tr[data-selected=true] [data-column=after_rest]').dataset.value;
                 return why.ariaBusy === 'false' && why.dataset.rss === left",
            )? == true)
        })?;
        let focused = page.evaluate("return document.activeElement.id")?;
        ensure!(focused == "why-title", "{focused}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_review_has_the_answer_the_table_and_a_link() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")?;
        page.click("#copy-review")?;
        page.wait_until("the copy", || {
            Ok(page.evaluate("return !!window.copied")? == true)
        })?;
        let copied = page.evaluate("return window.copied")?;
        let copied = copied.as_str().unwrap_or_default();
        ensure!(
            copied.starts_with("A: After the last rest, 200.1 MiB"),
            "{copied}"
        );
        for part in [
            "| variant | allocator | settings |",
            "`MALLOC_MMAP_THRESHOLD_=16384`",
            "\n[Open in Highwater](http",
        ] {
            ensure!(copied.contains(part), "{part} in {copied}");
        }
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_explanation_stays_until_the_next_is_there_and_keeps_the_focus() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate(
            "window.empty = 0; window.lost = 0;
             document.querySelector('#why .link').focus();
             new MutationObserver(() => {
                 window.empty += document.querySelector('#why') === null;
                 window.lost += document.activeElement === document.body;
             }).observe(document.body, { subtree: true, childList: true, attributes: true });
             const box = document.querySelector('textarea');
             box.value = 'MALLOC_TOP_PAD_=0';
             box.dispatchEvent(new InputEvent('input', { bubbles: true }));",
        )?;
        page.wait_until("the run of the new setting", || {
            Ok(page.evaluate("return document.querySelector('#answer').dataset.stale")? == "true")
        })?;
        settle(page)?;
        page.wait_until("its explanation", || {
            Ok(page.evaluate("return document.querySelector('#why').ariaBusy + document.querySelector('.column--why').dataset.stale")? == "falsefalse")
        })?;
        page.frames(2)?;
        let seen =
            page.evaluate("return [window.empty, document.activeElement === document.body]")?;
        ensure!(seen == serde_json::json!([0, false]), "{seen}");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn on_a_phone_the_answer_and_the_chart_come_first_and_the_settings_last() -> Result<()> {
    let phone = View {
        width: 390,
        height: 844,
        ..View::default()
    };
    visit(phone, |page| {
        settle(page)?;
        let order = "const top = (of) => document.querySelector(of).getBoundingClientRect().top;
             const tops = ['#answer', '#chart', '#why', '#what-if', '.maps', '#fold'].map(top);
             return tops.every((one, at) => at === 0 || tops[at - 1] < one) ? 'in order' : tops.join(' ')";
        let order = page.evaluate(order)?;
        ensure!(order == "in order", "{order}");
        let chart = page.evaluate(
            "return document.querySelector('#chart').getBoundingClientRect().top < innerHeight",
        )?;
        ensure!(chart == true, "the chart begins on the first screen");
        let shown =
            || page.evaluate("return document.querySelector('#source').offsetParent !== null");
        ensure!(shown()? == false);
        page.click("#fold")?;
        page.frames(2)?;
        ensure!(shown()? == true);
        Ok(())
    })
}
