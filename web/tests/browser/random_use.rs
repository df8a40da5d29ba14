//! Whatever is done to the page, in whatever order: it goes on, says no error, and holds no more than before.

use std::env;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    page::{Page, View},
    simulation::{number, settle},
    visit_alone,
};

/// Interactions that are made, and then made again: WebAssembly gives no memory back, so what they need at the most must have been
/// needed before.
const INTERACTIONS: usize = 200;

/// What memory may grow by, as a share of what it was.
const MOST_GROWTH: f64 = 0.2;

/// Times that they are made again at the most, until memory does not grow.
const ROUNDS: usize = 3;

/// Numbers that look random and are the same in every run (Knuth's MMIX).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = (self.0.wrapping_mul(6_364_136_223_846_793_005))
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    pub(crate) fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// What the interactions are made of, within the page. Each does nothing where there is nothing to do it to.
pub(crate) const TOOLS: &str = "
    window.pick = (selector, number) => {
        const all = [...document.querySelectorAll(selector)].filter((one) => !one.disabled);
        return all.length ? all[number % all.length] : null;
    };
    window.give = (control, value) => {
        if (!control) return;
        control.value = value;
        control.dispatchEvent(new Event('input', { bubbles: true }));
        control.dispatchEvent(new Event('change', { bubbles: true }));
    };
    window.point = (selector, kinds, from, to) => {
        const target = document.querySelector(selector);
        if (!target) return;
        const place = target.getBoundingClientRect();
        const at = (share) => ({ bubbles: true, button: 0, pointerId: 1,
            clientX: place.left + place.width * share, clientY: place.top + place.height * share });
        for (const [kind, share] of kinds.map((kind, number) => [kind, number === 0 ? from : to]))
            target.dispatchEvent(kind === 'click' ? new MouseEvent(kind, at(share)) : new PointerEvent(kind, at(share)));
    };";

/// Clicked, whichever of them is there.
const CLICKED: [&str; 17] = [
    "#add-variant",
    "#remove-variant",
    "button[data-variant]",
    "button[data-variant]",
    "#compare",
    "#play",
    ".sort",
    "[data-without]",
    "#cancel",
    "#retry",
    ".legend__kind",
    "[data-preset]",
    "#pins .link, #sentences .link",
    "#close-blocks, #zoom-out",
    ".mark--button, .row__name",
    "#what-if .chip",
    "#dark, summary, #to-start, #to-end",
];

/// One interaction; returns it in words, so that a sequence that fails can be made again.
fn interact(page: &Page, numbers: &mut Numbers) -> Result<String> {
    let which = numbers.below(1000);
    let (from, to) = (numbers.below(100), numbers.below(100));
    let script = match numbers.below(30) {
        0 | 1 => {
            let source = numbers.of(&[
                "bundled",
                "incident",
                "paging",
                "threads",
                "survivors",
                "async_fanout",
            ]);
            format!("give(document.querySelector('#source'), '{source}')")
        }
        2..=4 => {
            let value = numbers.of(&["1", "2", "7", "20", "many", "-5", "", "1e99"]);
            format!("give(pick('input.number', {which}), '{value}')")
        }
        5..=7 => {
            let text = numbers.of(&[
                "",
                "MALLOC_TRIM_THRESHOLD_=65536",
                "MALLOC_TRIM_THRESHOLD=1",
                "MALLOC",
                "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:::=",
                "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000",
                "ENV A=1\\nMALLOC_ARENA_MAX=1",
            ]);
            format!("give(document.querySelector('#environment'), '{text}')")
        }
        8 => format!(
            "const list = document.querySelector('#allocator');
             if (list) give(list, list.options[{which} % list.options.length].value)"
        ),
        9 => format!("give(document.querySelector('#variant-name'), '| \\u{{1f9e0}} \" {which}')"),
        10 => format!("give(document.querySelector('#scrub'), '{which}')"),
        11 | 12 => format!(
            "point('#chart .over', ['pointerdown', 'pointermove', 'pointerup'], {from} / 100, {to} / 100)"
        ),
        13 | 14 => format!("point('#map', ['pointermove', 'click'], {from} / 100, {from} / 100)"),
        15 => {
            let text = numbers.of(&["not a trace", "", "highwater-trace 1\\nm 0 0 zzz 10\\n"]);
            format!(
                "const files = new DataTransfer();
                 files.items.add(new File(['{text}'], 'bad.hwt'));
                 window.dispatchEvent(new DragEvent('drop', {{ dataTransfer: files, bubbles: true }}))"
            )
        }
        16..=19 => {
            let key = numbers.of(&[
                "ArrowLeft",
                "ArrowRight",
                "Home",
                "End",
                " ",
                ".",
                ",",
                "?",
                "Escape",
                "Tab",
            ]);
            page.press(key)?;
            return Ok(format!("press {key:?}"));
        }
        _ => {
            let selector = numbers.of(&CLICKED);
            format!("pick('{selector}', {which})?.click()")
        }
    };
    page.evaluate(&script)
        .with_context(|| format!("cannot do `{script}`"))?;
    Ok(script)
}

