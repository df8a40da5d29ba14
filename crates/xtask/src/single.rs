//! The page as one file: styles as they are, the program, its module and the recordings inside as text, and a script in
//! place of the server (`web/single.js`).

use std::{fmt::Write, fs, io, path::Path};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};

use crate::{packed, policy, workspace};

/// The most that the file may take, in bytes.
const MOST: usize = 4_000_000;

/// How the links begin by which the page names its program and its module.
const SCRIPT: &str = "<link rel=\"modulepreload\"";
const MODULE: &str = "<link rel=\"preload\"";

/// How the page names the files that read what somebody brings.
const READER: &str = "<meta name=\"reader\" content=\"";

/// Puts the built page of a folder into one file.
pub(crate) fn write(site: &Path, file: &Path) -> Result<()> {
    let page = fs::read_to_string(site.join("index.html")).context("the page is not built")?;
    let text = |name: &str| fs::read_to_string(site.join(name)).with_context(|| name.to_owned());
    let mut parts = String::new();
    let guard = fs::read_to_string(workspace::root().join("web/guard.js"))?;
    write!(parts, "<script>{guard}</script>")?;
    for style in names_in(&page, ".css") {
        write!(parts, "<style>{}</style>", text(&style)?)?;
    }
    for (id, link) in [("script", SCRIPT), ("module", MODULE)] {
        let name =
            preloaded(&page, link).with_context(|| format!("the page does not name its {id}"))?;
        held(&mut parts, id, &zipped(&name, fs::read(site.join(&name))?)?)?;
    }
    let reader = page
        .split_once(READER)
        .and_then(|(_, rest)| rest.split_once('"'));
    let (reader, _) = reader.context("the page does not name its reader")?;
    for (id, name) in ["script", "module"].into_iter().zip(reader.split(' ')) {
        let file = zipped(name, fs::read(site.join(name))?)?;
        held(&mut parts, &format!("reader/{id}"), &file)?;
    }
    for folder in [
        "traces",
        "tour",
        "landing",
        "scenarios",
        "glossary",
        "advice",
    ] {
        for entry in fs::read_dir(site.join(folder))? {
            let entry = entry?;
            let id = format!("{folder}/{}", entry.file_name().to_string_lossy());
            held(&mut parts, &id, &fs::read(entry.path())?)?;
        }
    }
    let shim = fs::read_to_string(workspace::root().join("web/single.js"))?;
    let shim = format!("\n{shim}");
    write!(parts, "<script type=\"module\">{shim}</script>")?;
    let whole = with_parts(&page, &parts)?;
    let (of_site, own) = (policy::PAGE, policy::single(&[&guard, &shim]));
    ensure!(
        whole.contains(of_site),
        "the page does not state its policy"
    );
    let whole = whole.replacen(of_site, &own, 1);
    let most = MOST;
    ensure!(
        whole.len() <= most,
        "{} bytes in one file, of at most {most}",
        whole.len()
    );
    fs::write(file, whole).with_context(|| format!("cannot write {}", file.display()))
}

/// The page without what it loads by name, and with the parts instead.
fn with_parts(page: &str, parts: &str) -> Result<String> {
    let (head, body) = (page.split_once("</head>")).context("the page has no head")?;
    let mut kept = without(head, "<link rel=\"stylesheet\"", ">");
    kept = without(&kept, SCRIPT, ">");
    kept = without(&kept, MODULE, ">");
    kept = without(&kept, "<script src=\"./guard-", "</script>");
    kept = without(&kept, "<script src=\"./start-", "</script>");
    ensure!(
        names_in(&kept, ".js").is_empty() && names_in(&kept, ".css").is_empty(),
        "the page loads a file in an unknown way"
    );
    // In the head: the page takes the body for itself.
    Ok(format!("{kept}{parts}</head>{body}"))
}

/// A text without all that goes from one mark to another.
fn without(text: &str, from: &str, to: &str) -> String {
    let mut pieces = text.split(from);
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept.push_str(piece.split_once(to).map_or("", |(_, rest)| rest));
    }
    kept
}

/// The file that a link of the page names.
fn preloaded(page: &str, link: &str) -> Option<String> {
    let (_, rest) = page.split_once(link)?;
    let (link, _) = rest.split_once('>')?;
    names_in(link, "").into_iter().next()
}

/// The files of the page's own folder that a text names, by ending, in its order, each once.
fn names_in(text: &str, ending: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for word in text.split(['"', '\'']) {
        let name = word
            .strip_prefix("./")
            .filter(|name| name.ends_with(ending));
        if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// A file, inside the page.
fn held(page: &mut String, name: &str, bytes: &[u8]) -> Result<()> {
    let text = STANDARD.encode(bytes);
    Ok(write!(
        page,
        "<script type=\"text/plain\" id=\"file:{name}\">{text}</script>"
    )?)
}

/// A file packed, unless it is already.
fn zipped(name: &str, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    if name.ends_with(packed::PACKED) {
        return Ok(bytes);
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    io::Write::write_all(&mut gzip, &bytes)?;
    gzip.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_by_name_is_replaced() -> Result<()> {
        let page = "<head><title>T</title><link rel=\"stylesheet\" href=\"./a.css\"/>\
                    <script src=\"./guard-1.js\"></script>\
                    <script src=\"./start-1.js\" id=\"start\" type=\"module\"></script>\
                    <link rel=\"modulepreload\" href=\"./b.js\" crossorigin=\"anonymous\">\
                    <link rel=\"preload\" href=\"./b.wasm\" as=\"fetch\"></head><body><p>x</p></body>";
        assert_eq!(preloaded(page, SCRIPT).as_deref(), Some("b.js"));
        assert_eq!(preloaded(page, MODULE).as_deref(), Some("b.wasm"));
        let expected = "<head><title>T</title>PARTS</head><body><p>x</p></body>";
        assert_eq!(with_parts(page, "PARTS")?, expected);
        Ok(())
    }

    #[test]
    fn what_would_still_be_loaded_by_name_is_refused() {
        assert!(with_parts("<head><script src=\"./c.js\"></script></head>", "").is_err());
    }
}
