//! What a remedy promises, held against runs of programs that were written for no cause.

#[path = "../small/mod.rs"]
mod small;

use crate::program::*;
use highwater_simulator::{Bytes, Gain, Simulation, Variant};
use highwater_workload::Workload;
use std::sync::Arc;

fn at(workload: &Arc<Workload>, variant: &Variant, event: u64) -> Simulation {
    let mut simulation = Simulation::new(Arc::clone(workload), variant).expect("it can run");
    simulation.run_until(event);
    simulation
}

#[test]
fn remedies_of_random_programs_keep_their_promises() {
    let mut tried = 0;
    for seed in 0..20 {
        let workload = Arc::new(small::program(seed));
        let events = workload.events.len() as u64;
        for allocator in releases()
            .iter()
            .map(String::as_str)
            .chain(["jemalloc@5.3.0"])
        {
            let variant = on(allocator, "");
            for part in [3, 6] {
                let event = events * part / 6;
                tried += hold_at(&workload, &variant, event);
            }
        }
    }
    assert!(tried > 50, "{tried} are enough to tell");
}

fn hold_at(workload: &Arc<Workload>, variant: &Variant, event: u64) -> usize {
    let before = at(workload, variant, event);
    let mut tried = 0;
    for finding in &before.diagnose().findings {
        for remedy in &finding.remedies {
            let (Gain::AtLeast { bytes }, Some(changed)) =
                (remedy.gives, remedy.applied_to(variant))
            else {
                continue;
            };
            let after = at(workload, &changed, event);
            let gone: Bytes = before.rss().saturating_sub(after.rss());
            assert!(
                gone.0 * 100 >= bytes.0 * 99,
                "{} at {event}: {remedy:?}, but {gone} gone",
                variant.allocator
            );
            tried += 1;
        }
    }
    tried
}
