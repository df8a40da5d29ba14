//! The reader of packed traces, within limits that a few kilobytes can reach.
#![no_main]
use highwater_workload::{trace, unwatched};
use libfuzzer_sys::fuzz_target;

const LIMITS: trace::Limits = trace::Limits {
    text: 1 << 20,
    events: 10_000,
    marks: 1000,
    mark_text: 1 << 20,
    header: 1 << 16,
};

fuzz_target!(|bytes: &[u8]| {
    let mut packed = vec![0x1f, 0x8b];
    packed.extend_from_slice(bytes);
    let _ = trace::read_with(&packed, LIMITS, &mut unwatched);
    let _ = trace::read_with(bytes, LIMITS, &mut unwatched);
});