/// That many interactions, some at once and some with a pause, and back to the recording.
fn use_it(page: &Page, numbers: &mut Numbers, many: usize) -> Result<()> {
    let mut done = Vec::new();
    for _ in 0..many {
        let did = interact(page, numbers);
        let did = did.with_context(|| format!("after {done:#?}"))?;
        done.push(did);
        match numbers.below(8) {
            0 => page
                .wait_for("main[data-busy=false]")
                .with_context(|| format!("after {done:#?}"))?,
            1..4 => page.frames(4)?,
            _ => {}
        }
    }
    back(page).with_context(|| format!("after {done:#?}"))
}

fn back(page: &Page) -> Result<()> {
    page.evaluate("document.querySelector('dialog[open]')?.close()")?;
    // Keys may have led into the tour, which may have been shown as a talk, or to what the page shows first.
    page.evaluate("document.querySelector('#tour-close')?.click()")?;
    page.frames(2)?;
    page.evaluate("document.querySelector('#landing-example')?.click()")?;
    page.frames(2)?;
    // It may have been folded.
    page.evaluate(
        "document.querySelector('#source')?.closest('details')?.setAttribute('open', '')",
    )?;
    page.set_value("#source", "bundled")?;
    page.wait_for_text("#title", "asyncio burst")?;
    settle(page)
}

/// What the page's thread holds: bytes of JavaScript, bytes of WebAssembly, nodes, listeners.
fn memory(page: &Page) -> Result<[(&'static str, f64); 4]> {
    for _ in 0..3 {
        page.devtools("HeapProfiler.collectGarbage", json!({}))?;
        page.frames(6)?;
    }
    let heap = page.devtools("Runtime.getHeapUsage", json!({}))?;
    let counted = page.devtools("Memory.getDOMCounters", json!({}))?;
    let module = page.evaluate("return window.moduleMemory.buffer.byteLength")?;
    let figure = |value: &Value| value.as_f64().context("it is a number");
    Ok([
        ("JavaScript", figure(&heap["usedSize"])?),
        ("WebAssembly", figure(&module)?),
        ("nodes", figure(&counted["nodes"])?),
        ("listeners", figure(&counted["jsEventListeners"])?),
    ])
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn random_use_breaks_nothing_and_leaves_nothing_behind() -> Result<()> {
    visit_alone(View::default(), |page| {
        let source = "const { instantiateStreaming } = WebAssembly;
            WebAssembly.instantiateStreaming = async (...given) => {
                const made = await instantiateStreaming(...given);
                window.moduleMemory = made.instance.exports.memory;
                return made;
            };";
        page.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": source }),
        )?;
        page.go("")?;
        settle(page)?;
        page.evaluate(TOOLS)?;
        let peak = number(page, "#chart", "data-peak")?;
        let rows = page.count("#what-if tbody tr")?;
        // Another sequence can be asked for.
        let seed = env::var("HIGHWATER_SEED").ok();
        let seed = seed.map_or(Ok(2026), |seed| seed.parse())?;
        use_it(page, &mut Numbers(seed), INTERACTIONS)?;
        let mut before = memory(page)?;
        for round in 1.. {
            use_it(page, &mut Numbers(seed), INTERACTIONS)?;
            is_as_it_was(page, peak, rows)?;
            let after = memory(page)?;
            println!("before {before:?}\nafter {after:?}");
            let grown: Vec<_> = (before.into_iter().zip(after))
                .filter(|((_, before), (_, after))| *after > before * (1.0 + MOST_GROWTH))
                .collect();
            if grown.is_empty() {
                break;
            }
            // How much of it overlaps, and when garbage is collected, differs; what is left behind is left behind each time.
            ensure!(round < ROUNDS, "grew: {grown:?}");
            before = after;
        }
        Ok(())
    })
}

/// Waits until the page shows what it showed at first, and all of it is fresh.
fn is_as_it_was(page: &Page, peak: u64, rows: usize) -> Result<()> {
    page.wait_until("the first peak and table, all of it fresh", || {
        let fresh = "#what-if tbody tr[data-stale=false] td[data-column=at_end][data-value]";
        Ok(number(page, "#chart", "data-peak")? == peak
            && page.count("#what-if tbody tr")? == rows
            && page.count(fresh)? == rows)
    })?;
    ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
    Ok(())
}
