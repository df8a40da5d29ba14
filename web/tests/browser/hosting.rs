//! The page where it is put: in any folder, under a policy, and in one file opened from the disk.

use std::fs;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    built_page, named,
    page::{Page, View},
    visit_address, visit_folder,
};

/// The policy that docs/embedding.md names.
fn policy() -> Result<String> {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/embedding.md");
    let docs = fs::read_to_string(docs)?;
    let from = docs.find("default-src").context("no policy in the docs")?;
    let policy = docs[from..].split("```").next().unwrap_or_default();
    Ok(policy.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn the_page_works_in_a_folder_of_a_server_under_the_policy_of_the_docs() -> Result<()> {
    let Some(built) = built_page()? else {
        return Ok(());
    };
    let root = TempDir::with_prefix("highwater-site-")?;
    let folder = root.path().join("team/memory");
    fs::create_dir_all(folder.join("traces"))?;
    for part in ["", "traces"] {
        for entry in fs::read_dir(built.join(part))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), folder.join(part).join(entry.file_name()))?;
            }
        }
    }
    let page = fs::read_to_string(folder.join("index.html"))?;
    let stated = format!(
        "<head><meta http-equiv=\"Content-Security-Policy\" content=\"{}\">",
        policy()?
    );
    ensure!(page.contains("<head>"), "the page has a head");
    fs::write(
        folder.join("index.html"),
        page.replacen("<head>", &stated, 1),
    )?;
    let errors = visit_folder(root.path(), View::default(), |page| {
        page.console_errors()?; // Nothing lies at the server's root, which the browser says.
        page.go("team/memory/")?;
        page.wait_for("main[data-worker=ready]")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
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
        // The recording that lies in it.
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        page.wait_for_text("#trouble-free, main", "208")?;
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
