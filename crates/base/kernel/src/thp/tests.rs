use crate::{Address, Bytes, Config, HugeMode, HugePages, Kernel, Khugepaged, Micros, PageSize};

const PAGE: Bytes = Bytes::kib(4);
const HUGE: Bytes = Bytes::mib(2);

fn kernel(huge_pages: HugePages) -> Kernel {
    Kernel::new(Config {
        mmap_top: Address(0x7fff_f000_0000),
        huge_pages,
        ..Config::default()
    })
    .expect("it can be")
}

fn always(khugepaged: Khugepaged) -> Kernel {
    kernel(HugePages {
        mode: HugeMode::Always,
        khugepaged,
        ..HugePages::default()
    })
}

#[test]
fn a_whole_range_is_resident_at_its_first_write() {
    let mut k = always(Khugepaged::Off);
    let m = k.mmap(HUGE * 2 + PAGE).expect("there is room");
    // The highest range is whole, and so is the one below; a page is left at the bottom.
    k.touch_word(m);
    assert_eq!((k.rss(), k.huge()), (PAGE, Bytes::ZERO));
    k.touch_word(m + PAGE * 9);
    assert_eq!(
        (k.rss(), k.huge(), k.counts().faults),
        (HUGE + PAGE, HUGE, 2)
    );
    k.madvise_dontneed(m + PAGE * 5, PAGE);
    assert_eq!(
        (k.rss(), k.huge(), k.counts().splits),
        (HUGE, Bytes::ZERO, 1)
    );
    k.touch_word(m + PAGE * 5);
    assert_eq!(k.rss(), HUGE + PAGE, "its table is there");
    k.madvise_dontneed(m + PAGE, HUGE);
    k.touch_word(m + PAGE * 5);
    assert_eq!(
        k.rss(),
        PAGE * 2,
        "the table stays where the kernel does not free it"
    );
}

#[test]
fn without_advice_or_where_there_are_none_pages_are_small() {
    for mode in [HugeMode::Madvise, HugeMode::Never] {
        let mut k = kernel(HugePages {
            mode,
            ..HugePages::default()
        });
        let m = k.mmap(HUGE * 2).expect("there is room");
        k.touch_word(m);
        assert_eq!(k.rss(), PAGE);
        k.madvise_hugepage(m, HUGE * 2);
        k.touch_word(m + HUGE);
        let more = if mode == HugeMode::Madvise {
            HUGE
        } else {
            PAGE
        };
        assert_eq!(k.rss(), PAGE + more);
        k.madvise_collapse(m, HUGE);
        assert_eq!((k.rss(), k.counts().collapses), (HUGE + more, 1));
    }
}

#[test]
fn a_heap_that_grows_in_small_steps_gets_small_pages_until_khugepaged_comes() {
    let grown = |khugepaged| {
        let mut k = always(khugepaged);
        for _ in 0..64 {
            let old = k.sbrk(33 * 4096).expect("there is room");
            k.touch(old, PAGE * 33);
            k.madvise_dontneed(old, PAGE);
        }
        k
    };
    let mut k = grown(Khugepaged::Off);
    assert_eq!((k.rss(), k.huge()), (PAGE * (64 * 32), Bytes::ZERO));
    k.run_khugepaged(Micros(60_000_000));
    assert_eq!(k.huge(), Bytes::ZERO);
    let mut k = grown(Khugepaged::Clock);
    k.run_khugepaged(Micros(9_999_999));
    assert_eq!(k.huge(), Bytes::ZERO);
    k.run_khugepaged(Micros(10_000_000));
    assert_eq!(k.huge(), HUGE * 3, "the ranges that lie whole in the heap");
    let k = grown(Khugepaged::Everything);
    assert_eq!(k.huge(), HUGE * 3);
}

#[test]
fn khugepaged_leaves_ranges_alone_of_which_more_is_missing_than_it_may_add() {
    for (most, huge) in [(0, Bytes::ZERO), (255, Bytes::ZERO), (256, HUGE)] {
        let mut k = kernel(HugePages {
            khugepaged: Khugepaged::Clock,
            max_ptes_none: Some(most),
            ..HugePages::default()
        });
        let m = k.mmap(HUGE).expect("there is room");
        k.touch(m, PAGE * 256);
        k.madvise_hugepage(m, HUGE);
        k.run_khugepaged(Micros(3_600_000_000));
        assert_eq!(k.huge(), huge, "{most}");
    }
}

#[test]
fn a_huge_page_that_does_not_fit_below_the_cap_is_not_taken() {
    let mut k = Kernel::new(Config {
        cap: Some(Bytes::mib(3)),
        huge_pages: HugePages {
            mode: HugeMode::Always,
            ..HugePages::default()
        },
        ..Config::default()
    })
    .expect("it can be");
    let m = k.mmap(HUGE * 4).expect("there is room");
    k.touch_word(m + HUGE);
    k.touch_word(m + HUGE * 2);
    assert_eq!((k.rss(), k.killed()), (HUGE + PAGE, None));
}

