//! Findings about glibc's heaps in words: what is parked, pinned, below a threshold, or comes and goes.

mod churn;
mod pins;

use crate::count;
use crate::numbers::of;
use crate::sentence::Sentence;
use churn::{heap_churn, mapping_churn};
use highwater_simulator::{Bytes, Cause, Finding, Gain};
use pins::{above_highest_live, largest_pin, parked, slivers, small_pins};

/// Below this malloc_trim gives back next to nothing, if it is a small part of what is resident besides.
const NEXT_TO_NOTHING: Bytes = Bytes::kib(64);

pub(crate) fn explain(finding: &Finding) -> Vec<Sentence> {
    let bytes = finding.bytes;
    match &finding.cause {
        Cause::NothingWrong {
            live,
            parked,
            free,
            rest,
        } => nothing_wrong(bytes, [*live, *parked, *free, *rest]),
        Cause::Parked { .. } => parked(finding),
        Cause::AboveHighestLive { chunks } => above_highest_live(bytes, *chunks),
        Cause::RisenThreshold { .. } => risen(finding),
        Cause::Top {
            top,
            threshold,
            lower_gives,
            others,
        } => self::top([*top, *threshold, *lower_gives], *others),
        Cause::LargestPin { pin, others } => vec![largest_pin(bytes, pin, *others)],
        Cause::SmallPins { .. } => small_pins(finding),
        Cause::Slivers {
            pieces,
            parked,
            live,
        } => slivers(bytes, *pieces, *parked, *live),
        Cause::MallocTrim { pages, per_cent } => vec![malloc_trim(bytes, *pages, *per_cent)],
        Cause::HeapChurn { churn, threshold } => heap_churn(churn, *threshold),
        Cause::MappingChurn { churn, threshold } => mapping_churn(churn, *threshold),
        Cause::PeakHeld {
            peak_resident,
            peak_live,
        } => vec![Sentence::new(format!(
            "At the peak of {peak_resident} the program itself held up to {peak_live}. No allocator and no setting lowers \
             that peak by much."
        ))],
        _ => Vec::new(),
    }
}

fn nothing_wrong(rss: Bytes, [live, parked, free, rest]: [Bytes; 4]) -> Vec<Sentence> {
    if rss == Bytes::ZERO {
        return vec![Sentence::new("Nothing is resident.")];
    }
    let mut said = vec![
        Sentence::new(
            "Nothing is wrong with the allocator here: hardly any memory stays that could go back.",
        ),
        Sentence::new(format!(
            "The program holds {live} of the {rss} that is resident; {parked} is parked in caches, {free} is free, and {rest} is \
             headers, ends of pages and the allocator's own."
        )),
    ];
    if live.0 >= rss.0 / 2 {
        said.push(Sentence::new(
            "No allocator and no setting gives back what the program holds. If that grows from rest to rest, the program leaks.",
        ));
    }
    said
}

fn risen(finding: &Finding) -> Vec<Sentence> {
    let Cause::RisenThreshold {
        mmap_from,
        mmap_to,
        trim_from,
        trim_to,
        in_tops,
        ..
    } = &finding.cause
    else {
        return Vec::new();
    };
    let mut said = vec![
        raises(finding),
        Sentence::new(format!(
            "The mmap threshold went from {mmap_from} to {mmap_to} and the trim threshold from {trim_from} to {trim_to}. Blocks \
             between the two mmap thresholds now come from the heap instead of mappings of their own."
        )),
    ];
    if *in_tops > Bytes::ZERO {
        said.push(Sentence::new(format!(
            "{in_tops} of it lies in tops that have reached {trim_from} but not the trim threshold."
        )));
    }
    said.push(
        Sentence::new("Setting any of ")
            .name("MALLOC_TRIM_THRESHOLD_")
            .text(", ")
            .name("MALLOC_TOP_PAD_")
            .text(", ")
            .name("MALLOC_MMAP_THRESHOLD_")
            .text(" and ")
            .name("MALLOC_MMAP_MAX_")
            .text(" keeps both thresholds from rising."),
    );
    said
}

/// Says which freed blocks raised the thresholds, and when.
fn raises(finding: &Finding) -> Sentence {
    let Cause::RisenThreshold {
        raises,
        first_freed,
        first,
        latest_freed,
        latest,
        ..
    } = &finding.cause
    else {
        return Sentence::default();
    };
    // Without a figure for the remedy nobody knows how much of it other blocks would keep under the first thresholds.
    let is_reckoned =
        (finding.remedies.iter()).any(|remedy| matches!(remedy.gives, Gain::AtLeast { .. }));
    let amount = if is_reckoned { "" } else { "Up to " };
    let said = Sentence::new(format!(
        "{amount}{} stays because the thresholds rose: the program freed a mapped block of {first_freed} at ",
        finding.bytes
    ));
    let said = said.moment(*first);
    if *raises == 1 {
        return said.text(".");
    }
    said.text(format!(
        ". They rose {} times, the latest time for a block of {latest_freed} at ",
        count(*raises)
    ))
    .moment(*latest)
    .text(".")
}

fn top([top, threshold, lower_gives]: [Bytes; 3], others: bool) -> Vec<Sentence> {
    let memory = if others {
        "memory of the main arena"
    } else {
        "heap memory"
    };
    let rule = format!("free() gives {memory} back only from the top");
    let mut said = vec![Sentence::new(if top < threshold {
        format!(
            "{rule}: {top} is there, below the trim threshold of {}.",
            limit(threshold)
        )
    } else {
        format!(
            "{rule}: {top} is there, at least the trim threshold of {threshold}. free() only checks this after merging 64 KiB or \
             more, and always keeps the padding."
        )
    })];
    if top < threshold {
        said.push(Sentence::new(match lower_gives {
            Bytes::ZERO => "A lower threshold would give back nothing now.".to_owned(),
            bytes => format!("A lower threshold would give back {bytes} of it now, and no more."),
        }));
    }
    said
}

/// A threshold may be set to more than any memory.
fn limit(threshold: Bytes) -> String {
    if threshold.0 >= 1 << 50 {
        "more than any memory".to_owned()
    } else {
        threshold.to_string()
    }
}

fn malloc_trim(bytes: Bytes, pages: u64, per_cent: u64) -> Sentence {
    if pages == 0 {
        return Sentence::new("malloc_trim(0) would give back nothing now: no whole page is free.");
    }
    let pages = of(pages, "whole page", "whole pages");
    Sentence::new(if bytes < NEXT_TO_NOTHING && per_cent < 5 {
        format!("malloc_trim(0) would give back next to nothing now: {pages} could go back.")
    } else {
        format!(
            "malloc_trim(0) would give back {bytes} now: {pages}, {per_cent} % of what is resident."
        )
    })
}
