//! Files that are no traces: what they are, in words for whoever opened one.

use super::error::TraceError;

/// What every trace begins with.
const BEGINS: &[u8] = b"highwater-trace";

/// What files of other kinds begin with.
const KINDS: &[(&[u8], &str)] = &[
    (
        b"\x89HWR",
        "a recording in binary form, which `highwater convert` turns into one",
    ),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a picture or a sound"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (
        b"\x28\xb5\x2f\xfd",
        "a file packed by zstd (`highwater import` reads those of heaptrack)",
    ),
    (
        b"\x04\x22\x4d\x18",
        "a file packed by LZ4 (`highwater import` reads those of memray)",
    ),
    (b"memray\0", "a memray file (`highwater import` reads it)"),
    (b"\xfd7zXZ", "a file packed by xz"),
    (b"BZh", "a file packed by bzip2"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x7fELF", "a program or library (ELF)"),
    (b"MZ", "a program or library (Windows)"),
    (b"\0asm", "a WebAssembly module"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PERFILE", "a recording of perf"),
    (b"\xff\xfe", "a text in UTF-16"),
    (b"\xfe\xff", "a text in UTF-16"),
];

/// What texts of other kinds begin with, in small letters.
const TEXTS: &[(&[u8], &str)] = &[
    (b"<svg", "an SVG image"),
    (b"<!doctype", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<", "an XML text"),
    (b"{", "a JSON text"),
    (b"[", "a JSON text"),
];

/// What is looked at of a file.
const LOOKED_AT: usize = 1024;

/// Refuses a file that is something else than a trace, from what it begins with. `packed` says that it was in a gzip file.
pub(super) fn refuse(bytes: &[u8], packed: bool) -> Result<(), TraceError> {
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    if start.is_empty() {
        return Err(TraceError::Empty { packed });
    }
    if start.starts_with(&BEGINS[..start.len().min(BEGINS.len())]) {
        return Ok(());
    }
    Err(TraceError::NotATrace {
        what: kind(start),
        packed,
    })
}

fn kind(start: &[u8]) -> &'static str {
    if start.len() > 262 && start[257..].starts_with(b"ustar") {
        return "a tar archive";
    }
    let known = KINDS.iter().find(|(begins, _)| start.starts_with(begins));
    if let Some((_, kind)) = known {
        return kind;
    }
    let is_text = |text: &[u8]| {
        let cut = match std::str::from_utf8(text) {
            Ok(_) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return false,
        };
        text[..cut]
            .iter()
            .all(|byte| *byte >= b' ' || b"\t\n\r\x0c\x1b".contains(byte))
    };
    if !is_text(start) {
        return "a binary file";
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if text.starts_with(BEGINS) {
        return "a text that begins with a byte order mark";
    }
    let text = text.trim_ascii_start().to_ascii_lowercase();
    let known = TEXTS.iter().find(|(begins, _)| text.starts_with(begins));
    match known {
        Some((_, kind)) => kind,
        None if text.is_empty() => "an empty text",
        None => "another text",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, read, read_with};
    use crate::unwatched;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(bytes).expect("there is room");
        writer.finish().expect("there is room")
    }

    const FILES: &[(&[u8], &str)] = &[
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (b"\x7fELF\x02\x01\x01", "a program or library (ELF)"),
        (b"{\"traceEvents\": []}", "a JSON text"),
        (b"  <!DOCTYPE html><p>404", "an HTML page"),
        (
            b"DATABASE_URL=postgres://admin:hunter2@db\n",
            "another text",
        ),
        (b"gr\xc3\xbc\xc3\x9fe", "another text"),
        (b"\n", "an empty text"),
        (b"\0\x01\x02\x03", "a binary file"),
        (
            b"\xef\xbb\xbfhighwater-trace 1\n",
            "a text that begins with a byte order mark",
        ),
    ];

    #[test]
    fn a_file_that_is_no_trace_is_named_and_none_of_it_is_repeated() {
        for (bytes, kind) in FILES {
            let told = read(bytes).unwrap_err().to_string();
            assert!(
                told.starts_with(&format!("this is {kind}, not a trace")),
                "{told}"
            );
            assert!(!told.contains("hunter2"), "{told}");
            let told = read(&packed(bytes)).unwrap_err().to_string();
            assert!(
                told.starts_with(&format!("this gzip file holds {kind}, not a trace")),
                "{told}"
            );
        }
        let told = read(&packed(&packed(b"x"))).unwrap_err().to_string();
        assert!(told.contains("holds a gzip file"), "{told}");
    }

    #[test]
    fn an_empty_file_is_said_to_be_empty() {
        for bytes in [vec![], packed(b"")] {
            let error = read_with(&bytes, Limits::default(), &mut unwatched).unwrap_err();
            assert!(error.to_string().contains("is empty"), "{error}");
        }
    }

    #[test]
    fn a_first_line_of_a_later_version_is_told_as_such() {
        let told = read(b"highwater-trace 3\n").unwrap_err().to_string();
        assert!(told.contains("version 1 or 2"), "{told}");
        let told = read(b"highwater-tra").unwrap_err().to_string();
        assert!(told.contains("cut off"), "{told}");
    }
}
