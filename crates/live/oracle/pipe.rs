//! What goes in and out: plain data over standard input and output.

use crate::die::die;
use crate::system;
use crate::table::{Plain, bytes, bytes_mut};
use core::ffi::CStr;

/// As much of a text as there is room for.
pub(crate) fn copy(text: &CStr, to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(text.to_bytes()) {
        *to = *from;
    }
}

/// Fills `items` from standard input; false where that has ended.
pub(crate) fn receive<T: Plain>(items: &mut [T]) -> bool {
    let mut bytes = bytes_mut(items);
    while !bytes.is_empty() {
        let got = system::read(0, bytes);
        if got <= 0 {
            return false;
        }
        bytes = &mut bytes[got as usize..];
    }
    true
}

pub(crate) fn send<T: Plain>(items: &[T]) {
    let mut bytes = bytes(items);
    while !bytes.is_empty() {
        let sent = system::write(1, bytes);
        if sent <= 0 {
            die(b"nobody reads the answers");
        }
        bytes = &bytes[sent as usize..];
    }
}
