//! Runs on all cores, with one line that says how far all of them are.

use anyhow::{Context, Result, anyhow};
use highwater_simulator::{Explain, Options, Outcome, Plan, run_plan};
use highwater_workload::{Progress, Watch};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// Does `count` pieces of work, at most so many at a time; the results come in the order of the work. `work` gets the number
/// of its piece and a watch to tell, which breaks off once `stopped` says so.
pub(crate) fn all<T: Send>(
    count: usize,
    jobs: Option<usize>,
    stopped: &(dyn Fn() -> bool + Sync),
    work: &(dyn Fn(usize, &mut Watch) -> T + Sync),
) -> Vec<Option<T>> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let jobs = jobs.unwrap_or(cores).clamp(1, count.max(1));
    let next = AtomicUsize::new(0);
    let shares: Vec<AtomicU64> = (0..count).map(|_| AtomicU64::new(0)).collect();
    let results: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let watched = std::io::stderr().is_terminal();
    let perform = || {
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(result) = results.get(number)
        {
            let mut told = |progress: Progress| {
                let thousandths = (progress.share().min(1.0) * 1000.0) as u64;
                let before = shares[number].swap(thousandths, Ordering::Relaxed);
                if watched && before / 10 != thousandths / 10 {
                    let all = shares.iter().map(|share| share.load(Ordering::Relaxed));
                    let percent = all.sum::<u64>() / 10 / count as u64;
                    crate::console::hint(&format!("\r{percent:3} %"));
                }
                match stopped() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            };
            let done = work(number, &mut told);
            if let Ok(mut result) = result.lock() {
                *result = Some(done);
            }
        }
    };
    thread::scope(|scope| {
        // What finds no thread is run by those that there are.
        for _ in 1..jobs {
            if thread::Builder::new().spawn_scoped(scope, perform).is_err() {
                break;
            }
        }
        perform();
    });
    if watched {
        crate::console::hint("\r     \r");
    }
    let taken = |result: Mutex<Option<T>>| result.into_inner().ok().flatten();
    results.into_iter().map(taken).collect()
}

/// Runs plans whose figures are compared.
pub(crate) fn plans(plans: &[Plan], jobs: Option<usize>) -> Result<Vec<Outcome>> {
    let options = Options {
        decisions: 0,
        explain: Explain::Nothing,
        ..Options::default()
    };
    let outcomes = all(plans.len(), jobs, &|| false, &|number, watch| {
        let plan = &plans[number];
        run_plan(plan.clone(), &options, watch).with_context(|| plan.name.clone())
    });
    let taken = |outcome: Option<Result<Outcome>>| {
        outcome.unwrap_or_else(|| Err(anyhow!("a variant was not run")))
    };
    outcomes.into_iter().map(taken).collect()
}
