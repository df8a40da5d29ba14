//! jemalloc in glibc's place, with one decay or another.

use super::times;
use crate::claim::{Finding, Verdict};
use crate::runs::Runs;
use anyhow::Result;

pub(super) fn a_second_of_decay_keeps_it_down(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("incident_full")?;
    let glibc = table.get("glibc")?;
    let jemalloc = table.get("jemalloc, 1000 ms")?;
    let far_below = jemalloc.after_rest.0 * 5 < glibc.after_rest.0;
    Ok(Finding {
        model: format!(
            "jemalloc {} after the last rest, glibc {}: {} times as much.",
            jemalloc.after_rest,
            glibc.after_rest,
            times(glibc.after_rest, jemalloc.after_rest)
        ),
        verdict: Verdict::of_two(
            far_below,
            jemalloc.after_rest.0 < 2 * jemalloc.live.0 + (16 << 20),
        ),
        why: format!(
            "After 4 s every page is older than its decay. Beyond the {} of live memory only slabs and arenas \
             that are not empty stay.",
            jemalloc.live
        ),
    })
}

pub(super) fn five_seconds_are_worse(runs: &mut Runs) -> Result<Finding> {
    let rested = runs.scenario("decay")?;
    let (glibc4, five4) = (rested.get("glibc")?, rested.get("jemalloc, 5000 ms")?);
    let short = runs.scenario("decay_short_rest")?;
    let (glibc1, five1) = (short.get("glibc")?, short.get("jemalloc, 5000 ms")?);
    let large = short.get("glibc, events of 400 KB")?;
    let five_large = short.get("jemalloc, 5000 ms, events of 400 KB")?;
    Ok(Finding {
        model: format!(
            "jemalloc and glibc after a rest of 4 s: {} and {}. After a rest of 1 s: {} and {}; with events of \
             400 KB {} and {}.",
            five4.after_rest,
            glibc4.after_rest,
            five1.after_rest,
            glibc1.after_rest,
            five_large.after_rest,
            large.after_rest
        ),
        verdict: Verdict::of_two(
            five4.after_rest > glibc4.after_rest,
            five1.after_rest > glibc1.after_rest && five_large.after_rest > large.after_rest,
        ),
        why: "A decay is gradual: after 4 s of 5 most pages are gone. jemalloc keeps more than glibc only if the \
         rest is much shorter than the decay, here 1 s. The same holds for events of 400 KB, which glibc maps and unmaps one by one."
            .to_owned(),
    })
}

pub(super) fn the_swap_alone(runs: &mut Runs) -> Result<Finding> {
    let mixed = runs.scenario("survivors")?;
    let (glibc, swapped) = (mixed.get("glibc")?, mixed.get("jemalloc, no setting")?);
    let tuned = mixed.get("jemalloc, 1000 ms")?;
    let swapped_helps = swapped.after_rest < glibc.after_rest;
    Ok(Finding {
        model: format!(
            "Mixed payloads with survivors: jemalloc with its defaults {}, glibc {}, jemalloc with 1000 ms {}.",
            swapped.after_rest, glibc.after_rest, tuned.after_rest
        ),
        verdict: Verdict::of_two(swapped_helps, tuned.after_rest < glibc.after_rest),
        why: "jemalloc's defaults wait 10 s, and without a background thread nothing purges pages while the \
         program rests. The gain comes from the decay settings, not from the swap. On other loads the \
         defaults help."
            .to_owned(),
    })
}
