use super::*;
use crate::unmapped::MappedRanges;

const SPAN: Bytes = Bytes::mib(64);
const BRK: Address = Address(0x5555_5555_5000);

struct Two(Correspondence);

impl Two {
    fn new() -> Self {
        Self(Correspondence::new(Bytes(4096), BRK, BRK))
    }

    fn equal(&mut self, recorded: u64, model: u64, at: Option<Whereabouts>) -> bool {
        self.0
            .compare(Address(recorded), Address(model), at)
            .are_same()
    }

    /// The same with the kind of the recorded chunk.
    fn equal_of(
        &mut self,
        chunk: ChunkKind,
        recorded: u64,
        model: u64,
        at: Option<Whereabouts>,
    ) -> bool {
        let recorded = Recorded {
            address: Address(recorded),
            chunk: Some(chunk),
        };
        self.0.compare(recorded, Address(model), at).are_same()
    }

    fn heap_deleted(&mut self, base: u64) {
        self.0.forget(&Unmapped {
            heaps: vec![Address(base)],
            mapped: None,
        });
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
    let left = MappedRanges::from_iter([(Address(0x7fff_f600_1000), Address(0x7fff_f601_0000))]);
    two.0.forget(&Unmapped {
        heaps: Vec::new(),
        mapped: Some(left),
    });
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
    two.heap_deleted(0x7fff_f000_0000);
    // A mapping in the recording where the heap was, and a new heap at the model's old address.
    assert!(two.mapping(0x7fff_e810_0010, 0x7fff_f680_0010));
    assert!(two.heap(0x7fff_d000_0030, 0x7fff_f000_0030));
    two.heap_deleted(0x7fff_f000_0000);
    // Both at the old addresses again; then only one of the two at its old one.
    assert!(two.heap(0x7fff_d000_0030, 0x7fff_f000_0030));
    assert!(two.heap(0x7fff_e800_0030, 0x7fff_c000_0030));
    two.heap_deleted(0x1234_0000_0000);
    assert!(two.heap(0x7fff_e800_0040, 0x7fff_c000_0040));
}

#[test]
fn a_known_kind_of_chunk_must_be_the_same() {
    let mut two = Two::new();
    let heap = Some(Whereabouts::Heap {
        base: Address(0x7fff_f000_0000),
        span: SPAN,
    });
    let (main, mapping) = (Some(Whereabouts::Main), Some(Whereabouts::Mapping));
    // Of the same place within a page only the kind tells a mapping from the main arena's.
    assert!(two.equal_of(ChunkKind::Main, 0x7fff_f7d0_0010, 0x7fff_f680_0010, main));
    assert!(!two.equal_of(ChunkKind::Mapped, 0x7fff_f7d0_0010, 0x7fff_f680_0010, main));
    assert!(two.equal_of(
        ChunkKind::Mapped,
        0x7fff_f7d0_0010,
        0x7fff_f680_0010,
        mapping
    ));
    assert!(!two.equal_of(ChunkKind::Main, 0x7fff_f7d0_0010, 0x7fff_f680_0010, mapping));
    // Only a chunk of another arena makes its heap a partner.
    assert!(!two.equal_of(ChunkKind::Mapped, 0x7fff_e800_0b70, 0x7fff_f000_0b70, heap));
    assert!(two.equal_of(
        ChunkKind::OtherArena,
        0x7fff_e800_0b70,
        0x7fff_f000_0b70,
        heap
    ));
    assert!(!two.equal_of(ChunkKind::Main, 0x7fff_e800_1b70, 0x7fff_f000_1b70, heap));
    // A heap that the model does not have.
    assert!(!two.equal_of(
        ChunkKind::OtherArena,
        0x7fff_c000_0b70,
        0x7fff_f680_0b70,
        mapping
    ));
}

#[test]
fn each_process_has_its_own_break() {
    let mut two = Correspondence::new(Bytes(4096), BRK, BRK + Bytes(0x1000));
    let places = two.compare(
        Address(0x5555_5555_52a0),
        Address(0x5555_5555_62a0),
        Some(Whereabouts::Main),
    );
    assert!(places.are_same(), "{places:?}");
}

#[test]
fn places_are_written_in_the_terms_of_the_allocator() {
    let mut two = Two::new();
    assert!(two.heap(0x7fff_e800_0b70, 0x7fff_f000_0b70));
    let places = two.0.compare(
        Address(0x7fff_e800_0b70),
        Address(0x7fff_d000_0b70),
        Some(Whereabouts::Heap {
            base: Address(0x7fff_d000_0000),
            span: SPAN,
        }),
    );
    let words = [places.expected.to_string(), places.found.to_string()];
    assert_eq!(words, ["heap 1+0xb70", "unpaired heap+0xb70"]);
    let places = two
        .0
        .compare(Address(0x5555_5555_52a0), Address::NULL, None);
    let words = [places.expected.to_string(), places.found.to_string()];
    assert_eq!(words, ["brk+0x2a0", "null"]);
}
