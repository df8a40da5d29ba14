//! Writing that fails at any byte, and names that lead to one file.

use super::*;

/// Returns an error as the user reads it.
fn said<T: std::fmt::Debug>(done: Result<T>) -> String {
    format!("{:#}", done.expect_err("it cannot be done"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn names(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).expect("it can be read");
    let mut names: Vec<String> = all
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_write_that_fails_at_any_byte_leaves_the_old_file_and_nothing_else() {
    let folder = folder();
    let file = folder.path().join("curves.svg");
    fs::write(&file, "old").expect("written");
    for written in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let output = Files::default().claim("--svg", &file).expect("claimed");
        let error = output.write_with(|out| {
            out.write_all(&vec![b'x'; written])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(said(error).contains("curves.svg"));
        assert_eq!(fs::read_to_string(&file).expect("there"), "old");
        assert_eq!(names(folder.path()), ["curves.svg"]);
    }
}

/// Takes so many bytes, few at a time, and then fails; is interrupted now and then.
struct Failing {
    taken: Vec<u8>,
    room: usize,
    kind: io::ErrorKind,
    calls: u32,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(2) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let fits = bytes.len().min(self.room - self.taken.len()).min(5);
        if fits == 0 {
            return Err(self.kind.into());
        }
        self.taken.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_byte_at_which_a_file_or_a_stream_fails_is_an_error() {
    let text = "a line of text\n".repeat(40);
    for room in 0..=text.len() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::BrokenPipe] {
            let failing = || Failing {
                taken: Vec::new(),
                room,
                kind,
                calls: 0,
            };
            let is_whole = room == text.len();
            let mut out = failing();
            let written = buffered(&mut out, |out| out.write_all(text.as_bytes()));
            assert_eq!(written.is_ok(), is_whole, "after {room}");
            assert!(text.as_bytes().starts_with(&out.taken));
            let mut out = failing();
            let printed = crate::console::deliver(&mut out, &text);
            let has_left = kind == io::ErrorKind::BrokenPipe;
            assert_eq!(printed.is_ok(), is_whole || has_left, "after {room}");
            assert!(text.as_bytes().starts_with(&out.taken));
        }
    }
}

#[test]
fn a_rename_that_fails_leaves_nothing_behind() {
    let folder = folder();
    let file = folder.path().join("curves.svg");
    let output = Files::default().claim("--svg", &file).expect("claimed");
    // A folder of that name has come in between.
    fs::create_dir(&file).expect("made");
    let error = said(output.write(b"new"));
    assert!(error.contains("curves.svg"), "{error}");
    assert_eq!(names(folder.path()), ["curves.svg"]);
    assert!(file.is_dir());
}

#[test]
fn a_claim_that_is_dropped_leaves_everything_as_it_was() {
    let folder = folder();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    fs::write(&old, "old").expect("written");
    let mut files = Files::default();
    drop((files.claim("--svg", &old), files.claim("--png", &new)));
    assert_eq!(fs::read_to_string(&old).expect("there"), "old");
    assert_eq!(names(folder.path()), ["old"]);
}

#[test]
fn an_input_and_another_options_file_are_refused_by_whatever_name() {
    let folder = folder();
    let trace = folder.path().join("t.hwt");
    fs::write(&trace, "highwater-trace 1\n").expect("written");
    let (link, hard) = (folder.path().join("link"), folder.path().join("hard"));
    std::os::unix::fs::symlink("t.hwt", &link).expect("linked");
    fs::hard_link(&trace, &hard).expect("linked");
    let dotted = folder.path().join(".").join("t.hwt");
    let mut files = Files::default();
    files.read(&trace);
    for name in [&trace, &link, &hard, &dotted] {
        let error = said(files.claim("--decisions", name));
        assert!(error.contains("the input is the same file"), "{error}");
    }
    let (picture, missing) = (folder.path().join("a"), folder.path().join("to-a"));
    std::os::unix::fs::symlink("a", &missing).expect("linked");
    let first = files.claim("--svg", &picture).expect("nobody else's");
    let error = said(files.claim("--png", &missing));
    assert!(error.contains("--svg is the same file"), "{error}");
    first.write(b"svg").expect("written");
    assert_eq!(fs::read_to_string(&picture).expect("there"), "svg");
}

#[test]
fn a_link_goes_on_leading_to_the_new_file_which_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::write(&real, "old").expect("written");
    fs::set_permissions(&real, Permissions::from_mode(0o640)).expect("set");
    std::os::unix::fs::symlink("real", &link).expect("linked");
    let output = Files::default().claim("--svg", &link).expect("claimed");
    output.write(b"new").expect("written");
    assert_eq!(fs::read_to_string(&real).expect("there"), "new");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    let mode = fs::metadata(&real).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn devices_are_written_as_they_are_and_folders_that_are_not_there_are_said() {
    let mut files = Files::default();
    for _ in 0..2 {
        let output = files
            .claim("--svg", Path::new("/dev/null"))
            .expect("it takes anything");
        output.write(b"gone").expect("it is taken");
    }
    let full = files
        .claim("--svg", Path::new("/dev/full"))
        .expect("it can be opened");
    assert!(said(full.write(b"x")).starts_with("/dev/full: "));
    let error = said(files.claim("--svg", Path::new("/nowhere/at/all.svg")));
    assert!(error.starts_with("--svg /nowhere/at/all.svg: "), "{error}");
}
