//! The names of the environment variables that allocators read.

/// A library that reads variables when a process starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// glibc: elf/dl-tunables.list, namespace malloc; malloc/mtrace.c.
    Glibc,
    /// jemalloc: src/jemalloc.c, `obtain_malloc_conf`; the prefixes are those that builds put before the name.
    Jemalloc,
    /// CPython: Python/preconfig.c and Python/initconfig.c.
    Python,
}

/// Every variable that changes how a library allocates, and the library that reads it.
pub const VARIABLES: [(&str, Reader); 18] = [
    ("GLIBC_TUNABLES", Reader::Glibc),
    ("MALLOC_ARENA_MAX", Reader::Glibc),
    ("MALLOC_ARENA_TEST", Reader::Glibc),
    ("MALLOC_CHECK_", Reader::Glibc),
    ("MALLOC_MMAP_MAX_", Reader::Glibc),
    ("MALLOC_MMAP_THRESHOLD_", Reader::Glibc),
    ("MALLOC_PERTURB_", Reader::Glibc),
    ("MALLOC_TOP_PAD_", Reader::Glibc),
    ("MALLOC_TRACE", Reader::Glibc),
    ("MALLOC_TRIM_THRESHOLD_", Reader::Glibc),
    ("MALLOC_CONF", Reader::Jemalloc),
    ("JE_MALLOC_CONF", Reader::Jemalloc),
    ("_RJEM_MALLOC_CONF", Reader::Jemalloc),
    ("PYTHONDEVMODE", Reader::Python),
    ("PYTHONMALLOC", Reader::Python),
    ("PYTHONMALLOCSTATS", Reader::Python),
    ("PYTHONTRACEMALLOC", Reader::Python),
    ("PYTHON_GIL", Reader::Python),
];

/// Returns the library that reads a variable of this name, if one does.
pub fn reader_of(name: &str) -> Option<Reader> {
    let known = VARIABLES.iter().find(|(known, _)| *known == name);
    known.map(|(_, reader)| *reader)
}
