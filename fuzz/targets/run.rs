//! Any program through any variant, held to the oracle.
#![no_main]
use highwater_fuzz::{Input, hold, program, variant};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let variant = variant(&mut input);
    let workload = program(&mut input);
    if let Ok(Err(fault)) = hold(&workload, &variant) {
        panic!("{fault} ({variant:?})");
    }
});
