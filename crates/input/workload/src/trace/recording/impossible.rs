//! What an event of a recording cannot be: more than its fields hold elsewhere.

use highwater_hwr::{Event, Placed};

use crate::trace::fields::{ADDRESS_END, SIZE_END};
use crate::trace::line::TIME_END;

/// Returns what of an event cannot be.
#[inline]
pub(super) fn impossible(placed: &Placed) -> Option<&'static str> {
    const ADDRESS: &str = "an address of 2^48 or more";
    const SIZE: &str = "a size of 2^47 or more";
    let wide = |number: i64| i32::try_from(number).is_err();
    let is_too_large = |address: u64, size: u64| address != 0 && size >= SIZE_END;
    if placed.time >= TIME_END {
        return Some("a time of 2^53 µs or more");
    }
    if placed.thread > u16::MAX.into() {
        return Some("a thread above 65535");
    }
    match placed.event {
        Event::Malloc { address, .. }
        | Event::Calloc { address, .. }
        | Event::Aligned { address, .. }
        | Event::Realloc { address, .. }
        | Event::Free { address }
        | Event::Touched { address, .. }
            if address >= ADDRESS_END =>
        {
            Some(ADDRESS)
        }
        Event::Realloc { old, .. } if old >= ADDRESS_END => Some(ADDRESS),
        Event::Malloc { address, size }
        | Event::Aligned { address, size, .. }
        | Event::Realloc { address, size, .. }
            if is_too_large(address, size) =>
        {
            Some(SIZE)
        }
        Event::Calloc {
            address,
            count,
            size,
        } if is_too_large(address, count.saturating_mul(size)) => Some(SIZE),
        Event::Aligned { alignment, .. } if alignment > u32::MAX.into() => {
            Some("an alignment of 2^32 or more")
        }
        Event::Trim { pad } if pad >= SIZE_END => Some("a pad of 2^47 or more"),
        Event::Mallopt { parameter, value } if wide(parameter) || wide(value) => {
            Some("an option beyond 32 bits")
        }
        Event::Site { number: 0, .. } => Some("a site without a number"),
        _ => None,
    }
}
