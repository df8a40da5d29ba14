//! `cargo xtask book`: the documents of `docs/` as a book, rendered by the package `highwater-book`. A link that leads
//! nowhere and a document that `SUMMARY.md` does not name are errors, and each page states the policy of its scripts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::ExitCode,
    sync::LazyLock,
};

use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::{policy, process, workspace};

/// The page's folder beside the book, which need not be built when the book is.
const SITE: &str = "../site/";

/// The pages of mdBook that are no chapter.
const NO_CHAPTER: [&str; 2] = ["404.html", "toc.html"];

pub(crate) fn run() -> Result<ExitCode> {
    let folder = workspace::root().join("dist/book");
    write(&folder)?;
    println!("built: {}", folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes the book into a folder, in place of what it holds.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let docs = workspace::root().join("docs");
    fs::remove_dir_all(folder).ok();
    process::run(
        process::cargo()
            .args(["run", "--quiet", "--package", "highwater-book", "--"])
            .args([&docs, folder]),
    )?;
    let pages = chapters(folder)?;
    let mut wrong = broken_links(&pages, folder);
    for file in names(&docs, ".md")? {
        if file != "SUMMARY.md" && !pages.contains_key(&page_name(&file)) {
            wrong.push(format!("{file}: SUMMARY.md does not name it"));
        }
    }
    ensure!(wrong.is_empty(), "in the book:\n{}", wrong.join("\n"));
    for (name, page) in &pages {
        fs::write(folder.join(name), policy::stated_in_chapter(page)?)?;
    }
    Ok(())
}

/// Reads the chapters' pages, by their names.
fn chapters(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for name in names(folder, ".html")? {
        if !NO_CHAPTER.contains(&name.as_str()) {
            let text = fs::read_to_string(folder.join(&name))?;
            pages.insert(name, text);
        }
    }
    Ok(pages)
}

/// Returns the links within the book that lead nowhere, each with its page and the reason.
fn broken_links(pages: &BTreeMap<String, String>, folder: &Path) -> Vec<String> {
    let anchors: BTreeMap<&str, BTreeSet<&str>> = (pages.iter())
        .map(|(name, page)| (name.as_str(), values(&ANCHOR, page).collect()))
        .collect();
    let mut wrong = Vec::new();
    for (name, page) in pages {
        let within = |link: &&str| !link.contains(':') && !link.starts_with(SITE);
        for link in values(&LINK, page).filter(within) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { name } else { path };
            let problem = match anchors.get(target) {
                Some(known) if anchor.is_empty() || known.contains(anchor) => continue,
                Some(_) => format!("{target} has no heading `#{anchor}`"),
                None if folder.join(target).is_file() => continue,
                None => format!("the book has no {target}"),
            };
            wrong.push(format!("{name}: {problem}"));
        }
    }
    wrong
}

#[allow(clippy::unwrap_used, reason = "the expressions are constants")]
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<[^>]*\s(?:href|src|srcset)="([^"]*)""#).unwrap());
#[allow(clippy::unwrap_used, reason = "the expressions are constants")]
static ANCHOR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"<[^>]*\sid="([^"]*)""#).unwrap());

/// Returns the values of an attribute in a page's elements.
fn values<'a>(attribute: &'a Regex, page: &'a str) -> impl Iterator<Item = &'a str> {
    attribute
        .captures_iter(page)
        .filter_map(|found| Some(found.get(1)?.as_str()))
}

/// Returns the name of the page that a document becomes.
fn page_name(document: &str) -> String {
    document.replace(".md", ".html")
}

/// Returns the names of the files of a folder that end so, in order.
fn names(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(ending) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_named_with_its_page() {
        let pages = BTreeMap::from([
            (
                "one.html".to_owned(),
                "<h1 id=\"one\"><a href=\"two.html\"></a><a class=\"x\" href=\"two.html#second\"></a><a href=\"#one\"></a>\
                 <a href=\"https://example.com/x\"></a><a href=\"three.html\"></a><a href=\"two.html#third\"></a>\
                 <a href=\"#none\"></a><img src=\"images/i.png\"><a href=\"../site/\"></a>"
                    .to_owned(),
            ),
            ("two.html".to_owned(), "<h2 id=\"second\">href=\"no\"</h2>".to_owned()),
        ]);
        assert_eq!(
            broken_links(&pages, Path::new("nowhere")),
            [
                "one.html: the book has no three.html",
                "one.html: two.html has no heading `#third`",
                "one.html: one.html has no heading `#none`",
                "one.html: the book has no images/i.png",
            ]
        );
    }
}
