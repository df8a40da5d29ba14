//! The page of Highwater: a Yew application, and the worker in which its simulations run.
//!
//! One program is built from this library, and started twice. In the page it is [`app`], what the user sees; in a worker it
//! is [`worker`], which holds the engine in a thread of its own, so that the page never freezes. They share no memory and talk only in the messages of [`protocol`], which
//! [`wire`] carries across. Shared memory was rejected: it needs response headers that a static file server, an
//! iframe or an intranet page can rarely set.

pub mod app;
pub mod completion;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod drawn;
pub mod form;
pub mod format;
pub mod naming;
pub mod page;
pub mod panics;
pub mod pool;
pub mod protocol;
pub mod state;
pub mod subject;
pub mod tour;
pub mod variants;
pub mod view;
pub mod wire;
pub mod words;
pub mod worker;
pub mod worker_client;
