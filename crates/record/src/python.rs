//! The Python interpreter of the process, if it has one, and where its structures have what is read of them.
//!
//! The structures are the interpreter's own and differ from release to release. A release is known if it is in [`RELEASES`], whose
//! numbers come from its headers; what the process can tell of its structures must agree with them. Of other interpreters nothing
//! is read.

use crate::link::{self, Found};
use crate::system;
use crate::text::Text;
use core::ffi::{CStr, c_char, c_int, c_ulong};
use core::mem;

/// Where the structures of a release have their fields, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    release: (u8, u8),
    /// `PyThreadState` (Include/cpython/pystate.h, `struct _ts`): `frame` up to 3.10, `cframe` in 3.11 and 3.12,
    /// `current_frame` since.
    pub(crate) current: usize,
    /// `thread_id` there, up to 3.11: since then a thread's own state is always the one that it runs with.
    pub(crate) thread: Option<usize>,
    /// `_PyCFrame` there: `current_frame`. In 3.11 and 3.12 the thread's state leads to it, and it to the frame.
    pub(crate) through: Option<usize>,
    /// `PyFrameObject` (Include/cpython/frameobject.h) up to 3.10: `f_code`, `f_back`. `_PyInterpreterFrame`
    /// (Include/internal/pycore_frame.h, since 3.14 pycore_interpframe_structs.h) since: `f_code`, from 3.13 on `f_executable`, and
    /// `previous`.
    pub(crate) code: usize,
    pub(crate) previous: usize,
    /// Its `owner` since 3.12, which tells the frames of the interpreter's C functions from those of Python's.
    pub(crate) owner: Option<usize>,
    /// `PyCodeObject` (Include/cpython/code.h): `co_firstlineno`, `co_filename` and `co_name`.
    pub(crate) line: usize,
    pub(crate) file: usize,
    pub(crate) name: usize,
    /// `co_qualname` there since 3.11; `co_name` before.
    pub(crate) full_name: usize,
    /// `PyASCIIObject` and `PyCompactUnicodeObject` (Include/cpython/unicodeobject.h): their sizes, which is where text begins.
    pub(crate) ascii: usize,
    pub(crate) compact: usize,
    /// What types say of the sizes of their objects: `PyCode_Type`, `PyFrame_Type` and `PyUnicode_Type`.
    sizes: [usize; 3],
    /// `_Py_DebugOffsets` since 3.13 (Include/internal/pycore_runtime.h, since 3.14 pycore_debug_offsets.h), with which `_PyRuntime`
    /// begins and which tells debuggers the offsets above: where it has `thread_state.current_frame`, `interpreter_frame.previous`,
    /// `.executable` and `.owner`, `code_object.filename`, `.name`, `.qualname` and `.firstlineno`, and `unicode_object.state`,
    /// `.length` and `.asciiobject_size`.
    told: Option<[usize; 11]>,
}

/// The field `ob_type` of every object (Include/object.h, `PyObject`), behind `ob_refcnt`.
pub(crate) const TYPE: usize = 8;
/// The fields of `PyASCIIObject` that all releases have at the same place.
pub(crate) const LENGTH: usize = 16;
pub(crate) const HASH: usize = 24;
pub(crate) const STATE: usize = 32;
/// `FRAME_OWNED_BY_CSTACK` in 3.12 and 3.13, `FRAME_OWNED_BY_INTERPRETER` and above since 3.14: a frame of a C function that has begun
/// to interpret, and no Python function's.
pub(crate) const OF_C: u8 = 3;
/// `Py_TAG_BITS` of 3.14 and 3.15 (Include/internal/pycore_stackref.h): marks in the lowest bits of a frame's reference to its code. Before, they
/// are 0 as those of any object's address.
pub(crate) const TAGS: usize = 3;

