//! Replays a request again and again and prints the processor time of each replay in milliseconds, without what comes before
//! it: `replays RUNS REQUEST.json [TRACE]`. `cargo xtask perf` runs it beside the same engine in WebAssembly.

use cpu_time::ProcessTime;
use highwater_simulator::{Options, PlanRun, Sources};
use highwater_workload::scenario::catalogued;
use highwater_workload::spec::Tree;
use highwater_workload::{RunSpec, Source, trace};
use std::error::Error;

/// Replays that are not measured.
const WARMING: usize = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let runs: usize = arguments.next().ok_or("how many runs?")?.parse()?;
    let request = std::fs::read_to_string(arguments.next().ok_or("which request?")?)?;
    let tree = Tree::from_json(&request).map_err(|_| "the request is no JSON")?;
    let run = RunSpec::try_from(tree).map_err(|fault| fault.message)?;
    let planned = run.plan(&catalogued).map_err(|fault| fault.message)?;
    let trace = match arguments.next() {
        Some(file) => Some(Source::from(trace::read(&std::fs::read(file)?)?)),
        None => None,
    };
    for number in 0..WARMING + runs {
        let plan = Sources::default().plan(&planned[0], trace.as_ref());
        let mut replay = PlanRun::new(plan.map_err(|fault| fault.message)?, &Options::default())?;
        let start = ProcessTime::now();
        while replay.go_on(1 << 20)? {}
        let outcome = replay.finish();
        let took = start.elapsed();
        drop(outcome);
        if number >= WARMING {
            println!("{}", took.as_secs_f64() * 1000.0);
        }
    }
    Ok(())
}
