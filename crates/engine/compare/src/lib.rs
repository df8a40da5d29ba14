//! Decides whether two processes that ran the same program returned the same address.
//!
//! One process is recorded: a trace has its addresses, or a real library has just returned them. The other one is a model.
//! The kernel places the program break and every mapping, so absolute addresses differ from run to run. What an allocator
//! decides does not, and only that is compared:
//!
//! - on the heap of the program break, the distance from its start;
//! - in a mapping of its own, the place within a page;
//! - in a heap of a thread's arena, the distance from the heap's start, and the heap: heaps of the two processes are paired
//!   one to one;
//! - in an allocator without heaps, the place within the page, and the page: pages are paired in the same way.
//!
//! A pair is made when both processes first return a block at the same distance in regions that have no partners. It
//! lasts until the model unmaps its region ([`UnmapWatch`]): what either kernel puts at the same address afterwards is
//! another region. If the recorded process unmaps its region at another moment, its later addresses contradict the pair,
//! which is a difference between the two.
//!
//! Comparing with a trace and comparing with a live library use this one definition. A trace has addresses only; a live
//! library's chunk header also tells the [`ChunkKind`].

mod correspondence;
mod pairs;
mod place;
mod unmapped;

pub use correspondence::{ChunkKind, Correspondence, Recorded, USUAL_HEAP_SPAN};
pub use place::{Place, Places};
pub use unmapped::{UnmapWatch, Unmapped};
