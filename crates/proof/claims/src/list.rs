//! The claims, in the order in which the account makes them. The files beside this one compute the verdicts from
//! the figures of the runs.

mod decay;
mod experiments;
mod level;
mod settings;

use crate::claim::Claim;
use anyhow::{Context, Result};
use highwater_simulator::{Bytes, Diagnosis, PinState, Recording, Summary};

/// All of them.
pub(crate) const CLAIMS: [Claim; 20] = [
    Claim {
        said: "The first burst raises resident memory to its level (62 to 480 MB), where it still is after 40 \
         bursts (483): this is not a leak, but it does not come down.",
        scenario: "incident_full",
        real: Some(
            "The same program with 300 events, recorded on glibc 2.36: 208 MiB after the first and the second \
             rest.",
        ),
        is_quick: false,
        hold: level::the_first_burst_sets_the_level,
    },
    Claim {
        said: "With jemalloc and both decays at 1000 ms the same run stays between 79 and 85 MB; glibc ends 5.7 \
         times as high.",
        scenario: "incident_full",
        real: Some(
            "asyncio_burst on jemalloc 5.3.0 in real time, both decays 1000 ms: 11 MiB after the rest, glibc 208.",
        ),
        is_quick: false,
        hold: decay::a_second_of_decay_keeps_it_down,
    },
    Claim {
        said: "MALLOC_TRIM_THRESHOLD_ changes nothing, at 64 KiB or at 4 MiB (165.6, 165.6, 165.8 MB).",
        scenario: "environment",
        real: Some("asyncio_burst on glibc 2.36: 207.6 MiB without a setting, 207.6 with 65536."),
        is_quick: true,
        hold: settings::the_trim_threshold_changes_nothing,
    },
    Claim {
        said: "MALLOC_ARENA_MAX=2 changes nothing (166.6 MB).",
        scenario: "environment",
        real: Some(
            "asyncio_burst on glibc 2.36: 207.6 MiB without a setting, 207.6 with MALLOC_ARENA_MAX=2.",
        ),
        is_quick: true,
        hold: settings::fewer_arenas_change_nothing,
    },
    Claim {
        said: "One malloc_trim(0) gives back what no setting does (165.6 to 64.1 MB).",
        scenario: "environment",
        real: Some("asyncio_burst on glibc 2.36: 208 MiB, 7.7 after malloc_trim(0)."),
        is_quick: true,
        hold: settings::malloc_trim_gives_it_back,
    },
    Claim {
        said: "Automatic trim acts only on free space at the top of the heap, and concurrent asynchronous work nearly always \
               has something allocated near it.",
        scenario: "environment",
        real: Some(
            "A walk over a real heap after such a burst: a handful of chunks of 500 to 1,500 bytes pin the top; \
             a few are live, most are parked in tcache.",
        ),
        is_quick: true,
        hold: settings::what_holds_the_top,
    },
    Claim {
        said: "Sequential work leaves the top free between items, so free() gives its memory back.",
        scenario: "survivors",
        real: Some(
            "The program with mixed payloads, one subscriber after another: 82 MiB throughout, 42 after malloc_trim(0).",
        ),
        is_quick: true,
        hold: level::why_sequential_work_is_flat,
    },
    Claim {
        said: "CPython's object allocator gets its arenas from malloc, so swapping malloc also moves the small \
         objects.",
        scenario: "decay",
        real: Some(
            "Recordings of CPython 3.11: no arena of 1 MiB comes from malloc; CPython maps them itself.",
        ),
        is_quick: true,
        hold: level::objects_are_not_in_malloc,
    },
    Claim {
        said: "With tracemalloc on, the experiment misleads.",
        scenario: "tracemalloc",
        real: None,
        is_quick: true,
        hold: experiments::tracemalloc_misleads,
    },
    Claim {
        said: "One stream at a time, the experiment misleads: it is flat over 15 cycles whatever the setting.",
        scenario: "one_at_a_time",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 14.8 MiB after 15 bursts.",
        ),
        is_quick: true,
        hold: experiments::one_at_a_time_misleads,
    },
    Claim {
        said: "Without rests between bursts, the experiment misleads.",
        scenario: "without_rest",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 90.6 MiB; jemalloc was not run.",
        ),
        is_quick: true,
        hold: experiments::without_rest_it_misleads,
    },
    Claim {
        said: "A decay of 5000 ms made jemalloc worse than glibc, because the rest of 4 s was shorter than the \
         decay.",
        scenario: "decay_short_rest",
        real: Some(
            "asyncio_burst, rest 4 s, in real time: 41 and 57 MiB with 5000 ms, glibc 208. The program with mixed payloads, \
             rest 1.5 s: 283 with 5000 ms, glibc 383.",
        ),
        is_quick: true,
        hold: decay::five_seconds_are_worse,
    },
    Claim {
        said: "Swapping the allocator is the fix.",
        scenario: "survivors",
        real: Some(
            "jemalloc with its defaults, compared with glibc: 456 and 383 MiB for the program with mixed \
             payloads, 110 to 147 and 208 MiB for asyncio_burst.",
        ),
        is_quick: true,
        hold: decay::the_swap_alone,
    },
    Claim {
        said: "Four prefork workers of 250 MiB run at the cap of 1 GiB; one asynchronous worker takes 620 MiB \
         less.",
        scenario: "four_weeks",
        real: None,
        is_quick: true,
        hold: level::four_workers_to_one,
    },
    Claim {
        said: "A day without traffic is flat: load drives the memory, so this is not a leak.",
        scenario: "sunday",
        real: None,
        is_quick: true,
        hold: level::a_day_without_traffic,
    },
    Claim {
        said: "Six subscribers over one long stream leave the floor 170 MiB higher after they end.",
        scenario: "long_stream",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 315 MiB after all have ended; one at a \
             time, 182.",
        ),
        is_quick: true,
        hold: level::the_floor_rises,
    },
    Claim {
        said: "In a local reproduction 113 MB are resident, hardly more is held than before, and 64 MB remain \
         after malloc_trim(0).",
        scenario: "reproduction",
        real: Some(
            "The program with mixed payloads: 383 MiB after the rest, 93 after malloc_trim(0).",
        ),
        is_quick: true,
        hold: experiments::the_local_reproduction,
    },
    Claim {
        said: "The fix does not lower the peak; a reader that takes 100 events at a time would.",
        scenario: "paging",
        real: Some(
            "Peaks of the program with mixed payloads: glibc 383 MiB, jemalloc 443. The same calls, small objects included, on \
             glibc 2.36 after the rest: 325 MiB, 100 events at a time 125.",
        ),
        is_quick: true,
        hold: level::the_peak,
    },
    Claim {
        said: "MALLOC_TRIM_THRESHOLD_=65536 works for a Dask worker, whose tasks follow one another.",
        scenario: "dask",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 41.8 MiB without a setting, 10.5 with \
             65536, 10.7 with 1 GiB; with blocks of 100 KB 29.5 and 29.4.",
        ),
        is_quick: true,
        hold: settings::a_dask_worker,
    },
    Claim {
        said: "MALLOC_ARENA_MAX=2 is right for the threads of job workers.",
        scenario: "sidekiq",
        real: Some(
            "The same calls on glibc 2.36 and two cores: 160.4 MiB without a setting, 101.0 with two arenas; \
             with large rows 35.6 and 46.7.",
        ),
        is_quick: true,
        hold: settings::job_threads,
    },
];

/// The most that resident memory may differ by and be called the same: one part in fifty.
fn is_same(a: Bytes, b: Bytes) -> bool {
    a.0.abs_diff(b.0) * 50 <= a.0.max(b.0)
}

/// What is resident after the rest and not held.
fn above(summary: &Summary) -> Bytes {
    summary.after_rest.saturating_sub(summary.live)
}

fn times(a: Bytes, b: Bytes) -> String {
    format!("{:.1}", a.0 as f64 / b.0.max(1) as f64)
}

/// The end of a run, explained.
fn explained(recording: &Recording) -> Result<&Diagnosis> {
    let diagnosis = recording.diagnosis.as_ref();
    diagnosis.context("the end of a run was not explained")
}

/// The free memory behind pins that are held, and behind those that were freed and are parked, with their numbers.
fn behind(diagnosis: &Diagnosis) -> [(Bytes, usize); 2] {
    [PinState::Live, PinState::Parked].map(|state| {
        let pins = diagnosis.pins.iter().filter(|pin| pin.state == state);
        pins.fold((Bytes::ZERO, 0), |(sum, count), pin| {
            (sum + pin.behind, count + 1)
        })
    })
}
