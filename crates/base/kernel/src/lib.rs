//! The memory of one simulated process: its address space, its pages, and the price of both.
//!
//! A page becomes resident when something writes to it: the program filling its block, or an allocator writing its own
//! metadata. [`Kernel::touch`] says that something is written; what is written is kept nowhere, so that a process of
//! gigabytes costs megabytes.
//!
//! The kernel knows no allocator. It has no clock and reads nothing from outside: the same calls give the same
//! addresses, always.

mod areas;
mod calls;
mod charges;
mod config;
mod counts;
mod footprint;
mod forked;
mod gaps;
mod huge_pages;
mod khugepaged;
mod limits;
mod mappings;
mod moving;
mod numbers;
mod ordered;
mod page_counts;
mod pages;
mod peaks;
mod residency;
mod scan;
mod space;
mod stored;
mod tables;
mod thp;
mod vmas;
mod warm;
mod zeros;

pub use config::{Config, ConfigError, MapError, OutOfMemory};
pub use counts::{Counts, Syscalls};
pub use footprint::table_bytes;
pub use highwater_units::{Address, Bytes, Decimal, Micros, Nanos, Pages, repeated};
pub use huge_pages::{HugeMode, HugePages, Khugepaged, NoPageSize, PageSize, UnknownWord};
pub use mappings::{Mapping, MappingKind};
pub use numbers::Numbers;
pub use pages::PageState;
pub use peaks::Peaks;
pub use space::Kernel;
