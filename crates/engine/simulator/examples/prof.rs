//! Profiling driver (prototype, not to be committed).
#![allow(missing_docs, clippy::all)]
use highwater_simulator::{Choice, Options, Simulation, Variant};
use highwater_workload::{Workload, trace, unwatched};
use std::sync::Arc;
use std::time::Instant;

#[inline(never)]

fn prof_model(w: &Arc<Workload>, v: &Variant) -> u64 {
    let mut s = Simulation::new(Arc::clone(w), v).unwrap();
    s.run_until(u64::MAX);
    s.rss().0 ^ s.position()
}
#[inline(never)]

fn prof_record(w: &Arc<Workload>, v: &Variant) -> u64 {
    let r = highwater_simulator::run(w, v, &Options::default(), &mut unwatched).unwrap();
    r.peak_rss.0 ^ r.faults
}
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&a[1]).unwrap();
    let t = Instant::now();
    let w = Arc::new(trace::read(&bytes).unwrap());
    let read = t.elapsed().as_secs_f64();
    let allocator: Choice = a[2].parse().unwrap();
    let v = Variant {
        allocator,
        ..Variant::default()
    };
    let n: usize = a[4].parse().unwrap();
    let events = w.events.len();
    let mut best = f64::MAX;
    let mut all = Vec::new();
    let mut x = 0;
    for _ in 0..n {
        let c = cpu();
        x ^= match &a[3][..] {
            "model" => prof_model(&w, &v),
            _ => prof_record(&w, &v),
        };
        let c = cpu() - c;
        all.push(c);
        best = best.min(c);
    }
    all.sort_by(f64::total_cmp);
    let med = all[all.len() / 2];
    println!(
        "{} {} {} events {} blocks {} read {:.3}s best {:.2} M/s median {:.2} M/s  ({:.1} ns/ev) x {:x} sizeof {}",
        a[1].rsplit('/').next().unwrap(),
        a[2],
        a[3],
        events,
        w.blocks,
        read,
        events as f64 / best / 1e6,
        events as f64 / med / 1e6,
        best * 1e9 / events as f64,
        x,
        std::mem::size_of::<highwater_workload::Event>()
    );
}
