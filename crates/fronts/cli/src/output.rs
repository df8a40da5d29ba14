//! The files that the command writes: each is there whole, or as it was before.
//!
//! A file is written beside its place and renamed when it is complete, so that a full disk, Ctrl-C or an error leave the
//! old one. Every name is claimed before anything is run: one that cannot be written, that is an input of the same
//! command, that another option has claimed or that standard output goes to is an error while nothing has been touched.

mod identity;

use crate::signals::{Part, clean_up, parts};
use anyhow::{Context, Result, bail};
use identity::{Identity, inode};
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// The names that a command reads and writes.
pub(crate) struct Files {
    /// What each is for, and which file it is.
    taken: Vec<(String, Identity)>,
}

/// Where a table in Markdown goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkdownTo<'a> {
    /// Nowhere: none is asked for.
    Nowhere,
    /// To standard output, in place of the printed table.
    Printed,
    /// To a file.
    File(&'a Path),
}

impl<'a> MarkdownTo<'a> {
    /// Reads `--markdown`: a file, or `-` for standard output.
    ///
    /// # Errors
    /// Another form of the table goes to standard output as well.
    pub(crate) fn of(asked: Option<&'a Path>, csv: bool, json: bool) -> Result<Self> {
        match asked {
            Some(file) if file.as_os_str() == "-" => {
                if csv || json {
                    let other = if csv { "--csv" } else { "--json" };
                    bail!(
                        "--markdown - and {other} both replace the printed table; give --markdown a file"
                    );
                }
                Ok(Self::Printed)
            }
            Some(file) => Ok(Self::File(file)),
            None => Ok(Self::Nowhere),
        }
    }

    /// Claims the file, if there is one.
    ///
    /// # Errors
    /// As [`Files::claim`].
    pub(crate) fn claim(self, files: &mut Files) -> Result<Option<Output>> {
        match self {
            Self::File(file) => files.claim("--markdown", file).map(Some),
            Self::Nowhere | Self::Printed => Ok(None),
        }
    }
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
    pub(crate) fn claim(&mut self, option: &str, path: &Path) -> Result<Output> {
        self.claimed(option, path)
            .with_context(|| format!("{option} {}", path.display()))
    }

    fn claimed(&mut self, option: &str, path: &Path) -> Result<Output> {
        let name = path.to_owned();
        let text = path.as_os_str().as_encoded_bytes();
        if text == b"-" {
            bail!(
                "this option needs a file; give /dev/stdout for standard output, or ./- for a file of that name"
            );
        }
        if text
            .last()
            .is_some_and(|&byte| std::path::is_separator(byte.into()))
        {
            bail!("a folder cannot be written; name a file in it");
        }
        // Asked of the name itself: where /dev/stdout leads to a pipe, that has no path.
        if is_replaceable(path) {
            let identity = Identity::of(path)?;
            if let Some((user, _)) = self.taken.iter().find(|(_, other)| other.is(&identity)) {
                bail!("{user} is the same file; name another");
            }
            let beside = beside(&identity.path, path)?;
            let real = identity.path.clone();
            self.taken.push((option.to_owned(), identity));
            let place = Place::Beside(beside, real);
            return Ok(Output { name, place });
        }
        let place = Place::Direct(File::options().write(true).open(path)?);
        Ok(Output { name, place })
    }
}

impl Output {
    /// Writes the whole file.
    ///
    /// # Errors
    /// What the disk says; the file is then as it was before.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<()> {
        self.write_with(|out| out.write_all(bytes))
    }

    /// Writes the whole file piece by piece.
    ///
    /// # Errors
    /// What `write` or the disk says; the file is then as it was before.
    pub(crate) fn write_with(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let written = match self.place {
            Place::Direct(file) => crate::console::unless_reader_left(buffered(&file, write)),
            Place::Beside(beside, real) => replace(beside, &real, write),
        };
        written.with_context(|| self.name.display().to_string())
    }

    /// The file's name, as the user wrote it.
    pub(crate) fn name(&self) -> &Path {
        &self.name
    }
}

/// Writes the file beside its place, and gives it the name of the one that it replaces.
fn replace(
    beside: NamedTempFile,
    real: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    buffered(beside.as_file(), write)?;
    // What the disk refuses only later is told while the old file is there.
    synced(beside.as_file())?;
    let part = beside.path().to_owned();
    // A signal waits until the file has its name, so that what it says of it is true.
    let mut parts = parts();
    let renamed = beside.persist(real);
    parts.retain(|other| other.file != part);
    renamed.map(|_| ()).map_err(|error| error.error)
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
mod tests;