#[test]
fn a_process_that_switched_them_off_has_none() {
    let mut k = kernel(HugePages {
        mode: HugeMode::Always,
        is_disabled: true,
        khugepaged: Khugepaged::Everything,
        ..HugePages::default()
    });
    let m = k.mmap(HUGE * 2).expect("there is room");
    k.touch_word(m + HUGE);
    k.madvise_collapse(m, HUGE * 2);
    assert_eq!(k.rss(), PAGE);
}

#[test]
fn huge_pages_follow_the_size_of_small_ones() {
    for (size, huge) in PageSize::ALL.into_iter().zip([2, 32, 512]) {
        let page = size.bytes();
        let mut k = Kernel::new(Config {
            page_size: page,
            mmap_top: Address(0x7fff_c000_0000),
            huge_pages: HugePages {
                mode: HugeMode::Always,
                ..HugePages::default()
            },
            ..Config::default()
        })
        .expect("it can be");
        let huge = Bytes::mib(huge);
        let before = k.page_tables();
        let m = k.mmap(huge * 2 + page).expect("there is room");
        k.touch_word(m + page);
        k.touch(m + page, huge);
        assert_eq!((k.rss(), k.counts().faults), (huge, 1));
        k.munmap(m + huge, page);
        assert_eq!(k.rss(), huge - page);
        k.munmap(m, huge * 2 + page);
        // One of an upper level has others in its range.
        let left = (k.rss(), k.page_tables());
        assert_eq!(left, (Bytes::ZERO, before + page));
    }
}

#[test]
fn a_range_that_was_read_first_gets_a_huge_page_unless_a_part_went_back_meanwhile() {
    let (source, target) = (Address(0x7fff_efc0_0000), Address(0x7fff_efa0_0000));
    for goes_back in [false, true] {
        let mut k = always(Khugepaged::Off);
        let m = k.mmap(HUGE * 4).expect("there is room");
        assert!(m <= target && source < m + HUGE * 4);
        k.copy(source + PAGE, target, Bytes(8));
        assert_eq!((k.rss(), k.huge()), (HUGE, HUGE), "reading takes nothing");
        k.madvise_free(source + PAGE, PAGE);
        if goes_back {
            k.madvise_dontneed(source + PAGE, PAGE);
        }
        assert_eq!(k.counts().splits, 0);
        k.touch_word(source);
        let more = if goes_back { PAGE } else { HUGE };
        assert_eq!(k.rss(), HUGE + more, "{goes_back}");
    }
}

#[test]
fn what_nobody_wrote_is_what_huge_pages_add() {
    let run = |huge_pages| {
        let mut k = kernel(huge_pages);
        let m = k.mmap(HUGE * 6).expect("there is room");
        k.touch(m + PAGE * 3, HUGE + PAGE * 9);
        k.touch_word(m + HUGE * 3);
        k.madvise_dontneed(m + PAGE * 4, PAGE * 40);
        k.touch_word(m + PAGE * 10);
        k.madvise_free(m + HUGE * 3, HUGE);
        k.touch_word(m + HUGE * 3);
        let old = k.mmap(HUGE).expect("there is room");
        k.touch_word(old);
        let moved = k.mremap(old, HUGE, HUGE * 2).expect("there is room");
        k.touch_word(moved + PAGE);
        k.munmap(m + HUGE * 3 + PAGE * 100, PAGE * 50);
        (k.rss(), k.unwritten())
    };
    let (small, none) = run(HugePages {
        mode: HugeMode::Never,
        ..HugePages::default()
    });
    assert_eq!(none, Bytes::ZERO);
    for khugepaged in Khugepaged::ALL {
        let (rss, unwritten) = run(HugePages {
            mode: HugeMode::Always,
            khugepaged,
            ..HugePages::default()
        });
        assert!(unwritten > Bytes::ZERO);
        assert_eq!(rss - unwritten, small, "{khugepaged}");
    }
}

#[test]
fn a_part_marked_with_madv_free_gives_back_what_nobody_wrote() {
    let mut k = always(Khugepaged::Off);
    let m = k.mmap(HUGE).expect("there is room");
    k.touch(m + PAGE * 7, PAGE * 3);
    k.madvise_free(m + PAGE * 8, PAGE);
    assert_eq!(
        (k.rss(), k.lazy(), k.unwritten()),
        (PAGE * 3, PAGE, Bytes::ZERO)
    );
    k.touch_word(m);
    assert_eq!((k.rss(), k.huge()), (PAGE * 4, Bytes::ZERO));
}

#[test]
fn what_a_fork_gave_to_two_processes_grows_together_with_nothing_new() {
    for forks in [false, true] {
        let mut k = always(Khugepaged::Off);
        let written = k.mmap(HUGE).expect("there is room");
        k.touch(written, PAGE);
        if forks {
            k.forked();
        }
        let new = k.mmap(HUGE).expect("there is room");
        assert_eq!(new + HUGE, written);
        assert_eq!(k.is_one_area(new, written + HUGE), !forks);
        // What is new has a record of its own pages, and becomes one area with what is newer.
        k.touch_word(new);
        let newer = k.mmap(HUGE).expect("there is room");
        assert!(k.is_one_area(newer, written), "{forks}");
    }
}
