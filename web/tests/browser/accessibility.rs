//! Whoever sees little, or uses no mouse, can use the page: an audit of what is on it by axe-core, and the keyboard alone.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    imports,
    page::{Page, View},
    private::drop_file,
    simulation::{number, settle},
    visit,
};

/// The audit, of development only: nothing of it is on the page that is published.
const AXE: &str = include_str!("../axe.min.js");

/// The rules of WCAG 2 at the levels A and AA, and what is good practice besides.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

/// A laptop and a phone.
const SIZES: [(u32, u32); 2] = [(1440, 900), (390, 844)];

/// What axe finds on the page as it is, in both sizes and both colours.
fn audit(page: &Page, state: &str) -> Result<BTreeSet<String>> {
    let mut findings = BTreeSet::new();
    page.in_each_look(&SIZES, |_, look| {
        settle(page)?;
        for (impact, finding) in findings_of(page)? {
            findings.insert(format!("{impact}: {state}, {look}: {finding}"));
        }
        Ok(())
    })?;
    Ok(findings)
}

/// The impact of each finding, and what it is of which elements.
fn findings_of(page: &Page) -> Result<Vec<(String, String)>> {
    page.evaluate(&format!(
        "window.audited = null;
         axe.run(document, {{ runOnly: {{ type: 'tag', values: {RULES} }} }}).then(
             (result) => {{ window.audited = {{ passes: result.passes.length, violations: result.violations }}; }},
             (error) => {{ window.audited = {{ error: String(error) }}; }});"
    ))?;
    page.wait_until("the audit", || {
        Ok(page.evaluate("return window.audited !== null")? == true)
    })?;
    let audited = page.evaluate(
        "return { error: window.audited.error, passes: window.audited.passes,
             violations: (window.audited.violations ?? []).map((rule) => [rule.impact, rule.id + ': ' + rule.help + ': '
                 + rule.nodes.slice(0, 4).map((node) => node.target.join(' ') + ' (' + (node.any[0] ?? node.all[0] ?? node.none[0])?.message + ')').join('; ')]) }",
    )?;
    ensure!(audited["error"].is_null(), "axe: {}", audited["error"]);
    // An audit that looked at nothing would find nothing.
    ensure!(
        audited["passes"].as_u64() > Some(10),
        "only {} rules passed",
        audited["passes"]
    );
    let violations = audited["violations"].as_array().context("it is a list")?;
    let words = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let violations = violations.iter();
    Ok(violations
        .map(|finding| (words(&finding[0]), words(&finding[1])))
        .collect())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn an_audit_finds_nothing() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate(AXE)?;
        let mut findings = audit(page, "opened")?;

        page.click(".names__name[data-variant='2']")?;
        page.click("#add-note")?;
        page.wait_for("#notes-list input")?;
        page.type_text("#notes-list input", "after the last rest")?;
        page.evaluate("document.querySelector('#chart').focus()")?;
        page.press("+")?;
        page.wait_for("#chart[data-zoomed=true]")?;
        findings.extend(audit(page, "zoomed, with a note")?);

        page.click("#home")?;
        page.wait_for(".questions svg")?;
        page.in_each_look(&SIZES, |_, look| {
            for (impact, finding) in findings_of(page)? {
                findings.insert(format!("{impact}: landing, {look}: {finding}"));
            }
            Ok(())
        })?;
        page.click("#home")?;
        page.wait_for("#source")?;

        page.set_value("#source", "incident")?;
        page.wait_for_text("#title", "scaled down")?;
        settle(page)?;
        page.evaluate(
            "document.querySelectorAll('details').forEach((more) => { more.open = true; })",
        )?;
        page.wait_for("details[open]")?;
        findings.extend(audit(page, "incident, unfolded")?);

        page.click("#compare")?;
        page.wait_for("#map-beside")?;
        page.click("#pins button.link")?;
        page.wait_for("#blocks .table")?;
        findings.extend(audit(page, "two maps and blocks")?);

        page.click(".variant__head[data-variant='5']")?;
        settle(page)?;
        page.wait_for("#free-pages")?;
        findings.extend(audit(page, "jemalloc")?);

        page.click("#what-would-help")?;
        page.wait_for("#advice[data-state=over]")?;
        page.click("#advice tr[data-worth=true] button")?;
        page.wait_for("#advice-text")?;
        findings.extend(audit(page, "what would help")?);

        page.set_value("#environment", "MALLOC_CONF")?;
        page.wait_for("#environment-others")?;
        page.set_value("#parameter-events", "many")?;
        page.wait_for("#parameter-events-error")?;
        findings.extend(audit(page, "errors")?);

        page.click("#tour")?;
        page.wait_for(".tour")?;
        settle(page)?;
        findings.extend(audit(page, "tour")?);

        page.click("#tour-close")?;
        let name = "churn.heaptrack.zst";
        drop_file(page, name, &imports::file(name)?)?;
        page.wait_for_text("#title", name)?;
        settle(page)?;
        page.evaluate("document.querySelector('.sites details').open = true")?;
        findings.extend(audit(page, "call sites")?);

        page.go("?tour=4&lang=story")?;
        page.wait_for("#strip")?;
        page.evaluate(AXE)?;
        findings.extend(audit(page, "story")?);

        page.click("#help")?;
        page.wait_for("#help-title")?;
        findings.extend(audit(page, "help")?);
        let findings: Vec<_> = findings.into_iter().collect();
        ensure!(findings.is_empty(), "{findings:#?}");
        Ok(())
    })
}

