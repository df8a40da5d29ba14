//! `cargo xtask build`: the page as files.

use std::{
    env, fs,
    io::Write,
    iter,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::{names, options, packed, policy, process, setup::PageTools, single, workspace};

pub(crate) fn run(options: &options::Build) -> Result<ExitCode> {
    let tools = PageTools::find()?;
    let dist = workspace::root().join("dist/site");
    page(&tools, options.release, &dist)?;
    println!("built: {}", dist.display());
    Ok(ExitCode::SUCCESS)
}

/// What a first visit may send at most, compressed, in bytes; recordings aside.
const MOST_SENT: usize = 600_000;

/// What of the built page is not sent then: recordings, texts of the tour, which are sent to who opens them, the styles of what a
/// search found, which are sent to who asks what would help, what each workload says of itself, which is sent to who looks at it,
/// the glossary and the list of keys, which are sent to who asks for them, what other people's pages load, and what the page saves.
/// Neither is the program that reads what somebody brings.
const NOT_SENT: [&str; 7] = [
    "traces",
    "tour",
    "advice",
    "scenarios",
    "glossary",
    "highwater-sim.js",
    workspace::SINGLE,
];

/// How the names of the files begin that the reader is made of. trunk names files of workers without a hash.
const READER: &str = "highwater-reader";

/// Builds the page into a folder. One that is meant to be used fails if it is too large to be sent.
pub(crate) fn page(tools: &PageTools, release: bool, dist: &Path) -> Result<()> {
    let mut trunk = tools.command("trunk")?;
    trunk.arg("build").arg(format!("--release={release}"));
    trunk.arg("--dist").arg(dist);
    if release {
        hide_folders(&mut trunk);
    }
    process::run(&mut trunk)?;
    state_policy(dist)?;
    if release {
        shorten_names(dist)?;
        leave_comments_out(dist)?;
        packed::modules(dist)?;
        name_reader(dist)?;
        single::write(dist, &dist.join(workspace::SINGLE))?;
        let sent = sent(dist)?;
        println!("sent compressed, without recordings: {sent} bytes of at most {MOST_SENT}");
        ensure!(
            sent <= MOST_SENT,
            "the page is over its budget: remove something or make it smaller"
        );
    }
    Ok(())
}

/// Keeps the folders of this machine out of a module that is handed on: a panic names the file that it is in, and those of
/// libraries lie in the user's own folder.
pub(crate) fn hide_folders(cargo: &mut Command) {
    // Flags of the user's own take the place of these.
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(env::home_dir()?.join(".cargo"))) else {
        return;
    };
    let libraries = fs::read_dir(home.join("registry/src"))
        .into_iter()
        .flatten();
    let folders = iter::once(home).chain(libraries.flatten().map(|folder| folder.path()));
    let flags = folders.map(|folder| format!("--remap-path-prefix={}=", folder.display()));
    // A flag with a blank in it cannot be given in this way.
    let flags: Vec<String> = flags.filter(|flag| !flag.contains(' ')).collect();
    cargo.env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        flags.join(" "),
    );
}

/// Lets the page state its policy itself. trunk's server, for development, adds a script that the policy would refuse.
fn state_policy(dist: &Path) -> Result<()> {
    let file = dist.join("index.html");
    let page = fs::read_to_string(&file).context("the page is not built")?;
    fs::write(&file, policy::stated(&page, policy::PAGE)?)?;
    Ok(())
}

/// Has the names of the reader's files carry a hash of all, and the page say them: so a page never meets another release's reader.
fn name_reader(dist: &Path) -> Result<()> {
    let files = READER_FILES.map(|ending| dist.join(format!("{READER}{ending}")));
    let mut hash = Sha256::new();
    for file in &files {
        hash.update(fs::read(file).context("the reader is not built")?);
    }
    let hash = hash.finalize();
    let digits: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{READER}-{digits}");
    for (file, ending) in files.iter().zip(READER_FILES) {
        fs::rename(file, dist.join(format!("{name}{ending}")))?;
    }
    let page = dist.join("index.html");
    let text = fs::read_to_string(&page)?;
    let (before, after) = text
        .split_once("<link ")
        .context("the page loads nothing")?;
    let [script, packed, _] = READER_FILES;
    let says = format!("<meta name=\"reader\" content=\"./{name}{script} ./{name}{packed}\">\n");
    Ok(fs::write(&page, format!("{before}{says}<link {after}"))?)
}

/// The endings of the files that the reader is made of: its script, its module as it is sent, and the module as it is.
const READER_FILES: [&str; 3] = [".js", packed::PACKED, packed::PLAIN];

/// Shortens the names between the program's script and its module.
fn shorten_names(dist: &Path) -> Result<()> {
    for entry in fs::read_dir(dist)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if let Some(stem) = name.strip_suffix(packed::PLAIN) {
            names::shorten(dist, &format!("{stem}.js"), &name)?;
        }
    }
    Ok(())
}

