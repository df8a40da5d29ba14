//! The links of an extent in a pairing heap.

use crate::edata_id::{EdataId, put_id, take_id};
use highwater_allocator::{Entry, Packed, Unpacker};

/// What an extent that is in a heap is linked to (`phn_link_t`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeapLinks {
    /// The one before it in its list; the parent, if it is the first child; the root, if it is the first in the waiting list.
    pub(crate) before: Option<EdataId>,
    /// The next in its list; of the root, the first that waits.
    pub(crate) next: Option<EdataId>,
    /// The first of its children (`lchild`).
    pub(crate) child: Option<EdataId>,
}

impl Entry for HeapLinks {
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        put_id(self.before, before.before, packed);
        put_id(self.next, before.next, packed);
        put_id(self.child, before.child, packed);
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        Self {
            before: take_id(before.before, reader),
            next: take_id(before.next, reader),
            child: take_id(before.child, reader),
        }
    }
}
