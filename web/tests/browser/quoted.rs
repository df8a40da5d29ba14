//! The chart shows resident memory, memory.current or the working set: chosen by key, explained, kept by the link.

use anyhow::{Context, Result, ensure};

use crate::{
    links::settled_link,
    page::{Page, View},
    simulation::{number, settle},
    visit,
};

/// Settings by which pages wait as those that are marked with MADV_FREE.
const MUZZY: &str = "MALLOC_CONF=background_thread:true,dirty_decay_ms:100,muzzy_decay_ms:-1";

/// What the chart shows: its heading, the sentence under it, the figure at the playhead, and the first curve.
fn shown(page: &Page) -> Result<(String, String, u64, String)> {
    Ok((
        page.text("#chart-title")?,
        page.text("#quoted-says")?,
        number(page, "#chart", "data-quoted")?,
        page.attribute(".plot .curve--rss", "d")?
            .context("there is a curve")?,
    ))
}

/// Chooses the next figure by key, as somebody without a pointer does.
fn choose_next(page: &Page, value: &str) -> Result<(String, String, u64, String)> {
    let before = shown(page)?;
    page.evaluate("document.querySelector('#quoted').focus()")?;
    page.press("ArrowDown")?;
    page.wait_until("another figure", || Ok(shown(page)?.0 != before.0))?;
    ensure!(page.value("#quoted")? == value, "{value}");
    shown(page)
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn another_figure_is_chosen_by_key_and_explained_and_the_link_keeps_it() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?scenario=async_fanout")?;
        settle(page)?;
        page.set_value("#allocator", "jemalloc@5.3.0")?;
        settle(page)?;
        page.set_value("#environment", MUZZY)?;
        // A text is read a moment after it was typed.
        page.frames(40)?;
        settle(page)?;
        let resident = shown(page)?;
        ensure!(
            resident.0 == "Resident memory" && resident.1.contains("page tables"),
            "{resident:?}"
        );
        ensure!(resident.2 == number(page, "#chart", "data-rss")?);
        let current = choose_next(page, "memory_current")?;
        ensure!(
            current.0 == "memory.current" && current.1.contains("stacks"),
            "{current:?}"
        );
        ensure!(current.2 > resident.2, "{current:?}");
        let working = choose_next(page, "working_set")?;
        ensure!(
            working.0 == "Working set" && working.1.contains("MADV_FREE"),
            "{working:?}"
        );
        ensure!(working.2 < current.2, "{working:?}");
        ensure!(
            working.3 != resident.3 && current.3 != working.3,
            "other curves"
        );
        let said = page
            .attribute("#chart", "aria-valuetext")?
            .unwrap_or_default();
        ensure!(said.contains("in the working set"), "{said}");
        // The address follows, and whoever opens it sees the same.
        let link = settled_link(page)?;
        page.go("?again")?;
        settle(page)?;
        ensure!(page.text("#chart-title")? == "Resident memory");
        page.go(&link)?;
        settle(page)?;
        let again = shown(page)?;
        ensure!(again == working, "{again:?} and {working:?}");
        ensure!(
            page.console_errors()?.is_empty(),
            "{:?}",
            page.console_errors()?
        );
        Ok(())
    })
}
