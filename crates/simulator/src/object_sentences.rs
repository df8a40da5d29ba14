//! What Python's object allocator holds, in words: what a change of malloc does not reach.

use highwater_allocator::{Bytes, Objects};

/// Below this nothing is worth a sentence.
const WORTH_SAYING: Bytes = Bytes::mib(1);
/// What an object allocator takes for itself is told from this size on.
const OWN_WORTH_SAYING: Bytes = Bytes::kib(64);

/// All there is to say.
pub(crate) fn about_objects(objects: &Objects) -> Vec<String> {
    let mut said = Vec::new();
    let free = objects.free_resident;
    if free >= WORTH_SAYING {
        said.push(format!(
            "{free} of it lie in {} of Python's own for blocks of up to 512 bytes, {} in all. An arena goes back only once no \
             block is left in it, whatever malloc does; {}.",
            arenas(objects.arenas),
            objects.arena_bytes,
            match objects.arenas_half_free {
                0 => "none of them is half free".to_owned(),
                1 => "one of them is at least half free".to_owned(),
                n => format!("{n} of them are at least half free"),
            }
        ));
    }
    let own = &objects.own;
    if own.traces >= OWN_WORTH_SAYING {
        said.push(format!(
            "tracemalloc has taken down {} blocks, which costs {} of malloc's: that would not be there without it.",
            own.traced, own.traces
        ));
    }
    said
}

fn arenas(count: u32) -> String {
    match count {
        1 => "one arena".to_owned(),
        n => format!("{n} arenas"),
    }
}
