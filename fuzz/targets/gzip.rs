//! The reader of packed traces, within limits that a few kilobytes can reach.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| highwater_fuzz::readers::gzip(bytes));
