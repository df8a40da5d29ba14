//! The files that the command writes: each is there whole, or as it was before.
//!
//! A file is written beside its place and renamed when it is complete, so that a full disk, Ctrl-C or an error leave the
//! old one. Every name is claimed before anything is run: one that cannot be written, that is an input of the same
//! command, that another option has claimed or that standard output goes to is an error while nothing has been touched.

use crate::signals::{Part, clean_up, parts};
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// The names that a command reads and writes.
pub(crate) struct Files {
    /// What each is for, and which file it is.
    taken: Vec<(String, Identity)>,
}

/// A file that is going to be written.
#[derive(Debug)]
pub(crate) struct Output {
    /// The name as the user wrote it.
    name: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Beside the file that it replaces.
    Beside(NamedTempFile, PathBuf),
    /// Something that cannot be replaced: a pipe, a terminal, a device.
    Direct(File),
}

/// Which file a name leads to: its real path, and its inode if there is one.
#[derive(PartialEq, Eq)]
struct Identity {
    path: PathBuf,
    inode: Option<(u64, u64)>,
}

impl Default for Files {
    /// The files that the command's own output and messages go to.
    fn default() -> Self {
        let mut taken = Vec::new();
        for (name, file) in [
            ("standard output", opened(io::stdout())),
            ("standard error", opened(io::stderr())),
        ] {
            if let Some(inode) = file.and_then(|file| inode(&file.metadata().ok()?)) {
                let path = PathBuf::new();
                let inode = Some(inode);
                taken.push((name.to_owned(), Identity { path, inode }));
            }
        }
        Self { taken }
    }
}

impl Files {
    /// Notes a file that is read.
    pub(crate) fn read(&mut self, path: &Path) {
        if path.exists()
            && let Ok(identity) = Identity::of(path)
        {
            self.taken.push(("the input".to_owned(), identity));
        }
    }

    /// Claims a file that an option names.
    ///
    /// # Errors
    /// The folder cannot be written to, or the file is an input or another option's.
    pub(crate) fn claim(&mut self, option: &str, path: &Path) -> Result<Output, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{option} {}: {error}", path.display());
        let text = path.as_os_str().as_encoded_bytes();
        if text == b"-" {
            return Err(wrong(
                &"this option needs a file; give /dev/stdout for standard output, or ./- for a file of that name",
            ));
        }
        if text
            .last()
            .is_some_and(|&byte| std::path::is_separator(byte.into()))
        {
            return Err(wrong(&"a folder cannot be written; name a file in it"));
        }
        // Asked of the name itself: where /dev/stdout leads to a pipe, that has no path.
        if is_replaceable(path) {
            let identity = Identity::of(path).map_err(|error| wrong(&error))?;
            if let Some((user, _)) = self.taken.iter().find(|(_, other)| other.is(&identity)) {
                return Err(wrong(&format!("{user} is the same file; name another")));
            }
            let beside = beside(&identity.path, path).map_err(|error| wrong(&error))?;
            let real = identity.path.clone();
            self.taken.push((option.to_owned(), identity));
            return Ok(Output {
                name: path.to_owned(),
                place: Place::Beside(beside, real),
            });
        }
        let file = File::options().write(true).open(path);
        Ok(Output {
            name: path.to_owned(),
            place: Place::Direct(file.map_err(|error| wrong(&error))?),
        })
    }
}

impl Output {
    /// Writes the whole file.
    ///
    /// # Errors
    /// What the disk says; the file is then as it was before.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<(), String> {
        self.write_with(|out| out.write_all(bytes))
    }

    /// Writes the whole file piece by piece.
    ///
    /// # Errors
    /// What `write` or the disk says; the file is then as it was before.
    pub(crate) fn write_with(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), String> {
        let wrong = |error: io::Error| format!("{}: {error}", self.name.display());
        match self.place {
            Place::Direct(file) => unless_reader_left(buffered(&file, write)).map_err(wrong),
            Place::Beside(beside, real) => {
                buffered(beside.as_file(), write).map_err(wrong)?;
                // What the disk refuses only later is told while the old file is there.
                synced(beside.as_file()).map_err(wrong)?;
                let part = beside.path().to_owned();
                // A signal waits until the file has its name, so that what it says of it is true.
                let mut parts = parts();
                let renamed = beside.persist(&real).map_err(|error| wrong(error.error));
                parts.retain(|other| other.file != part);
                renamed.map(|_| ())
            }
        }
    }

    /// The file's name, as the user wrote it.
    pub(crate) fn name(&self) -> &Path {
        &self.name
    }
}

