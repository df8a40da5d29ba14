//! What malloc does where it asks for transparent huge pages. Addresses and residency are held against the real library in
//! `highwater-live`, on a machine whose mode is `madvise`; the other modes are held against the source here.

use highwater_allocator::{Allocator, Bytes, Decision, Kernel, ThreadId, Variable};
use highwater_glibc::{Glibc, Host, Settings, Version};
use highwater_kernel::{Config, HugeMode, HugePages};

const TWO: Bytes = Bytes::mib(2);

/// A process of two threads with `hugetlb=1` on a machine of that mode.
fn process(version: Version, mode: HugeMode) -> (Glibc, Kernel) {
    let line = Variable {
        name: "GLIBC_TUNABLES".to_owned(),
        value: "glibc.malloc.hugetlb=1".to_owned(),
    };
    let settings = Settings::from_environment(version, &[line]);
    let host = Host {
        threaded: true,
        ..Host::default()
    };
    let huge_pages = HugePages {
        mode,
        ..HugePages::default()
    };
    let kernel = Kernel::new(Config {
        huge_pages,
        ..Config::default()
    });
    let model = Glibc::new(version, settings.params, host);
    (model, kernel.expect("the machine is possible"))
}

/// What a thread's arena grew by, its first size included, while the thread took 60 blocks of 100,000 bytes and wrote them; and
/// how much of it lies in huge pages.
fn grown(version: Version, mode: HugeMode) -> (Vec<Bytes>, Bytes) {
    let (mut model, mut kernel) = process(version, mode);
    model.decisions_mut().keep_all();
    let _ = model.malloc(&mut kernel, ThreadId(0), Bytes(24));
    for _ in 0..60 {
        let block = model.malloc(&mut kernel, ThreadId(1), Bytes(100_000));
        kernel.touch(block.expect("there is memory"), Bytes(100_000));
    }
    let grown = model
        .decisions()
        .iter()
        .filter_map(|logged| match logged.decision {
            Decision::HeapCreated { bytes, .. } => Some(bytes),
            Decision::HeapGrown { arena, bytes, .. } if arena != 0 => Some(bytes),
            _ => None,
        });
    (grown.collect(), kernel.huge())
}

#[test]
fn heaps_of_arenas_move_by_huge_pages_from_2_43_on() {
    for (version, mode, huge) in [
        // Only what a heap begins with is asked for.
        (Version::V2_43, HugeMode::Madvise, TWO),
        (Version::V2_44, HugeMode::Madvise, TWO * 3),
        // Where the machine decides, nothing is asked for.
        (Version::V2_43, HugeMode::Always, TWO * 3),
        (Version::V2_44, HugeMode::Always, TWO * 3),
    ] {
        assert_eq!(
            grown(version, mode),
            (vec![TWO; 3], huge),
            "{version} {mode}"
        );
    }
    for (version, mode) in [
        (Version::V2_42, HugeMode::Madvise),
        (Version::V2_42, HugeMode::Always),
        (Version::V2_43, HugeMode::Never),
        (Version::V2_44, HugeMode::Never),
    ] {
        let (steps, _) = grown(version, mode);
        assert!(steps.len() > 30, "{version} {mode}: {steps:?}");
    }
}

/// The main heap's first size.
fn first(version: Version, mode: HugeMode) -> Bytes {
    let (mut model, mut kernel) = process(version, mode);
    let start = kernel.brk();
    let _ = model.malloc(&mut kernel, ThreadId(0), Bytes(24));
    kernel.brk() - start
}

#[test]
fn the_main_heap_moves_by_huge_pages_in_mode_always_from_2_43_on() {
    let small = first(Version::V2_42, HugeMode::Never);
    for (version, mode, is_large) in [
        (Version::V2_36, HugeMode::Madvise, true),
        (Version::V2_42, HugeMode::Always, false),
        (Version::V2_43, HugeMode::Always, true),
        (Version::V2_44, HugeMode::Madvise, true),
        (Version::V2_44, HugeMode::Never, false),
    ] {
        let is = first(version, mode) > small * 2;
        assert_eq!(is, is_large, "{version} {mode}");
    }
}
