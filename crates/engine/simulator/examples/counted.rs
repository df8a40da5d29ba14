//! Replays a trace once, for counting instructions: `counted model|history|recording ALLOCATOR TRACE`. Prints the number of events.
//!
//! What is to be counted happens in functions of their own, [`model_alone`], [`with_history`] and [`with_recording`], so that a
//! profiler can be told to count nothing else. `cargo xtask perf --only instructions` does so.

use highwater_simulator::{Choice, Options, Simulation, Variant, run};
use highwater_workload::{Workload, trace, unwatched};
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

/// The model, its kernel and what the program holds.
#[inline(never)]
fn model_alone(workload: &Arc<Workload>, variant: &Variant) -> Result<u64, Box<dyn Error>> {
    let simulation = Simulation::new(Arc::clone(workload), variant)?;
    let mut simulation = simulation.without_history();
    simulation.run_until(u64::MAX);
    Ok(simulation.rss().0)
}

/// The same with the blocks that the program has freed, which looks ask for.
#[inline(never)]
fn with_history(workload: &Arc<Workload>, variant: &Variant) -> Result<u64, Box<dyn Error>> {
    let mut simulation = Simulation::new(Arc::clone(workload), variant)?;
    simulation.run_until(u64::MAX);
    Ok(simulation.rss().0)
}

/// The same with all that a run keeps.
#[inline(never)]
fn with_recording(workload: &Arc<Workload>, variant: &Variant) -> Result<u64, Box<dyn Error>> {
    let recording = run(
        Arc::clone(workload),
        variant,
        &Options::default(),
        &mut unwatched,
    )?;
    Ok(recording.peak_rss.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, allocator, file] = arguments.as_slice() else {
        return Err("counted model|history|recording ALLOCATOR TRACE".into());
    };
    let allocator: Choice = allocator.parse()?;
    let workload = Arc::new(trace::read(&std::fs::read(file)?)?);
    let variant = Variant {
        allocator,
        ..Variant::default()
    };
    let counted = match what.as_str() {
        "model" => model_alone(&workload, &variant)?,
        "history" => with_history(&workload, &variant)?,
        "recording" => with_recording(&workload, &variant)?,
        _ => return Err("count the `model`, the `history` or the `recording`?".into()),
    };
    black_box(counted);
    println!("{}", workload.events.len());
    Ok(())
}
