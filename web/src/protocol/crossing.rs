//! Types of the simulator as they cross in a message.
//!
//! Their own forms are made for JSON, where a field that says nothing is left out and a variant is told by a field. Bytes
//! without names have neither, so each such type has a second form here: the same fields, all of them. The compiler
//! refuses a form that has not the fields of its type.

use highwater_simulator::Address;
use highwater_simulator::{
    ArenaShare, Bytes, Cache, Choice, Cores, Diagnosis, Figures, Micros, Objects, Origin,
    PageShares, Pin, PinState, PythonVersion, Variable, Variant,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Variant")]
pub(super) struct VariantCrossing {
    allocator: Choice,
    environment: Vec<Variable>,
    cap: Option<Bytes>,
    cores: Option<Cores>,
    seed: Option<u64>,
    python: Option<PythonVersion>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Diagnosis")]
pub(super) struct DiagnosisCrossing {
    event: u64,
    time: Micros,
    rss: Bytes,
    live: Bytes,
    parked: Bytes,
    free: Bytes,
    free_resident: Bytes,
    top: Bytes,
    trim_threshold: Bytes,
    mmap_threshold: Bytes,
    reclaimable: Bytes,
    figures: Option<Figures>,
    pages: Option<PageShares>,
    objects: Option<Objects>,
    idle: Micros,
    above_highest_live: Bytes,
    parked_above_highest_live: u64,
    arenas: Vec<ArenaShare>,
    #[serde(with = "pins")]
    pins: Vec<Pin>,
    sentences: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Pin")]
struct PinCrossing {
    address: Address,
    size: Bytes,
    arena: u16,
    requested: Option<Bytes>,
    state: PinState,
    #[serde(with = "cache")]
    cache: Option<Cache>,
    behind: Bytes,
    behind_resident: Bytes,
    unlisted_above: u64,
    allocated: Option<Origin>,
    cut_from: Option<Bytes>,
    freed: Option<Origin>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Cache")]
enum CacheCrossing {
    Tcache { thread: u16, bin: u16 },
    Fastbin { bin: u16 },
}

/// serde takes a second form for a value, but not for those in a list.
mod pins {
    use super::{Pin, PinCrossing};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    struct Lent<'a>(#[serde(with = "PinCrossing")] &'a Pin);

    #[derive(Deserialize)]
    struct Owned(#[serde(with = "PinCrossing")] Pin);

    pub(super) fn serialize<S: Serializer>(pins: &[Pin], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(pins.iter().map(Lent))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Pin>, D::Error> {
        let pins = Vec::<Owned>::deserialize(from)?;
        Ok(pins.into_iter().map(|Owned(pin)| pin).collect())
    }
}

/// Nor for one that may be missing.
mod cache {
    use super::{Cache, CacheCrossing};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Owned(#[serde(with = "CacheCrossing")] Cache);

    pub(super) fn serialize<S: Serializer>(
        cache: &Option<Cache>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        cache.map(Owned).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Cache>, D::Error> {
        let cache = Option::<Owned>::deserialize(from)?;
        Ok(cache.map(|Owned(cache)| cache))
    }
}
