//! The thread-specific value whose destructor says that a thread ends.

use crate::originals::originals;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering};

/// Its key plus 1; 0 if there is none.
static KEY: AtomicU32 = AtomicU32::new(0);

/// Has a destructor called with the value of each thread that ends and has one.
pub(crate) fn create(destructor: unsafe extern "C" fn(*mut c_void)) {
    let Some(create) = originals().key_create else {
        return;
    };
    let mut key = 0;
    // SAFETY: the function is the C library's, and the destructor lives as long as the process.
    if unsafe { create(&mut key, Some(destructor)) } == 0 {
        KEY.store(key + 1, Ordering::Release);
    }
}

/// Gives the calling thread a value; its destructor may do so again, for another round.
pub(crate) fn set(value: usize) {
    let key = KEY.load(Ordering::Acquire);
    if let (Some(set), true) = (originals().set_specific, key > 0) {
        // SAFETY: the key exists.
        unsafe { set(key - 1, value as *const c_void) };
    }
}
