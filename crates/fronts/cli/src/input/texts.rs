//! Short texts that are read whole: descriptions of runs, and settings.

use std::io::Read;
use std::path::Path;

/// The longest scenario, and the longest text with settings, that is read, in bytes.
const MOST_TEXT: u64 = 16 << 20;

/// Reads a short text; one that is longer, or has no end, is refused.
pub(crate) fn read_short(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_TEXT {
        return Err(std::io::Error::other("the text is longer than 16 MiB"));
    }
    Ok(bytes)
}

/// Reads the description of a run, `-` from standard input.
pub(crate) fn read_text(file: &Path) -> std::io::Result<String> {
    let bytes = match file.as_os_str() == "-" {
        true => read_short(std::io::stdin().lock())?,
        false => read_short(std::fs::File::open(file)?)?,
    };
    String::from_utf8(bytes).map_err(|_| std::io::Error::other("the text is not UTF-8"))
}
