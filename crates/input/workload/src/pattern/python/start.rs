//! How an interpreter starts: it imports its modules.

use super::super::kind::Share;
use super::super::process::Process;
use super::super::table::Python;
use super::{BYTES, Dict, Object, drop_backwards};
use crate::{Bytes, Nanos};

/// The time that a byte of a module's code takes.
pub(in super::super) const LOAD_PER_BYTE: Nanos = Nanos(40);
/// The time that a byte of what is held from the start takes.
const PRELOAD_PER_BYTE: Nanos = Nanos(1);

/// Imports so many modules: each reads its byte code, makes constants, code objects, functions, classes and their tables,
/// and lets the byte code go. What stays is scattered over the lower end of the heap and over the pools. How many there
/// are of each size was counted in a recording of a small service at its start.
pub(in super::super) fn imports(process: &mut Process, modules: u32) {
    for _ in 0..modules {
        let text = process.between(3_000, 50_000);
        let code = Object::new(process, BYTES + Bytes::from(text));
        let mut rubbish = Vec::new();
        for _ in 0..process.between(35, 75) {
            // Names, constants, functions: small objects between the large ones, a few of which die at once.
            small_objects(process, &mut rubbish);
            large_object(process, &mut rubbish);
        }
        Dict::new(process, 30);
        if process.chance(Share::percent(20)) {
            Dict::new(process, 60);
        }
        drop_backwards(process, &mut rubbish);
        code.drop(process);
        process.spend(LOAD_PER_BYTE * u64::from(text));
    }
    // The table of interned text, which has doubled its way up.
    let mut interned = process.object_calloc(Bytes(73_792));
    for size in [147_520, 294_976] {
        let larger = process.object_calloc(Bytes(size));
        process.object_free(interned);
        interned = larger;
    }
}

impl Python {
    /// A bound of the calls of the imports.
    pub(in super::super) fn calls(&self) -> u64 {
        u64::from(self.modules) * 600
    }

    /// A bound that the bytes the modules hold stay below.
    pub(in super::super) fn held(&self) -> Bytes {
        Bytes::kib(128) * u64::from(self.modules)
    }
}

/// A bound of the calls that load what is held from the start.
pub(in super::super) fn calls_of_preload(held: Bytes) -> u64 {
    held / LEAST_LOADED
}

/// A bound of the bytes that this takes.
pub(in super::super) fn held_by_preload(held: Bytes) -> Bytes {
    held + Bytes(held.0 / 4) + Bytes::mib(1)
}

/// The smallest block of what is held from the start.
const LEAST_LOADED: Bytes = Bytes::kib(8);

/// Loads what a program holds from its start besides its modules: tables, templates, models, in blocks of some tens of
/// KiB.
pub(in super::super) fn preload(process: &mut Process, held: Bytes) {
    let mut left = held;
    while left > Bytes::ZERO {
        let size = Bytes::from(process.between(LEAST_LOADED.0 as u32, 64 << 10));
        Object::new(process, size);
        left = left.saturating_sub(size);
        process.spend(PRELOAD_PER_BYTE * size.0);
    }
}

fn small_objects(process: &mut Process, rubbish: &mut Vec<Object>) {
    for _ in 0..3 {
        let size = 32 + 8 * process.between(0, 22);
        let object = Object::new(process, Bytes::from(size));
        if process.chance(Share::percent(15)) {
            rubbish.push(object);
        }
    }
}

fn large_object(process: &mut Process, rubbish: &mut Vec<Object>) {
    match process.between(0, 100) {
        // What the C parts ask malloc for however small.
        0..=24 => {
            process.malloc(Bytes(24));
        }
        25..=31 => {
            let size = process.between(600, 3_000);
            rubbish.push(Object::new(process, Bytes::from(size)));
        }
        32..=79 => {
            let size = process.between(513, 1_000);
            Object::new(process, Bytes::from(size));
        }
        80..=93 => {
            let size = process.between(1_024, 1_800);
            Object::new(process, Bytes::from(size));
        }
        94..=97 => {
            let size = process.between(2_048, 4_000);
            Object::new(process, Bytes::from(size));
        }
        _ => {
            process.malloc(Bytes(8_224));
        }
    }
}
