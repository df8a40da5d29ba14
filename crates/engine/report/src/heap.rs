//! Findings about glibc's heaps in words: what is parked, pinned, below a threshold, or comes and goes.

use crate::count;
use crate::numbers::{of, span};
use crate::sentence::Sentence;
use highwater_simulator::{
    Bytes, Cache, CacheKind, Cause, Churn, Commonest, Finding, Gain, Micros, OwnBlock, Pin,
    PinState,
};

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

fn parked(finding: &Finding) -> Vec<Sentence> {
    let Cause::Parked {
        cache,
        chunks,
        pages,
        alone,
        smallest,
        largest,
        threads,
        example,
    } = &finding.cause
    else {
        return Vec::new();
    };
    let sizes = sizes(*smallest, *largest);
    let place = match cache {
        CacheKind::Fastbin => "fastbins".to_owned(),
        CacheKind::Tcache => match threads {
            1 => "the cache of one thread (tcache)".to_owned(),
            n => format!("the caches of {n} threads (tcache)"),
        },
    };
    let first = Sentence::new(format!(
        "{} is parked in {place}: {} of {sizes} on {}, the highest at ",
        finding.bytes,
        of(*chunks, "freed chunk", "freed chunks"),
        of(*pages, "page", "pages"),
    ));
    let first = first
        .address(*example)
        .text(". free() counts parked chunks as in use, so nothing merges across them.");
    let mut said = vec![first];
    said.push(Sentence::new(match *alone {
        Bytes::ZERO => "Each of these pages also holds a chunk in use.".to_owned(),
        bytes => format!("On {bytes} of these pages nothing else is in use."),
    }));
    said.push(Sentence::new(match cache {
        CacheKind::Fastbin => "malloc_trim(0), or a free() that merges 64 KiB or more, empties the fastbins.",
        CacheKind::Tcache => "malloc_trim(0) does not empty a thread's cache; only the thread's own calls or its end do.",
    }));
    said
}

fn above_highest_live(bytes: Bytes, chunks: u64) -> Vec<Sentence> {
    let what = match chunks {
        1 => "Only one freed chunk keeps it from the top: a cache holds it, and free() counts it as in use.".to_owned(),
        n => format!(
            "Only {} freed chunks keep it from the top: caches hold them, and free() counts them as in use.",
            count(n)
        ),
    };
    vec![Sentence::new(format!(
        "{bytes} lies above the highest block that the program still holds. {what}"
    ))]
}

