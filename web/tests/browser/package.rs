//! The package for other people's JavaScript, in the example of a page.

use anyhow::{Result, ensure};

use crate::{named, page::View, visit_folder};

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_example_page_runs_the_engine() -> Result<()> {
    let folder = named("HIGHWATER_PACKAGE")?;
    let errors = visit_folder(&folder, View::default(), |page| {
        page.console_errors()?; // There is nothing at the folder's own address, which the browser says.
        page.go("examples/page.html")?;
        page.wait_for_text("#says", "MiB after the rest")?;
        let plain = page.text("#says")?;
        let drawn = "return document.querySelector('path').getAttribute('d').split('L').length";
        ensure!(page.evaluate(drawn)?.as_u64() > Some(100), "a curve");
        // Many changes at once: each cancels the one before it, and the last one's result stays.
        page.evaluate(
            "const box = document.querySelector('#threshold');
             for (const value of [131072, 65536, 32768, 16384]) { box.value = value; box.dispatchEvent(new Event('input')); }",
        )?;
        page.wait_until("another figure", || Ok(page.text("#says")? != plain))?;
        page.wait_for_text("#says", "MiB after the rest")?;
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}
