//! The reader of traces: what it accepts is written and read again as the same.
#![no_main]
use highwater_workload::{trace, unwatched};
use libfuzzer_sys::fuzz_target;

const LIMITS: trace::Limits = trace::Limits {
    text: 1 << 20,
    events: 100_000,
    marks: 1000,
    mark_text: 1 << 20,
    header: 1 << 16,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(workload) = trace::read_with(bytes, LIMITS, &mut unwatched) else {
        return;
    };
    // Only a recording has the addresses that a trace is made of.
    if workload.recorded.is_empty() {
        return;
    }
    let mut text = Vec::new();
    if trace::write(&workload, None, &mut text).is_ok() {
        let again = trace::read_with(&text, LIMITS, &mut unwatched);
        let again = again.expect("what the project writes it reads");
        assert_eq!(again.events, workload.events);
        assert_eq!(again.marks, workload.marks);
    }
});
