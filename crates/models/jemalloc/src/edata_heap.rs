//! A pairing heap of extents, the oldest first and of these the lowest, as jemalloc has it.
//!
//! jemalloc 5.2.1, 5.3.0 and 5.3.1, include/jemalloc/internal/ph.h. What is inserted waits in a list behind the root until the first
//! is asked for. Which extent that is would be the same in any heap, were there not 5.3.0: there an extent that goes while it is the
//! root and has no children leaves the root to whichever waits first in the list (`ph_remove`), and the next one that is inserted
//! becomes the root if it comes before that one alone (`ph_insert`). It may then lie above others that come before it. So the links
//! are those of the real heap.

use crate::edata::{EdataId, Edatas};
use crate::heap_links::HeapLinks;
use std::collections::VecDeque;

/// How the releases' heaps differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeapKind {
    /// All that is inserted waits. Up to 5.2.1.
    Waiting,
    /// What comes before the root becomes the root, and what waits is linked in pairs now and then; a root without children leaves
    /// its place to what waits. 5.3.0.
    Hasty,
    /// The same, but what waits is put in order before a root leaves. From 5.3.1 on.
    Careful,
}

/// A set of extents (`edata_heap_t`).
#[derive(Clone)]
pub(crate) struct EdataHeap {
    kind: HeapKind,
    root: Option<EdataId>,
    /// What was inserted since the waiting list was put in order (`auxcount`).
    waiting: u64,
}

impl EdataHeap {
    pub(crate) fn new(kind: HeapKind) -> Self {
        Self {
            kind,
            root: None,
            waiting: 0,
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Adds an extent, which is in no heap (`edata_heap_insert`).
    pub(crate) fn insert(&mut self, edatas: &mut Edatas, id: EdataId) {
        edatas[id].links = HeapLinks::default();
        let Some(root) = self.root else {
            self.root = Some(id);
            return;
        };
        if self.kind != HeapKind::Waiting && comes_before(edatas, id, root) {
            edatas[id].links.child = Some(root);
            edatas[root].links.before = Some(id);
            self.root = Some(id);
            self.waiting = 0;
            return;
        }
        let first = edatas[root].links.next;
        link(edatas, id, first);
        link(edatas, root, Some(id));
        self.waiting += 1;
        let counted = match self.kind {
            HeapKind::Waiting => return,
            HeapKind::Hasty => self.waiting - 1,
            HeapKind::Careful => self.waiting,
        };
        if counted > 0 {
            for _ in 0..counted.trailing_zeros() {
                if !merge_first_pair(edatas, root) {
                    break;
                }
            }
        }
    }

    /// Returns the first (`edata_heap_first`).
    #[inline]
    pub(crate) fn first(&mut self, edatas: &mut Edatas) -> Option<EdataId> {
        self.merge_waiting(edatas);
        self.root
    }

    /// Removes and returns the first (`edata_heap_remove_first`).
    pub(crate) fn pop_first(&mut self, edatas: &mut Edatas) -> Option<EdataId> {
        let first = self.first(edatas)?;
        self.root = merge_children(edatas, first);
        Some(first)
    }

    /// Removes an extent of the heap (`edata_heap_remove`).
    pub(crate) fn remove(&mut self, edatas: &mut Edatas, id: EdataId) {
        if self.root == Some(id) {
            if self.kind != HeapKind::Careful && edatas[id].links.child.is_none() {
                self.root = edatas[id].links.next;
                if let Some(root) = self.root {
                    edatas[root].links.before = None;
                }
                return;
            }
            self.merge_waiting(edatas);
            if self.root == Some(id) {
                self.root = merge_children(edatas, id);
                return;
            }
        }
        let HeapLinks { before, next, .. } = edatas[id].links;
        let in_its_place = match merge_children(edatas, id) {
            Some(merged) => {
                link(edatas, merged, next);
                Some(merged)
            }
            None => next,
        };
        if let Some(moved) = in_its_place {
            edatas[moved].links.before = before;
        }
        if let Some(before) = before {
            let links = &mut edatas[before].links;
            match links.child == Some(id) {
                true => links.child = in_its_place,
                false => links.next = in_its_place,
            }
        }
    }

    /// Returns extents of the heap level by level, at most as many (`edata_heap_enumerate_next`).
    pub(crate) fn by_level<'a>(
        &self,
        edatas: &'a Edatas,
        most: usize,
    ) -> impl Iterator<Item = EdataId> + 'a {
        let mut queue: VecDeque<EdataId> = self.root.into_iter().collect();
        let by_level = std::iter::from_fn(move || {
            let id = queue.pop_front()?;
            let HeapLinks { child, next, .. } = edatas[id].links;
            queue.extend(child.into_iter().chain(next));
            Some(id)
        });
        by_level.take(most)
    }

    /// Puts what waits in order (`ph_merge_aux`).
    #[inline]
    fn merge_waiting(&mut self, edatas: &mut Edatas) {
        let Some(root) = self.root else {
            return;
        };
        self.waiting = 0;
        if let Some(first) = edatas[root].links.next.take() {
            edatas[root].links.before = None;
            edatas[first].links.before = None;
            let merged = merge_siblings(edatas, first);
            self.root = Some(merge(edatas, root, merged));
        }
    }
}

fn comes_before(edatas: &Edatas, one: EdataId, other: EdataId) -> bool {
    edatas[one].order() < edatas[other].order()
}

