//! A set of free extents of one state: by page size class, oldest and lowest first, and by how long they are in it.
//!
//! jemalloc 5.3.0, src/eset.c. An `ecache_t` is such a set and one of guarded extents, which the model does not have.

use crate::edata::{Edata, EdataId, Edatas};
use crate::edata_heap::{EdataHeap, SerialOrder};
use crate::size_classes::{PAGE, PAGE_CLASSES, Pszind, pages};
use highwater_allocator::{Bytes, Pages, table_bytes};

const CLASSES: usize = PAGE_CLASSES + 1;

/// Extents that are all dirty, all muzzy or all retained (`eset_t`).
#[derive(Clone)]
pub(crate) struct Eset {
    /// By page size class (`bins`).
    heaps: Vec<EdataHeap>,
    /// A bit for each heap that is not empty (`bitmap`).
    filled: [u64; CLASSES.div_ceil(64)],
    /// The ends of the list of least recent use (`lru`).
    oldest: Option<EdataId>,
    newest: Option<EdataId>,
    pages: Pages,
    pad: Bytes,
}

/// A request for an extent of a set (`eset_fit`).
#[derive(Clone, Copy)]
pub(crate) struct Fit {
    pub(crate) size: Bytes,
    pub(crate) alignment: Bytes,
    /// An extent larger than the request by more than 2 to this power is not used (`lg_max_fit`).
    pub(crate) lg_max_fit: u32,
    /// Whether blocks are not rounded up to size classes, so that the class below the one that surely holds the request
    /// may hold it, too.
    pub(crate) mixed: bool,
}

impl Eset {
    /// Returns the bytes of the heaps without what is in them.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        table_bytes(&self.heaps)
    }

    /// Makes an empty set, of extents that serve blocks with `pad` bytes beyond their class.
    pub(crate) fn new(pad: Bytes) -> Self {
        Self {
            heaps: vec![EdataHeap::default(); CLASSES],
            filled: [0; CLASSES.div_ceil(64)],
            oldest: None,
            newest: None,
            pages: Pages(0),
            pad,
        }
    }

    /// Returns the pages of all its extents (`eset_npages_get`).
    #[inline]
    pub(crate) fn pages(&self) -> Pages {
        self.pages
    }

    /// Returns the extent that has been in the set longest.
    #[inline]
    pub(crate) fn oldest(&self) -> Option<EdataId> {
        self.oldest
    }

    /// Returns its extents, those longest in the set first.
    pub(crate) fn iter<'a>(&'a self, edatas: &'a Edatas) -> impl Iterator<Item = EdataId> + 'a {
        std::iter::successors(self.oldest, |id| edatas[*id].newer)
    }

    /// Adds an extent (`eset_insert`).
    pub(crate) fn insert(&mut self, edatas: &mut Edatas, id: EdataId) {
        let before = self.newest.replace(id);
        match before {
            Some(before) => edatas[before].newer = Some(id),
            None => self.oldest = Some(id),
        }
        let edata = &mut edatas[id];
        edata.older = before;
        edata.newer = None;
        let key = edata.order();
        let class = Pszind::quantize_floor(edata.size, self.pad);
        edata.page_class = class;
        let class = class.0;
        self.pages += pages(edata.size);
        self.heaps[class].insert(edatas, key, id);
        self.filled[class / 64] |= 1 << (class % 64);
    }

    /// Removes an extent (`eset_remove`).
    pub(crate) fn remove(&mut self, edatas: &mut Edatas, id: EdataId) {
        let edata = &edatas[id];
        let class = edata.page_class.0;
        let (older, newer) = (edata.older, edata.newer);
        self.pages -= pages(edata.size);
        let removed = self.heaps[class].remove(edatas, id);
        debug_assert!(removed, "an extent is in the set it is removed from");
        if self.heaps[class].is_empty() {
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

    /// Returns the first class from `class` on that holds anything (`fb_ffs`).
    #[inline]
    fn next_filled(&self, class: Pszind) -> Option<Pszind> {
        let mut word = class.0 / 64;
        let mut bits = self.filled.get(word)? & (u64::MAX << (class.0 % 64));
        while bits == 0 {
            word += 1;
            bits = *self.filled.get(word)?;
        }
        Some(Pszind(word * 64 + bits.trailing_zeros() as usize))
    }

    /// Returns an extent that holds the request at its alignment (`eset_fit`).
    pub(crate) fn fit(&self, edatas: &Edatas, fit: Fit) -> Option<EdataId> {
        let slack = fit.alignment.align_up(PAGE) - PAGE;
        let most = fit.size.checked_add(slack)?;
        let found = self.first_fit(edatas, Fit { size: most, ..fit });
        if found.is_none() && fit.alignment > PAGE {
            return self.fit_alignment(edatas, fit, most);
        }
        found
    }

    /// Returns the oldest, then lowest, of the first extents of all classes that are large enough (`eset_first_fit`).
    fn first_fit(&self, edatas: &Edatas, fit: Fit) -> Option<EdataId> {
        let size = fit.size;
        let mut class = Pszind::quantize_ceil(size, self.pad);
        let mut best: Option<(SerialOrder, EdataId)> = None;
        if let Some(below) = self.class_below(fit, class) {
            best = self.heaps[below.0].first_that(edatas, |id| edatas[id].size >= size);
        }
        while let Some(filled) = self.next_filled(class) {
            if filled.size().0 >> fit.lg_max_fit.min(63) > size.0 {
                break;
            }
            if let Some(first) = self.heaps[filled.0].first(edatas)
                && best.is_none_or(|best| first.0 < best.0)
            {
                best = Some(first);
            }
            class = filled.after(1);
        }
        best.map(|(_, id)| id)
    }

    /// Returns the class below `class`, the one that surely holds the request, if some of its extents may hold it.
    fn class_below(&self, fit: Fit, class: Pszind) -> Option<Pszind> {
        let below = fit
            .mixed
            .then(|| Pszind::quantize_floor(fit.size, self.pad))?;
        (below != class).then_some(below)
    }

    /// Returns the first extent of a class below the one of `most` bytes, in which every extent is large enough, that
    /// happens to be aligned so that the request fits (`eset_fit_alignment`).
    fn fit_alignment(&self, edatas: &Edatas, fit: Fit, most: Bytes) -> Option<EdataId> {
        let end = Pszind::quantize_ceil(most, self.pad);
        let mut class = Pszind::quantize_ceil(fit.size, self.pad);
        let fits = |id: EdataId| {
            let Edata { base, size, .. } = edatas[id];
            let lead = base.align_up(fit.alignment.align_up(PAGE)) - base;
            lead < size && size - lead >= fit.size
        };
        if let Some(below) = self.class_below(fit, class)
            && let Some((_, found)) = self.heaps[below.0].first_that(edatas, fits)
        {
            return Some(found);
        }
        while let Some(filled) = self.next_filled(class).filter(|filled| *filled < end) {
            let first = self.heaps[filled.0].first(edatas);
            if let Some((_, found)) = first.filter(|first| fits(first.1)) {
                return Some(found);
            }
            class = filled.after(1);
        }
        None
    }
}
