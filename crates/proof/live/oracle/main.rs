//! `highwater-oracle`: reads sequences of operations from its standard input, runs each in a child of its own on the C
//! library's malloc, or on the jemalloc that is loaded before it, and writes the answers to its standard output.
//!
//! So that the heap of every child is pristine, and its private anonymous pages are the allocator's alone:
//! - the program has a `_start` of its own, no standard library, tables in shared mappings, and forks before a sequence;
//! - it serves the loader's and the thread library's own calls of malloc from a pool, and maps its own memory before the
//!   allocator maps anything (`interposed`);
//! - it gives threads their stacks from a shared mapping (`sequence`).
//!
//! Time is the sequence's, so that what depends on it can be repeated (`interposed`).
//!
//! So that one program runs on every glibc from 2.31 to the newest, it asks the library for few functions, all of them
//! in the oldest version there is (`library`), and the kernel for everything else (`system`).

#![no_std]
#![no_main]

mod block;
mod interposed;
mod library;
mod memory;
mod sequence;
mod serve;
mod system;
#[path = "../src/wire.rs"]
#[allow(dead_code)]
mod wire;

use core::arch::global_asm;

// The C library's own start-up code differs from version to version, and a program linked with that of one version does
// not start on an older one. So the loader hands over here.
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