const V3_9: Layout = Layout {
    release: (3, 9),
    current: 24,
    thread: Some(176),
    through: None,
    code: 32,
    previous: 24,
    owner: None,
    line: 40,
    file: 104,
    name: 112,
    full_name: 112,
    ascii: 48,
    compact: 72,
    sizes: [176, 368, 80],
    told: None,
};
const V3_10: Layout = Layout {
    release: (3, 10),
    sizes: [176, 360, 80],
    ..V3_9
};
/// Frames became the interpreter's own.
const V3_11: Layout = Layout {
    release: (3, 11),
    current: 56,
    thread: Some(152),
    through: Some(8),
    previous: 48,
    line: 72,
    file: 112,
    name: 120,
    full_name: 128,
    sizes: [184, 120, 80],
    ..V3_9
};
const V3_12: Layout = Layout {
    release: (3, 12),
    thread: None,
    through: Some(0),
    code: 0,
    previous: 8,
    owner: Some(70),
    line: 68,
    ascii: 40,
    compact: 56,
    sizes: [192, 120, 64],
    ..V3_11
};
/// The thread's state leads to the frame by itself, and debuggers are told the offsets.
const V3_13: Layout = Layout {
    release: (3, 13),
    current: 72,
    through: None,
    sizes: [200, 136, 64],
    told: Some([184, 232, 240, 264, 280, 288, 296, 312, 544, 552, 560]),
    ..V3_12
};
const V3_14: Layout = Layout {
    release: (3, 14),
    owner: Some(74),
    sizes: [208, 152, 64],
    told: Some([208, 256, 264, 288, 320, 328, 336, 352, 624, 632, 640]),
    ..V3_13
};
const V3_15: Layout = Layout {
    release: (3, 15),
    told: Some([208, 320, 328, 352, 384, 392, 400, 416, 720, 728, 736]),
    ..V3_14
};

/// The releases of CPython that are known: read in the headers of 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0, 3.14.10 and 3.15.2.
static RELEASES: [Layout; 7] = [V3_9, V3_10, V3_11, V3_12, V3_13, V3_14, V3_15];

/// A function that returns a thread's state, and one that says yes or no.
type State = extern "C" fn() -> usize;
type Answer = extern "C" fn() -> c_int;

/// An interpreter whose structures are known.
#[derive(Clone, Copy)]
pub(crate) struct Python {
    /// `PyGILState_GetThisThreadState`: the calling thread's state, whether it holds the lock or not; null for a thread that is
    /// none of Python's, before the interpreter is initialised, and after its end.
    pub(crate) thread_state: State,
    /// `_PyThreadState_UncheckedGet` up to 3.11: the state of the thread that holds the interpreter's lock, or null. Where the thread
    /// is the calling one it may be another than its own: that of a sub-interpreter.
    pub(crate) running: Option<State>,
    /// `_Py_IsFinalizing`, since 3.13 `Py_IsFinalizing`: the interpreter ends, and frees the states of other threads.
    pub(crate) is_finalizing: Answer,
    /// Where `PyCode_Type` is, the type of every code object.
    pub(crate) code_type: usize,
    pub(crate) layout: &'static Layout,
}

/// What a release is called: `3.12.1`.
pub(crate) type Release = Text<16>;

/// What there is of Python in a process.
#[derive(Clone, Copy)]
pub(crate) enum Interpreter {
    /// Nothing, or nobody asks.
    None,
    /// An interpreter whose structures are not known, and its function `PyGILState_GetThisThreadState`.
    Unknown(Release, State),
    /// One whose structures are known.
    Known(Python),
}

impl Interpreter {
    /// Finds the interpreter that the program is, or is linked with.
    ///
    /// # Safety
    /// The process must have one thread, which is not in the loader's functions.
    pub(crate) unsafe fn find() -> Self {
        let Some(state) = find(c"PyGILState_GetThisThreadState") else {
            return Self::None;
        };
        // SAFETY: the functions of CPython have these types in every release that has them (Include/cpython/pystate.h).
        let thread_state = unsafe { mem::transmute::<usize, State>(state.address) };
        let (release, version) = release();
        let layout = version.and_then(|version| {
            let known = RELEASES.iter().find(|known| known.release == version);
            known.filter(|layout| are_as_known(layout))
        });
        let is_finalizing = find(c"_Py_IsFinalizing").or_else(|| find(c"Py_IsFinalizing"));
        let (Some(layout), Some(is_finalizing), Some(code_type)) =
            (layout, is_finalizing, find(c"PyCode_Type"))
        else {
            return Self::Unknown(release, thread_state);
        };
        // SAFETY: as above.
        let running = find(c"_PyThreadState_UncheckedGet")
            .map(|found| unsafe { mem::transmute::<usize, State>(found.address) });
        Self::Known(Python {
            thread_state,
            running: layout.thread.and(running),
            // SAFETY: as above (Include/cpython/pylifecycle.h).
            is_finalizing: unsafe { mem::transmute::<usize, Answer>(is_finalizing.address) },
            code_type: code_type.address,
            layout,
        })
    }
}

