//! Every kind of message comes back from its bytes as it went, and what is no message is an error.

mod diagnosis;
mod examples;

use super::*;
use borsh::{BorshDeserialize, BorshSerialize, from_slice, to_vec};
pub(crate) use diagnosis::diagnosis;
use examples::{requests, responses};
use highwater_report::Part;
use highwater_simulator::{
    Address, Allotted, ArenaShare, Cache, Cores, DecayRule, Figures, HugeMode, HugePage,
    Khugepaged, Machine, Measured, Moment, Objects, Origin, OwnBlock, OwnMemory, PageShares,
    PageSize, Phase, PhaseKind, PhaseSource, Phases, Pin, PinState, PlaceShare, PythonVersion,
    RealProcess, Remark, Rest, SiteShare, SiteShares, Strip, StripKind, Tone, UnlistedPins, Waits,
};
use std::fmt::Debug;

#[test]
fn every_request_comes_back_as_it_went() {
    requests().iter().for_each(comes_back);
}

#[test]
fn every_response_comes_back_as_it_went() {
    responses().iter().for_each(comes_back);
}

fn comes_back<M: BorshSerialize + BorshDeserialize + PartialEq + Debug>(message: &M) {
    assert_eq!(
        &from_slice::<M>(&encode(message)).expect("it is a message"),
        message
    );
}

#[test]
fn what_is_cut_off_or_goes_on_is_no_message() {
    requests().iter().for_each(is_all_or_nothing);
    responses().iter().for_each(is_all_or_nothing);
}

fn encode(message: &impl BorshSerialize) -> Vec<u8> {
    to_vec(message).expect("memory takes any number of bytes")
}

fn is_all_or_nothing<M: BorshSerialize + BorshDeserialize + Debug>(message: &M) {
    let mut bytes = encode(message);
    for length in 0..bytes.len() {
        let cut_off = from_slice::<M>(&bytes[..length]);
        assert!(cut_off.is_err(), "{message:?} from {length}: {cut_off:?}");
    }
    bytes.push(0);
    assert!(from_slice::<M>(&bytes).is_err(), "a byte follows");
}

/// Another message may come of it, or none: lengths beyond the end, text that is none, kinds that do not exist.
#[test]
fn no_byte_changed_makes_it_panic() {
    let mut refused = 0;
    for response in responses() {
        let bytes = encode(&response);
        for at in 0..bytes.len() {
            for other in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 0x10] {
                let mut bytes = bytes.clone();
                bytes[at] = other;
                refused += u32::from(from_slice::<Response>(&bytes).is_err());
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}
