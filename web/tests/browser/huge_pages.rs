//! The heap map shows huge pages, and says what each keeps.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
    page::{Page, View},
    simulation::settle,
    visit,
};

/// The variant of the scenario whose heap lies in huge pages, and one that has none.
const HUGE: usize = 3;
const SMALL: usize = 0;

/// Shows a variant of the scenario.
fn show(page: &Page, variant: usize) -> Result<()> {
    page.click(&format!(".variant__head[data-variant='{variant}']"))?;
    settle(page)
}

/// Points at a dot in the last row of the first outline, and returns what the page says of it.
fn pointed(page: &Page) -> Result<String> {
    page.evaluate(
        "const map = document.querySelector('#map'), place = map.getBoundingClientRect();
         const outline = document.querySelector('.map-room .huge').getBoundingClientRect();
         map.dispatchEvent(new PointerEvent('pointermove', { bubbles: true,
             clientX: place.left + 3, clientY: outline.bottom - 4 }))",
    )?;
    page.wait_for_text("#map-says", "in a huge page: ")?;
    page.text("#map-says")
}

/// Takes pictures of the map for people.
fn in_sizes_and_colours(page: &Page, folder: &Path) -> Result<()> {
    for (width, height) in [(1440, 900), (390, 844)] {
        for dark in [false, true] {
            page.look(View {
                width,
                height,
                dark,
            })?;
            page.frames(30)?;
            page.evaluate("document.querySelector('#map').scrollIntoView({ block: 'center' })")?;
            page.frames(10)?;
            let colours = if dark { "dark" } else { "light" };
            let name = format!("huge-pages-{width}-{colours}.png");
            page.screenshot(&folder.join(name), false)?;
        }
    }
    for forced in ["active", "none"] {
        let media =
            json!({ "media": "", "features": [{ "name": "forced-colors", "value": forced }] });
        page.devtools("Emulation.setEmulatedMedia", media)?;
        page.frames(10)?;
        if forced == "active" {
            page.screenshot(&folder.join("huge-pages-forced-colors.png"), false)?;
        }
    }
    page.look(View::default())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_map_outlines_huge_pages_and_says_what_each_keeps() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?scenario=huge_pages")?;
        settle(page)?;
        show(page, SMALL)?;
        ensure!(page.count(".map-room .huge")? == 0 && page.count(".ring--huge")? == 0);
        show(page, HUGE)?;
        page.wait_for(".map-room .huge")?;
        ensure!(page.count(".ring--huge")? == 1, "the legend has them");
        // Whoever sees no map is told how much there is.
        let described = page.attribute("#map", "aria-label")?.context("a name")?;
        ensure!(described.contains("24.0 MiB in huge pages"), "{described}");
        let said = pointed(page)?;
        if let Ok(folder) = crate::named("HIGHWATER_SHOTS") {
            in_sizes_and_colours(page, &folder)?;
        }
        let (address, _) = said.split_once(" · ").context("an address")?;
        let (_, words) = said.split_once("in a huge page: ").context("words")?;
        // The same by key, with the blocks of the page.
        page.set_value("#find", address)?;
        page.wait_for("#blocks[data-count]")?;
        let blocks = page.text("#blocks")?;
        ensure!(blocks.contains(words), "{words} in {blocks}");
        Ok(())
    })
}
