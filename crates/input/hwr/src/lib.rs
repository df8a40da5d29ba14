//! The binary form of a trace (`.hwr`): compact, append-only, readable after its writer was killed at any moment.
//!
//! A file is a control block ([`layout::Control`]) and chunks of bounded size ([`layout::ChunkHeader`]) one after another. A
//! chunk holds events as bytes ([`Encoder`], [`decode::Events`]) and begins with its own state, so a reader can begin at any
//! of them. A writer appends an event's bytes and then stores the chunk's committed length: what is committed is whole.
//! A full chunk is sealed with a checksum.
//!
//! Everything but [`extent`], [`read`] and [`write`] works without the standard library and without an allocator: the
//! recorder's part lives inside other people's processes.

#![cfg_attr(not(feature = "std"), no_std)]

mod checksum;
pub mod decode;
mod encode;
mod event;
mod first_byte;
mod heap_info;
pub mod layout;
mod recent;
mod varint;

#[cfg(feature = "std")]
pub mod extent;
#[cfg(feature = "std")]
pub mod read;
#[cfg(feature = "std")]
pub mod write;

pub use checksum::checksum;
pub use encode::{CALL_BYTES, Encoder, Full, Stamp};
pub use event::{Domain, Event, Mapping, MappingCall, Placed, RunWriter, Runs};
pub use heap_info::{HEAP_SPAN, is_heap_info};
