//! `highwater-python-oracle`: as `highwater-oracle`, but the calls go to CPython's object allocator, of the libpython that
//! is loaded with it.
//!
//! No interpreter is started. Up to 3.11 the allocator's state is static data, so that `PyObject_Malloc` and its kin work
//! in any process; later ones look for an interpreter first and would not survive. What the loader and libpython allocate
//! before a sequence begins comes from a pool (`interpose`), so that the heap is pristine; from then on it is the C
//! library's malloc that Python finds.

#![no_std]
#![no_main]

mod interpose;
mod library;
#[path = "../oracle/memory.rs"]
mod memory;
mod serve;
#[path = "../oracle/system.rs"]
#[allow(dead_code)]
mod system;
#[path = "../src/wire.rs"]
#[allow(dead_code)]
mod wire;
#[path = "../src/python/talk.rs"]
mod talk;
