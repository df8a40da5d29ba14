//! The page where it is put: in any folder, under a policy, and in one file opened from the disk.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    built_page, copy, named,
    page::{Page, View},
    site::Site,
    visit_address,
};

/// Where the page lies in these tests, from the server's root.
pub(crate) const PLACE: &str = "team/memory/";

/// The policy that docs/embedding.md names.
fn policy() -> Result<String> {
    let docs = include_str!("../../../docs/embedding.md");
    let from = docs.find("default-src").context("no policy in the docs")?;
    let policy = docs[from..].split("```").next().unwrap_or_default();
    Ok(policy.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Opens a page, with something added to its head, under the policy. Returns the console's errors.
pub(crate) fn visit_under_policy(
    built: &Path,
    added: &str,
    test: impl FnOnce(&Page) -> Result<()>,
) -> Result<Vec<String>> {
    let root = TempDir::with_prefix("highwater-site-")?;
    copy(built, &root.path().join(PLACE))?;
    let file = root.path().join(PLACE).join("index.html");
    let page = fs::read_to_string(&file)?;
    ensure!(page.contains("<head>"), "the page has a head");
    fs::write(&file, page.replacen("<head>", &format!("<head>{added}"), 1))?;
    let site = Site::serve_with(root.path(), |_| {
        let policy = policy().unwrap_or_else(|_| "default-src 'none'".to_owned());
        vec![("content-security-policy", policy)]
    })?;
    let address = format!("{}{PLACE}", site.address);
    visit_address(&address, View::default(), test)
}

#[test]
fn the_page_works_in_a_folder_of_a_server_under_the_policy_of_the_docs() -> Result<()> {
    let Some(built) = built_page()? else {
        return Ok(());
    };
    let errors = visit_under_policy(&built, "", |page| {
        page.wait_for("main[data-worker=ready]")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        // A scenario, in workers.
        page.set_value("#source", "incident")?;
        page.wait_for("main[data-busy=true]")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
fn the_policy_of_the_docs_refuses_scripts_within_the_page() -> Result<()> {
    let Some(built) = built_page()? else {
        return Ok(());
    };
    let added = "<script>window.smuggled = 'by script'</script>\
                 <style onload=\"window.smuggled = 'by handler'\">p {}</style>";
    let errors = visit_under_policy(&built, added, |page| {
        page.wait_for("main[data-worker=ready]")?;
        let smuggled = page.evaluate("return window.smuggled ?? null")?;
        ensure!(smuggled.is_null(), "{smuggled} something ran");
        // Nor does a script that comes later, or one from elsewhere.
        let later = "const added = document.createElement('script');
            added.textContent = 'window.smuggled = 1';
            document.head.append(added);
            const far = document.createElement('script');
            far.src = 'data:text/javascript,window.smuggled=2';
            document.head.append(far);
            return new Promise((told) => { far.onerror = () => told(window.smuggled ?? null); \
                                           far.onload = () => told('loaded'); });";
        let smuggled = page.evaluate(later)?;
        ensure!(smuggled.is_null(), "{smuggled} something ran");
        Ok(())
    })?;
    let refused = (errors.iter()).filter(|error| error.contains("Content Security Policy"));
    ensure!(refused.count() >= 3, "refused only {errors:#?}");
    Ok(())
}

#[test]
fn one_file_opened_from_the_disk_is_the_whole_page() -> Result<()> {
    let Some(file) = named("HIGHWATER_SINGLE_FILE")? else {
        return Ok(());
    };
    let address = format!("file://{}", file.display());
    let errors = visit_address(&address, View::default(), |page: &Page| {
        page.wait_for("main[data-worker=ready]")?;
        // The recording that lies in it, and the tour.
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        page.wait_for_text("#trouble-free, main", "208")?;
        page.click("#tour")?;
        page.wait_for_text(".tour__words", "207.6 MiB")?;
        page.click("#tour-close")?;
        // A scenario, in workers.
        page.set_value("#source", "incident")?;
        page.wait_for("main[data-busy=true]")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        let asked = page.evaluate(
            "return performance.getEntriesByType('resource').map((entry) => entry.name)
                 .filter((name) => !name.startsWith('blob:') && !name.startsWith('data:'))",
        )?;
        ensure!(
            asked.as_array().is_some_and(Vec::is_empty),
            "asked for {asked}"
        );
        Ok(())
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}
