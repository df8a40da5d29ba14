//! What tables and gauges beside the findings say.

use crate::sentence::Sentence;
use highwater_simulator::{Bytes, Diagnosis, Figures, Micros, PageKind, PageShares, Without};

/// Returns the resident bytes of each kind of page, and how long the last of them may still stay where a clock decides it.
/// All together are what is resident. Retained memory is left out where none of it is resident, which is so without huge pages.
pub fn page_shares(pages: &PageShares) -> impl Iterator<Item = (PageKind, Bytes, Option<Micros>)> {
    let (dirty, muzzy) = (pages.dirty_waits, pages.muzzy_waits);
    let kinds = [
        (PageKind::Live, pages.live, None),
        (PageKind::Slab, pages.slabs_below_half, None),
        (PageKind::SparseSlab, pages.slabs_below_eighth, None),
        (PageKind::Parked, pages.parked, None),
        (PageKind::Metadata, pages.metadata, None),
        (PageKind::Free, pages.retained, None),
        (
            PageKind::Dirty,
            pages.dirty.saturating_sub(dirty.due),
            dirty.last,
        ),
        (PageKind::Due, dirty.due, None),
        (PageKind::Muzzy, pages.muzzy, muzzy.last),
    ];
    let is_shown = |(kind, bytes, _): &(PageKind, Bytes, Option<Micros>)| {
        *kind != PageKind::Free || *bytes > Bytes::ZERO
    };
    kinds.into_iter().filter(is_shown)
}

/// Says how much address space is retained, and by which clock free pages go.
pub fn decay(figures: &Figures) -> Sentence {
    let decay = figures.decay;
    let who = if decay.background_thread {
        "A background thread checks the clock."
    } else {
        "With no background thread, only the program's own calls check the clock."
    };
    Sentence::new(format!(
        "{} of address space is retained. ",
        figures.retained
    ))
    .name("dirty_decay_ms")
    .text(format!(" is {}, ", decay.dirty_ms))
    .name("muzzy_decay_ms")
    .text(format!(" is {}. {who}", decay.muzzy_ms))
}

/// Says what the top and the trim threshold mean for the next free().
pub fn top_and_threshold(diagnosis: &Diagnosis) -> Sentence {
    let (top, threshold) = (diagnosis.top, diagnosis.trim_threshold);
    let what = if top < threshold {
        "free() gives nothing back from it"
    } else {
        "the next free() that merges 64 KiB or more trims it"
    };
    let threshold = threshold_in_words(threshold);
    Sentence::new(format!(
        "The top is {top}, the trim threshold {threshold}: {what}."
    ))
}

/// Writes a threshold; one that is set to more than any memory as what it means.
pub fn threshold_in_words(threshold: Bytes) -> String {
    if threshold.0 >= 1 << 50 {
        "out of reach".to_owned()
    } else {
        threshold.to_string()
    }
}

/// Says what would be if the first few pins were gone.
pub fn without(pins: usize, answer: &Without) -> Sentence {
    let which = match pins {
        1 => "Without the first pin".to_owned(),
        n => format!("Without the first {n} pins"),
    };
    let gave = match answer.given_back {
        Bytes::ZERO => "free() would still have given nothing back".to_owned(),
        bytes => format!("free() would have given back {bytes} by itself"),
    };
    Sentence::new(format!(
        "{which}, {gave}: {} would be resident, the top would be {}, and malloc_trim(0) would give back {} more.",
        answer.rss, answer.top, answer.reclaimable
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_beyond_all_memory_is_out_of_reach() {
        assert_eq!(threshold_in_words(Bytes(u64::MAX)), "out of reach");
        assert_eq!(threshold_in_words(Bytes::kib(128)), "128 KiB");
    }

    #[test]
    fn without_a_pin_that_holds_nothing_nothing_goes() {
        let said = without(1, &Without::default()).to_string();
        let expected = "Without the first pin, free() would still have given nothing back: 0 B would be resident";
        assert!(said.starts_with(expected), "{said}");
    }
}