/// Makes `next` the one behind `id` in a list.
fn link(edatas: &mut Edatas, id: EdataId, next: Option<EdataId>) {
    edatas[id].links.next = next;
    if let Some(next) = next {
        edatas[next].links.before = Some(id);
    }
}

/// Takes an extent out of its list, with what is below it; returns the next.
fn cut(edatas: &mut Edatas, id: EdataId) -> Option<EdataId> {
    edatas[id].links.before = None;
    edatas[id].links.next.take()
}

/// Puts the later of two extents, both in no list, below the earlier, which it returns (`phn_merge`).
fn merge(edatas: &mut Edatas, one: EdataId, other: EdataId) -> EdataId {
    let (above, below) = match comes_before(edatas, one, other) {
        true => (one, other),
        false => (other, one),
    };
    let children = edatas[above].links.child;
    link(edatas, below, children);
    edatas[below].links.before = Some(above);
    edatas[above].links.child = Some(below);
    above
}

/// Merges the first two that wait behind the root; returns whether others are left to merge with (`ph_try_aux_merge_pair`).
fn merge_first_pair(edatas: &mut Edatas, root: EdataId) -> bool {
    let Some(one) = edatas[root].links.next else {
        return false;
    };
    let Some(other) = edatas[one].links.next else {
        return false;
    };
    cut(edatas, one);
    let rest = cut(edatas, other);
    let merged = merge(edatas, one, other);
    link(edatas, merged, rest);
    link(edatas, root, Some(merged));
    rest.is_some()
}

fn merge_children(edatas: &mut Edatas, id: EdataId) -> Option<EdataId> {
    let child = edatas[id].links.child?;
    Some(merge_siblings(edatas, child))
}

/// Merges the extents of a list: always the first two of a queue, with the result at its end (`phn_merge_siblings`).
fn merge_siblings(edatas: &mut Edatas, first: EdataId) -> EdataId {
    let Some(mut other) = edatas[first].links.next else {
        return first;
    };
    let mut one = first;
    let (mut head, mut tail) = (None, None);
    loop {
        cut(edatas, one);
        let behind = cut(edatas, other);
        let merged = merge(edatas, one, other);
        append(edatas, &mut head, &mut tail, merged);
        let Some(next) = behind else {
            break;
        };
        edatas[next].links.before = None;
        match edatas[next].links.next {
            Some(after) => (one, other) = (next, after),
            None => {
                append(edatas, &mut head, &mut tail, next);
                break;
            }
        }
    }
    while let Some(one) = head {
        let Some(other) = edatas[one].links.next.take() else {
            return one;
        };
        head = edatas[other].links.next.take();
        let merged = merge(edatas, one, other);
        if head.is_none() {
            return merged;
        }
        append(edatas, &mut head, &mut tail, merged);
    }
    first
}

fn append(
    edatas: &mut Edatas,
    head: &mut Option<EdataId>,
    tail: &mut Option<EdataId>,
    id: EdataId,
) {
    match tail.replace(id) {
        Some(last) => edatas[last].links.next = Some(id),
        None => *head = Some(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{ArenaIndex, Serial};
    use highwater_allocator::{Address, Bytes};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Extents of one age, one after another.
    fn extents(count: u64) -> (Edatas, Vec<EdataId>) {
        let mut edatas = Edatas::default();
        let add = |number| {
            let id = edatas.add(Address(number), Serial(0));
            let base = Address((number + 1) << 12);
            edatas[id].init(ArenaIndex::FIRST, base, Bytes(4096), Serial(0), false);
            id
        };
        let ids = (0..count).map(add).collect();
        (edatas, ids)
    }

    proptest! {
        #[test]
        fn the_first_is_the_lowest_whatever_came_and_went(
            steps in proptest::collection::vec((0..8, 0..64_usize), 0..500),
        ) {
            for kind in [HeapKind::Waiting, HeapKind::Careful] {
                let (mut edatas, ids) = extents(64);
                let mut heap = EdataHeap::new(kind);
                let mut held = BTreeSet::new();
                for &(choice, at) in &steps {
                    let id = ids[at];
                    match choice {
                        0 => prop_assert_eq!(heap.pop_first(&mut edatas), held.pop_first()),
                        1 => prop_assert_eq!(heap.first(&mut edatas), held.first().copied()),
                        _ if held.remove(&id) => heap.remove(&mut edatas, id),
                        _ => {
                            heap.insert(&mut edatas, id);
                            held.insert(id);
                        }
                    }
                    let listed: BTreeSet<_> = heap.by_level(&edatas, usize::MAX).collect();
                    prop_assert_eq!(&listed, &held);
                }
            }
        }
    }

    #[test]
    fn in_5_3_0_an_extent_may_lie_above_others_that_come_before_it() {
        let taken = |kind| {
            let (mut edatas, ids) = extents(4);
            let mut heap = EdataHeap::new(kind);
            for at in [0, 1, 3] {
                heap.insert(&mut edatas, ids[at]);
            }
            heap.remove(&mut edatas, ids[0]);
            heap.insert(&mut edatas, ids[2]);
            heap.pop_first(&mut edatas)
        };
        assert_eq!(taken(HeapKind::Hasty), Some(EdataId(2)));
        assert_eq!(taken(HeapKind::Waiting), Some(EdataId(1)));
        assert_eq!(taken(HeapKind::Careful), Some(EdataId(1)));
    }
}
