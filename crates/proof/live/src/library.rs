//! The libraries that an oracle can run on: the machine's own C library, and others that were unpacked into a folder; each
//! also with the jemalloc that is found beside it.

use std::path::{Path, PathBuf};

/// Where a system keeps libraries, seen from its root; the loader lies in one of them.
const FOLDERS: [&str; 4] = [
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "lib64",
    "usr/lib64",
];
/// jemalloc, beside the C library or where a distribution keeps everything else.
const JEMALLOC: &str = "libjemalloc.so.2";
const MORE_FOLDERS: [&str; 2] = ["usr/lib", "usr/local/lib"];
const LOADER: &str = "ld-linux-x86-64.so.2";

/// A C library, perhaps with another allocator in place of its malloc.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Library {
    /// How it is called here: the name of its folder, or `installed`.
    pub name: String,
    /// How it is started, unless it is the machine's own.
    pub(crate) unpacked: Option<Unpacked>,
    /// The library of the other allocator.
    pub(crate) preload: Option<PathBuf>,
    /// The oracle's program, where it is not the one that was built here.
    pub(crate) program: Option<PathBuf>,
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
            ..Self::default()
        }
    }

    /// The same, asked by a copy of [`crate::ORACLE`].
    #[must_use]
    pub fn asked_by(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// The machine's own with its own jemalloc, if it has one.
    pub fn installed_jemalloc() -> Option<Self> {
        let preload = Some(jemalloc_under(Path::new("/"))?);
        Some(Self {
            preload,
            ..Self::installed()
        })
    }

    /// Every jemalloc unpacked in a folder of this folder, by name, each with the C library beside it.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn jemallocs_in_folder(folder: &Path) -> std::io::Result<Vec<Self>> {
        let libraries = Self::in_folder(folder)?.into_iter();
        let with_jemalloc = |library: Self| {
            let preload = Some(jemalloc_under(&folder.join(&library.name))?);
            Some(Self { preload, ..library })
        };
        Ok(libraries.filter_map(with_jemalloc).collect())
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
            ..Self::default()
        })
    }
}

/// The jemalloc of a system, seen from its root.
fn jemalloc_under(root: &Path) -> Option<PathBuf> {
    let folders = FOLDERS.iter().chain(&MORE_FOLDERS);
    let files = folders.map(|folder| root.join(folder).join(JEMALLOC));
    files.into_iter().find(|file| file.exists())
}
