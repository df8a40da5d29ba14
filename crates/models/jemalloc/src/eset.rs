//! A set of free extents of one state: by page size class, oldest and lowest first, and by how long they are in it.
//!
//! jemalloc 5.3.0, src/eset.c. An `ecache_t` is such a set and one of guarded extents, which the model does not have.

use crate::edata::{Edata, EdataId, Edatas, SerialOrder};
use crate::edata_heap::{EdataHeap, HeapKind};
use crate::size_classes::{PAGE, PAGE_CLASSES, Pszind, pages};
use crate::units::Serial;
use highwater_allocator::{Address, Bytes, Pages, table_bytes};

const CLASSES: usize = PAGE_CLASSES + 1;
/// How many extents of a class are looked at that need not hold the request (`ESET_ENUMERATE_MAX_NUM`).
const ENUMERATED: usize = 32;

/// Extents that are all dirty, all muzzy or all retained (`eset_t`).
#[derive(Clone)]
pub(crate) struct Eset {
    /// By page size class (`bins`).
    bins: Vec<EsetBin>,
    /// A bit for each heap that is not empty (`bitmap`).
    filled: [u64; CLASSES.div_ceil(64)],
    /// The ends of the list of least recent use (`lru`).
    oldest: Option<EdataId>,
    newest: Option<EdataId>,
    pages: Pages,
    pad: Bytes,
}

/// The extents of one page size class (`eset_bin_t`).
#[derive(Clone)]
struct EsetBin {
    heap: EdataHeap,
    /// The key of the first (`heap_min`); in 5.3.0 of one that the heap may return later.
    min: SerialOrder,
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
        table_bytes(&self.bins)
    }

    /// Makes an empty set, of extents that serve blocks with `pad` bytes beyond their class.
    pub(crate) fn new(pad: Bytes, heap: HeapKind) -> Self {
        let bin = EsetBin {
            heap: EdataHeap::new(heap),
            min: (Serial(0), Address::NULL),
        };
        Self {
            bins: vec![bin; CLASSES],
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
        edata.page_class = Pszind::quantize_floor(edata.size, self.pad);
        let class = edata.page_class.0;
        let order = edata.order();
        self.pages += pages(edata.size);
        let bin = &mut self.bins[class];
        if bin.heap.is_empty() || order < bin.min {
            bin.min = order;
        }
        bin.heap.insert(edatas, id);
        self.filled[class / 64] |= 1 << (class % 64);
    }

    /// Removes an extent (`eset_remove`).
    pub(crate) fn remove(&mut self, edatas: &mut Edatas, id: EdataId) {
        let edata = &edatas[id];
        let class = edata.page_class.0;
        let (older, newer, order) = (edata.older, edata.newer, edata.order());
        self.pages -= pages(edata.size);
        let bin = &mut self.bins[class];
        bin.heap.remove(edatas, id);
        if bin.heap.is_empty() {
            self.filled[class / 64] &= !(1 << (class % 64));
        } else if order == bin.min
            && let Some(first) = bin.heap.first(edatas)
        {
            bin.min = edatas[first].order();
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
    pub(crate) fn fit(&mut self, edatas: &mut Edatas, fit: Fit) -> Option<EdataId> {
        let slack = fit.alignment.align_up(PAGE) - PAGE;
        let most = fit.size.checked_add(slack)?;
        let found = self.first_fit(edatas, Fit { size: most, ..fit });
        if found.is_none() && fit.alignment > PAGE {
            return self.fit_alignment(edatas, fit, most);
        }
        found
    }

    /// Returns the oldest, then lowest, of the first extents of all classes that are large enough (`eset_first_fit`).
    fn first_fit(&mut self, edatas: &mut Edatas, fit: Fit) -> Option<EdataId> {
        let size = fit.size;
        let mut class = Pszind::quantize_ceil(size, self.pad);
        let mut best: Option<(SerialOrder, EdataId)> = None;
        if let Some(below) = self.class_below(fit, class) {
            let some = self.bins[below.0].heap.by_level(edatas, ENUMERATED);
            let holding = some.filter(|id| edatas[*id].size >= size);
            best = holding.map(|id| (edatas[id].order(), id)).min();
        }
        while let Some(filled) = self.next_filled(class) {
            if filled.size().0 >> fit.lg_max_fit.min(63) > size.0 {
                break;
            }
            let bin = &mut self.bins[filled.0];
            if best.is_none_or(|best| bin.min < best.0)
                && let Some(first) = bin.heap.first(edatas)
            {
                best = Some((bin.min, first));
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
    fn fit_alignment(&mut self, edatas: &mut Edatas, fit: Fit, most: Bytes) -> Option<EdataId> {
        let end = Pszind::quantize_ceil(most, self.pad);
        let mut class = Pszind::quantize_ceil(fit.size, self.pad);
        let fits = |edatas: &Edatas, id: EdataId| {
            let Edata { base, size, .. } = edatas[id];
            let lead = base.align_up(fit.alignment.align_up(PAGE)) - base;
            lead < size && size - lead >= fit.size
        };
        if let Some(below) = self.class_below(fit, class) {
            let mut some = self.bins[below.0].heap.by_level(edatas, ENUMERATED);
            if let Some(found) = some.find(|id| fits(edatas, *id)) {
                return Some(found);
            }
        }
        while let Some(filled) = self.next_filled(class).filter(|filled| *filled < end) {
            if let Some(first) = self.bins[filled.0].heap.first(edatas)
                && fits(edatas, first)
            {
                return Some(first);
            }
            class = filled.after(1);
        }
        None
    }
}
