//! A pin in a few words, for a line of a table.

use crate::{blocks, count, moment};
use highwater_simulator::{Cache, OwnBlock, Pin, PinState, innermost};

/// Returns the state of a pin in a word.
pub fn state(pin: &Pin) -> &'static str {
    match pin.state {
        PinState::Live => "live",
        PinState::Parked => "parked",
        PinState::Metadata => "metadata",
    }
}

/// Returns what holds a pin, shortly: what follows its state. Threads are named where there are arenas.
pub fn place(pin: &Pin, threads: bool) -> String {
    match (pin.state, pin.cache, pin.allocated) {
        (_, Some(Cache::Tcache { thread, bin }), _) if threads => {
            format!("tcache bin {bin}, thread {thread}")
        }
        (PinState::Live, _, Some(from)) if threads => format!("thread {}", from.thread),
        (_, Some(Cache::Tcache { bin, .. }), _) => format!("tcache bin {bin}"),
        (_, Some(Cache::Fastbin { bin }), _) => format!("fastbin {bin}"),
        (PinState::Metadata, ..) => own(pin),
        (PinState::Live | PinState::Parked, None, _) => "the program".to_owned(),
    }
}

/// Returns the state of a pin and what holds it.
pub fn state_and_place(pin: &Pin) -> String {
    match (pin.state, pin.cache) {
        (_, Some(cache)) => blocks::cached(cache),
        (PinState::Metadata, _) => own(pin),
        (PinState::Live | PinState::Parked, None) => "live".to_owned(),
    }
}

/// Returns when a pin was allocated, by which event, and where in the program if the recording says; the block it was cut from where
/// it never was one itself.
pub fn origin(pin: &Pin) -> String {
    let Some(allocated) = pin.allocated else {
        return "not from the program".to_owned();
    };
    let mut at = format!(
        "{} · event {}",
        moment::time(allocated.time),
        count(allocated.event)
    );
    if let Some(place) = pin.allocated_in.as_deref().and_then(innermost) {
        at += " · ";
        at += place;
    }
    match pin.cut_from {
        Some(whole) => format!("{at}, cut from {whole}"),
        None => at,
    }
}

fn own(pin: &Pin) -> String {
    match pin.own {
        Some(OwnBlock::ThreadCacheTable { thread, .. }) => {
            format!("table of thread {thread}'s cache")
        }
        None => "the allocator's own".to_owned(),
    }
}
