//! Where the loader hands over. The C library's own start-up code is left out: it differs from version to version, and
//! a program linked with that of one version does not start on an older one.

use core::arch::global_asm;

global_asm!(
    ".globl _start",
    "_start:",
    "xor %ebp, %ebp",
    "and $-16, %rsp",
    "call {serve}",
    "hlt",
    serve = sym serve,
    options(att_syntax)
);

extern "C" fn serve() -> ! {
    crate::serve::serve()
}
