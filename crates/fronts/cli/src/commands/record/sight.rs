//! Programs that the recorder cannot be loaded into.

use anyhow::{Result, bail};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Bytes of a program's beginning that are looked at.
const BEGINNING: u64 = 1 << 16;

/// Scripts that name scripts as their interpreters are followed this far, as the kernel does.
const DEEPEST: u32 = 4;

/// Refuses a program into which the loader would not put the recorder, with its arguments.
pub(super) fn check(program: &Path, arguments: &[Cow<'_, str>]) -> Result<()> {
    if let Some(argument) = taken_away(program, arguments) {
        bail!(
            "env {argument}: the program would start without the recorder, which LD_PRELOAD loads; give the variables before highwater itself, as in `LD_PRELOAD=... highwater record -- PROGRAM`"
        );
    }
    // A program that is not found is refused when it is started.
    let Some(mut path) = find(program) else {
        return Ok(());
    };
    for _ in 0..DEEPEST {
        let shown = path.display();
        let is_privileged = |mode: u32| mode & 0o6000 != 0;
        if fs::metadata(&path).is_ok_and(|data| is_privileged(data.permissions().mode())) {
            bail!(
                "{shown}: the loader ignores LD_PRELOAD for a program with the setuid or setgid bit, so it cannot be recorded"
            );
        }
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
        if read.is_err() {
            return Ok(());
        }
        if is_static(&bytes) {
            bail!(
                "{shown}: the program is linked statically, so its allocator cannot be reached from outside and it cannot be recorded"
            );
        }
        match interpreter(&bytes) {
            Some(next) => path = next,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// The argument of `env` that takes the recorder away from the program that it starts.
fn taken_away<'a>(program: &Path, arguments: &'a [Cow<'_, str>]) -> Option<&'a str> {
    let is_env = program.file_name().is_some_and(|name| name == "env");
    let words = arguments.iter().map(AsRef::as_ref);
    let mut options =
        words.take_while(|word: &&str| is_env && (word.starts_with('-') || word.contains('=')));
    let takes = |word: &&str| {
        let is_cleared = matches!(*word, "-" | "-i" | "--ignore-environment");
        is_cleared || word.starts_with("LD_PRELOAD=") || word.ends_with("=LD_PRELOAD")
    };
    options.find(takes)
}

/// Finds a program as the shell does.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return Some(program.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Returns the interpreter that a script names.
fn interpreter(bytes: &[u8]) -> Option<PathBuf> {
    let line = bytes
        .strip_prefix(b"#!")?
        .split(|&byte| byte == b'\n')
        .next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let first = Path::new(words.next()?);
    match words.next() {
        Some(name) if first.ends_with("env") && !name.starts_with('-') => find(Path::new(name)),
        _ => Some(first.to_owned()),
    }
}

/// Whether this is a program of 64 bits that names no loader.
fn is_static(bytes: &[u8]) -> bool {
    const PROGRAM_HEADERS: usize = 32;
    const HEADER_BYTES: usize = 54;
    const HEADERS: usize = 56;
    const INTERPRETER: u64 = 3;
    let number = |at: usize, length: usize| {
        let bytes = bytes.get(at..at + length)?;
        let digits = bytes.iter().rev();
        Some(digits.fold(0, |number, &byte| number << 8 | u64::from(byte)))
    };
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return false;
    }
    let (Some(first), Some(length), Some(count)) = (
        number(PROGRAM_HEADERS, 8),
        number(HEADER_BYTES, 2),
        number(HEADERS, 2),
    ) else {
        return false;
    };
    let kinds = (0..count).map(|header| number((first + header * length) as usize, 4));
    // Headers beyond the beginning are not judged.
    kinds
        .into_iter()
        .all(|kind| kind.is_some_and(|kind| kind != INTERPRETER))
}

#[cfg(test)]
mod tests {
    use super::{interpreter, is_static, taken_away};
    use std::path::Path;

    #[test]
    fn a_script_leads_to_its_interpreter() {
        assert_eq!(interpreter(b"#! /bin/sh -e\nexit"), Some("/bin/sh".into()));
        assert_eq!(interpreter(b"\x7fELF"), None);
        let found = interpreter(b"#!/usr/bin/env sh\n").expect("there is a shell");
        assert_eq!(found.file_name(), Path::new("sh").file_name());
    }

    #[test]
    fn what_takes_the_recorder_away_is_found() {
        for (program, arguments, found) in [
            ("env", "A=1 LD_PRELOAD=x.so perl", Some("LD_PRELOAD=x.so")),
            ("/usr/bin/env", "-i perl", Some("-i")),
            ("env", "--unset=LD_PRELOAD perl", Some("--unset=LD_PRELOAD")),
            ("env", "A=1 perl -i", None),
            ("perl", "-i LD_PRELOAD=x.so", None),
        ] {
            let arguments: Vec<_> = arguments.split(' ').map(Into::into).collect();
            let taken = taken_away(Path::new(program), &arguments);
            assert_eq!(taken, found, "{arguments:?}");
        }
    }

    #[test]
    fn a_program_with_a_loader_is_not_static() {
        let own = std::fs::read("/proc/self/exe").expect("this program");
        assert!(!is_static(&own[..4096]));
        assert!(!is_static(b"#!/bin/sh"));
        let mut none = own[..4096].to_vec();
        for at in (64..600).step_by(56) {
            none[at] = 1;
        }
        assert!(is_static(&none));
    }
}
