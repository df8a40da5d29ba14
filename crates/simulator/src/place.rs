//! Where an address lies, as far as that can be compared between a recorded process and a simulated one.
//!
//! Absolute addresses differ from run to run, and where a mapping goes is the kernel's affair. So on the heap of the
//! program break the distance from its start must be equal, and in a mapping of its own the place within a page. A heap
//! of another arena is aligned to its span: there the place within the span must be equal, and the heaps of both
//! processes must belong to each other one to one, for as long as they last. The model knows which of its addresses lie
//! in such a heap; of the recording that follows from the heaps it was found to have. Of an allocator that has no heaps the
//! pages must belong to each other one to one in the same way.

use highwater_allocator::{Address, Bytes, Numbers, Whereabouts};
use serde::{Deserialize, Serialize};

/// Mappings lie further than this above the first program break, or below it; the heap nearer.
const HEAP_REACH: u64 = 1 << 40;

/// A place, as far as it can be compared between two runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Place {
    /// The null pointer: the call failed.
    Nowhere,
    /// The heap of the program break.
    Heap {
        /// Distance from the first break.
        offset: Bytes,
    },
    /// A heap of another arena.
    Arena {
        /// Which heap, counted from 1 in the order in which they appeared; 0 for one that has no partner.
        heap: u32,
        /// Distance from the heap's start.
        offset: Bytes,
    },
    /// A page of an allocator that has no heaps.
    Page {
        /// Which page, counted from 1 in the order in which they appeared; 0 for one that has no partner.
        page: u32,
        /// Distance from the page's start.
        offset: Bytes,
    },
    /// A mapping of its own, or one that continues the heap of a program break which could not move on.
    Mapping {
        /// Distance from the page's start.
        offset: Bytes,
    },
}

/// A recorded heap and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Partner {
    recorded: Address,
    model: Address,
    span: Bytes,
    number: u32,
}

/// What is known of how the places of two processes belong to each other.
#[derive(Clone, Debug)]
pub(crate) struct Correspondence {
    brk: Address,
    page: Bytes,
    /// The heaps of other arenas, in the order in which they lie in the recording.
    recorded: Vec<Partner>,
    /// Where each heap of the model begins in the recording.
    model: Numbers,
    heaps: u32,
    pages: Pages,
}

/// How the pages of two processes belong to each other, where an allocator has no heaps.
#[derive(Clone, Debug, Default)]
struct Pages {
    /// The number of each page of the recording that has a partner.
    recorded: Numbers,
    /// The same of each page of the model: partners have one number.
    model: Numbers,
    /// The partners: the page of the recording and that of the model.
    partners: Vec<(Address, Address)>,
    count: u32,
}

impl Pages {
    /// Takes two pages for each other's partners, if neither has one; the places then say whether they are.
    fn compare(&mut self, recorded: Address, model: Address, page: Bytes) -> (Place, Place) {
        let (there, here) = (recorded.align_down(page), model.align_down(page));
        let (mut expected, mut found) = (self.recorded.get(there.0), self.model.get(here.0));
        if expected.is_none() && found.is_none() {
            self.count += 1;
            let number = u64::from(self.count);
            self.recorded.insert(there.0, number);
            self.model.insert(here.0, number);
            self.partners.push((there, here));
            (expected, found) = (Some(number), Some(number));
        }
        let place = |number: Option<u64>, address: Address| Place::Page {
            page: number.unwrap_or(0) as u32,
            offset: address.offset_in(page),
        };
        (place(expected, recorded), place(found, model))
    }

    /// Drops the pages of the model that are not there any more: what lies at their addresses from now on is something
    /// else.
    fn forget(&mut self, is_there: impl Fn(Address) -> bool) {
        let (recorded, model) = (&mut self.recorded, &mut self.model);
        self.partners.retain(|(there, here)| {
            let stays = is_there(*here);
            if !stays {
                recorded.remove(there.0);
                model.remove(here.0);
            }
            stays
        });
    }
}

impl Correspondence {
    /// For processes whose heap began at `brk` and whose pages have `page` bytes.
    pub(crate) fn new(brk: Address, page: Bytes) -> Self {
        Self {
            brk,
            page,
            recorded: Vec::new(),
            model: Numbers::default(),
            heaps: 0,
            pages: Pages::default(),
        }
    }

    /// Compares the recorded answer to a call with the model's. Returns the recorded place and the model's; they are
    /// equal if the answers are.
    pub(crate) fn compare(
        &mut self,
        recorded: Address,
        model: Address,
        whereabouts: Option<Whereabouts>,
    ) -> (Place, Place) {
        if whereabouts == Some(Whereabouts::Pages) && !recorded.is_null() {
            return self.pages.compare(recorded, model, self.page);
        }
        if let Some(Whereabouts::Heap { base, span }) = whereabouts {
            self.acquaint(recorded, model, base, span);
        }
        (
            self.recorded_place(recorded),
            self.model_place(model, whereabouts),
        )
    }

