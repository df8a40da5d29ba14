//! The C libraries that an oracle can run on: the machine's own, and others that were unpacked into a folder.

use std::path::{Path, PathBuf};

/// Where a system keeps libraries, seen from its root; the loader lies in one of them.
const FOLDERS: [&str; 4] = [
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "lib64",
    "usr/lib64",
];
const LOADER: &str = "ld-linux-x86-64.so.2";

/// A C library.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Library {
    /// How it is called here: the name of its folder, or `installed`.
    pub name: String,
    /// How it is started, unless it is the machine's own.
    pub(crate) unpacked: Option<Unpacked>,
}

/// A library with its loader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unpacked {
    pub(crate) loader: PathBuf,
    /// Folders as `--library-path` takes them.
    pub(crate) search: String,
}

impl Library {
    /// The machine's own.
    pub fn installed() -> Self {
        Self {
            name: "installed".to_owned(),
            unpacked: None,
        }
    }

    /// Every library unpacked in a folder of this folder, by name. A folder into which the packages of a distribution
    /// (`libc6` and what it depends on) were unpacked is one.
    pub fn in_folder(folder: &Path) -> std::io::Result<Vec<Self>> {
        let mut libraries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            libraries.extend(Self::unpacked_at(&entry?.path()));
        }
        libraries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(libraries)
    }

    fn unpacked_at(root: &Path) -> Option<Self> {
        let folders: Vec<PathBuf> = FOLDERS
            .iter()
            .map(|folder| root.join(folder))
            .filter(|folder| folder.is_dir())
            .collect();
        folders
            .iter()
            .find(|folder| folder.join("libc.so.6").exists())?;
        let loader = folders
            .iter()
            .map(|folder| folder.join(LOADER))
            .find(|loader| loader.exists())?;
        let search: Vec<String> = folders
            .iter()
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        Some(Self {
            name: root.file_name()?.to_string_lossy().into_owned(),
            unpacked: Some(Unpacked {
                loader,
                search: search.join(":"),
            }),
        })
    }
}
