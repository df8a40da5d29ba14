use super::*;

const PAGE: Bytes = Bytes(4096);

fn kernel() -> Kernel {
    Kernel::new(Config::default()).expect("the default is a process")
}

fn capped(pages: u64) -> Kernel {
    Kernel::new(Config {
        // A table of each of three levels is charged, too.
        cap: Some(PAGE * (pages + 3)),
        ..Config::default()
    })
    .expect("a cap changes nothing else")
}

#[test]
fn a_page_is_resident_once_something_wrote_to_it() {
    let mut k = kernel();
    let heap = k.sbrk(0x21000).expect("there is room");
    assert_eq!(k.rss(), Bytes::ZERO);
    k.touch_word(heap + Bytes(8));
    assert_eq!(k.rss(), PAGE);
    k.touch(heap + Bytes(4090), Bytes(10));
    assert_eq!(k.rss(), PAGE * 2);
    assert_eq!(k.counts().faults, 2);
}

#[test]
fn the_page_a_break_begins_within_was_there_before() {
    let mut k = Kernel::new(Config {
        brk: Address(0x5555_5555_6020),
        ..Config::default()
    })
    .expect("a break may be anywhere");
    let heap = k.sbrk(0x21000).expect("there is room");
    assert_eq!(k.rss(), Bytes::ZERO);
    k.touch(heap, Bytes(0xfe0));
    assert_eq!(k.rss(), Bytes::ZERO, "its page was resident");
    k.touch(heap, Bytes(0xfe1));
    assert_eq!(k.rss(), PAGE);
}

#[test]
fn shrinking_the_break_gives_pages_back() {
    let mut k = kernel();
    let heap = k.sbrk(16 * 4096).expect("there is room");
    k.touch(heap, PAGE * 16);
    k.sbrk(-(8 * 4096)).expect("shrinking never fails");
    assert_eq!(k.rss(), PAGE * 8);
    assert_eq!(k.page_state(heap + PAGE * 10), PageState::GivenBack);
    k.sbrk(8 * 4096).expect("there is room");
    assert_eq!(k.rss(), PAGE * 8);
    assert_eq!(k.counts().syscalls.brk, 3);
}

#[test]
fn mappings_go_top_down_and_into_the_highest_gap() {
    let mut k = kernel();
    let top = k.config().mmap_top;
    let a = k.mmap(PAGE * 4).expect("there is room");
    let b = k.mmap(PAGE * 2).expect("there is room");
    let c = k.mmap(PAGE).expect("there is room");
    assert_eq!((a, b), (top - PAGE * 4, top - PAGE * 6));
    k.munmap(b, PAGE * 2);
    assert_eq!(k.mmap(PAGE * 3), Ok(c - PAGE * 3), "the gap is too small");
    assert_eq!(k.mmap(PAGE), Ok(a - PAGE));
}

#[test]
fn mremap_keeps_resident_pages_wherever_they_go() {
    let mut k = kernel();
    let a = k.mmap(PAGE * 2).expect("there is room");
    let b = k.mmap(PAGE * 2).expect("there is room");
    k.touch_word(b + PAGE + Bytes(16));
    k.touch(a, PAGE);
    let moved = k.mremap(b, PAGE * 2, PAGE * 600).expect("there is room");
    assert_ne!(moved, b, "the mapping above is in the way");
    assert_eq!(k.rss(), PAGE * 2);
    assert_eq!(k.mremap(moved, PAGE * 600, PAGE), Ok(moved));
    assert_eq!(k.rss(), PAGE, "the word's page was in the part cut off");
    let grown = k.mremap(moved, PAGE, PAGE * 2);
    assert_eq!(grown, Ok(moved), "there is room again");
}

#[test]
fn dontneed_drops_and_free_waits_for_pressure() {
    let mut k = capped(8);
    let m = k.mmap(PAGE * 16).expect("there is room");
    k.touch(m, PAGE * 8);
    k.madvise_free(m, PAGE * 4);
    assert_eq!(k.rss(), PAGE * 8, "still resident");
    assert_eq!(k.page_state(m), PageState::Reclaimable);
    k.touch_word(m);
    assert_eq!(k.page_state(m), PageState::Resident, "a write keeps it");
    k.touch(m + PAGE * 8, PAGE * 3);
    assert_eq!(k.rss(), PAGE * 8);
    assert_eq!(k.counts().reclaimed, 3);
    assert_eq!(k.killed(), None);
    k.madvise_dontneed(m, PAGE);
    assert_eq!(k.rss(), PAGE * 7);
}

#[test]
fn the_cap_kills_when_nothing_can_be_taken() {
    let mut k = capped(2);
    let m = k.mmap(PAGE * 4).expect("there is room");
    k.touch(m, PAGE * 2);
    assert_eq!(k.killed(), None);
    k.touch(m + PAGE * 2, Bytes(1));
    let killed = k.killed().expect("one page too many");
    assert_eq!((killed.resident, killed.cap), (PAGE * 3, PAGE * 5));
    assert_eq!(killed.charged, PAGE * 6);
}

