#![allow(clippy::unwrap_used)]
//! scratch
mod small;
use highwater_workload::trace;
#[test]
#[ignore = "writes"]
fn write_programs() {
    let folder = std::env::var("HIGHWATER_SHEETS").unwrap();
    for seed in 0..12 {
        let w = small::program(seed);
        let mut f = std::fs::File::create(format!("{folder}/p{seed}.hwt")).unwrap();
        trace::write(&w, None, &mut f).unwrap();
        println!("{seed} {}", w.events.len());
    }
}