    /// A heap of the model was unmapped. Its partner is gone too, or will be found to be there against the model: what
    /// either kernel puts at the same address from now on is something else.
    pub(crate) fn forget(&mut self, base: Address) {
        if let Some(recorded) = self.model.remove(base.0) {
            self.recorded.retain(|heap| heap.recorded.0 != recorded);
        }
    }

    /// Mappings of the model were given back.
    pub(crate) fn forget_pages(&mut self, is_there: impl Fn(Address) -> bool) {
        self.pages.forget(is_there);
    }

    /// Takes two heaps for each other's partners, if neither has one and the blocks lie at the same distance in them.
    fn acquaint(&mut self, recorded: Address, model: Address, base: Address, span: Bytes) {
        let heap = recorded.align_down(span);
        let may_be = !recorded.is_null()
            && !self.is_near_brk(recorded)
            && recorded - heap == model - base
            && self.heap_of(recorded).is_none()
            && !self.model.contains(base.0);
        if may_be {
            self.heaps += 1;
            self.model.insert(base.0, heap.0);
            let partner = Partner {
                recorded: heap,
                model: base,
                span,
                number: self.heaps,
            };
            self.recorded.insert(self.heaps_up_to(heap), partner);
        }
    }

    /// How many heaps of the recording begin at an address or below it.
    fn heaps_up_to(&self, recorded: Address) -> usize {
        self.recorded
            .partition_point(|heap| heap.recorded <= recorded)
    }

    fn heap_of(&self, recorded: Address) -> Option<Partner> {
        let heaps = &self.recorded[..self.heaps_up_to(recorded)];
        let partner = heaps.last()?;
        (recorded - partner.recorded < partner.span).then_some(*partner)
    }

    fn is_near_brk(&self, address: Address) -> bool {
        address >= self.brk && (address - self.brk).0 < HEAP_REACH
    }

    /// What is the same for both.
    fn outside_arenas(&self, address: Address) -> Place {
        if address.is_null() {
            Place::Nowhere
        } else if self.is_near_brk(address) {
            Place::Heap {
                offset: address - self.brk,
            }
        } else {
            Place::Mapping {
                offset: address.offset_in(self.page),
            }
        }
    }

    fn recorded_place(&self, address: Address) -> Place {
        match self.heap_of(address) {
            Some(partner) => Place::Arena {
                heap: partner.number,
                offset: address - partner.recorded,
            },
            None => self.outside_arenas(address),
        }
    }