/// Leaves comments and indentation out of the page, whose styles are within it, and of the scripts that were written by hand. No
/// text in them goes over several lines.
fn leave_comments_out(dist: &Path) -> Result<()> {
    for entry in fs::read_dir(dist)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_script = name.starts_with("guard-") || name.starts_with("start-");
        if name == "index.html" {
            let page = without_comments(&fs::read_to_string(&file)?);
            fs::write(&file, with_tight_styles(&names::compact(&page)))?;
        } else if is_script {
            let script = fs::read_to_string(&file)?;
            fs::write(&file, names::compact(&script))?;
        }
    }
    Ok(())
}

/// A page without its comments and those of its styles.
fn without_comments(page: &str) -> String {
    let mut kept = page.to_owned();
    for (from, to) in [("<!--", "-->"), ("/*", "*/")] {
        let whole = std::mem::take(&mut kept);
        let mut pieces = whole.split(from);
        kept.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            kept.push_str(piece.split_once(to).map_or("", |(_, rest)| rest));
        }
    }
    kept
}

/// A page whose styles have only the blanks that mean something.
fn with_tight_styles(page: &str) -> String {
    let mut pieces = page.split("<style>");
    let mut tight = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (style, rest) = piece.split_once("</style>").unwrap_or((piece, ""));
        tight += &format!("<style>{}</style>{rest}", without_blanks(style));
    }
    tight
}

/// Styles without the blanks beside braces, commas, colons and semicolons, and without the last semicolon of a rule. Blanks before a
/// colon stay: in a selector they mean something.
fn without_blanks(style: &str) -> String {
    let mut tight = String::new();
    let mut quote = None;
    for letter in style.chars() {
        match letter {
            _ if quote.is_some() => {
                quote = quote.filter(|quote| *quote != letter);
                tight.push(letter);
            }
            '"' | '\'' => {
                quote = Some(letter);
                tight.push(letter);
            }
            blank if blank.is_ascii_whitespace() => {
                if !tight.is_empty() && !tight.ends_with(['{', '}', ';', ':', ',', ' ']) {
                    tight.push(' ');
                }
            }
            '{' | '}' | ';' | ',' => {
                tight.truncate(tight.trim_end().len());
                if letter == '}' && tight.ends_with(';') {
                    tight.pop();
                }
                tight.push(letter);
            }
            _ => tight.push(letter),
        }
    }
    tight.truncate(tight.trim_end().len());
    tight
}

/// How many bytes the files of a folder take as gzip, each by itself, as servers send them. A module that lies there packed is not
/// sent as it is.
fn sent(folder: &Path) -> Result<usize> {
    let mut sum = 0;
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_packed = (name.strip_suffix(packed::PLAIN))
            .is_some_and(|stem| folder.join(format!("{stem}{}", packed::PACKED)).exists());
        if NOT_SENT.contains(&&*name) || name.starts_with(READER) || is_packed {
            continue;
        }
        if entry.file_type()?.is_file() {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(&fs::read(entry.path())?)?;
            sum += gzip.finish()?.len();
        } else {
            sum += sent(&entry.path())?;
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_lose_their_comments_and_nothing_else() {
        let page = "<!-- None. --><style>/* One. */a { b: c }\n/* Two\n lines. */</style><p>d</p>";
        assert_eq!(
            without_comments(page),
            "<style>a { b: c }\n</style><p>d</p>"
        );
    }

    #[test]
    fn styles_lose_blanks_that_mean_nothing() {
        let style = ".a :hover,\n.b > c {\n  d: e f, \"g,  h: i;\";\n  width: calc(1px + 2px);\n}\n@media print {\n  a {\n  b: c;\n}\n}\n";
        assert_eq!(
            with_tight_styles(&format!("<p> </p><style>{style}</style>\n<p>")),
            "<p> </p><style>.a :hover,.b > c{d:e f,\"g,  h: i;\";width:calc(1px + 2px)}@media print{a{b:c}}</style>\n<p>"
        );
    }

    fn gzip_of_one_letter() -> Result<usize> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(b"a")?;
        Ok(gzip.finish()?.len())
    }

    #[test]
    fn what_is_sent_is_counted_compressed_and_without_recordings() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("highwater-sent-{}", std::process::id()));
        fs::create_dir_all(folder.join("nested"))?;
        fs::create_dir_all(folder.join("traces"))?;
        fs::write(folder.join("nested/zeros"), [0; 100_000])?;
        let nested = sent(&folder)?;
        fs::write(folder.join("traces/large.hwt.gz"), [7; 1000])?;
        fs::write(folder.join("highwater-sim.js"), [7; 1000])?;
        let with_recording = sent(&folder)?;
        fs::write(folder.join("module_bg.bin"), "a")?;
        fs::write(folder.join("module_bg.wasm"), "as long as it may be")?;
        let both = sent(&folder)?;
        fs::remove_dir_all(&folder)?;
        assert!((50..1000).contains(&nested), "{nested}");
        assert_eq!(with_recording, nested);
        assert_eq!(both, nested + gzip_of_one_letter()?);
        Ok(())
    }
}
