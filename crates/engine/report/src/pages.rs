//! Findings about an allocator that decides over whole pages in words: what keeps each resident page, and by which clock
//! it goes.

use crate::numbers::span;
use crate::sentence::Sentence;
use highwater_simulator::{Bytes, Cause, Finding, Micros, Waits};

/// Below this nothing is said of what is due.
const WORTH: Bytes = Bytes::kib(64);

pub(crate) fn explain(finding: &Finding) -> Vec<Sentence> {
    let bytes = finding.bytes;
    match &finding.cause {
        Cause::Dirty {
            decay_ms,
            background_thread,
            waits,
        } => {
            let mut said = vec![
                Sentence::new(format!(
                    "{bytes} is dirty: whole free pages, kept as the program left them, so that it can have them again without \
                     asking the kernel."
                )),
                clock("dirty_decay_ms", *decay_ms, *background_thread),
            ];
            said.extend(waiting(waits, *decay_ms, *background_thread));
            said
        }
        Cause::Muzzy {
            decay_ms,
            background_thread,
            waits,
        } => {
            let mut said = vec![
                Sentence::new(format!(
                    "{bytes} is muzzy: offered to the kernel (MADV_FREE), which takes it when it needs memory. Until then it is \
                     resident, and a graph of resident memory does not come down."
                )),
                clock("muzzy_decay_ms", *decay_ms, *background_thread),
            ];
            said.extend(waiting(waits, *decay_ms, *background_thread));
            said
        }
        Cause::Resting { .. } => resting(finding),
        Cause::BetweenBlocks {} => vec![Sentence::new(format!(
            "{bytes} lies between blocks: free places in slabs, whose pages become free only once the whole slab is, and the ends \
             of larger blocks' pages. No decay touches it."
        ))],
        Cause::SparseSlabs { below_eighth, used } => vec![Sentence::new(format!(
            "{bytes} is resident in slabs of which less than half is in use, {below_eighth} of it in slabs with less than an \
             eighth in use. The {used} in use there keeps all of it."
        ))],
        Cause::ParkedPages { parked } => vec![Sentence::new(format!(
            "{parked} is in blocks that the program has freed and thread caches keep. Their pages count as in use; {bytes} of \
             them serves nothing else."
        ))],
        Cause::NothingToPurge {} => vec![Sentence::new(
            "A purge of every arena would give back next to nothing now.",
        )],
        Cause::RecordedTime {} => vec![Sentence::new(
            "The times are those of a recorded run. A recorder slows the program down, so free pages decay further between its \
             calls than they do without it.",
        )],
        _ => Vec::new(),
    }
}

fn resting(finding: &Finding) -> Vec<Sentence> {
    let Cause::Resting {
        idle,
        decay,
        background_thread,
        may_stay,
        looks_in,
    } = &finding.cause
    else {
        return Vec::new();
    };
    let idle_for = format!("The program has made no call for {}", span(*idle));
    if !background_thread {
        return vec![Sentence::new(format!(
            "{idle_for}. With no background thread, nothing purges pages while the program is idle."
        ))];
    }
    let mut said = vec![Sentence::new(if idle < decay {
        format!(
            "{idle_for}: {} % of the pages that became free just before may stay. The decay ends after {}; a shorter rest never \
             gets there, and the next burst uses the pages again.",
            per_cent(*may_stay),
            span(*decay)
        )
    } else {
        format!(
            "{idle_for}, longer than the decay of {}. What is left only waits for the background thread.",
            span(*decay)
        )
    })];
    if let Some(wait) = looks_in {
        said.push(Sentence::new(format!(
            "The background thread wakes in {}.",
            span(*wait)
        )));
    }
    said
}

/// Says how long free pages may stay; nothing where no clock decides it.
fn waiting(waits: &Waits, decay_ms: i64, background_thread: bool) -> Vec<Sentence> {
    let mut said = Vec::new();
    if decay_ms <= 0 {
        return said;
    }
    let is_due = waits.due >= WORTH;
    if is_due {
        said.push(Sentence::new(format!(
            "{} of it has waited long enough and is purged at the next tick.",
            waits.due
        )));
    }
    if let (Some(half), Some(last)) = (waits.half, waits.last) {
        let what = if is_due { "the rest" } else { "it" };
        let (half, last) = (span(half), span(last));
        said.push(Sentence::new(match background_thread {
            true => format!(
                "Without further allocations or frees, half of {what} would be returned within {half} and all within {last}."
            ),
            false => format!(
                "The clock lets half of {what} go within {half} and all within {last}, but nothing goes before the program's \
                 next calls."
            ),
        }));
    }
    said
}

/// Says by which clock free pages go.
fn clock(name: &str, ms: i64, background_thread: bool) -> Sentence {
    let said = Sentence::default().name(name).text(format!(" is {ms}: "));
    match ms {
        ..0 => said.text("these pages are never purged."),
        0 => said.text("these pages are purged at the next look at their arena."),
        _ => {
            let who = if background_thread {
                "A background thread checks the clock."
            } else {
                "Only the program's own calls check the clock."
            };
            said.text(format!(
                "half of the pages that become free may stay for {}, and none longer than {}. {who}",
                span(Micros(ms.unsigned_abs().saturating_mul(500))),
                span(Micros(ms.unsigned_abs().saturating_mul(1000)))
            ))
        }
    }
}

fn per_cent(thousandths: u32) -> String {
    match thousandths {
        0..10 => "less than 1".to_owned(),
        n => format!("{}", (n + 5) / 10),
    }
}