fn risen(finding: &Finding) -> Vec<Sentence> {
    let Cause::RisenThreshold {
        mmap_from,
        mmap_to,
        trim_from,
        trim_to,
        raises,
        first_freed,
        first,
        latest_freed,
        latest,
        in_tops,
    } = &finding.cause
    else {
        return Vec::new();
    };
    let bytes = finding.bytes;
    // Without a figure for the remedy nobody knows how much of it other blocks would keep under the first thresholds.
    let is_reckoned =
        (finding.remedies.iter()).any(|remedy| matches!(remedy.gives, Gain::AtLeast { .. }));
    let stays = match is_reckoned {
        true => format!("{bytes} stays because the thresholds rose"),
        false => format!("Up to {bytes} stays because the thresholds rose"),
    };
    let cause = Sentence::new(format!(
        "{stays}: the program freed a mapped block of {first_freed} at "
    ))
    .moment(*first);
    let cause = match raises {
        1 => cause.text("."),
        n => cause
            .text(format!(
                ". They rose {} times, the latest time for a block of {latest_freed} at ",
                count(*n)
            ))
            .moment(*latest)
            .text("."),
    };
    let rule = Sentence::new(format!(
        "The mmap threshold went from {mmap_from} to {mmap_to} and the trim threshold from {trim_from} to {trim_to}. Blocks \
         between the two mmap thresholds now come from the heap instead of mappings of their own."
    ));
    let mut said = vec![cause, rule];
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
            "{rule}: {top} is there, above the trim threshold of {threshold}. free() only checks this after merging 64 KiB or \
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

fn largest_pin(bytes: Bytes, pin: &Pin, others: bool) -> Sentence {
    let place = match pin.arena {
        _ if !others => String::new(),
        0 => " in the main arena".to_owned(),
        n => format!(" in arena {n}"),
    };
    let said = Sentence::new(format!(
        "The largest piece, {bytes}, lies below a {} chunk at ",
        pin.size
    ));
    said.address(pin.address)
        .text(format!("{place} that {}.", keeper(pin, others)))
}

/// Says who keeps a pin.
fn keeper(pin: &Pin, others: bool) -> String {
    match (pin.state, pin.cache, pin.allocated) {
        (PinState::Metadata, ..) => match pin.own {
            Some(OwnBlock::ThreadCacheTable {
                thread,
                at_first_free,
            }) => {
                let made = match at_first_free {
                    true => "when the thread first freed a block",
                    false => "at the thread's first call",
                };
                format!(
                    "is the allocator's own: the table of thread {thread}'s cache (tcache_perthread_struct), made {made}"
                )
            }
            None => "is the allocator's own".to_owned(),
        },
        (PinState::Parked, cache, origin) => {
            // What is left of a full heap's top is freed by the allocator itself, and may be parked like any block.
            let who = match origin {
                Some(_) => "the program",
                None => "the allocator itself",
            };
            match cache {
                Some(Cache::Tcache { thread, .. }) if others => {
                    format!("{who} has freed and the cache of thread {thread} keeps")
                }
                Some(Cache::Tcache { .. }) => format!("{who} has freed and a thread's cache keeps"),
                _ => format!("{who} has freed and a fastbin keeps"),
            }
        }
        (PinState::Live, _, Some(origin)) if others => {
            format!("thread {} allocated and the program holds", origin.thread)
        }
        (PinState::Live, ..) => "the program holds".to_owned(),
    }
}

fn small_pins(finding: &Finding) -> Vec<Sentence> {
    let Cause::SmallPins {
        pieces,
        live,
        parked,
        own,
        smallest,
        largest,
        commonest,
        examples,
        largest_piece,
    } = &finding.cause
    else {
        return Vec::new();
    };
    let mut states = Vec::new();
    for (number, what) in [
        (live, "live"),
        (parked, "parked"),
        (own, "the allocator's own"),
    ] {
        if *number > 0 {
            states.push(format!("{} {what}", count(*number)));
        }
    }
    let first = Sentence::new(format!(
        "{} lies in {} pieces between chunks in use, none larger than {largest_piece}.",
        finding.bytes,
        count(*pieces)
    ));
    let second = Sentence::new(format!(
        "The chunks that end these pieces are {}: {}.",
        sizes(*smallest, *largest),
        states.join(", ")
    ));
    let mut third = common(commonest);
    let others = examples
        .iter()
        .filter(|address| **address != commonest.example);
    for (place, example) in others.enumerate() {
        let before = match place {
            0 => " Others are at ",
            _ => ", ",
        };
        third = third.text(before).address(*example);
    }
    let ended = examples.iter().any(|address| *address != commonest.example);
    vec![first, second, third.text(if ended { "." } else { "" })]
}

fn common(commonest: &Commonest) -> Sentence {
    let said = Sentence::new(format!(
        "The commonest size is {}: {}, for example at ",
        commonest.size,
        of(commonest.chunks, "chunk", "chunks"),
    ));
    let mut said = said.address(commonest.example);
    if let Some(origin) = commonest.allocated {
        said = said.text(format!(", which thread {} allocated at ", origin.thread));
        said = said.moment(origin);
        if let Some(requested) = commonest.requested {
            said = said.text(format!(" ({requested} requested)"));
        }
    }
    said.text(".")
}

fn slivers(bytes: Bytes, pieces: u64, parked: u64, live: u64) -> Vec<Sentence> {
    let mut at = Vec::new();
    for (number, what) in [(parked, "parked chunks"), (live, "chunks in use")] {
        if number > 0 {
            at.push(format!("{} at {what}", ends(number)));
        }
    }
    let mut said = vec![Sentence::new(format!(
        "Not even malloc_trim(0) gives back {bytes} of the free memory: it lies in {}, in pieces and ends of pieces that fill \
         no page.",
        of(pieces, "place", "places"),
    ))];
    if !at.is_empty() {
        said.push(Sentence::new(format!("{}.", at.join(", "))));
    }
    said
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

fn heap_churn(churn: &Churn, threshold: Bytes) -> Vec<Sentence> {
    vec![
        Sentence::new(format!(
            "The heap grows and is trimmed by turns: {} times, {} each time on average. The trim threshold is {threshold}.",
            count(churn.turns),
            churn.a_turn
        )),
        cost(churn, "growths", "trims"),
    ]
}

fn mapping_churn(churn: &Churn, threshold: Bytes) -> Vec<Sentence> {
    vec![
        Sentence::new(format!(
            "Blocks are mapped and unmapped by turns: {} times, {} each time on average. Blocks of {threshold} and more get a \
             mapping of their own.",
            count(churn.turns),
            churn.a_turn
        )),
        cost(churn, "mappings", "unmappings"),
    ]
}

fn cost(churn: &Churn, taken: &str, given_back: &str) -> Sentence {
    let rates = match (churn.faults_per_second, churn.syscalls_per_second) {
        (Some(faults), Some(syscalls)) => format!(
            " ({} and {} a second)",
            of(faults, "fault", "faults"),
            of(syscalls, "call", "calls")
        ),
        _ => String::new(),
    };
    Sentence::new(format!(
        "Within {} there were {} {taken} and {} {given_back}. The run has made {} and {} so far{rates}.",
        span(Micros(churn.latest.0.saturating_sub(churn.first.0))),
        count(churn.taken),
        count(churn.given_back),
        of(churn.faults, "page fault", "page faults"),
        of(churn.syscalls, "system call", "system calls"),
    ))
}

fn ends(number: u64) -> String {
    match number {
        1 => "1 ends".to_owned(),
        n => format!("{} end", count(n)),
    }
}

fn sizes(smallest: Bytes, largest: Bytes) -> String {
    match smallest == largest {
        true => smallest.to_string(),
        false => format!("{smallest} to {largest}"),
    }
}
