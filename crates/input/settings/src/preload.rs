//! Which library of `LD_PRELOAD` answers malloc.

/// The beginning or middle of a library's file name, and the allocator that it is.
const ALLOCATORS: &[(&str, &str)] = &[
    ("jemalloc", "jemalloc"),
    ("tcmalloc", "tcmalloc"),
    ("mimalloc", "mimalloc"),
    ("hardened_malloc", "hardened_malloc"),
    ("scudo", "scudo"),
    ("rpmalloc", "rpmalloc"),
    ("snmalloc", "snmalloc"),
    ("tbbmalloc", "tbbmalloc"),
    ("isoalloc", "isoalloc"),
    ("ltalloc", "ltalloc"),
    ("hoard", "Hoard"),
    ("diehard", "DieHard"),
    ("nedmalloc", "nedmalloc"),
    ("dlmalloc", "dlmalloc"),
    ("libumem", "libumem"),
    ("libmesh.so", "Mesh"),
];

/// What `LD_PRELOAD` loads.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Preload {
    /// The first library that is an allocator: it answers malloc, whatever follows.
    pub allocator: Option<Loaded>,
    /// Whether glibc's own library of checks, libc_malloc_debug.so, comes before any allocator.
    pub checks: bool,
}

/// An allocator in a library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// Its name, such as `jemalloc`.
    pub name: &'static str,
    /// Its version, where the path names one.
    pub version: Option<String>,
    /// The library's file name.
    pub library: String,
}

/// Reads a value of `LD_PRELOAD`: paths with blanks or colons between them. A command in it, `$(find ...)`, counts as
/// the library that it names.
pub fn preloaded(value: &str) -> Preload {
    let mut preload = Preload::default();
    for path in paths(value) {
        let is_command = path.contains("$(") || path.contains('`');
        let file = match is_command {
            true => path,
            false => path.rsplit('/').next().unwrap_or(path),
        };
        let lower = file.to_ascii_lowercase();
        let known = ALLOCATORS.iter().find(|(part, _)| lower.contains(part));
        if let Some((part, name)) = known {
            preload.allocator = Some(Loaded {
                name,
                version: version(path, part),
                library: library(path).to_owned(),
            });
            return preload;
        }
        preload.checks |= lower.contains("malloc_debug");
    }
    preload
}

/// The paths of a list; blanks and colons within a command part none.
fn paths(value: &str) -> Vec<&str> {
    let (mut paths, mut from, mut depth, mut ticked) = (Vec::new(), 0, 0_usize, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b'`' => ticked = !ticked,
            b' ' | b'\t' | b'\n' | b':' if depth == 0 && !ticked => {
                paths.extend(value.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    paths.extend(value.get(from..));
    paths.retain(|path| !path.is_empty());
    paths
}

/// The file name of a library in a path or a command.
fn library(path: &str) -> &str {
    let named = |word: &&str| word.contains(".so");
    let mut words = path.split([' ', '\t', '\n', '(', ')', '`', '"', '\'']);
    let word = words.find(named).unwrap_or(path);
    word.rsplit('/').next().unwrap_or(word)
}

/// The version that a path names right after the allocator's name: `jemalloc-5.2.1/lib`, `jemalloc/5.3.0`.
fn version(path: &str, part: &str) -> Option<String> {
    let lower = path.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower.get(from..)?.find(part) {
        from += at + part.len();
        let rest = lower
            .get(from..)?
            .trim_start_matches(['-', '_', '/', '@', 'v']);
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let number = rest[..end.unwrap_or(rest.len())].trim_matches('.');
        if number.contains('.') {
            return Some(number.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_library_that_is_an_allocator_answers() {
        for (value, name, version) in [
            (
                "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
                "jemalloc",
                None,
            ),
            (
                "/usr/lib/libtcmalloc.so.4:/usr/lib/libjemalloc.so.2",
                "tcmalloc",
                None,
            ),
            (
                "/opt/apm/libagent.so /usr/$LIB/libmimalloc.so.2.1",
                "mimalloc",
                None,
            ),
            ("libtcmalloc_minimal.so.4", "tcmalloc", None),
            ("/usr/lib/libhardened_malloc.so", "hardened_malloc", None),
            (
                "/opt/jemalloc-5.2.1/lib/libjemalloc.so",
                "jemalloc",
                Some("5.2.1"),
            ),
            (
                "/nix/store/abc-jemalloc-5.3.0/lib/libjemalloc.so",
                "jemalloc",
                Some("5.3.0"),
            ),
            (
                "$(find /usr/lib -name libjemalloc.so.2 -print -quit)",
                "jemalloc",
                None,
            ),
            (
                "/usr/lib/$(uname -m)-linux-gnu/libjemalloc.so.2",
                "jemalloc",
                None,
            ),
            ("${pkgs.jemalloc}/lib/libjemalloc.so", "jemalloc", None),
            ("librpmalloc.so", "rpmalloc", None),
            ("libsnmallocshim.so", "snmalloc", None),
            ("libscudo.so", "scudo", None),
            ("libtbbmalloc_proxy.so.2", "tbbmalloc", None),
        ] {
            let loaded = preloaded(value).allocator.expect(value);
            assert_eq!(
                (loaded.name, loaded.version.as_deref()),
                (name, version),
                "{value}"
            );
        }
        for value in [
            "",
            "/opt/apm/libagent.so",
            "/opt/jemalloc/libagent.so",
            "::: ",
        ] {
            assert_eq!(preloaded(value), Preload::default(), "{value}");
        }
        assert!(preloaded("libc_malloc_debug.so.0").checks);
        assert!(!preloaded("libjemalloc.so.2 libc_malloc_debug.so.0").checks);
    }
}
