//! What the model says of a refusal to give memory back, and of a block that is gone for the sake of asking.

use highwater_allocator::{
    Address, Allocator, BlockState, Bytes, Decision, Kernel, ThreadId, Variable,
};
use highwater_glibc::{Glibc, Host, Settings, Version};
use highwater_kernel::Config;

fn model(version: Version, name: &str, value: &str) -> (Glibc, Kernel) {
    let variable = Variable {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let settings = Settings::from_environment(version, &[variable]);
    let kernel = Kernel::new(Config::default()).expect("the default is a process");
    (
        Glibc::new(version, settings.params, Host::default()),
        kernel,
    )
}

fn malloc(model: &mut Glibc, kernel: &mut Kernel, size: u64) -> Address {
    let block = model.malloc(kernel, ThreadId::MAIN, Bytes(size));
    block.expect("there is memory")
}

#[test]
fn the_obstacle_lies_above_what_consolidation_merged() {
    let tunable = "glibc.malloc.tcache_count=0";
    let (mut model, mut kernel) = model(Version::V2_36, "GLIBC_TUNABLES", tunable);
    let sizes = [100_000, 24, 2000, 24];
    let [large, fast, binned, pin] = sizes.map(|size| malloc(&mut model, &mut kernel, size));
    for block in [binned, fast, large] {
        model.free(&mut kernel, ThreadId::MAIN, block);
    }
    let last = model.decisions().iter().next_back().map(|l| l.decision);
    let Some(Decision::TrimRefused {
        merged,
        obstacle: Some(obstacle),
        ..
    }) = last
    else {
        panic!("{last:?}");
    };
    assert_eq!(merged, Bytes(100_016), "what was merged at first");
    assert_eq!(obstacle.chunk, pin - Bytes(16));
    assert_eq!(obstacle.parked, None);
}

#[test]
fn a_mapped_block_leaves_the_cache_that_keeps_it() {
    let tunable = "glibc.malloc.tcache_max=400000";
    let (mut model, mut kernel) = model(Version::V2_43, "GLIBC_TUNABLES", tunable);
    let block = malloc(&mut model, &mut kernel, 200_000);
    model.free(&mut kernel, ThreadId::MAIN, block);
    let mut cache = None;
    model.census(&kernel, &mut |found| {
        if let BlockState::Parked(parked) = found.state {
            cache = Some(parked);
        }
    });
    assert!(cache.is_some(), "it is kept");
    assert!(model.discard(&mut kernel, block, cache));
    assert!(!model.discard(&mut kernel, block, cache), "it is gone");
    model.check(&kernel);
}
