//! The diagnosis of an allocator that decides over whole pages, in words: what keeps each resident page, and by which
//! clock it will go.

use crate::diagnosis::Diagnosis;
use crate::page_shares::Waits;
use highwater_allocator::{Bytes, DecayRule, Figures, Micros};

/// Below this nothing is worth a sentence.
const WORTH_SAYING: Bytes = Bytes::mib(1);
/// A pause from which on the program counts as resting.
const REST: Micros = Micros(100_000);

impl Diagnosis {
    /// All there is to say beyond the first sentence.
    pub(crate) fn about_pages(&self, figures: &Figures) -> Vec<String> {
        let mut said = Vec::new();
        let shares = self.pages.unwrap_or_default();
        let rule = figures.decay;
        let is_dirty = figures.dirty >= WORTH_SAYING;
        if is_dirty {
            said.push(format!(
                "{} are dirty: whole pages that are free, kept as the program left them so that it can have them again \
                 without asking the kernel. {}{}",
                figures.dirty,
                clock(rule, rule.dirty_ms, "dirty_decay_ms"),
                waiting(&shares.dirty_waits, rule.dirty_ms)
            ));
            said.extend(self.about_rest(rule, figures));
        }
        if figures.muzzy >= WORTH_SAYING {
            let clock = if is_dirty && rule.muzzy_ms == rule.dirty_ms {
                format!("muzzy_decay_ms is {}, too.", rule.muzzy_ms)
            } else {
                clock(rule, rule.muzzy_ms, "muzzy_decay_ms")
            };
            said.push(format!(
                "{} are muzzy: offered to the kernel (MADV_FREE), which takes them when it needs memory. Until then they \
                 are resident, and a graph of resident memory does not come down. {clock}{}",
                figures.muzzy,
                waiting(&shares.muzzy_waits, rule.muzzy_ms)
            ));
        }
        let between = figures.active.saturating_sub(figures.allocated);
        if between >= WORTH_SAYING {
            said.push(format!(
                "{between} lie between blocks: free places in slabs, whose pages become free only once every place in the \
                 slab is, and the ends of larger blocks' pages. No decay touches them."
            ));
        }
        if shares.slabs() >= WORTH_SAYING {
            said.push(format!(
                "{} are resident in slabs of which less than half is in use, {} of it in slabs with less than an eighth: \
                 the {} in use there hold them all.",
                shares.slabs(),
                shares.slabs_below_eighth,
                shares.used_in_slabs
            ));
        }
        if self.parked >= WORTH_SAYING {
            said.push(format!(
                "{} are blocks the program has freed and thread caches keep; their pages count as in use, {} of them for \
                 nothing else.",
                self.parked, shares.parked
            ));
        }
        if self.reclaimable < WORTH_SAYING {
            said.push("There is next to nothing that a purge could give back now.".to_owned());
        }
        said
    }

    /// What the rest up to now has brought, and what it can bring at all.
    fn about_rest(&self, rule: DecayRule, figures: &Figures) -> Option<String> {
        if rule.dirty_ms <= 0 || self.idle < REST {
            return None;
        }
        let idle = seconds(self.idle);
        if !rule.background_thread {
            return Some(format!(
                "The program has made no call for {idle}, and without a background thread nobody else looks at the clock: \
                 however long it rests, they stay."
            ));
        }
        let decay = Micros(rule.dirty_ms.unsigned_abs().saturating_mul(1000));
        let share = DecayRule::share_left(rule.dirty_ms, self.idle);
        let wakes = figures.wakes.map_or(String::new(), |at| {
            let wait = Micros(at.0.saturating_sub(self.time.0));
            format!(" The background thread looks again in {}.", seconds(wait))
        });
        Some(if self.idle < decay {
            format!(
                "The program has made no call for {idle}: of what became free just before, {} % may stay. The curve ends \
                 after {}; a rest that is shorter never gets there, and the next burst takes the pages anew.{wakes}",
                per_cent(share),
                seconds(decay)
            )
        } else {
            format!(
                "The program has made no call for {idle}, longer than the decay of {}: what is left waits only for the \
                 background thread to look.{wakes}",
                seconds(decay)
            )
        })
    }
}

/// How long free pages may stay, after a space; nothing where no clock decides it.
fn waiting(waits: &Waits, decay_ms: i64) -> String {
    let mut said = String::new();
    if decay_ms <= 0 {
        return said;
    }
    let is_due = waits.due >= WORTH_SAYING;
    if is_due {
        said += &format!(
            " {} of them have waited long enough and go as soon as somebody looks.",
            waits.due
        );
    }
    if let (Some(half), Some(last)) = (waits.half, waits.last) {
        said += &format!(
            " If none are taken and none become free, half of {} may stay for {} more, the last for {}.",
            if is_due { "the others" } else { "them" },
            seconds(half),
            seconds(last)
        );
    }
    said
}

/// By which clock free pages go.
fn clock(rule: DecayRule, ms: i64, name: &str) -> String {
    match ms {
        ..0 => format!("{name} is {ms}: they are never given back."),
        0 => format!("{name} is 0: they go as soon as an arena is looked at."),
        _ => {
            let who = if rule.background_thread {
                "a background thread looks at the clock"
            } else {
                "only calls of the program look at the clock"
            };
            format!(
                "{name} is {ms}: pages that become free may stay for a while, half of them for {}, and none longer than \
                 {}; {who}.",
                seconds(Micros(ms.unsigned_abs().saturating_mul(500))),
                seconds(Micros(ms.unsigned_abs().saturating_mul(1000)))
            )
        }
    }
}

fn seconds(time: Micros) -> String {
    if time.0 < 1_000_000 {
        format!("{} ms", time.0.div_ceil(1000))
    } else {
        let tenths = (time.0 + 50_000) / 100_000;
        match tenths % 10 {
            0 => format!("{} s", tenths / 10),
            tenth => format!("{}.{tenth} s", tenths / 10),
        }
    }
}

fn per_cent(thousandths: u32) -> String {
    match thousandths {
        0..10 => "less than 1".to_owned(),
        n => format!("{}", (n + 5) / 10),
    }
}
