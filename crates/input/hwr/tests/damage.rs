//! Any events come back as they were; files that are cut or damaged give an error or a prefix that is said to be one.

mod common;

use common::pack;
use highwater_hwr::read::{Ending, Reader};
use highwater_hwr::{Event, Mapping, MappingCall, Runs, Stamp};
use proptest::collection::vec;
use proptest::prelude::*;

/// An event with its texts owned.
#[derive(Clone, Debug)]
struct Owned {
    kind: u8,
    address: u64,
    other: u64,
    size: u64,
    text: Vec<u8>,
}

impl Owned {
    fn event(&self) -> Event<'_> {
        let Self {
            address,
            other,
            size,
            ..
        } = *self;
        match self.kind {
            0 => Event::Malloc { address, size },
            1 => Event::Calloc {
                address,
                count: other,
                size,
            },
            2 => Event::Aligned {
                address,
                alignment: other,
                size,
            },
            3 => Event::Realloc {
                address,
                old: other,
                size,
            },
            4 => Event::Free {
                address: address | 1,
            },
            5 => Event::Trim { pad: size },
            6 => Event::Mallopt {
                parameter: other as i64,
                value: size as i64,
            },
            7 => Event::ThreadEnd,
            8 => Event::Fork,
            9 => Event::Mark(&self.text),
            10 => Event::Sample(&self.text),
            11 => Event::Touched {
                address,
                runs: Runs::from_bytes(&[3, 4, 0x80, 1, 9]).expect("two runs"),
            },
            12 => Event::Mapping(Mapping {
                call: MappingCall::Remap,
                address,
                length: size,
                detail: other,
                owner: &self.text,
            }),
            13 => Event::Child,
            14 => Event::Module(&self.text),
            _ => Event::Site {
                number: size,
                frames: &self.text,
            },
        }
    }
}

fn any_address() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        (1_u64..40).prop_map(|block| 0x5555_5556_02a0 + block * 0x20),
        (0_u64..1 << 16).prop_map(|block| 0x7fff_f000_0010 + block * 0x1010),
        0_u64..1 << 48,
    ]
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0_u64..300,
        (0_u32..48).prop_map(|bit| 1 << bit),
        0_u64..1 << 48
    ]
}

fn any_events() -> impl Strategy<Value = Vec<(u64, u32, Owned)>> {
    let owned = (
        0_u8..16,
        any_address(),
        prop_oneof![any_address(), any_number()],
        any_number(),
        vec(any::<u8>(), 0..100),
    );
    let owned = owned.prop_map(|(kind, address, other, size, text)| Owned {
        kind,
        address,
        other,
        size,
        text,
    });
    vec(
        (any_number(), prop_oneof![0_u32..3, any::<u32>()], owned),
        0..200,
    )
}

/// The times of a trace never fall.
fn stamped(events: &[(u64, u32, Owned)]) -> Vec<(Stamp, Event<'_>)> {
    let mut time = 0;
    let stamp = |(passed, thread, _): &'_ (u64, u32, Owned)| {
        time += passed % 1000;
        let thread = *thread;
        Stamp { time, thread }
    };
    let stamps: Vec<Stamp> = events.iter().map(stamp).collect();
    let owned = events.iter().map(|(_, _, owned)| owned.event());
    stamps.into_iter().zip(owned).collect()
}

/// Reads a file as far as it can be read: how many events are equal to these from the first on, and its end.
fn read(bytes: &[u8], expected: &[(Stamp, Event)]) -> (usize, Option<Ending>) {
    let Ok(mut reader) = Reader::new(bytes) else {
        return (0, None);
    };
    let mut equal = 0;
    let mut is_equal = true;
    loop {
        match reader.next_event() {
            Ok(Some(placed)) => {
                let is_next = expected.get(equal).is_some_and(|(stamp, event)| {
                    *event == placed.event
                        && (stamp.time, stamp.thread) == (placed.time, placed.thread)
                });
                is_equal &= is_next;
                equal += usize::from(is_equal);
            }
            Ok(None) => return (equal, reader.ending().filter(|_| is_equal)),
            Err(_) => return (equal, None),
        }
    }
}

proptest! {
    #[test]
    fn events_come_back_as_they_were(events in any_events()) {
        let events = stamped(&events);
        let packed = pack("highwater-trace 2\n", &events);
        let (equal, ending) = read(&packed, &events);
        prop_assert_eq!(equal, events.len());
        prop_assert!(!ending.expect("it is whole").is_cut);
    }

    #[test]
    fn a_cut_file_is_said_to_be_cut(events in any_events(), at in any::<prop::sample::Index>()) {
        let events = stamped(&events);
        let packed = pack("highwater-trace 2\n", &events);
        let cut = &packed[..at.index(packed.len())];
        let (equal, ending) = read(cut, &events);
        prop_assert!(equal <= events.len());
        prop_assert!(ending.is_none_or(|ending| ending.is_cut));
    }

    #[test]
    fn a_flipped_bit_is_noticed(
        events in any_events(),
        at in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let events = stamped(&events);
        let mut packed = pack("highwater-trace 2\n", &events);
        let at = at.index(packed.len());
        packed[at] ^= 1_u8 << bit;
        let (equal, ending) = read(&packed, &events);
        // The fields that change while a process runs have no checksum, and do not concern the events.
        let is_live = (64..512).contains(&at);
        prop_assert!(is_live || ending.is_none_or(|ending| ending.is_cut || equal == events.len()));
        prop_assert!(equal <= events.len());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes in vec(any::<u8>(), 0..2000), keep in 0..2000_usize) {
        read(&bytes, &[]);
        let packed = pack("highwater-trace 2\n", &[]);
        let keep = keep.min(packed.len());
        bytes.splice(..keep.min(bytes.len()), packed[..keep].iter().copied());
        read(&bytes, &[]);
    }
}

#[test]
fn many_events_fill_many_chunks() {
    let event = |at: u64| Event::Malloc {
        address: 0x10 + (at * 0x9973 % 0x10_0000) * 16,
        size: at,
    };
    let stamp = |time| Stamp { time, thread: 0 };
    let events: Vec<_> = (0..500_000).map(|at| (stamp(at / 3), event(at))).collect();
    let packed = pack("highwater-trace 2\n", &events);
    assert!(packed.len() > 4 * highwater_hwr::write::CHUNK_BYTES);
    let (equal, ending) = read(&packed, &events);
    assert_eq!(equal, events.len());
    assert!(!ending.expect("it is whole").is_cut);
}