    fn model_place(&self, address: Address, whereabouts: Option<Whereabouts>) -> Place {
        let Some(Whereabouts::Heap { base, .. }) = whereabouts else {
            return self.outside_arenas(address);
        };
        let recorded = self.model.get(base.0).map(Address);
        let partner = recorded.and_then(|at| self.heap_of(at));
        debug_assert!(partner.is_none_or(|partner| partner.model == base));
        Place::Arena {
            heap: partner.map_or(0, |partner| partner.number),
            offset: address - base,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Bytes = Bytes::mib(64);
    const BRK: Address = Address(0x5555_5555_5000);

    struct Two(Correspondence);

    impl Two {
        fn new() -> Self {
            Self(Correspondence::new(BRK, Bytes(4096)))
        }

        fn equal(&mut self, recorded: u64, model: u64, at: Option<Whereabouts>) -> bool {
            let (expected, found) = self.0.compare(Address(recorded), Address(model), at);
            expected == found
        }

        /// The model returned a block of the heap at `base`.
        fn heap(&mut self, recorded: u64, model: u64) -> bool {
            let base = Address(model).align_down(SPAN);
            self.equal(
                recorded,
                model,
                Some(Whereabouts::Heap { base, span: SPAN }),
            )
        }

        fn mapping(&mut self, recorded: u64, model: u64) -> bool {
            self.equal(recorded, model, Some(Whereabouts::Mapping))
        }

        fn main(&mut self, recorded: u64, model: u64) -> bool {
            self.equal(recorded, model, Some(Whereabouts::Main))
        }
    }

    #[test]
    fn on_the_heap_of_the_break_the_distance_counts() {
        let mut two = Two::new();
        assert!(two.main(0x5555_5555_52a0, 0x5555_5555_52a0));
        assert!(!two.main(0x5555_5555_52b0, 0x5555_5555_52a0));
        assert!(!two.main(0x7fff_f7d0_02a0, 0x5555_5555_52a0));
        assert!(two.equal(0, 0, None));
        assert!(!two.equal(0, 0x5555_5555_52a0, Some(Whereabouts::Main)));
        assert!(!two.equal(0x5555_5555_52a0, 0, None));
    }

    #[test]
    fn in_a_mapping_the_place_within_the_page_counts() {
        let mut two = Two::new();
        assert!(two.mapping(0x7fff_f7d0_0010, 0x7fff_f680_0010));
        assert!(!two.mapping(0x7fff_f7d0_0010, 0x7fff_f680_0020));
        assert!(!two.mapping(0x5555_5555_5010, 0x7fff_f680_0010));
    }

    #[test]
    fn a_main_heap_that_went_on_in_mappings_is_compared_within_the_page() {
        let mut two = Two::new();
        assert!(two.main(0x7fff_f7d0_02a0, 0x7fff_f680_02a0));
        assert!(!two.main(0x7fff_f7d0_02b0, 0x7fff_f680_02a0));
    }

    #[test]
    fn heaps_belong_to_each_other_one_to_one() {
        let mut two = Two::new();
        assert!(two.heap(0x7fff_e800_0b70, 0x7fff_f000_0b70));
        assert!(two.heap(0x7fff_e800_1b70, 0x7fff_f000_1b70));
        assert!(two.heap(0x7fff_e000_0b70, 0x7fff_ec00_0b70));
        // The same place in the partner of another heap, in either direction.
        assert!(!two.heap(0x7fff_e000_1b70, 0x7fff_f000_1b70));
        assert!(!two.heap(0x7fff_e800_1b70, 0x7fff_ec00_1b70));
        // A heap that has a partner, and one that was never seen.
        assert!(!two.heap(0x7fff_d000_1b70, 0x7fff_f000_1b70));
        assert!(!two.heap(0x7fff_e800_1b70, 0x7fff_d800_1b70));
        // Another place in the right one.
        assert!(!two.heap(0x7fff_e800_1b80, 0x7fff_f000_1b70));
    }

    #[test]
    fn pages_belong_to_each_other_one_to_one() {
        let mut two = Two::new();
        let mut page = |recorded, model| two.equal(recorded, model, Some(Whereabouts::Pages));
        assert!(page(0x7fff_f700_0040, 0x7fff_f600_0040));
        assert!(page(0x7fff_f700_0080, 0x7fff_f600_0080));
        // Another place in the page, another page of either process, and two new pages at different places.
        assert!(!page(0x7fff_f700_0080, 0x7fff_f600_0090));
        assert!(!page(0x7fff_f700_0080, 0x7fff_f600_1080));
        assert!(!page(0x7fff_f700_1080, 0x7fff_f600_0080));
        assert!(!page(0x7fff_f700_2080, 0x7fff_f600_2090));
        assert!(!page(0, 0x7fff_f600_0080));
        // Once the model has given a page back, what lies there is something else.
        two.0.forget_pages(|page| page != Address(0x7fff_f600_0000));
        assert!(two.equal(0x7fff_f700_5040, 0x7fff_f600_0040, Some(Whereabouts::Pages)));
        assert!(two.equal(0x7fff_f700_0040, 0x7fff_f600_7040, Some(Whereabouts::Pages)));
    }

    #[test]
    fn a_first_block_elsewhere_makes_no_partners() {
        let mut two = Two::new();
        assert!(!two.heap(0x7fff_e800_0b80, 0x7fff_f000_0b70));
        assert!(!two.heap(0x5555_5555_5b70, 0x7fff_f000_0b70));
        assert!(!two.heap(0, 0x7fff_f000_0b70));
        assert!(two.heap(0x7fff_e800_0b70, 0x7fff_f000_0b70));
    }

    #[test]
    fn inside_a_recorded_heap_there_is_no_mapping_of_its_own() {
        let mut two = Two::new();
        assert!(two.heap(0x7fff_e800_0b70, 0x7fff_f000_0b70));
        assert!(!two.mapping(0x7fff_e810_0010, 0x7fff_f680_0010));
        assert!(!two.main(0x7fff_e810_0010, 0x7fff_f680_0010));
        assert!(two.mapping(0x7fff_ec00_0010, 0x7fff_f680_0010));
        assert!(!two.heap(0x5555_5555_5b70, 0x7fff_f000_0b70));
    }

    #[test]
    fn a_heap_that_was_unmapped_leaves_its_address_to_others() {
        let mut two = Two::new();
        assert!(two.heap(0x7fff_e800_0b70, 0x7fff_f000_0b70));
        two.0.forget(Address(0x7fff_f000_0000));
        // A mapping in the recording where the heap was, and a new heap at the model's old address.
        assert!(two.mapping(0x7fff_e810_0010, 0x7fff_f680_0010));
        assert!(two.heap(0x7fff_d000_0030, 0x7fff_f000_0030));
        two.0.forget(Address(0x7fff_f000_0000));
        // Both at the old addresses again; then only one of the two at its old one.
        assert!(two.heap(0x7fff_d000_0030, 0x7fff_f000_0030));
        assert!(two.heap(0x7fff_e800_0030, 0x7fff_c000_0030));
        two.0.forget(Address(0x1234_0000_0000));
        assert!(two.heap(0x7fff_e800_0040, 0x7fff_c000_0040));
    }
}
