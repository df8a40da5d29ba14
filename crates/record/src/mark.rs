//! The function by which a program writes marks.

use crate::recorder::{is_mark, recorder};
use crate::start::begin_if_new;
use crate::{gate, lock, thread};
use core::ffi::{CStr, c_char};

/// Writes a mark: a name, and `key=value` pairs if wanted, one space between each. A control character becomes `_`, and an empty
/// name is no mark. A program finds this function by its
/// name, in C as a weak symbol, in Python by `ctypes`.
///
/// # Safety
/// `text` must be a string or null.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn highwater_mark(text: *const c_char) {
    if text.is_null() {
        return;
    }
    // SAFETY: the caller's; and the data is the calling thread's.
    let (text, thread) = unsafe { (CStr::from_ptr(text).to_bytes(), &mut *thread::current()) };
    let mut printable = [b'_'; 1024];
    let text = text.trim_ascii();
    let text = text.get(..printable.len()).unwrap_or(text);
    for (place, &byte) in printable.iter_mut().zip(text) {
        let is_control = byte.is_ascii_control();
        *place = if is_control { b'_' } else { byte };
    }
    let text = &printable[..text.len()];
    if !is_mark(text) || thread.depth != 0 {
        return;
    }
    begin_if_new();
    thread.depth = 1;
    let (is_locked, ended) = lock::enter(thread);
    if gate::state() == gate::RECORDING {
        // SAFETY: the lock is held, or the process has one thread.
        let recorder = unsafe { recorder() };
        recorder.prepare(thread, 0, ended);
        recorder.mark(thread.number - 1, text);
    }
    lock::leave(is_locked);
    thread.depth = 0;
}
