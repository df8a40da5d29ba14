//! The Python functions from which a call comes, by their code objects.
//!
//! The frames of a thread are its own: no other thread changes or frees them while it is in an allocator call, and a frame keeps
//! its code object alive. The states of threads are freed by others only once the interpreter ends, and only under this library's
//! lock, since that is a call of `free` or `munmap`; from the end on, nothing is read.

use crate::hash::mixed;
use crate::python::{HASH, Interpreter, OF_C, Python, TAGS, TYPE};
use crate::stack::DEEPEST;

/// The code objects of the functions that a call comes from, the innermost first.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    codes: [usize; DEEPEST],
    count: usize,
    /// Whether the thread runs Python functions that cannot be read.
    pub(crate) are_unknown: bool,
}

impl Functions {
    /// None.
    pub(crate) const NONE: Self = Self {
        codes: [0; DEEPEST],
        count: 0,
        are_unknown: false,
    };

    /// Returns the code objects. They are valid during the call that they were found in.
    pub(crate) fn codes(&self) -> &[usize] {
        self.codes.get(..self.count).unwrap_or_default()
    }
}

impl Interpreter {
    /// Returns an address in the file that has the interpreter, if its functions can be read.
    pub(crate) fn code(&self) -> Option<usize> {
        match self {
            Self::Known(python) => Some(python.thread_state as usize),
            Self::Unknown(..) | Self::None => None,
        }
    }

    /// Returns the functions from which the calling thread's call comes, at most `most`, and a number that hardly any others
    /// have, which goes on from `hash`.
    #[inline(always)]
    pub(crate) fn functions(&self, most: usize, hash: u64) -> (Functions, u64) {
        match self {
            Self::None => (Functions::NONE, hash),
            Self::Known(python) => python.functions(most, hash),
            Self::Unknown(_, thread_state) => {
                let are_unknown = thread_state() != 0;
                let functions = Functions {
                    are_unknown,
                    ..Functions::NONE
                };
                (functions, hash ^ u64::from(are_unknown) << 40)
            }
        }
    }
}

impl Python {
    #[inline(always)]
    fn functions(&self, most: usize, mut hash: u64) -> (Functions, u64) {
        let mut functions = Functions::NONE;
        let state = (self.thread_state)();
        if !is_object(state) || (self.is_finalizing)() != 0 {
            return (functions, hash);
        }
        // SAFETY: the state is the calling thread's; see above.
        let mut frame = unsafe { self.innermost_frame(self.state_in_use(state)) };
        let most = most.min(DEEPEST);
        // Besides the functions' own, each call of the interpreter from C has a frame.
        for _ in 0..2 * DEEPEST {
            if functions.count >= most || !is_object(frame) {
                break;
            }
            // SAFETY: the frame is one of the calling thread's.
            let (code, previous) = unsafe { self.read_frame(frame) };
            // SAFETY: what a frame has there is an object that the frame keeps, or null.
            if let Some(identity) = unsafe { self.identity(code) } {
                hash = mixed(hash, identity);
                functions.codes[functions.count % DEEPEST] = code;
                functions.count += 1;
            }
            frame = previous;
        }
        (functions, hash)
    }

    /// Returns the state that the calling thread runs with, which differs from its own where it is in a sub-interpreter of a
    /// release before 3.12.
    ///
    /// # Safety
    /// `state` must be the calling thread's own `PyThreadState`.
    #[inline(always)]
    unsafe fn state_in_use(&self, state: usize) -> usize {
        let (Some(running), Some(thread)) = (self.running, self.layout.thread) else {
            return state;
        };
        let found = running();
        if found == state || !is_object(found) {
            return state;
        }
        // SAFETY: what runs is not freed before another runs or none, and then by a call that waits for this library's lock.
        match unsafe { word(found + thread) == word(state + thread) } {
            true => found,
            false => state,
        }
    }

    /// # Safety
    /// `state` must be the `PyThreadState` that the calling thread runs with.
    #[inline(always)]
    unsafe fn innermost_frame(&self, state: usize) -> usize {
        // SAFETY: the caller's; the layout is the interpreter's.
        unsafe {
            let current = word(state + self.layout.current);
            match self.layout.through {
                Some(offset) if is_object(current) => word(current + offset),
                Some(_) => 0,
                None => current,
            }
        }
    }

    /// Returns a frame's code object, or 0 where it is none of a function, and the frame of the caller.
    ///
    /// # Safety
    /// It must be a frame of the calling thread.
    #[inline(always)]
    unsafe fn read_frame(&self, frame: usize) -> (usize, usize) {
        // SAFETY: the caller's; the layout is the interpreter's.
        unsafe {
            let previous = word(frame + self.layout.previous);
            let is_of_c = match self.layout.owner {
                Some(offset) => *((frame + offset) as *const u8) >= OF_C,
                None => false,
            };
            let code = match is_of_c {
                true => 0,
                false => word(frame + self.layout.code) & !TAGS,
            };
            (code, previous)
        }
    }

    /// Returns a number that hardly any other function has; `None` where the object is no code object of a function. A code object
    /// may be freed and another take its place: so its line, its file and the hash of its name count, too.
    ///
    /// # Safety
    /// `object` must be an object that is kept alive, or 0.
    #[inline(always)]
    pub(crate) unsafe fn identity(&self, object: usize) -> Option<u64> {
        let layout = &self.layout;
        // SAFETY: the caller's; a code object has a name, and the name a hash.
        unsafe {
            if !is_object(object) || word(object + TYPE) != self.code_type {
                return None;
            }
            // Functions begin at a line. What the interpreter puts between them for itself has none, and is no function.
            let line = *((object + layout.line) as *const u32);
            let name = word(object + layout.name);
            if line == 0 || !is_object(name) {
                return None;
            }
            let file = word(object + layout.file);
            Some(mixed(
                object as u64 ^ u64::from(line) << 48,
                word(name + HASH) as u64 ^ (file as u64) << 16,
            ))
        }
    }
}

/// Whether a number may be the address of an object or of a structure.
#[inline(always)]
fn is_object(address: usize) -> bool {
    const LOWEST: usize = 1 << 12;
    const HIGHEST: usize = 1 << 56;
    (LOWEST..HIGHEST).contains(&address) && address.is_multiple_of(align_of::<usize>())
}

/// # Safety
/// A word must lie at the address.
#[inline(always)]
unsafe fn word(address: usize) -> usize {
    // SAFETY: the caller's.
    unsafe { *(address as *const usize) }
}
