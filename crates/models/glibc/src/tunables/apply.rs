//! The parameters with which a process starts, from the numbers that the loader took: malloc/arena.c, `ptmalloc_init`.

use super::set::{Setting, UNREACHABLE};
use super::table::{HUGETLB, MMAP_THRESHOLD};
use super::{Remarks, Tunable, Values};
use crate::params::{Params, TCACHE_BINS};
use crate::version::Version;
use highwater_allocator::Tone::{Applied, NoEffect, Surprise};

/// Returns the parameters with which a process starts.
pub(super) fn apply(version: Version, values: &Values, remarks: &mut Remarks) -> Params {
    let mut params = Params::defaults(version);
    let mut settings = Tunable::ALL.iter().zip(values);
    let is_threshold_given = settings.any(|(t, value)| t.name == MMAP_THRESHOLD && value.is_some());
    // What ended the growth of the mmap threshold first.
    let mut froze = None;
    for (tunable, value) in Tunable::ALL.iter().zip(values) {
        let Some(value) = value else { continue };
        let was_dynamic = params.dynamic_threshold;
        remarks.in_tunables = !value.from_alias;
        let (tone, mut text) = (tunable.set)(&mut Setting {
            version,
            params: &mut params,
            number: value.number,
            is_threshold_given,
        });
        let is_usual = tone == Applied && (tunable.usual)(version) == Some(value.number);
        if is_usual {
            text += " That is the default.";
        }
        let name = match tunable.alias {
            Some(alias) if value.from_alias => alias,
            _ => tunable.name,
        };
        remarks.say(name, if is_usual { NoEffect } else { tone }, text);
        if was_dynamic && !params.dynamic_threshold {
            let is_given = is_threshold_given || tunable.name == HUGETLB;
            froze = Some((name, is_given, remarks.in_tunables));
        }
    }
    if let Some((name, is_given, in_tunables)) = froze {
        remarks.in_tunables = in_tunables;
        remarks.say(name, Surprise, frozen(&params, is_given));
    }
    remarks.in_tunables = false;
    debug_assert!(params.tcache_bins <= TCACHE_BINS);
    params
}

/// Returns the sentence on a threshold that does not rise any more, to what it was set (`is_given`) or not.
fn frozen(params: &Params, is_given: bool) -> String {
    let threshold = params.mmap_threshold;
    if params.mmap_max <= 0 || threshold >= UNREACHABLE {
        return "No block gets a mapping of its own now, however large: all come from the heap."
            .to_owned();
    }
    let usually = if is_given {
        ""
    } else {
        " This usually changes the outcome, not the number given."
    };
    format!(
        "The mmap threshold now stays at {threshold} instead of rising to as much as 32 MiB.{usually}"
    )
}
