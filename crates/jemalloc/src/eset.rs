//! A set of free extents of one state: by class of size, oldest and lowest first, and by how long they lie there.
//!
//! jemalloc 5.3.0, src/eset.c.

use crate::edata::{Edata, EdataId, Edatas};
use crate::edata_heap::EdataHeap;
use crate::size_classes::{PAGE, PAGE_CLASSES, ceil_class, floor_class, page_class_size, pages};

const CLASSES: usize = PAGE_CLASSES + 1;

/// Extents that are all dirty, all muzzy or all retained.
#[derive(Clone)]
pub(crate) struct Eset {
    by_class: Vec<EdataHeap>,
    filled: [u64; CLASSES.div_ceil(64)],
    oldest: Option<EdataId>,
    newest: Option<EdataId>,
    pages: u64,
    pad: u64,
}

impl Eset {
    /// An empty set, of extents that serve blocks with `pad` bytes beyond their class.
    pub(crate) fn new(pad: u64) -> Self {
        Self {
            by_class: vec![EdataHeap::new(PAGE.ilog2()); CLASSES],
            filled: [0; CLASSES.div_ceil(64)],
            oldest: None,
            newest: None,
            pages: 0,
            pad,
        }
    }

    /// Pages of all its extents.
    #[inline]
    pub(crate) fn pages(&self) -> u64 {
        self.pages
    }

    /// The extent that lies here longest.
    #[inline]
    pub(crate) fn oldest(&self) -> Option<EdataId> {
        self.oldest
    }

    /// Its extents, the longest here first.
    pub(crate) fn iter<'a>(&'a self, edatas: &'a Edatas) -> impl Iterator<Item = EdataId> + 'a {
        std::iter::successors(self.oldest, |id| edatas[*id].newer)
    }

    /// `eset_insert`
    pub(crate) fn insert(&mut self, edatas: &mut Edatas, id: EdataId) {
        let extent = &edatas[id];
        let class = floor_class(extent.size, self.pad);
        self.pages += pages(extent.size);
        self.by_class[class].insert(extent.order(), id);
        self.filled[class / 64] |= 1 << (class % 64);
        let before = self.newest.replace(id);
        match before {
            Some(before) => edatas[before].newer = Some(id),
            None => self.oldest = Some(id),
        }
        let extent = &mut edatas[id];
        extent.older = before;
        extent.newer = None;
    }

    /// `eset_remove`
    pub(crate) fn remove(&mut self, edatas: &mut Edatas, id: EdataId) {
        let extent = &edatas[id];
        let class = floor_class(extent.size, self.pad);
        let order = extent.order();
        let (older, newer) = (extent.older, extent.newer);
        self.pages -= pages(extent.size);
        let removed = self.by_class[class].remove(order);
        debug_assert!(removed, "an extent is in the set it is removed from");
        if self.by_class[class].is_empty() {
            self.filled[class / 64] &= !(1 << (class % 64));
        }
        match older {
            Some(older) => edatas[older].newer = newer,
            None => self.oldest = newer,
        }
        match newer {
            Some(newer) => edatas[newer].older = older,
            None => self.newest = older,
        }
    }

    /// The first class from `class` on that holds anything.
    #[inline]
    fn next_filled(&self, class: usize) -> Option<usize> {
        let mut word = class / 64;
        let mut bits = self.filled.get(word)? & (u64::MAX << (class % 64));
        while bits == 0 {
            word += 1;
            bits = *self.filled.get(word)?;
        }
        Some(word * 64 + bits.trailing_zeros() as usize)
    }

    /// An extent that holds `size` bytes at an alignment; larger than the request by at most 2 to the power of `lg_most`
    /// (`eset_fit`). Where blocks are not rounded up to size classes (`mixed`), the class below the one that surely holds
    /// it may do so too.
    pub(crate) fn fit(
        &self,
        edatas: &Edatas,
        size: u64,
        alignment: u64,
        lg_most: u32,
        mixed: bool,
    ) -> Option<EdataId> {
        let most = size.checked_add(alignment.next_multiple_of(PAGE) - PAGE)?;
        let found = self.first_fit(edatas, most, lg_most, mixed);
        if found.is_none() && alignment > PAGE {
            return self.fit_alignment(edatas, (size, most), alignment, mixed);
        }
        found
    }

    /// The oldest, then lowest, of the first extents of all classes that are large enough (`eset_first_fit`).
    fn first_fit(&self, edatas: &Edatas, size: u64, lg_most: u32, mixed: bool) -> Option<EdataId> {
        let mut class = ceil_class(size, self.pad);
        let mut best: Option<(u64, EdataId)> = None;
        if let Some(below) = self.class_below(size, class, mixed) {
            let mut holding = self.by_class[below].iter();
            best = holding.find(|(_, id)| edatas[*id].size >= size);
        }
        while let Some(filled) = self.next_filled(class) {
            if page_class_size(filled) >> lg_most.min(63) > size {
                break;
            }
            if let Some(first) = self.by_class[filled].iter().next()
                && best.is_none_or(|best| first.0 < best.0)
            {
                best = Some(first);
            }
            class = filled + 1;
        }
        best.map(|(_, id)| id)
    }

    /// The class below the one that surely holds a size, if some of its extents may hold it.
    fn class_below(&self, size: u64, class: usize, mixed: bool) -> Option<usize> {
        let below = mixed.then(|| floor_class(size, self.pad))?;
        (below != class).then_some(below)
    }

    /// The first extent of a class below the one that is surely large enough that happens to be aligned so that the
    /// request fits (`eset_fit_alignment`).
    fn fit_alignment(
        &self,
        edatas: &Edatas,
        (least, most): (u64, u64),
        alignment: u64,
        mixed: bool,
    ) -> Option<EdataId> {
        let end = ceil_class(most, self.pad);
        let mut class = ceil_class(least, self.pad);
        let fits = |(_, id): (u64, EdataId)| {
            let Edata { base, size, .. } = edatas[id];
            let aligned = base.next_multiple_of(alignment.next_multiple_of(PAGE));
            let lead = aligned - base;
            (lead < size && size - lead >= least).then_some(id)
        };
        if let Some(below) = self.class_below(least, class, mixed)
            && let Some(found) = self.by_class[below].iter().find_map(fits)
        {
            return Some(found);
        }
        while let Some(filled) = self.next_filled(class).filter(|filled| *filled < end) {
            if let Some(found) = self.by_class[filled].iter().next().and_then(fits) {
                return Some(found);
            }
            class = filled + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_in_a_class_is_never_too_small() {
        for pad in [0, PAGE] {
            for count in 1..2000 {
                let size = count * PAGE;
                let class = ceil_class(size, pad);
                for kept in 1..2000 {
                    if floor_class(kept * PAGE, pad) >= class {
                        assert!(kept >= count, "{kept} pages for {count}, pad {pad}");
                    }
                }
            }
        }
    }
}
