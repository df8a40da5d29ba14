//! Files of other tools as traces: the same events as a recording has, and what each format does not hold.
//!
//! A file is recognised by its content ([`recognise`]), unpacked as it is read, and handed on event by event ([`Import`]) or as
//! the bytes of a recording ([`Recording`]), which every reader of recordings takes. Whatever a file says, what is kept of it
//! has a limit: texts, lines, tables of names and stacks, threads within a call, live blocks without addresses.
//!
//! A file that is cut off is read up to there, and [`Loss::End`] says so. One that is damaged is an [`ImportError`] that says
//! where. Files that hold sums instead of calls are refused with the reason and what to record instead ([`Refused`]).

mod calls;
mod error;
mod heaptrack;
mod import;
mod input;
mod kind;
mod losses;
mod memray;
mod recording;
mod refused;
mod sites;
mod text;
mod unpack;

pub use calls::Sink;
pub use error::{ImportError, Place};
pub use import::{Import, recognise};
pub use kind::{Format, Kind};
pub use losses::{Answer, Loss, Losses};
pub use recording::{Recording, Told};
pub use refused::Refused;
