//! The model of CPython's object allocator against the machine's own libpython: the same random operations on both, address
//! for address and resident byte for resident byte.
//!
//! - `HIGHWATER_SEED` starts elsewhere, `HIGHWATER_SEQUENCES` makes it shorter or longer (a sequence has some thousands of
//!   operations).
//! - `HIGHWATER_LIBPYTHON` names another library, such as `/somewhere/libpython3.9.so.1.0`.
//!
//! Where there is no library that can be asked it says so, and nothing is asserted.

mod common;

use common::{number, say};
use highwater_live::{
    LibPython, Outcomes, PythonChoice, PythonOracle, Sequence, execute_python, generate_small,
    shrink,
};
use std::path::Path;

const SEED: u64 = 0x5079_7468_6f6e;
const SEQUENCES: u64 = 160;
/// How often a failing sequence is tried in smaller forms.
const PATIENCE: usize = 2000;

fn libraries() -> Vec<LibPython> {
    if let Ok(path) = std::env::var("HIGHWATER_LIBPYTHON") {
        let library = LibPython::at(Path::new(&path));
        return vec![library.unwrap_or_else(|reason| panic!("HIGHWATER_LIBPYTHON: {reason}"))];
    }
    let (found, others) = LibPython::installed();
    for reason in others {
        say(&format!("SKIPPED: {reason}"));
    }
    if found.is_empty() {
        say("SKIPPED: this machine has no libpython that can be asked");
    }
    found
}

/// What the library and the model say to a sequence; nothing where the C library below is not modelled.
fn both(
    oracle: &mut PythonOracle,
    library: &LibPython,
    choice: PythonChoice,
    sequence: &Sequence,
) -> Option<(Outcomes, Outcomes)> {
    let real = oracle.answer(sequence, choice);
    let real = real.unwrap_or_else(|error| panic!("{choice:?}: {error}"));
    let glibc = oracle.glibc().to_owned();
    let model = execute_python(library.version, &glibc, choice, sequence, &real)?;
    Some((real, model))
}

#[test]
fn random_sequences_on_the_live_libpython_and_on_the_model_agree() {
    let (seed, each) = (
        number("HIGHWATER_SEED", SEED),
        number("HIGHWATER_SEQUENCES", SEQUENCES),
    );
    for library in libraries() {
        let mut oracle = match PythonOracle::start(&library) {
            Ok(oracle) => oracle,
            Err(reason) => {
                say(&format!("SKIPPED: {reason}"));
                continue;
            }
        };
        let mut operations = 0;
        for index in 0..each {
            // Three of eight with settings.
            let choice = PythonChoice::ALL[[0, 0, 1, 0, 2, 0, 3, 0][index as usize % 8]];
            let sequence = generate_small(seed.wrapping_add(index));
            let Some((real, model)) = both(&mut oracle, &library, choice, &sequence) else {
                say(&format!(
                    "SKIPPED: glibc {} is not modelled",
                    oracle.glibc()
                ));
                return;
            };
            operations += sequence.steps.len();
            if real == model {
                continue;
            }
            let shrunk = shrink(&sequence, PATIENCE, |smaller| {
                both(&mut oracle, &library, choice, smaller).is_some_and(|(a, b)| a != b)
            });
            let found = both(&mut oracle, &library, choice, &shrunk);
            let (real, model) = found.unwrap_or((real, model));
            for (index, step) in shrunk.steps.iter().enumerate() {
                let values = (real.values.get(index), model.values.get(index));
                println!("{:?}: {values:x?}", step.operation);
            }
            panic!(
                "seed {:#x} of {} with {choice:?}: real and model, see above",
                seed.wrapping_add(index),
                library.version
            );
        }
        say(&format!(
            "{operations} operations compared on libpython {} over glibc {}, seed {seed:#x}",
            library.version,
            oracle.glibc()
        ));
    }
}
