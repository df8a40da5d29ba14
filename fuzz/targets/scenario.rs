//! The reader of scenario files, and what a scenario comes to.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| highwater_fuzz::readers::scenario(bytes));
