//! The reader of traces: what it accepts is written and read again as the same.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| highwater_fuzz::readers::trace(bytes));
