//! The page where it is put: in any folder, under a policy, and in one file opened from the disk.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    built_page, copy,
    page::{Page, View},
    pictures::Downloads,
    site::Site,
    visit_address, visit_single_file,
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
#[ignore = "it needs the built page: `cargo xtask test`"]
fn no_module_that_is_handed_on_names_a_folder_of_this_machine() -> Result<()> {
    let built_in = [
        built_page()?,
        crate::named("HIGHWATER_PACKAGE")?.join("package"),
    ];
    let mut modules = 0;
    for folder in built_in {
        for entry in fs::read_dir(&folder)? {
            let file = entry?.path();
            if file.extension().is_none_or(|end| end != "wasm") {
                continue;
            }
            modules += 1;
            let bytes = fs::read(&file)?;
            let found = |words: &[u8]| bytes.windows(words.len()).any(|here| here == words);
            // Panics of libraries name their files, so the positive control is in the module.
            ensure!(found(b"/src/lib.rs"), "{} names no file", file.display());
            for words in [
                b"/registry/src".as_slice(),
                env!("CARGO_MANIFEST_DIR").as_bytes(),
            ] {
                let words = String::from_utf8_lossy(words);
                ensure!(!found(words.as_bytes()), "{} names {words}", file.display());
            }
        }
    }
    ensure!(modules == 3, "{modules} modules");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_page_works_in_a_folder_of_a_server_under_the_policy_of_the_docs() -> Result<()> {
    let built = built_page()?;
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
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn the_policy_of_the_docs_refuses_scripts_within_the_page() -> Result<()> {
    let built = built_page()?;
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
    // Each browser has its own spelling.
    let of_policy = |error: &&String| error.replace('-', " ").contains("Content Security Policy");
    let refused = errors.iter().filter(of_policy);
    ensure!(refused.count() >= 3, "refused only {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn one_file_opened_from_the_disk_is_the_whole_page() -> Result<()> {
    let errors = visit_single_file(|page: &Page| {
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

/// Notes what a policy refuses, in every frame, before anything else runs.
const WATCH: &str = "self.refused = [];
    addEventListener('securitypolicyviolation', (event) =>
        refused.push(`${event.violatedDirective} ${event.blockedURI}`));";

/// What was refused since the page was opened.
fn refused(page: &Page) -> Result<String> {
    let refused = page.evaluate("return self.refused.join(', ')")?;
    Ok(refused.as_str().unwrap_or("not watched").to_owned())
}

/// Uses a page that states its policy itself, and then what the policy must refuse.
fn under_own_policy(page: &Page, address: &str) -> Result<()> {
    page.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        serde_json::json!({ "source": WATCH }),
    )?;
    page.go(address)?;
    page.wait_for("main[data-busy=false] #chart .curve--rss")?;
    page.click("#tour")?;
    page.wait_for_text(".tour__words", "207.6 MiB")?;
    page.click("#tour-close")?;
    page.set_value("#source", "incident")?;
    page.wait_for("main[data-busy=true]")?;
    page.wait_for("main[data-busy=false] #chart .curve--rss")?;
    let downloads = Downloads::of(page)?;
    page.click("[aria-label='PNG of the chart']")?;
    page.wait_until("the picture", || {
        Ok(fs::read_dir(downloads.path())?.next().is_some())
    })?;
    let found = refused(page)?;
    ensure!(found.is_empty(), "{found}");
    let ran = page.evaluate(
        "const added = document.createElement('script');
         added.textContent = 'window.smuggled = 1';
         document.head.append(added);
         document.body.insertAdjacentHTML('beforeend', '<img src=x: onerror=\"window.smuggled = 2\">');
         return new Promise((told) => setTimeout(() => told(window.smuggled ?? null)))",
    )?;
    ensure!(ran.is_null(), "{ran} ran");
    page.wait_until("the refusal", || Ok(refused(page)?.contains("script-src")))
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn the_page_states_its_policy_itself_and_keeps_it() -> Result<()> {
    let built = built_page()?;
    crate::visit_folder(&built, View::default(), |page| under_own_policy(page, ""))?;
    // The docs name the same policy.
    let page = fs::read_to_string(built.join("index.html"))?;
    let policy = policy()?;
    ensure!(page.contains(&policy), "{policy}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn one_file_states_its_policy_itself_and_keeps_it() -> Result<()> {
    visit_single_file(|page| under_own_policy(page, "?"))?;
    Ok(())
}
