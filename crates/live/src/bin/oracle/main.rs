//! `highwater-oracle`: reads sequences of operations from its standard input, runs each in a child of its own on the C
//! library's malloc, and writes the library's answers to its standard output.
//!
//! No part of this program allocates: it has no Rust `main` (whose start-up calls malloc), reads with `read`, keeps its
//! tables in shared mappings, and forks before each sequence. So the heap of every child is pristine, and its private
//! anonymous pages are the allocator's alone.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"),
    no_main
)]

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod child;
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod die;
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod resident;
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod serve;
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod table;

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
fn main() {
    eprintln!("highwater-oracle: only x86-64 Linux with glibc is modelled");
    std::process::exit(2);
}
