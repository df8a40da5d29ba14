#![allow(missing_docs, clippy::unwrap_used)]
use highwater_simulator::*;
use highwater_workload::{Call, trace};
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let w = Arc::new(trace::read(&std::fs::read(&args[1]).unwrap()).unwrap());
    let v = Variant { python: PythonVersion::parse(&args[2]), allocator: args[3].parse().unwrap(),
        environment: args[4..].iter().map(|a| { let (n, v) = a.split_once('=').unwrap(); Variable { name: n.into(), value: v.into() } }).collect(), ..Default::default() };
    let mut s = Simulation::new(w.clone(), &v).unwrap();
    let mut n = 0u64; let mut bad = 0u64; let mut badrss = 0;
    while let Some(e) = s.step() {
        match e.call {
            Call::Malloc { block, .. } | Call::Calloc { block, .. } | Call::Aligned { block, .. } | Call::Realloc { block, .. } => {
                n += 1;
                let (a, b) = (s.address(block), w.recorded[block.0 as usize]);
                if a != b { bad += 1; if bad <= 5 { println!("event {} t {} {:?}: model {a} real {b}", s.position() - 1, e.time, e.call); } }
            }
            Call::Mark(m) => { let mk = &w.marks[m.0 as usize]; if let Some(r) = mk.value("heap_rss") { if r != s.rss().0 { badrss += 1; if badrss <= 8 {println!("mark {} model {} real {} diff {}", mk.name, s.rss().0, r, s.rss().0 as i64 - r as i64);} } } }
            _ => {}
        }
    }
    println!("{n} compared, {bad} differ, {badrss} of {} marks differ", w.marks.len());
}
