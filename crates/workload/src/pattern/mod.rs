//! Patterns: small programs whose allocator calls are generated.
//!
//! Two patterns run the same service, a Python one in which subscribers read a whole stream of events each, decode it
//! and hand it out (`subscriber.rs`). They differ in nothing but who runs next (`schedule.rs`): in `sync` a subscriber
//! runs to its end before the next one starts, in `async_fanout` an event loop runs all of them and changes over at
//! every await. Lifetimes interleave, or not, because of that alone.
//!
//! What the service asks of malloc follows the rules of what it is made of (`python.rs`): an object of 512 bytes or less
//! never gets there, a list grows in steps of an eighth, a dict's table is replaced by one of twice the size, the parser's
//! receive buffer doubles. Sizes and order were checked against the recording of such a service.
//!
//! `threads` runs another program, a pool of threads that answer requests (`pool.rs`): there every thread has its own
//! arena, and blocks are freed by others than those that allocated them.
//!
//! The calls are the same for the same parameters and seed, on every machine: times are counted in whole nanoseconds,
//! chance comes from a PCG generator, and no table's order is ever used.

mod parameters;
mod pool;
mod process;
mod python;
mod schedule;
mod service;
mod subscriber;
mod worker;

pub use parameters::{
    MAX_CALLS, MAX_HELD, MAX_THREADS, Parameter, ParameterError, Parameters, Program,
};

pub(crate) use schedule::Schedule;
pub(crate) use {pool::run as run_pool, service::run as run_service};
