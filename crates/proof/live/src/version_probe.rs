//! Probes a C library for its full version, which includes that of the distribution's package.

use std::path::Path;

const START: &[u8] = b"GNU C Library ";

/// Returns the version line in the file of the C library that a process has mapped (`/proc/PID/maps`), without its period.
pub(crate) fn probe_version(maps: &str) -> Option<String> {
    let file = maps.lines().find_map(|line| {
        let path = Path::new(line.split_whitespace().nth(5)?);
        let name = path.file_name()?.to_str()?;
        (name == "libc.so.6" || name.starts_with("libc-2.")).then_some(path)
    })?;
    find(&std::fs::read(file).ok()?)
}

fn find(bytes: &[u8]) -> Option<String> {
    let start = bytes
        .windows(START.len())
        .position(|window| window == START)?;
    let line = bytes[start..].split(|byte| *byte == b'\n').next()?;
    let text = String::from_utf8_lossy(line);
    Some(text.trim_end().trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_the_banner_is_found() {
        let bytes =
            b"\0\x7fGNU C Library (Distribution 2.36-9) stable release version 2.36.\nCopyright";
        let banner = "GNU C Library (Distribution 2.36-9) stable release version 2.36";
        assert_eq!(find(bytes).as_deref(), Some(banner));
        assert_eq!(find(b"nothing of the kind"), None);
    }
}
