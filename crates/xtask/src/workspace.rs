//! Where things are.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use toml::de::DeTable;

/// The page in one file, which the page saves with what it shows.
pub(crate) const SINGLE: &str = "single.html";

/// The folder of the root `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // `cargo run` says where this package is now; the folder it was compiled in may have been moved since.
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .ancestors()
        .nth(2)
        .map_or_else(|| package.clone(), Path::to_path_buf)
}

/// The folder of cargo's output.
pub(crate) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The folder into which missing tools are installed: what `HIGHWATER_TOOLS` says, else one in the user's cache, so that
/// a second checkout finds what the first has compiled, else one in cargo's output.
pub(crate) fn tools_dir() -> PathBuf {
    if let Some(folder) = env::var_os("HIGHWATER_TOOLS") {
        return root().join(folder);
    }
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home);
    match cache.filter(|cache| cache.is_absolute()) {
        Some(cache) => cache.join("highwater").join("tools"),
        None => target_dir().join("tools"),
    }
}

/// The folder of the page that is tested. Not `dist/`: there a running `serve` puts a page that reloads itself.
pub(crate) fn tested_page_dir() -> PathBuf {
    target_dir().join("tested-page")
}

/// Where pictures of the page are put.
pub(crate) fn screens_dir() -> PathBuf {
    target_dir().join("screens")
}

/// The page in one file, as it is tested.
pub(crate) fn tested_single_file() -> PathBuf {
    tested_page_dir().join(SINGLE)
}

/// The folder of the package for JavaScript that is tested.
pub(crate) fn tested_package_dir() -> PathBuf {
    target_dir().join("tested-package")
}

/// The book, as it is tested.
pub(crate) fn tested_book_dir() -> PathBuf {
    target_dir().join("tested-book")
}

/// Copies the files of a folder into one that is made.
pub(crate) fn copy_files(from: &Path, to: &Path) -> Result<()> {
    let shown = |doing: &str, path: &Path| format!("cannot {doing} {}", path.display());
    fs::create_dir_all(to).with_context(|| shown("create", to))?;
    for entry in fs::read_dir(from).with_context(|| shown("read", from))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        fs::copy(entry.path(), &to).with_context(|| shown("write", &to))?;
    }
    Ok(())
}

/// The version of a package that `Cargo.lock` has settled on.
pub(crate) fn locked_version(package: &str) -> Result<String> {
    let path = root().join("Cargo.lock");
    let lock =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lock = DeTable::parse(&lock)?;
    let packages = lock.get_ref().get("package");
    let packages = packages.and_then(|all| all.get_ref().as_array());
    let said = |package: &DeTable<'_>, key| package.get(key)?.get_ref().as_str().map(str::to_owned);
    let version = (packages.into_iter().flatten())
        .filter_map(|locked| locked.get_ref().as_table())
        .filter(|locked| said(locked, "name").as_deref() == Some(package))
        .find_map(|locked| said(locked, "version"));
    version.with_context(|| format!("{} does not name {package}", path.display()))
}
