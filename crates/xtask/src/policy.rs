//! The content security policies that the page, the page in one file and the book state themselves, for hosts that set no
//! headers.

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// What the page may load: files of its own folder, and recordings at addresses that a link names, from servers with TLS or of the
/// user's own machine.
pub(crate) const PAGE: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
    connect-src 'self' https: http://localhost:* http://127.0.0.1:*; worker-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'";

/// Returns what a chapter of the book may load: files of its own folder, views of the page, and the scripts within it, which
/// run by what they hold.
fn chapter(page: &str) -> String {
    let inline = page.split("<script>").skip(1);
    let scripts: Vec<&str> = inline
        .filter_map(|rest| Some(rest.split_once("</script>")?.0))
        .collect();
    format!(
        "default-src 'none'; script-src 'self' {}; style-src 'self' 'unsafe-inline'; font-src 'self'; \
         img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'",
        hashes(&scripts)
    )
}

/// What the page in one file may load: nothing. Its scripts run by what they hold, and start the parts within the file by
/// addresses that only a script can make (`blob:`). A page from a disk may start workers by `data:` alone.
pub(crate) fn single(scripts: &[&str]) -> String {
    format!(
        "default-src 'none'; script-src {} blob: 'wasm-unsafe-eval'; style-src 'unsafe-inline'; worker-src data:; \
         img-src data:; base-uri 'none'; form-action 'none'",
        hashes(scripts)
    )
}

/// Returns the sources by which a policy knows scripts that stand in a page.
fn hashes(scripts: &[&str]) -> String {
    let hashes = scripts
        .iter()
        .map(|script| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script))));
    hashes.collect::<Vec<_>>().join(" ")
}

/// The element that states a policy.
pub(crate) fn meta(policy: &str) -> String {
    format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")
}

/// Returns a chapter of the book with its policy stated at the beginning of its head.
pub(crate) fn stated_in_chapter(page: &str) -> Result<String> {
    begun_with(page, "<meta charset=\"UTF-8\">", &meta(&chapter(page)))
}

/// Returns a page with its policy and version stated at the beginning of its head, before anything that loads.
pub(crate) fn stated(page: &str, policy: &str) -> Result<String> {
    let (policy, version) = (meta(policy), env!("CARGO_PKG_VERSION"));
    let stated =
        format!("\n  {policy}\n  <meta name=\"generator\" content=\"Highwater {version}\">");
    begun_with(page, "<meta charset=\"utf-8\">", &stated)
}

/// Returns a page whose head goes on with `text` after its charset.
fn begun_with(page: &str, charset: &str, text: &str) -> Result<String> {
    let (before, after) = page
        .split_once(charset)
        .context("the page states no charset")?;
    Ok(format!("{before}{charset}{text}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_by_its_hash() {
        // `printf 'x()' | openssl dgst -sha256 -binary | base64`
        let hash = "'sha256-D6IGS8VMvCoyaR/l0h9tERrBTATY01CoPS7l6xDv0kI='";
        let policy = single(&["x()"]);
        assert!(policy.contains(hash), "{policy}");
    }

    #[test]
    fn a_chapter_knows_the_scripts_within_it_by_their_hashes() -> Result<()> {
        let page = "<head><meta charset=\"UTF-8\"><script>x()</script><script src=\"a.js\"></script></head>";
        let stated = stated_in_chapter(page)?;
        assert_eq!(stated.matches("'sha256-").count(), 1, "{stated}");
        assert!(stated.contains("D6IGS8VMvCoyaR"), "{stated}");
        Ok(())
    }

    #[test]
    fn the_policy_comes_before_anything_that_loads() -> Result<()> {
        let page = stated(
            "<head>\n<meta charset=\"utf-8\"><script src=a></script></head>",
            PAGE,
        )?;
        assert!(page.find("Content-Security-Policy") < page.find("<script"));
        assert!(stated("<head></head>", PAGE).is_err());
        Ok(())
    }
}