fn find(name: &CStr) -> Option<Found> {
    link::find(link::first(), name)
}

/// Returns what the interpreter's release is called, and its number if it is a final one.
fn release() -> (Release, Option<(u8, u8)>) {
    let mut name = Release::new();
    if let Some(version) = find(c"Py_Version") {
        const FINAL: c_ulong = 15;
        // SAFETY: it is a constant of this type (Include/pymem.h and Python/getversion.c, since 3.11).
        let version = unsafe { *(version.address as *const c_ulong) };
        let part = |at: u32| version >> at & 255;
        name.push_number(part(24)).push(b".");
        name.push_number(part(16)).push(b".").push_number(part(8));
        let is_final = version >> 4 & 15 == FINAL;
        return (name, is_final.then_some((part(24) as u8, part(16) as u8)));
    }
    let Some(function) = find(c"Py_GetVersion") else {
        return (name, None);
    };
    // SAFETY: the function has this type in every release and returns a text that stays (Python/getversion.c).
    let text = unsafe {
        let version: extern "C" fn() -> *const c_char = mem::transmute(function.address);
        CStr::from_ptr(version()).to_bytes()
    };
    // `3.10.13 (main, ...`; other implementations and candidates have letters behind the last digit.
    let number = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    name.push_line(number);
    let mut parts = number.split(|byte| *byte == b'.').map(decimal);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(major)), Some(Some(minor)), Some(Some(_)), None) => (name, Some((major, minor))),
        _ => (name, None),
    }
}

fn decimal(digits: &[u8]) -> Option<u8> {
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether what the process tells of its structures agrees with a release's layout. Builds for debugging have other structures, and
/// so have those without the interpreter's lock and other projects' interpreters.
fn are_as_known(layout: &Layout) -> bool {
    // Builds with `Py_REF_DEBUG` alone have this function (Objects/object.c).
    if find(c"_Py_NegativeRefcount").is_some() {
        return false;
    }
    let [code, frame, text] = layout.sizes;
    is_type(c"PyCode_Type", b"code\0", code)
        && is_type(c"PyFrame_Type", b"frame\0", frame)
        && is_type(c"PyUnicode_Type", b"str\0", text)
        && layout.told.is_none_or(|told| is_told(layout, told))
}

/// Whether a type has this name and its objects this size (Include/cpython/object.h, `struct _typeobject`: `tp_name` and
/// `tp_basicsize`, behind the `PyVarObject`, which is longer in builds for debugging).
fn is_type(symbol: &CStr, name: &[u8], size: usize) -> bool {
    const NAME: usize = 24;
    let Some(found) = find(symbol) else {
        return false;
    };
    // SAFETY: the object is a type, which has more bytes than these even in the smallest build.
    let [text, bytes] = unsafe { *((found.address + NAME) as *const [usize; 2]) };
    if bytes != size || !system::is_mapped(text, name.len()) {
        return false;
    }
    // SAFETY: the bytes are mapped, and the interpreter's constants.
    name == unsafe { core::slice::from_raw_parts(text as *const u8, name.len()) }
}

/// Whether the offsets that the interpreter tells debuggers are the layout's, and whether it has its lock.
fn is_told(layout: &Layout, told: [usize; 11]) -> bool {
    const COOKIE: u64 = u64::from_le_bytes(*b"xdebugpy");
    const FREE_THREADED: usize = 16;
    let Some(found) = find(c"_PyRuntime") else {
        return false;
    };
    if !system::is_mapped(found.address, told[10] + size_of::<u64>()) {
        return false;
    }
    // SAFETY: the bytes are mapped, and nobody writes them.
    let read = |at: usize| unsafe { *((found.address + at) as *const u64) };
    let owner = layout.owner.unwrap_or(0);
    let known = [
        layout.current,
        layout.previous,
        layout.code,
        owner,
        layout.file,
        layout.name,
        layout.full_name,
        layout.line,
        STATE,
        LENGTH,
        layout.ascii,
    ];
    let mut fields = told.iter().zip(known);
    read(0) == COOKIE
        && read(FREE_THREADED) == 0
        && fields.all(|(at, field)| read(*at) == field as u64)
}