fn buffered(
    out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    write(&mut out)?;
    out.flush()
}

/// Waits until the disk has the file; a file system that has no such call is believed.
fn synced(file: &File) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, Unsupported};
    match file.sync_all() {
        Err(error) if ![InvalidInput, Unsupported].contains(&error.kind()) => Err(error),
        _ => Ok(()),
    }
}

/// A reader that has what it wanted, as with `| head`, is no error.
pub(crate) fn unless_reader_left(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}

impl Identity {
    /// Follows links, also those to files that are not there yet.
    fn of(path: &Path) -> io::Result<Self> {
        let path = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Ok(target) = fs::read_link(path) {
                    let folder = path.parent().unwrap_or(Path::new(""));
                    return Self::of(&folder.join(target));
                }
                let folder = path.parent().filter(|folder| *folder != Path::new(""));
                let name = path.file_name();
                let name = name.ok_or_else(|| io::Error::other("it names no file"))?;
                fs::canonicalize(folder.unwrap_or(Path::new(".")))?.join(name)
            }
            Err(error) => return Err(error),
        };
        let inode = fs::metadata(&path).ok().as_ref().and_then(inode);
        Ok(Self { path, inode })
    }

    /// Whether both names lead to one file, hard links included.
    fn is(&self, other: &Self) -> bool {
        self.path == other.path || (self.inode.is_some() && self.inode == other.inode)
    }
}

#[cfg(unix)]
fn inode(about: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// A stream of the process as a file.
#[cfg(unix)]
fn opened(stream: impl std::os::fd::AsFd) -> Option<File> {
    stream.as_fd().try_clone_to_owned().ok().map(File::from)
}

#[cfg(not(unix))]
fn opened<T>(_: T) -> Option<File> {
    None
}

/// Whether there is a regular file of that name, or nothing.
fn is_replaceable(real: &Path) -> bool {
    fs::metadata(real).map_or(true, |about| about.is_file())
}

/// Makes the file that is written to, in the folder of the one it replaces and with its permissions.
fn beside(real: &Path, name: &Path) -> io::Result<NamedTempFile> {
    clean_up();
    let folder = real.parent().unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".highwater-").suffix(".part");
    let old = fs::metadata(real).ok().map(|about| about.permissions());
    if let Some(old) = &old {
        if old.readonly() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        builder.permissions(old.clone());
    } else {
        builder.permissions(new_file());
    }
    // A signal waits until the file is listed: none is made that it does not know.
    let mut parts = parts();
    let made = builder.tempfile_in(folder)?;
    parts.push(Part {
        file: made.path().to_owned(),
        name: name.to_owned(),
    });
    Ok(made)
}

/// What the user's umask leaves of reading and writing for all.
#[cfg(unix)]
fn new_file() -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(error.expect_err("the disk is full").contains("curves.svg"));
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
                let printed = crate::deliver(&mut out, &text);
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
        let error = output.write(b"new").expect_err("it is a folder");
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
            let error = files.claim("--decisions", name).expect_err("the input");
            assert!(error.contains("the input is the same file"), "{error}");
        }
        let (picture, missing) = (folder.path().join("a"), folder.path().join("to-a"));
        std::os::unix::fs::symlink("a", &missing).expect("linked");
        let first = files.claim("--svg", &picture).expect("nobody else's");
        let error = files.claim("--png", &missing).expect_err("--svg's");
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
        assert!(
            full.write(b"x")
                .expect_err("it is full")
                .starts_with("/dev/full: ")
        );
        let error = files
            .claim("--svg", Path::new("/nowhere/at/all.svg"))
            .expect_err("no folder");
        assert!(error.starts_with("--svg /nowhere/at/all.svg: "), "{error}");
    }
}