/// Waits until the help is closed, and sees that the chart has the focus again.
fn help_gives_the_focus_back(page: &Page) -> Result<()> {
    page.wait_until("the help to close", || {
        let shown = "return document.querySelector('#help-title')?.checkVisibility() ?? false";
        Ok(page.evaluate(shown)? == false)
    })?;
    let focused = focused(page)?;
    ensure!(focused == "chart", "the focus went to {focused}");
    Ok(())
}

/// What has the focus, in words that a failure can be understood from.
fn focused(page: &Page) -> Result<String> {
    let name = page.evaluate(
        "const at = document.activeElement;
         return at === document.body ? 'body' : at.id || at.dataset.column || at.getAttribute('aria-label')
             || at.textContent.trim().slice(0, 40)",
    )?;
    Ok(name.as_str().unwrap_or_default().to_owned())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn tab_reaches_every_control_in_the_order_of_the_page() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        // Every control that can be seen, as it is on the page.
        let expected = page.evaluate(
            "window.reached = [];
             document.addEventListener('focusin', (event) => window.reached.push(event.target));
             window.controls = [...document.querySelectorAll(
                 'a[href], button, input, select, textarea, summary, [tabindex]')].filter(
                 (one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility());
             return window.controls.length",
        )?;
        let expected = expected.as_u64().context("it is a number")?;
        ensure!(expected > 30, "the page has {expected} controls");
        page.evaluate("document.activeElement.blur()")?;
        page.press("Tab")?;
        for _ in 1..expected {
            page.press("Tab")?;
        }
        let missed = page.evaluate(
            "return window.controls.filter((one) => !window.reached.includes(one)).map((one) => one.outerHTML.slice(0, 120))",
        )?;
        ensure!(
            missed.as_array().is_some_and(Vec::is_empty),
            "Tab does not reach {missed:#}"
        );
        let order = page.evaluate(
            "return window.reached.findIndex((one, at) => one !== window.controls[at])",
        )?;
        ensure!(
            order == -1,
            "the {order}th that Tab reaches is not the one that comes there"
        );
        // Whatever has the focus can be seen to have it.
        let unmarked = page.evaluate(
            "return window.controls.filter((one) => {
                 one.focus({ focusVisible: true });
                 const ring = (of) => { const style = getComputedStyle(of); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1; };
                 return !ring(one) && !ring(one.parentElement);
             }).map((one) => one.outerHTML.slice(0, 120))",
        )?;
        ensure!(
            unmarked.as_array().is_some_and(Vec::is_empty),
            "no ring around {unmarked:#}"
        );
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_keyboard_alone_plays_moves_and_opens_the_help() -> Result<()> {
    visit(View::default(), |page| {
        settle(page)?;
        page.evaluate("document.querySelector('#to-end').focus()")?;
        // Not where a control takes it itself, but on the chart.
        page.evaluate("document.querySelector('#chart').focus()")?;
        page.press("Home")?;
        page.wait_for("#chart[data-time='0']")?;
        page.press(" ")?;
        page.wait_for("#play[data-playing=true]")?;
        page.wait_until("the playhead to move", || {
            Ok(number(page, "#chart", "data-time")? > 0)
        })?;
        page.press(" ")?;
        page.wait_for("#play[data-playing=false]")?;
        settle(page)?;
        let before = number(page, "#chart", "data-time")?;
        page.press("ArrowRight")?;
        page.wait_until("a step on", || {
            Ok(number(page, "#chart", "data-time")? > before)
        })?;
        page.press("ArrowLeft")?;
        page.wait_until("a step back", || {
            Ok(number(page, "#chart", "data-time")? <= before)
        })?;

        // The help takes the focus, keeps it, and gives it back.
        for close in [Close::Escape, Close::Button] {
            page.evaluate("document.querySelector('#speed').focus()")?;
            page.evaluate("document.querySelector('#chart').focus()")?;
            let time = number(page, "#chart", "data-time")?;
            page.press("?")?;
            page.wait_for("#help-title")?;
            for _ in 0..3 {
                let within =
                    page.evaluate("return document.activeElement.closest('.help') !== null")?;
                ensure!(within == true, "the focus is at {}", focused(page)?);
                page.press("Tab")?;
                // Beyond the last control lies the browser's own, which has no element.
                if focused(page)? == "body" {
                    page.evaluate("document.querySelector('#close-help').focus()")?;
                }
            }
            // What is below does not move.
            page.press("ArrowLeft")?;
            ensure!(number(page, "#chart", "data-time")? == time, "it moved");
            match close {
                Close::Escape => page.press("Escape")?,
                Close::Button => page.press("Enter")?,
            }
            help_gives_the_focus_back(page)?;
        }
        // Opened and closed by its own key.
        page.press("?")?;
        page.wait_for("#help-title")?;
        page.press("?")?;
        help_gives_the_focus_back(page)?;
        Ok(())
    })
}

/// How the help is closed.
enum Close {
    Escape,
    Button,
}
