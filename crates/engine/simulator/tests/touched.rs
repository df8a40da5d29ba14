//! Resident memory follows the pages that a trace says the program touched of its blocks.

use highwater_simulator::{Bytes, Simulation, Variant};
use highwater_workload::trace;

/// Resident bytes after each event of a trace of version 2.
fn resident(text: &str) -> Vec<u64> {
    let text = format!("highwater-trace 2\n{text}");
    let workload = trace::read(text.as_bytes()).expect("well formed");
    let mut simulation = Simulation::new(workload, &Variant::default()).expect("it can run");
    let mut resident = Vec::new();
    while simulation.step().is_some() {
        resident.push(simulation.rss().0);
    }
    resident
}

const GIB: u64 = 1 << 30;

/// What the first call takes besides its block: the thread's cache, in one page of the heap.
const CACHE: u64 = 4096;

#[test]
fn a_gibibyte_of_which_one_page_is_touched_is_one_page() {
    let map = "m 1 0 0x7f0000000010 1073741824\n";
    let whole = resident(&format!("{map}f 2 0 0x7f0000000010\n"));
    assert_eq!(whole, [CACHE + GIB + 4096, CACHE]);
    // The page of the chunk's header is the first, which malloc itself writes.
    for (runs, pages) in [
        ("0+1", 1),
        ("5+1", 2),
        ("", 1),
        ("0+1 9+2 1+1", 4),
        ("0+262145", 262_145),
    ] {
        let runs = format!("{map}p 2 0 0x7f0000000010 {runs}")
            .trim_end()
            .to_owned();
        let resident = resident(&format!("{runs}\nf 2 0 0x7f0000000010\n"));
        let held = CACHE + pages * 4096;
        assert_eq!(resident, [held, held, CACHE], "{runs}");
    }
}

#[test]
fn buffers_that_are_doubled_and_never_filled_stay_small() {
    let mut text = String::new();
    let mut old = 0;
    for step in 0..12_u64 {
        let (size, new) = ((256 << 10) << step, 0x7f00_0000_0010 + (step << 32));
        if old > 0 {
            text += &format!("p {step} 0 {old:#x} 0+3\n");
        }
        text += &format!("r {step} 0 {new:#x} {old:#x} {size}\n");
        old = new;
    }
    text += &format!("p 13 0 {old:#x} 0+3\n");
    let resident = resident(&text);
    assert!(
        resident.iter().all(|bytes| *bytes == CACHE + 3 * 4096),
        "{resident:?}"
    );
}

#[test]
fn what_is_said_later_counts_from_what_was_said_before() {
    let text = "m 1 0 0x7f0000000010 8388608\np 2 0 0x7f0000000010 0+1\nm 3 0 0x1000 24\n\
                p 4 0 0x7f0000000010 0+1 10+5\nf 4 0 0x7f0000000010\n";
    let resident = resident(text);
    let [first, marked, small, ..] = resident[..] else {
        panic!("five events");
    };
    // At the moment itself the others were not touched.
    assert_eq!((first, marked), (CACHE + 4096, CACHE + 4096));
    assert_eq!(small, CACHE + 6 * 4096);
    assert_eq!(resident[3], small);
    assert_eq!(resident[4], small - 6 * 4096);
}

#[test]
fn what_is_said_is_so_at_marks_and_forks_before_the_next_call() {
    let block = "0x7f0000000010";
    let page = |pages: u64| CACHE + pages * 4096;
    let text = format!(
        "m 1 0 {block} 8388608\np 2 0 {block} 0+1\nk 2 0 one\nn 3 0\nb 3 0\nk 4 0 two\np 5 0 {block} 0+3\nk 5 0 three\n\
         t 6 0 0\np 7 0 {block} 0+9\nf 7 0 {block}\n"
    );
    let resident = resident(&text);
    let (last, rest) = resident.split_last().expect("some events");
    let before: Vec<_> = rest
        .iter()
        .copied()
        .filter(|bytes| *bytes == page(1))
        .collect();
    // The allocation, what was said of it, two marks and the child's beginning.
    assert!(before.len() >= 5, "{resident:?}");
    let after = &rest[before.len()..];
    assert_eq!(
        after[..2],
        [page(3), page(3)],
        "said, and at the mark: {resident:?}"
    );
    assert!(
        after[2..].iter().all(|bytes| *bytes == page(9)),
        "{resident:?}"
    );
    assert_eq!(*last, CACHE);
}

#[test]
fn a_block_elsewhere_in_its_page_keeps_its_bytes() {
    // In the heap, at another place of the page than the recorded one: the same bytes are touched.
    let text = "m 1 0 0x555555560ff0 65536\np 2 0 0x555555560ff0 2+1\nf 2 0 0x555555560ff0\n";
    let plain = "m 1 0 0x555555560ff0 65536\n";
    let none = resident(&format!("touch none\n{plain}"))[0];
    let touched = resident(text)[0];
    let pages = Bytes(touched - none).0 / 4096;
    assert!((1..=2).contains(&pages), "{pages}");
}
