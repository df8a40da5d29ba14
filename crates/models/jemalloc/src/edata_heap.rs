//! Extents' structures in jemalloc's order: by serial number, then by address.
//!
//! jemalloc 5.3.0, include/jemalloc/internal/edata.h: `edata_heap` (by `edata_snad_comp`) and `edata_avail` (by
//! `edata_esnead_comp`); include/jemalloc/internal/ph.h. As there they are pairing heaps, whose links lie in the structures: adding
//! takes one comparison, and removing as many as an element has children.

use crate::edata::{EdataId, Edatas};
use crate::units::Serial;
use highwater_allocator::Address;

/// The key of an extent in the order: its serial number and address.
pub(crate) type SerialOrder = (Serial, Address);

/// The place of a structure in the heap that it is in (`phn_link_t`). No structure is in two at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeapNode {
    key: SerialOrder,
    /// The parent of a first child, else the sibling before it; nothing for the first of a heap.
    before: Option<EdataId>,
    /// The next sibling.
    next: Option<EdataId>,
    /// The first child.
    child: Option<EdataId>,
}

impl HeapNode {
    /// Returns that of a structure that is in no heap.
    pub(crate) const NOWHERE: Self = Self {
        key: (Serial(0), Address::NULL),
        before: None,
        next: None,
        child: None,
    };
}

/// A set of extents or of unused structures, the oldest and of these the lowest first.
#[derive(Clone, Default)]
pub(crate) struct EdataHeap {
    first: Option<EdataId>,
}

impl EdataHeap {
    /// Adds `id`, which is in no heap (`ph_insert`).
    pub(crate) fn insert(&mut self, edatas: &mut Edatas, key: SerialOrder, id: EdataId) {
        edatas[id].node = HeapNode {
            key,
            ..HeapNode::NOWHERE
        };
        self.first = Some(match self.first {
            Some(first) => merge(edatas, first, id),
            None => id,
        });
    }

    /// Removes `id`; returns whether it was there (`ph_remove`).
    pub(crate) fn remove(&mut self, edatas: &mut Edatas, id: EdataId) -> bool {
        let HeapNode {
            before,
            next,
            child,
            ..
        } = std::mem::replace(&mut edatas[id].node, HeapNode::NOWHERE);
        if self.first == Some(id) {
            self.first = merge_siblings(edatas, child);
            return true;
        }
        let Some(before) = before else {
            return false;
        };
        let above = &mut edatas[before].node;
        if above.child == Some(id) {
            above.child = next;
        } else {
            above.next = next;
        }
        if let Some(next) = next {
            edatas[next].node.before = Some(before);
        }
        if let Some(below) = merge_siblings(edatas, child) {
            self.first = self.first.map(|first| merge(edatas, first, below));
        }
        true
    }

    /// Removes and returns the first (`edata_heap_remove_first`).
    pub(crate) fn pop_first(&mut self, edatas: &mut Edatas) -> Option<EdataId> {
        let first = self.first?;
        self.remove(edatas, first);
        Some(first)
    }

    /// Returns the first, with its key (`edata_heap_first`).
    #[inline]
    pub(crate) fn first(&self, edatas: &Edatas) -> Option<(SerialOrder, EdataId)> {
        self.first.map(|id| (edatas[id].node.key, id))
    }

    /// Returns the first in the order that fits, with its key.
    pub(crate) fn first_that(
        &self,
        edatas: &Edatas,
        fits: impl Fn(EdataId) -> bool,
    ) -> Option<(SerialOrder, EdataId)> {
        let mut best: Option<(SerialOrder, EdataId)> = None;
        let mut left: Vec<EdataId> = self.first.into_iter().collect();
        while let Some(id) = left.pop() {
            let node = edatas[id].node;
            left.extend(node.next);
            // Whatever is below comes later in the order.
            if best.is_some_and(|best| best.0 < node.key) {
                continue;
            }
            if fits(id) {
                best = Some((node.key, id));
            } else {
                left.extend(node.child);
            }
        }
        best
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// Makes one of two heaps, each known by its first, the first child of the other (`phn_merge`). Returns which is the first then.
#[inline]
fn merge(edatas: &mut Edatas, one: EdataId, other: EdataId) -> EdataId {
    let is_in_order = edatas[one].node.key < edatas[other].node.key;
    let (first, below) = match is_in_order {
        true => (one, other),
        false => (other, one),
    };
    let next = edatas[first].node.child.replace(below);
    let node = &mut edatas[below].node;
    node.before = Some(first);
    node.next = next;
    if let Some(next) = next {
        edatas[next].node.before = Some(below);
    }
    first
}

/// Makes one heap of those of siblings: two and two at first, and these from the last to the first (`phn_merge_siblings`). Returns
/// its first.
fn merge_siblings(edatas: &mut Edatas, mut left: Option<EdataId>) -> Option<EdataId> {
    let mut pairs: Option<EdataId> = None;
    while let Some(one) = left {
        let other = edatas[one].node.next;
        let pair = match other {
            Some(other) => {
                left = edatas[other].node.next;
                merge(edatas, one, other)
            }
            None => {
                left = None;
                one
            }
        };
        edatas[pair].node.next = pairs.replace(pair);
    }
    let mut first = pairs?;
    let mut left = edatas[first].node.next;
    while let Some(pair) = left {
        left = edatas[pair].node.next;
        first = merge(edatas, first, pair);
    }
    let node = &mut edatas[first].node;
    node.before = None;
    node.next = None;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Adds and removes at random, and compares with a tree.
        #[test]
        fn a_heap_has_the_order_of_a_tree(steps in prop::collection::vec((0..3_u8, 0..40_u32, 0..4_u64), 1..300)) {
            let mut edatas = Edatas::default();
            for _ in 0..40 {
                edatas.add(Address::NULL, Serial(0));
            }
            let mut heap = EdataHeap::default();
            let mut tree: BTreeMap<SerialOrder, EdataId> = BTreeMap::new();
            for (step, number, serial) in steps {
                let id = EdataId(number);
                let known = tree.iter().find(|entry| *entry.1 == id).map(|entry| *entry.0);
                match (step, known) {
                    (0, _) => {
                        let popped = heap.pop_first(&mut edatas);
                        prop_assert_eq!(popped, tree.pop_first().map(|entry| entry.1));
                    }
                    (_, Some(key)) => {
                        prop_assert!(heap.remove(&mut edatas, id));
                        tree.remove(&key);
                    }
                    (_, None) => {
                        prop_assert!(!heap.remove(&mut edatas, id));
                        let key = (Serial(serial), Address(u64::from(number)));
                        heap.insert(&mut edatas, key, id);
                        tree.insert(key, id);
                    }
                }
                let first = tree.first_key_value().map(|(key, id)| (*key, *id));
                prop_assert_eq!(heap.first(&edatas), first);
                prop_assert_eq!(heap.is_empty(), tree.is_empty());
                let fits = |id: EdataId| id.0 % 3 == 1;
                let fitting = tree.iter().find(|entry| fits(*entry.1));
                let fitting = fitting.map(|(key, id)| (*key, *id));
                prop_assert_eq!(heap.first_that(&edatas, fits), fitting);
            }
        }
    }
}
