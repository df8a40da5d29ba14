//! A moment that is explained, of which nothing is left out.

use super::*;

/// A diagnosis of which nothing is left out, and no two fields of a kind say the same.
pub(crate) fn diagnosis() -> Diagnosis {
    Diagnosis {
        event: 1,
        time: Micros(2),
        rss: Bytes(3),
        page_tables: Bytes(103),
        lazy_free: Bytes(104),
        live: Bytes(4),
        live_resident: Bytes(105),
        parked: Bytes(5),
        free: Bytes(6),
        free_resident: Bytes(7),
        top: Bytes(8),
        trim_threshold: Bytes(9),
        mmap_threshold: Bytes(10),
        reclaimable: Bytes(11),
        figures: Some(Figures {
            allocated: Bytes(12),
            decay: DecayRule {
                dirty_ms: -1,
                muzzy_ms: 10_000,
                background_thread: true,
            },
            wakes: Some(Micros(13)),
            ..Figures::default()
        }),
        pages: Some(PageShares {
            dirty_waits: Waits {
                due: Bytes(14),
                half: None,
                last: Some(Micros(15)),
            },
            ..PageShares::default()
        }),
        objects: Some(Objects {
            arenas_half_free: 16,
            own: OwnMemory {
                traced: 17,
                ..OwnMemory::default()
            },
            ..Objects::default()
        }),
        idle: Micros(18),
        above_highest_live: Bytes(19),
        parked_above_highest_live: 20,
        arenas: vec![ArenaShare::default(); 3],
        pins: vec![
            pin(PinState::Live, None),
            pin(PinState::Parked, Some(Cache::Tcache { thread: 1, bin: 62 })),
            pin(PinState::Parked, Some(Cache::Fastbin { bin: 4 })),
            pin(PinState::Metadata, None),
        ],
        unlisted_pins: UnlistedPins {
            count: 21,
            behind: Bytes(22),
        },
        sites: Some(SiteShares {
            sites: vec![SiteShare {
                site: "read(a.py:1) main".to_owned(),
                allotted: Allotted {
                    live: Bytes(25),
                    live_blocks: 26,
                    parked: Bytes(27),
                    parked_blocks: 28,
                },
            }],
            places: vec![PlaceShare {
                place: "read(a.py:1)".to_owned(),
                stacks: 30,
                allotted: Allotted::default(),
            }],
            unlisted: 29,
            ..SiteShares::default()
        }),
        peak_rss: Bytes(23),
        peak_live: Bytes(24),
        findings: Vec::new(),
    }
}

fn pin(state: PinState, cache: Option<Cache>) -> Pin {
    Pin {
        address: Address(0x5555_5555_92a0),
        size: Bytes(32),
        arena: u16::MAX,
        requested: Some(Bytes(24)),
        state,
        cache,
        behind: Bytes(1 << 26),
        behind_resident: Bytes(1 << 25),
        unlisted_above: 3,
        allocated: Some(Origin {
            event: 9,
            time: Micros(8),
            thread: 7,
        }),
        cut_from: None,
        freed: cache.map(|_| Origin {
            event: 10,
            time: Micros(9),
            thread: 0,
        }),
        allocated_in: cache.map(|_| "read(a.py:1) main".to_owned()),
        freed_in: Some("drop(a.py:2)".to_owned()),
        own: (state == PinState::Metadata).then_some(OwnBlock::ThreadCacheTable {
            thread: 3,
            at_first_free: true,
        }),
    }
}
