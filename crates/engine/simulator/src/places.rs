//! Places in a program's code, as a recording names them: `function(file:line)`, `function+0x12(library)` or `library+0x34`,
//! those of a stack with the innermost first and one space between each.
//!
//! A stack often ends in functions that only pass a request on to malloc. Naming one of them names no cause, so a site is told from
//! the first place on that is none.

/// Functions that pass requests on, by name.
const EXACT: [&str; 30] = [
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "valloc",
    "pvalloc",
    "free",
    "strdup",
    "strndup",
    "xmalloc",
    "xcalloc",
    "xrealloc",
    "xstrdup",
    "g_malloc",
    "g_malloc0",
    "g_malloc_n",
    "g_malloc0_n",
    "g_realloc",
    "g_realloc_n",
    "g_slice_alloc",
    "g_slice_alloc0",
    "Perl_safesysmalloc",
    "Perl_safesyscalloc",
    "Perl_safesysrealloc",
    "__rust_alloc",
    "__rust_alloc_zeroed",
    "__rust_realloc",
];

/// Beginnings of the names of others: those of C++, its library's allocators, and Rust's.
const BEGINNINGS: [&str; 12] = [
    "operator_new",
    "operator_delete",
    "operator new",
    "std::allocator",
    "std::__new_allocator",
    "__gnu_cxx::new_allocator",
    "__gnu_cxx::malloc_allocator",
    "__rdl_",
    "alloc::alloc::",
    "alloc::raw_vec::",
    "<alloc::alloc::Global",
    "std::alloc::",
];

/// Beginnings of the names of CPython's, which have `alloc` in them, as `PyObject_Malloc` does.
const OF_PYTHON: [&str; 4] = ["PyObject_", "_PyObject_", "PyMem_", "_PyMem_"];

/// Whether a place lies in CPython's own file, as far as it is not named by its source: what it allocates, it does for a function of
/// the program.
fn is_interpreters(place: &str) -> bool {
    let Some((name, rest)) = place.split_once("+0x") else {
        return false;
    };
    let file = rest.split_once('(').map_or(name, |(_, file)| file);
    file.trim_start_matches("lib").starts_with("python3")
}

/// Whether a place only passes a request on to an allocator.
fn passes_on(place: &str) -> bool {
    let name = place.split(['(', '+']).next().unwrap_or_default();
    let is_pythons =
        || OF_PYTHON.iter().any(|start| name.starts_with(start)) && name.contains("lloc");
    EXACT.contains(&name)
        || BEGINNINGS.iter().any(|start| place.starts_with(start))
        || is_pythons()
        || is_interpreters(place)
}

/// The places of a site from the one on that made the request: those before it only pass it on. All of them where all do.
pub fn places(site: &str) -> impl Iterator<Item = &str> + Clone {
    let all = site.split(' ').filter(|place| !place.is_empty());
    let passing = all.clone().take_while(|place| passes_on(place)).count();
    let has_other = passing < all.clone().count();
    all.skip(if has_other { passing } else { 0 })
}

/// The place that made a request; `None` of a site without a name.
pub fn innermost(site: &str) -> Option<&str> {
    places(site).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_passes_a_request_on_is_not_the_place() {
        let stack = "_PyObject_Malloc(obmalloc.c:2003) _PyMem_DebugRawAlloc(obmalloc.c:9) resize(listobject.c:70) main";
        assert_eq!(innermost(stack), Some("resize(listobject.c:70)"));
        for (stack, place) in [
            (
                "operator_new(unsigned_long)(new_op.cc:50) load(a.cc:3)",
                "load(a.cc:3)",
            ),
            ("malloc+0x15(libx.so) run+0x3(app)", "run+0x3(app)"),
            (
                "alloc::raw_vec::finish_grow+0x5(app) app::read(r.rs:4)",
                "app::read(r.rs:4)",
            ),
            (
                "libpython3.12.so.1.0+0x1c0d PyBytes_FromObject+0x5(python3.11) read(python3.12/json.py:4)",
                "read(python3.12/json.py:4)",
            ),
            (
                "python3.11+0x12 _json.cpython-311.so+0x4 loads(a.py:1)",
                "_json.cpython-311.so+0x4",
            ),
            (
                "std::__new_allocator<char>::allocate(new_allocator.h:137) f",
                "f",
            ),
        ] {
            assert_eq!(innermost(stack), Some(place), "{stack}");
        }
    }

    #[test]
    fn a_programs_own_functions_are_places_whatever_they_are_called() {
        for place in [
            "alloc(app.py:3)",
            "make_allocator(a.py:1)",
            "PyObject_Repr(object.c:4)",
            "mallocator(a.c:1)",
            "libx.so+0x15",
            "run+0x15(mypython3)",
        ] {
            assert_eq!(innermost(&format!("{place} main")), Some(place));
        }
        assert_eq!(innermost("malloc calloc"), Some("malloc"), "all pass it on");
        assert_eq!(innermost(""), None);
    }
}
