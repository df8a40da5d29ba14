//! The recorder: a library that is loaded in front of a program's allocator (`LD_PRELOAD`) and appends every allocator call to
//! a file in the order in which the allocator executed them.
//!
//! It lives in a process that is not its own. So it needs no other library, allocates nothing, starts no thread, handles no
//! signal, keeps no descriptor open and leaves `errno` alone. What goes wrong (a full disk, a file system without mmap) ends
//! the recording and never the program. It begins at the first allocator call, which the loader makes before any
//! constructor.
//!
//! `build.rs` compiles this crate a second time with `--cfg preload`, which makes it the library; [`LIBRARY`] holds that file's
//! bytes. The crate as Cargo builds it exists for the compiler's checks and for whoever needs the file.

#![cfg_attr(not(test), no_std)]

/// The file of the preload library for the target; empty where there is none (other systems than Linux, other processors than
/// x86-64 and aarch64).
#[cfg(all(recorder, not(preload)))]
pub static LIBRARY: &[u8] = include_bytes!(env!("HIGHWATER_RECORD_LIBRARY"));
/// The file of the preload library: there is none for this target.
#[cfg(all(not(recorder), not(preload)))]
pub static LIBRARY: &[u8] = &[];

#[cfg(any(recorder, preload))]
mod clock;
#[cfg(any(recorder, preload))]
mod elf;
#[cfg(any(recorder, preload))]
mod environment;
#[cfg(any(recorder, preload))]
mod file;
#[cfg(any(recorder, preload))]
mod fork;
#[cfg(any(recorder, preload))]
mod gate;
#[cfg(any(recorder, preload))]
mod hash;
#[cfg(any(recorder, preload))]
mod header;
#[cfg(any(recorder, preload))]
#[doc(hidden)]
pub mod hooks;
#[cfg(any(recorder, preload))]
mod laid_out;
#[cfg(any(recorder, preload))]
mod large;
#[cfg(any(recorder, preload))]
mod link;
#[cfg(any(recorder, preload))]
mod live;
#[cfg(any(recorder, preload))]
#[doc(hidden)]
pub mod loader;
#[cfg(any(recorder, preload))]
mod lock;
#[cfg(any(recorder, preload))]
#[doc(hidden)]
pub mod mappings;
#[cfg(any(recorder, preload))]
#[doc(hidden)]
pub mod mark;
#[cfg(any(recorder, preload))]
mod measure;
#[cfg(any(recorder, preload))]
mod measuring;
#[cfg(any(recorder, preload))]
mod modules;
#[cfg(any(recorder, preload))]
mod originals;
#[cfg(any(recorder, preload))]
mod own_maps;
#[cfg(any(recorder, preload))]
mod owners;
#[cfg(any(recorder, preload))]
mod pages;
#[cfg(any(recorder, preload))]
mod parts;
#[cfg(any(recorder, preload))]
mod python;
#[cfg(any(recorder, preload))]
mod python_arenas;
#[cfg(any(recorder, preload))]
mod python_frames;
#[cfg(any(recorder, preload))]
mod python_names;
#[cfg(any(recorder, preload))]
mod recorder;
#[cfg(any(recorder, preload))]
mod resident;
#[cfg(any(recorder, preload))]
mod sites;
#[cfg(any(recorder, preload))]
mod stack;
#[cfg(any(recorder, preload))]
mod start;
#[cfg(any(recorder, preload))]
mod system;
#[cfg(any(recorder, preload))]
mod text;
#[cfg(any(recorder, preload))]
mod thread;
#[cfg(any(recorder, preload))]
mod thread_value;

/// A panic is a fault of this library. It ends the process, because nothing else is certain then.
#[cfg(preload)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    system::trap()
}

/// Parts of `core` name this function in their tables; nothing unwinds here. It is hidden: a program in Rust has its own.
#[cfg(preload)]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
#[cfg(preload)]
core::arch::global_asm!(".hidden rust_eh_personality");
