//! Which file a name leads to, so that no file is read and written by one command, or written twice.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Which file a name leads to: its real path, and its inode if there is one.
#[derive(PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) path: PathBuf,
    pub(super) inode: Option<(u64, u64)>,
}

impl Identity {
    /// Follows links, also those to files that are not there yet.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
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
    pub(super) fn is(&self, other: &Self) -> bool {
        self.path == other.path || (self.inode.is_some() && self.inode == other.inode)
    }
}

#[cfg(unix)]
pub(super) fn inode(about: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
pub(super) fn inode(_: &fs::Metadata) -> Option<(u64, u64)> {
    None
}
