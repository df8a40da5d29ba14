//! Patterns: small programs whose allocator calls are generated.
//!
//! Two patterns run the same service, a Python one in which subscribers read a whole stream of events each, decode it
//! and hand it out (`subscriber.rs`). They differ in nothing but who runs next (`schedule.rs`): in `sync` a subscriber
//! runs to its end before the next one starts, in `async_fanout` an event loop runs all of them and changes over at
//! every await. Lifetimes interleave, or not, because of that alone.
//!
//! What the service asks its allocators for follows the rules of what it is made of (`python`): a list grows in steps of an
//! eighth, a dict's table is replaced by a larger one, a parser gathers what it has read. All objects are asked for, small
//! ones as well; which come from pools of the interpreter's own is for the interpreter's allocator to say. Sizes, order and
//! what is held for how long were checked against the recording of such a service, whose store was in the same process.
//!
//! `threads` runs another program, a pool of threads that answer requests (`pool.rs`): there every thread has its own
//! arena, and blocks are freed by others than those that allocated them.
//!
//! `jobs` and `tasks` are two more, for the cases in which the usual advice helps: threads of a runtime whose collector
//! frees what jobs leave behind (`jobs.rs`), and tasks over blocks of numbers one after another (`tasks.rs`).
//!
//! A program is cut at the end of each burst (`generator.rs`). One whose calls all fit into memory is made whole; another
//! is made burst by burst while it is replayed.
//!
//! The calls are the same for the same parameters and seed, on every machine: times are counted in whole nanoseconds,
//! chance comes from a PCG generator, and no table's order is ever used.

mod connection;
mod generator;
mod jobs;
mod kind;
mod parameter;
mod parameters;
mod payload;
mod pool;
mod process;
mod python;
mod reply;
mod schedule;
mod service;
mod shape;
mod shared;
mod store;
mod subscriber;
mod survivors;
mod table;
mod tasks;
mod which;
mod worker;

pub use generator::Generator;
pub(crate) use parameter::number;
pub use parameter::{Parameter, ParameterError, Program};
pub use parameters::{MAX_CALLS, MAX_HELD, MAX_STREAMED_CALLS, MAX_THREADS, Parameters};
pub use which::{Pattern, PatternError};
