//! The state travels in the page's address.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    page::{Page, View},
    private::LINKS,
    random_use::{Numbers, TOOLS},
    simulation::{number, settle},
    visit,
};

/// The link in the address, once there is another than this.
fn link_after(page: &Page, before: &str) -> Result<String> {
    let hash = || -> Result<String> {
        let hash = page.evaluate("return location.hash")?;
        Ok(hash.as_str().unwrap_or_default().to_owned())
    };
    page.wait_until("another link", || Ok(hash()? != before))?;
    hash()
}

/// Waits until there is a link in the address.
pub(crate) fn wait_for_link(page: &Page) -> Result<()> {
    page.wait_until("an address", || {
        Ok(page.evaluate("return location.hash.length > 3")? == true)
    })
}

/// The link of what is shown, once the address has followed the latest change.
pub(crate) fn settled_link(page: &Page) -> Result<String> {
    wait_for_link(page)?;
    page.frames(40)?;
    let link = page.evaluate("return location.hash")?;
    Ok(link.as_str().context("it is a text")?.to_owned())
}

/// What a link must bring back, as a text.
fn shown(page: &Page) -> Result<String> {
    let text = page.evaluate(
        "return JSON.stringify([
             document.querySelector('#source').value,
             document.querySelector('#parameter-events')?.value,
             [...document.querySelectorAll('textarea')].map((box) => box.value.trim()),
             [...document.querySelectorAll('#what-if tbody tr')].map((row) => row.textContent),
             document.querySelector('#scrub').value,
         ])",
    )?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_link_brings_everything_back_and_back_and_forward_work() -> Result<()> {
    visit(View::default(), |page| {
        page.arrive("")?;
        page.click("#landing-example")?;
        settle(page)?;
        let opened = page.evaluate("return location.hash")?;
        ensure!(
            opened == "",
            "nothing is changed, and nothing in the address: {opened}"
        );
        page.set_value("#source", "environment")?;
        let first = link_after(page, "")?;
        settle(page)?;
        page.set_value("#parameter-events", "120")?;
        let second = link_after(page, &first)?;
        settle(page)?;
        page.evaluate("document.querySelector('#what-if tbody tr:nth-child(3) button').click()")?;
        let third = link_after(page, &second)?;
        page.set_value("#scrub", "400")?;
        let fourth = link_after(page, &third)?;
        ensure!(fourth.len() < 2000, "{} characters", fourth.len());
        settle(page)?;
        let before = shown(page)?;
        ensure!(before.contains("environment"), "{before}");

        page.go(&format!("?again{fourth}"))?;
        page.wait_for_text("#title", "settings")?;
        settle(page)?;
        page.wait_until("the same page", || Ok(shown(page)? == before))?;
        ensure!(page.evaluate("return location.hash")? == fourth.as_str());

        page.set_value("#parameter-events", "60")?;
        link_after(page, &fourth)?;
        page.evaluate("history.back()")?;
        page.wait_until("the parameter as before", || {
            Ok(page.value("#parameter-events")? == "120")
        })?;
        page.evaluate("history.forward()")?;
        page.wait_until("the parameter as after", || {
            Ok(page.value("#parameter-events")? == "60")
        })
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_link_that_cannot_be_read_says_so_and_opens_the_default() -> Result<()> {
    visit(View::default(), |page| {
        for (number, link) in ["#1=AAAA", "#1=%", "#2=abc", "#tour"].iter().enumerate() {
            page.go(&format!("?{number}{link}"))?;
            page.wait_for_text("#trouble", "This link is invalid")?;
            page.wait_for("main[data-busy=false] #chart .curve--rss")?;
            page.wait_for_text("#retry", "Dismiss")?;
            ensure!(page.value("#source")? == "bundled");
        }
        Ok(())
    })
}

/// A link of the first form, which release 0.1 wrote: jemalloc and time with 40 events, two variants, one setting, 1.5 s.
const OF_THE_FIRST_FORM: &str = "#1=K05JTU6s5CpILUvNKylWMDHgKjNQMFBIz8lMSnYw0jM2U8jPSeFK9XX08fF3jncMcvVzjPd1jLA15CozVDBUyErNTczJyU92MNUz1jNQyEstTy3iKjUEmqDLVWJoagACXAA";

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn a_link_of_the_first_form_opens_its_state() -> Result<()> {
    visit(View::default(), |page| {
        page.arrive(&format!("?{OF_THE_FIRST_FORM}"))?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        ensure!(page.value("#source")? == "decay" && page.value("#parameter-events")? == "40");
        ensure!(number(page, "#variants", "data-count")? == 2);
        ensure!(number(page, "#chart", "data-time")? == 1_500_000);
        page.wait_for_text(".variant__head[data-variant='1']", "newer")?;
        page.click(".variant__head[data-variant='0']")?;
        ensure!(page.value("#environment")?.trim() == "MALLOC_ARENA_MAX=1");
        ensure!(page.count("#trouble")? == 0);
        // Once something is changed, the address is of today's form.
        page.set_value("#parameter-events", "41")?;
        page.wait_until("a link of today", || {
            let hash = page.evaluate("return location.hash")?;
            Ok(hash.as_str().is_some_and(|hash| hash.starts_with("#2=")))
        })
    })
}

/// States that are made by hand, as it were.
const STATES: usize = 200;

/// Everything of the page that a link brings back, as a text. Where something typed cannot be run, what is shown ran before.
const STATE: &str = "
    const all = (selector, of) => [...document.querySelectorAll(selector)].map(of);
    const chart = document.querySelector('#chart')?.dataset;
    const runs = !document.querySelector(
        '[id^=parameter-][id$=-error], #environment-error, #outdated, #what-if tr[data-stale=true]');
    return JSON.stringify({
        source: document.querySelector('#source').value,
        parameters: all('input.number', (one) => one.id + '=' + one.value),
        variants: all('#what-if .row__name', (one) => one.textContent).sort(),
        chosen: all('#variant-name, #allocator, #environment', (one) => one.value.trim()),
        beside: runs && document.querySelector('#map-beside') !== null,
        legend: runs && all('.legend__kind', (one) => one.getAttribute('aria-pressed')),
        sorted: all('#what-if th[aria-sort]', (one) => one.textContent + one.getAttribute('aria-sort')),
        told: runs && all('[data-only][aria-pressed=true]', (one) => one.textContent),
        theme: document.documentElement.dataset.theme ?? '',
        step: document.querySelector('.tour [aria-current=step]')?.textContent ?? '',
        time: runs && chart ? [chart.time, chart.from, chart.to] : null,
        trouble: document.querySelector('#trouble')?.textContent ?? '',
    });";

/// Another state, by one of the ways there are.
fn change(numbers: &mut Numbers) -> String {
    let which = numbers.below(1000);
    let (from, to) = (numbers.below(50), 50 + numbers.below(50));
    match numbers.below(16) {
        0 => {
            let sources = ["reproduction", "bundled", "async_fanout", "sync"];
            let source = numbers.of(&sources);
            format!("give(document.querySelector('#source'), '{source}')")
        }
        1 | 2 => {
            let value = numbers.of(&["1", "2", "7", "1e99"]);
            format!("give(pick('input.number', {which}), '{value}')")
        }
        3 | 4 => {
            let text = numbers.of(&[
                "MALLOC_TRIM_THRESHOLD_=65536",
                "MALLOC_ARENA_MAX=1",
                "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000",
                "MALLOC_TOP_PAD_=0\\nMALLOC_CONF=narenas:2",
            ]);
            format!("give(document.querySelector('#environment'), '{text}')")
        }
        5 => format!(
            "const list = document.querySelector('#allocator');
             give(list, list.options[{which} % list.options.length].value)"
        ),
        6 => format!("give(document.querySelector('#variant-name'), '| \u{1f9e0} \" {which}')"),
        7 | 8 => format!("give(document.querySelector('#scrub'), '{which}')"),
        9 => format!(
            "point('#chart .over', ['pointerdown', 'pointermove', 'pointerup'], {from} / 100, {to} / 100)"
        ),
        10 if which.is_multiple_of(3) => "document.querySelector('#tour').click()".to_owned(),
        _ => {
            let selector = numbers.of(&[
                "#add-variant",
                "#remove-variant",
                "button[data-variant]",
                "#compare",
                ".sort",
                ".legend__kind",
                "#dark",
                "[data-only]",
                ".tour__steps a",
                ".row__name",
            ]);
            format!("pick('{selector}', {which})?.click()")
        }
    }
}

fn state(page: &Page) -> Result<Value> {
    let text = page.evaluate(STATE)?;
    Ok(serde_json::from_str(text.as_str().unwrap_or_default())?)
}

/// A copied link and the state that it is of: on a busy machine what was typed may be run only after the page stood still for a
/// while, and then the state is another one after the link than before it.
fn linked(page: &Page) -> Result<(String, Value)> {
    let found = std::cell::RefCell::new(None);
    page.wait_until("a link of a state that stays", || {
        let before = state(page)?;
        page.evaluate("window.copied = null; document.querySelector('#copy-link').click()")?;
        page.wait_until("the link", || {
            Ok(page.evaluate("return window.copied")?.is_string())
        })?;
        let link = page.evaluate("return window.copied.slice(window.copied.indexOf('#'))")?;
        let after = state(page)?;
        let stays = before == after;
        found.replace(Some((link.as_str().unwrap_or_default().to_owned(), after)));
        Ok(stays)
    })?;
    found.take().context("a link")
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn two_hundred_states_go_round_through_links() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate(TOOLS)?;
        page.evaluate(
            "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }",
        )?;
        let mut numbers = Numbers(2026);
        let mut states = Vec::new();
        for number in 0..STATES {
            for _ in 0..=numbers.below(3) {
                page.evaluate(&change(&mut numbers))?;
            }
            // What is typed is taken a moment later, and a recording is read before it can be linked to.
            page.frames(10)?;
            // What plays is at another moment when the state is read than when the link is made.
            let is_settled = "const plays = document.querySelector('#play[data-playing=true]');
                plays?.click();
                if (plays) return false;
                const runs = !document.querySelector('[id^=parameter-][id$=-error], #environment-error');
                return document.querySelector('main').dataset.busy === 'false'
                    && (!runs || document.querySelector('#why')?.getAttribute('aria-busy') === 'false')";
            let settled = page.wait_until("the runs", || Ok(page.evaluate(is_settled)? == true));
            settled.with_context(|| format!("state {number}: {:?}", state(page)))?;
            let (link, state) = linked(page).with_context(|| format!("state {number}"))?;
            ensure!(
                link.len() < 2000,
                "state {number}: {} characters",
                link.len()
            );
            states.push((link, state));
        }
        // Any other state than the one that was there, and in it nothing that was changed last.
        states.reverse();
        for (number, (link, before)) in states.iter().enumerate() {
            page.evaluate(&format!("location.hash = '{link}'"))?;
            let now = std::cell::RefCell::new(Value::Null);
            let same = page.wait_until("the same state", || {
                let mut found = state(page)?;
                // What could not be run then has left nothing to compare.
                if before["time"].is_null() {
                    for of_runs in ["time", "beside", "legend", "told"] {
                        found[of_runs] = before[of_runs].clone();
                    }
                }
                if before["theme"] == "" {
                    // A link that says no colours leaves them as they are.
                    found["theme"] = "".into();
                }
                let is_same = found == *before;
                now.replace(found);
                Ok(is_same)
            });
            ensure!(
                same.is_ok(),
                "state {number}: {link}\n{before}\n{}",
                now.borrow()
            );
        }
        let all = states.iter().map(|(_, state)| state.to_string());
        let different: std::collections::BTreeSet<String> = all.collect();
        ensure!(
            different.len() > STATES / 2,
            "{} different",
            different.len()
        );
        Ok(())
    })
}

/// Changes something and goes to a link at once, before the change is in the address.
const GO_AT_ONCE: &str = "
    const [link, number] = arguments;
    const box = document.querySelector('#parameter-events');
    box.value = String(100 + number);
    box.dispatchEvent(new Event('input', { bubbles: true }));
    box.dispatchEvent(new Event('change', { bubbles: true }));
    return new Promise((done) => setTimeout(() => { location.hash = link; done(true); }, number * 50));";

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_change_on_its_way_into_the_address_does_not_take_the_place_of_a_link() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate(LINKS)?;
        let link = page.evaluate("return linkOf('sdecay\\npevents 40\\n')")?;
        // The change is written some hundred milliseconds after it: the link comes before, while and after that.
        for number in 0..10 {
            page.set_value("#source", "environment")?;
            settle(page)?;
            page.evaluate_with(GO_AT_ONCE, vec![link.clone(), number.into()])?;
            page.wait_until("the link's scenario", || {
                Ok(page.value("#source")? == "decay")
            })?;
            settle(page)?;
            let events = page.value("#parameter-events")?;
            ensure!(events == "40", "{number}: {events} events");
            let text = page.evaluate("return textOf(location.hash)")?;
            let text = text.as_str().context("a text")?;
            ensure!(text.starts_with("sdecay"), "{number}: {text}");
        }
        Ok(())
    })
}
