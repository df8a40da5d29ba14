//! The number of an extent's structure.

use highwater_allocator::{Packed, Unpacker};

/// An extent's structure, by number. Numbers are used again as the structures are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct EdataId(pub(crate) u32);

/// Returns a number for an extent that may not be there.
fn number(id: Option<EdataId>) -> u64 {
    id.map_or(0, |id| u64::from(id.0) + 1)
}

/// Writes which extent there is, if any, by what it differs from another.
#[inline]
pub(crate) fn put_id(id: Option<EdataId>, before: Option<EdataId>, packed: &mut Packed) {
    packed.put_beside(number(id), number(before));
}

/// Reads what [`put_id`] wrote.
#[inline]
pub(crate) fn take_id(before: Option<EdataId>, reader: &mut Unpacker<'_>) -> Option<EdataId> {
    let number = reader.take_beside(number(before));
    number.checked_sub(1).map(|number| EdataId(number as u32))
}
