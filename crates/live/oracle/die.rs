//! How the oracle gives up.

use crate::system;
use core::panic::PanicInfo;

/// Ends the program with a message.
pub(crate) fn die(message: &[u8]) -> ! {
    for part in [b"highwater-oracle: ", message, b"\n"] {
        // Where even this fails there is nobody left to be told.
        system::write(2, part);
    }
    system::exit(2)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    die(b"a mistake in the oracle: an index or a number is out of bounds")
}

/// Named by the unwinding tables of the precompiled core library; nothing here unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
