//! `cargo xtask voice`: every text that a user reads, checked for expressions that a native engineer would not write.
//!
//! The texts are the string literals of the code (tests left out), the documents, the scenarios, the page's HTML and the
//! JavaScript that is handed to others. Strings without a space are names rather than sentences and are left out.

mod exceptions;
mod markdown;
mod markup;
mod rules;
mod rust;
mod script;
mod settings;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::{options, workspace};
use rules::Rules;

/// A text that a user reads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    /// The file, from the root of the project, with `/`.
    file: String,
    line: usize,
    words: String,
    is_heading: bool,
}

impl Text {
    fn new(file: &str, line: usize, words: &str) -> Self {
        Self {
            file: file.to_owned(),
            line,
            words: words.split_whitespace().collect::<Vec<_>>().join(" "),
            is_heading: false,
        }
    }

    /// Whether it can be a sentence.
    fn has_words(&self) -> bool {
        self.words.contains(' ')
    }
}

/// An expression in a text.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    text: Text,
    expression: String,
    better: &'static str,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Text {
            file, line, words, ..
        } = &self.text;
        write!(
            f,
            "{file}:{line}: \"{}\": {}\n    in: {words}",
            self.expression, self.better
        )
    }
}

/// Checks every text, or lists them for a reader.
pub(crate) fn run(options: &options::Voice) -> Result<()> {
    if !options.list {
        return check();
    }
    for Text {
        file, line, words, ..
    } in collect(&workspace::root())?
    {
        println!("{file}:{line}: {words}");
    }
    Ok(())
}

/// Checks every text of the project.
pub(crate) fn check() -> Result<()> {
    let texts = collect(&workspace::root())?;
    let rules = Rules::new()?;
    let found: Vec<Found> = texts.iter().flat_map(|text| rules.find(text)).collect();
    let unused = exceptions::unused(&found);
    let (later, found): (Vec<Found>, Vec<Found>) = found
        .into_iter()
        .filter(|found| !exceptions::is_allowed(found))
        .partition(|found| exceptions::is_later(&found.text.file));
    for one in &found {
        println!("{one}");
    }
    for exception in &unused {
        println!("the exception for \"{exception}\" is no longer needed: delete it");
    }
    println!(
        "{} texts, {} expressions to replace",
        texts.len(),
        found.len()
    );
    if !later.is_empty() {
        println!("{} more in files that are listed for later", later.len());
    }
    ensure!(
        found.is_empty() && unused.is_empty(),
        "some texts need other words: see above"
    );
    Ok(())
}

/// Returns every text below a folder, in the order of the files' names.
fn collect(root: &Path) -> Result<Vec<Text>> {
    let mut files = Vec::new();
    walk(root, root, &mut files)?;
    files.sort();
    files.retain(|file| !file.ends_with("/test.mjs"));
    let skipped = rust::test_files(root, &files)?;
    let mut texts = Vec::new();
    for file in files.iter().filter(|file| !skipped.contains(*file)) {
        let read = || {
            let path = root.join(file);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let found = match file.rsplit_once('.').map(|(_, end)| end) {
            Some("rs") => rust::texts(file, &read()?)?,
            Some("md") => markdown::texts(file, &read()?),
            Some("html") => markup::texts(file, &read()?),
            Some("js" | "mjs" | "ts") => script::texts(file, &read()?),
            Some("toml") => settings::texts(file, &read()?)?,
            _ => continue,
        };
        texts.extend(found.into_iter().filter(Text::has_words));
    }
    Ok(texts)
}

/// Returns a text with `X` for each placeholder in braces, so that the words around it stay neighbours.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(length) = rest[open..].find('}') else {
            break;
        };
        plain += &rest[..open];
        plain.push('X');
        rest = &rest[open + length + 1..];
    }
    plain + rest
}

/// Folders whose files no user reads: tests, benchmarks, what is built, and what is not the project's.
const SKIPPED: [&str; 8] = [
    ".git",
    "benches",
    "dist",
    "images",
    "node_modules",
    "target",
    "tests",
    "traces",
];

fn walk(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path: PathBuf = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) && !name.starts_with('.') {
                walk(root, &path, files)?;
            }
        } else if let Ok(inner) = path.strip_prefix(root) {
            files.push(inner.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Result;

    /// Each kind of file with one planted expression, and one in a place that nobody reads.
    const PLANTED: [(&str, &str); 9] = [
        (
            "crates/a/src/lib.rs",
            "/// It is said here.\nfn a() -> &'static str { \"the trace, if not said\" }\n#[cfg(test)]\nmod tests;\n\
             #[cfg(test)]\nmod inner { const X: &str = \"so many seeds\"; }\n",
        ),
        (
            "crates/a/src/tests.rs",
            "const X: &str = \"so many seeds\";",
        ),
        (
            "crates/a/src/error.rs",
            "#[error(\"there are so many\")]\nstruct E;\nfn b() { html! { <p title=\"it is\">{ \"four bursts, \\\n    thrice\" }</p> } }",
        ),
        (
            "crates/a/src/arguments.rs",
            "/// Cores; all if not said\n#[derive(Args)]\nstruct A {\n    /// Run with so many seeds\n    seeds: u32,\n}",
        ),
        (
            "docs/a.md",
            "# What there is to see\n\nFree memory lies\nbehind it.\n\n```\nso many seeds\n```\n\n<p title=\"nobody else looks\">x</p>\n",
        ),
        (
            "index.html",
            "<p>So <b>many</b> seeds</p><img alt=\"and a\nheap more\">",
        ),
        ("web/a.js", "// so many seeds\nconst a = 'a word, too';"),
        (
            "scenarios/a.toml",
            "shows = \"It is higher,\\nand lies otherwise.\"\n# so many\n",
        ),
        ("crates/a/tests/b.rs", "const X: &str = \"so many seeds\";"),
    ];

    #[test]
    fn a_planted_expression_is_found_in_each_kind_of_file_and_in_no_test() -> Result<()> {
        let folder = workspace::target_dir().join(format!("voice-{}", std::process::id()));
        for (file, text) in PLANTED {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, text)?;
        }
        let texts = collect(&folder);
        fs::remove_dir_all(&folder)?;
        let rules = Rules::new()?;
        let found = texts?
            .iter()
            .flat_map(|text| rules.find(text))
            .collect::<Vec<_>>();
        let found: Vec<(&str, usize, &str)> = found
            .iter()
            .map(|one| {
                (
                    one.text.file.as_str(),
                    one.text.line,
                    one.expression.as_str(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("crates/a/src/arguments.rs", 1, "if not said"),
                ("crates/a/src/arguments.rs", 4, "so many"),
                ("crates/a/src/error.rs", 1, "so many"),
                ("crates/a/src/error.rs", 3, "thrice"),
                ("crates/a/src/lib.rs", 2, "if not said"),
                ("docs/a.md", 1, "What there is"),
                ("docs/a.md", 3, "behind"),
                ("docs/a.md", 10, "nobody"),
                ("index.html", 1, "So many"),
                ("index.html", 1, "a heap more"),
                ("scenarios/a.toml", 1, "lies otherwise"),
                ("web/a.js", 2, "too"),
            ]
        );
        Ok(())
    }

    #[test]
    fn what_is_found_names_place_expression_and_remedy() -> Result<()> {
        let text = Text::new("a.md", 7, "It runs\nwith so many seeds.");
        let found = Rules::new()?.find(&text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].to_string(),
            "a.md:7: \"so many\": write the number or `N`\n    in: It runs with so many seeds."
        );
        Ok(())
    }
}
