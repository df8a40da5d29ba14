//! What keeps free memory from the top: chunks that are parked, the pins, and pieces that fill no page.

use crate::numbers::of;
use crate::sentence::Sentence;
use crate::{called_in, count};
use highwater_simulator::{
    Bytes, Cache, CacheKind, Cause, Commonest, Finding, OwnBlock, Pin, PinState,
};

pub(super) fn parked(finding: &Finding) -> Vec<Sentence> {
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

pub(super) fn above_highest_live(bytes: Bytes, chunks: u64) -> Vec<Sentence> {
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

pub(super) fn largest_pin(bytes: Bytes, pin: &Pin, others: bool) -> Sentence {
    let place = match pin.arena {
        _ if !others => String::new(),
        0 => " in the main arena".to_owned(),
        n => format!(" in arena {n}"),
    };
    let said = Sentence::new(format!(
        "The largest piece, {bytes}, lies below a {} chunk at ",
        pin.size
    ));
    said.address(pin.address).text(format!(
        "{place} that {}.{}",
        keeper(pin, others),
        site(pin)
    ))
}

/// Says where in the program a pin was allocated, and freed if it is parked.
fn site(pin: &Pin) -> String {
    let of = |site: &Option<String>| site.as_deref().and_then(called_in);
    let what = match pin.cut_from {
        Some(_) => "The block that it was cut from was allocated in",
        None => "It was allocated in",
    };
    let allocated = of(&pin.allocated_in).map(|place| format!(" {what} {place}."));
    let freed = of(&pin.freed_in).map(|place| format!(" It was freed in {place}."));
    allocated.into_iter().chain(freed).collect()
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

pub(super) fn small_pins(finding: &Finding) -> Vec<Sentence> {
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

pub(super) fn slivers(bytes: Bytes, pieces: u64, parked: u64, live: u64) -> Vec<Sentence> {
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
