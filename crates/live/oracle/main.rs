//! `highwater-oracle`: reads sequences of operations from its standard input, runs each in a child of its own on the C
//! library's malloc, or on the jemalloc that is loaded before it, and writes the answers to its standard output.
//!
//! So that the heap of every child is pristine, and its private anonymous pages are the allocator's alone:
//! - the program has a `_start` of its own, no standard library, tables in shared mappings, and forks before a sequence;
//! - it serves the loader's and the thread library's own calls of malloc from a pool (`pool`), and gives threads their
//!   stacks from a shared mapping (`threads`);
//! - what it maps it maps before the allocator does (`settle`).
//!
//! So that what depends on time can be repeated, time is the sequence's (`clock`).
//!
//! So that one program runs on every glibc from 2.31 to the newest, it asks the library for few functions, all of them
//! in the oldest version there is (`library`), and the kernel for everything else (`system`).

#![no_std]
#![no_main]

mod child;
mod clock;
mod die;
mod library;
mod pipe;
mod pool;
mod reserve;
mod resident;
mod serve;
mod settle;
mod start;
mod system;
mod table;
mod threads;
mod touch;
#[path = "../src/wire.rs"]
#[allow(dead_code)]
mod wire;
