//! Runs random programs without guidance, from one seed on: `soak FIRST COUNT`. Prints the seed of whatever fails.

use highwater_fuzz::{Input, hold, program, variant};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Some(Ok(first)), Some(Ok(count))) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: soak FIRST-SEED COUNT");
        return ExitCode::from(2);
    };
    let (mut runs, mut refused, mut faults) = (0_u64, 0_u64, 0_u64);
    for seed in first..first.saturating_add(count) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bytes = vec![0; 64 << random.usize(..8)];
        random.fill(&mut bytes);
        let mut input = Input::new(&bytes);
        let variant = variant(&mut input);
        let workload = program(&mut input);
        match std::panic::catch_unwind(|| hold(&workload, &variant)) {
            Ok(Ok(Ok(()))) => runs += 1,
            Ok(Err(_)) => refused += 1,
            Ok(Ok(Err(fault))) => {
                faults += 1;
                println!("seed {seed}: {fault} ({variant:?})");
            }
            Err(_) => {
                faults += 1;
                println!("seed {seed}: a panic ({variant:?})");
            }
        }
    }
    println!(
        "seeds {first} to {}: {runs} runs held, {refused} refused, {faults} failed",
        first + count
    );
    ExitCode::from(u8::from(faults > 0))
}
