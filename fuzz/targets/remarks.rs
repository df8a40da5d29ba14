//! What every release says to the value of every variable that one of them reads.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| highwater_fuzz::readers::remarks(bytes));
