//! `cargo xtask book`: the documents of `docs/` as pages that any browser opens, in the order of their `SUMMARY.md`.
//!
//! The folder is laid out as mdBook wants it, and mdBook builds it, too. This does without that program, which nobody who
//! checks the project out has, and holds the documents to more: a link that leads nowhere is an error. The pages have no
//! script but that of the embedded views, and only relative addresses, so that they lie anywhere beside the page's folder.

mod chapter;
mod frame;
mod summary;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;
use chapter::Chapter;
use summary::Entry;

/// The chapters' folder of pictures, copied as it is.
const PICTURES: &str = "images";

pub(crate) fn run() -> Result<ExitCode> {
    let folder = workspace::root().join("dist/book");
    write(&folder)?;
    println!("built: {}", folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes the book's pages into a folder, in place of what it holds.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let docs = workspace::root().join("docs");
    let book = Book::read(&docs)?;
    fs::remove_dir_all(folder).ok();
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (number, entry) in book.entries.iter().enumerate() {
        let page = frame::page(&book.entries, number, &book.chapters[&entry.file]);
        let file = folder.join(chapter::page_name(&entry.file));
        fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    }
    fs::write(folder.join(frame::STYLE_NAME), frame::STYLE)?;
    if docs.join(PICTURES).is_dir() {
        workspace::copy_files(&docs.join(PICTURES), &folder.join(PICTURES))?;
    }
    Ok(())
}

struct Book {
    entries: Vec<Entry>,
    /// By the names of their files.
    chapters: BTreeMap<String, Chapter>,
}

impl Book {
    /// Reads all chapters; every link must lead to one of them, and every document be one.
    fn read(docs: &Path) -> Result<Self> {
        let entries = summary::parse(&text_of(&docs.join(summary::FILE))?)?;
        let mut chapters = BTreeMap::new();
        for entry in &entries {
            let chapter = Chapter::render(&text_of(&docs.join(&entry.file))?);
            let known = chapters.insert(entry.file.clone(), chapter);
            let file = &entry.file;
            ensure!(known.is_none(), "{} names {file} twice", summary::FILE);
        }
        let mut wrong = broken_links(&chapters, docs);
        for file in documents_in(docs)? {
            if file != summary::FILE && !chapters.contains_key(&file) {
                wrong.push(format!("{file}: {} does not name it", summary::FILE));
            }
        }
        if !wrong.is_empty() {
            bail!("in {}:\n{}", docs.display(), wrong.join("\n"));
        }
        Ok(Self { entries, chapters })
    }
}

/// The links that lead nowhere, each with its place and what is wrong.
fn broken_links(chapters: &BTreeMap<String, Chapter>, docs: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, chapter) in chapters {
        for link in &chapter.links {
            let (path, anchor) = link.to.split_once('#').unwrap_or((&link.to, ""));
            let target = if path.is_empty() { file } else { path };
            let problem = match chapters.get(target) {
                Some(there) if anchor.is_empty() || there.anchors.contains(anchor) => continue,
                Some(_) => format!("{target} has no heading `#{anchor}`"),
                None if target.ends_with(".md") => format!("the book has no {target}"),
                None if is_picture(target) && docs.join(target).is_file() => continue,
                None => format!("there is no {target} in the book"),
            };
            wrong.push(format!("{file}:{}: {problem}", link.line));
        }
    }
    wrong
}

fn is_picture(path: &str) -> bool {
    path.strip_prefix(PICTURES)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn documents_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn text_of(file: &PathBuf) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(one: &str, two: &str) -> Vec<String> {
        let chapters = BTreeMap::from([
            ("one.md".to_owned(), Chapter::render(one)),
            ("two.md".to_owned(), Chapter::render(two)),
        ]);
        broken_links(&chapters, Path::new("nowhere"))
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named_with_its_line() {
        let wrong = problems(
            "# One\n\n[a](two.md) [b](two.md#second-part) [c](#one) [d](https://example.com)\n\n\
             [e](three.md) [f](two.md#third)\n[g](#none) [h](../README.md) ![i](images/i.png)",
            "# Two\n\n## Second part\n\n<script src=\"../site/a.js\"></script>\n\n<img src=\"b.png\">",
        );
        assert_eq!(
            wrong,
            [
                "one.md:5: the book has no three.md",
                "one.md:5: two.md has no heading `#third`",
                "one.md:6: one.md has no heading `#none`",
                "one.md:6: the book has no ../README.md",
                "one.md:6: there is no images/i.png in the book",
                "two.md:7: there is no b.png in the book",
            ]
        );
    }

    #[test]
    fn the_documents_of_the_project_are_a_book_without_broken_links() -> Result<()> {
        let book = Book::read(&workspace::root().join("docs"))?;
        assert!(book.entries.len() > 9, "{:?}", book.entries);
        assert!(book.chapters.values().any(|chapter| chapter.has_view));
        Ok(())
    }
}