#[test]
fn what_is_too_much_is_refused_and_changes_nothing() {
    let mut k = kernel();
    assert!(k.mmap(Bytes(1 << 46)).is_err());
    assert!(k.mmap(Bytes(u64::MAX)).is_err());
    assert!(
        k.mmap(Bytes(300 << 30)).is_err(),
        "more than the machine has"
    );
    assert!(k.sbrk(1 << 45).is_err());
    assert!(k.sbrk(i64::MAX).is_err());
    assert!(k.sbrk(-4096).is_err(), "below where it began");
    assert_eq!(k.sbrk(0), Ok(k.config().brk));
    assert_eq!(k.mappings().count(), 0);
}

#[test]
fn a_process_that_cannot_be_is_refused() {
    let config = Config::default();
    let page_size = Bytes(1000);
    assert!(
        Kernel::new(Config {
            page_size,
            ..config
        })
        .is_err()
    );
    let brk = Address(u64::MAX);
    assert!(Kernel::new(Config { brk, ..config }).is_err());
    let mmap_top = Address(0x1234);
    assert!(Kernel::new(Config { mmap_top, ..config }).is_err());
}

#[test]
fn shrinking_a_break_that_began_inside_a_page_leaves_that_page() {
    let mut k = Kernel::new(Config {
        brk: Address(0x5555_5555_5800),
        ..Config::default()
    })
    .expect("the break may lie anywhere");
    let old = k.sbrk(0x1000).expect("there is room");
    k.touch(old, Bytes(0x1000));
    assert_eq!(k.rss(), PAGE, "the first page was resident before");
    k.sbrk(-0x1000).expect("shrinking never fails");
    assert_eq!(k.rss(), Bytes::ZERO);
    assert_eq!(k.page_state(old), PageState::Resident);
}

#[test]
fn larger_pages_count_as_they_are() {
    let mut k = Kernel::new(Config {
        page_size: Bytes(65536),
        mmap_top: Address(0x7fff_f7ff_0000),
        ..Config::default()
    })
    .expect("64 KiB pages exist");
    let m = k.mmap(Bytes(1)).expect("there is room");
    k.touch_word(m);
    k.touch_word(m + Bytes(65528));
    assert_eq!(k.rss(), Bytes(65536));
    k.munmap(m, Bytes(1));
    assert_eq!(k.rss(), Bytes::ZERO);
}

#[test]
fn resident_in_counts_pages_reached_into() {
    let mut k = kernel();
    let m = k.mmap(PAGE * 1024).expect("there is room");
    k.touch(m + PAGE * 500, PAGE * 100);
    assert_eq!(k.resident_in(m, m + PAGE * 1024), PAGE * 100);
    assert_eq!(k.resident_in(m + PAGE * 599, m + PAGE * 700), PAGE);
    assert_eq!(k.resident_in(m, m), Bytes::ZERO);
}

#[test]
fn a_word_at_the_far_end_of_a_vast_heap_costs_little() {
    let mut k = kernel();
    for _ in 0..60 {
        k.sbrk(256 << 30).expect("address space is cheap");
    }
    assert!(k.sbrk(2 << 40).is_err());
    let last = k.brk() - Bytes(16);
    k.touch(last, Bytes(16));
    assert_eq!(k.rss(), PAGE);
}

/// Observed on Linux 6.18: the starts of the mappings that a heap asked for, of 3.5, 4, 5 and 6 MiB.
#[test]
fn mappings_of_whole_huge_pages_are_aligned_where_the_kernel_does_that() {
    let starts = |huge_mappings_aligned| {
        let mut k = Kernel::new(Config {
            mmap_top: Address(0x7fff_f668_0000),
            huge_mappings_aligned,
            ..Config::default()
        })
        .expect("it can be");
        [7, 8, 10, 12].map(|halves| k.mmap(Bytes(halves << 19)).expect("there is room").0)
    };
    let observed = [
        0x7fff_f630_0000,
        0x7fff_f5e0_0000,
        0x7fff_f590_0000,
        0x7fff_f520_0000,
    ];
    assert_eq!(starts(true), observed);
    assert_eq!(starts(false)[1], 0x7fff_f5f0_0000);
}

#[test]
fn a_page_between_heap_and_mappings_counts_once() {
    let defaults = Config::default();
    let mut k = Kernel::new(Config {
        brk: defaults.mmap_top - Bytes::mib(3),
        ..defaults
    })
    .expect("a heap may begin near the mappings");
    let heap = k.sbrk(2 << 20).expect("there is room");
    for offset in (0..2 << 20).step_by(4096) {
        k.touch(heap + Bytes(offset), Bytes(1));
    }
    k.touch(heap, Bytes::mib(2));
    assert_eq!(k.rss(), Bytes::mib(2));
    k.sbrk(-(2 << 20)).expect("it shrinks");
    assert_eq!(k.rss(), Bytes::ZERO);
}

#[test]
fn a_page_that_went_becomes_resident_again_when_it_is_written() {
    let mut k = kernel();
    let heap = k.sbrk(0x21000).expect("there is room");
    let mapping = k.mmap(Bytes(0x8000)).expect("there is room");
    for start in [heap, mapping] {
        k.touch(start, PAGE * 4);
        k.madvise_dontneed(start + PAGE, PAGE);
        assert_eq!(k.rss(), PAGE * 3);
        k.touch(start, PAGE * 4);
        assert_eq!(k.rss(), PAGE * 4);
        k.madvise_dontneed(start + PAGE, PAGE);
        k.touch_word(start + PAGE);
        assert_eq!(k.rss(), PAGE * 4);
        k.madvise_dontneed(start, PAGE * 4);
    }
    assert_eq!(k.counts().faults, 12);
}
