//! The machine's own C library, and jemalloc in front of it, as oracles for holding the models against the real thing.
//!
//! A recorded trace says what one library answered once. This crate asks the library that is installed here, about
//! operations that nobody has recorded: a generator makes random sequences, the oracle runs each of them on a heap that
//! nothing has touched before, the model plays the same, and where they differ the sequence is cut down to the few
//! operations that still show it.
//!
//! The decision that shapes everything: the real calls are made in a process of their own, `highwater-oracle`, on whose
//! heap nothing but the sequence ever calls malloc, and which forks once for each sequence. So every sequence starts on a
//! pristine heap for the price of a fork, thousands fit into seconds, and a sequence that would corrupt the heap takes
//! one child with it. Calling malloc from the test's own process was the alternative: its heap is anything but empty, and
//! no address could be foretold. The environment of malloc is read when a process starts, so there is one oracle for each
//! environment. The oracle also runs on C libraries other than the machine's own ([`Library`]); see `oracle/main.rs`.
//!
//! jemalloc looks at the clock and at addresses of its own: the first is the sequence's, and the second are told to the
//! model ([`Layout::thread_data`]), so that nothing is left to chance.
//!
//! Threads take turns in the order of the sequence, so that a sequence of many is as repeatable as one of one.
//!
//! The command carries the oracle's program ([`ORACLE`]) for `highwater confirm`. Nothing of this runs anywhere but on x86-64
//! Linux with glibc; elsewhere [`Oracle::start`] says so and the tests print that they were skipped.

mod allocator_family;
mod cores;
mod difference;
mod environment;
mod execute;
mod fidelity_counts;
mod figure;
mod generate;
mod huge_pages;
mod hwt;
mod library;
mod marks;
mod operation;
mod oracle;
mod outcome;
mod program_generator;
mod python;
mod shrink;
mod sizes;
mod thread_roles;
mod version_probe;
pub mod wire;
mod workload;

pub use allocator_family::{AllocatorFamily, Release};
pub use difference::{Difference, first_difference};
pub use environment::{Environment, all_environments, jemalloc_environments};
pub use execute::{ModelError, execute, has_own_threads};
pub use fidelity_counts::FidelityCounts;
pub use figure::Figure;
pub use generate::{generate, generate_options, generate_threads, generate_timed};
pub use hwt::to_hwt;
pub use library::Library;
pub use marks::{MarkPair, marks};
pub use operation::{BlockName, Operation, Sequence, Step};
pub use oracle::{Answers, Layout, ORACLE, Oracle, OracleError};
pub use outcome::Outcome;
pub use python::{
    Choice as PythonChoice, LibPython, Outcomes, PythonOracle, execute_python, generate_small,
};
pub use shrink::shrink;
pub use workload::{
    Occasion, Performance, Question, Wanted, of_workload, operation_of, timed_of_workload,
};
