//! The candidates of one change each: every setting that can matter to this program on this release.

use crate::candidate::Candidate;
use crate::family::{Family, Scope};
use crate::subject::Subject;
use crate::survey::Survey;
use highwater_simulator::{Bytes, Choice, Effect, Micros, Plan, Variable};
use highwater_workload::Trims;

/// What is usually advised, and with which value: `MALLOC_TRIM_THRESHOLD_` of Dask's workers, and a cap of the arenas.
const USUAL: [(Family, &str, u64); 3] = [
    (Family::TrimThreshold, "MALLOC_TRIM_THRESHOLD_", 65_536),
    (Family::Arenas, "MALLOC_ARENA_MAX", 2),
    (Family::Arenas, "MALLOC_ARENA_MAX", 1),
];
/// The least mmap threshold that is tried: a page.
const LEAST_MAPPED: u64 = 4096;
/// The largest one that malloc takes on 64-bit machines.
const MOST_MAPPED: u64 = 32 << 20;
/// The threshold that a process starts with.
const USUAL_MAPPED: u64 = 128 << 10;
/// Trim thresholds: nothing, as it starts, and so much that a busy top stays.
const TRIM_THRESHOLDS: [u64; 4] = [0, 128 << 10, 4 << 20, 64 << 20];
const TOP_PADS: [u64; 3] = [0, 1 << 20, 16 << 20];
const ARENAS: [u64; 2] = [4, 8];
/// Decays of jemalloc, in milliseconds.
const DECAYS: [u64; 5] = [0, 100, 1_000, 5_000, 10_000];
/// Arenas of jemalloc.
const NARENAS: [u64; 2] = [1, 2];
/// Times after which a program trims, in microseconds.
const IDLE: [u64; 2] = [100_000, 1_000_000];
/// The shortest time that is worth a timer.
const LEAST_IDLE: u64 = 20_000;
const EVERY: [u64; 3] = [1_000_000, 10_000_000, 60_000_000];

/// What the usual advice is, for any run.
pub(crate) fn usual() -> Vec<Candidate> {
    let usual = USUAL.map(|(family, name, value)| Candidate::set(family, name, value).usual());
    usual.into()
}

/// All of them, those that are likeliest to help first.
pub(crate) fn all(subject: &Subject) -> Vec<Candidate> {
    let mut all = match subject.allocator() {
        Choice::Glibc(_) => {
            let survey = &subject.survey;
            let mut all = thresholds(survey);
            all.extend(trims(survey));
            all.extend(jemalloc(subject));
            all.extend(others(survey));
            all
        }
        Choice::Jemalloc(_) => jemalloc(subject),
    };
    if has_settings(&subject.plan) {
        all.push(Candidate {
            families: vec![Family::Removal],
            removes: true,
            ..Candidate::default()
        });
    }
    all.retain(|candidate| is_read(candidate, subject));
    all.retain(|one| is_wanted(one, &subject.scope));
    all
}

/// Whether all that a candidate changes is to be tried.
pub(crate) fn is_wanted(candidate: &Candidate, scope: &Scope) -> bool {
    candidate.families.iter().all(|family| scope.has(*family))
}

/// Whether the release reads every setting of a candidate.
fn is_read(candidate: &Candidate, subject: &Subject) -> bool {
    let Some(stage) = subject.plan.stages.first() else {
        return false;
    };
    let mut stage = stage.clone();
    stage.variant.allocator = candidate.allocator.unwrap_or(stage.variant.allocator);
    stage.variant.environment = candidate.variables.clone();
    let judged = stage.remarks();
    let is_set = |name: &str| candidate.variables.iter().any(|set| set.name == name);
    let mut own = judged.iter().filter(|judged| is_set(&judged.name));
    own.all(|judged| !matches!(judged.effect, Effect::Invalid | Effect::NotRead))
}

fn has_settings(plan: &Plan) -> bool {
    let set = plan
        .stages
        .iter()
        .flat_map(|stage| &stage.variant.environment);
    let is_mallocs =
        |set: &&Variable| highwater_settings::is_read(&set.name) && !set.name.starts_with("PYTHON");
    set.filter(is_mallocs).count() > 0
}

/// Powers of two between which some request lies: others would do the same.
fn thresholds(survey: &Survey) -> Vec<Candidate> {
    let mut powers = Vec::new();
    let mut power = LEAST_MAPPED;
    while power <= MOST_MAPPED {
        let is_asked = survey.asks_between(power);
        // It also ends the rise of the threshold.
        if is_asked || power == USUAL_MAPPED {
            powers.push(power);
        }
        power *= 2;
    }
    let set = |power| Candidate::set(Family::MmapThreshold, "MALLOC_MMAP_THRESHOLD_", power);
    powers.into_iter().map(set).collect()
}

fn others(survey: &Survey) -> Vec<Candidate> {
    let mut all = vec![
        Candidate::tunable(Family::ThreadCache, "tcache_count", 0),
        Candidate::tunable(Family::Fastbins, "mxfast", 0),
        Candidate::tunable(Family::ThreadCache, "tcache_max", 256),
    ];
    let trim = |value| Candidate::set(Family::TrimThreshold, "MALLOC_TRIM_THRESHOLD_", value);
    all.extend(TRIM_THRESHOLDS.map(trim));
    all.extend(TOP_PADS.map(|pad| Candidate::set(Family::TopPad, "MALLOC_TOP_PAD_", pad)));
    if survey.has_threads {
        let arenas = |most| Candidate::set(Family::Arenas, "MALLOC_ARENA_MAX", most);
        all.extend(ARENAS.map(arenas));
    }
    all
}

/// Half of the shortest rest, where the program rests.
fn within_rest(survey: &Survey) -> Option<Micros> {
    let shortest = survey.shortest_rest?.0;
    (shortest >= 2 * LEAST_IDLE).then(|| Micros(rounded(shortest / 2)))
}

/// A number with its first digit as it is, and noughts.
fn rounded(number: u64) -> u64 {
    let unit = 10_u64.pow(number.max(1).ilog10());
    number / unit * unit
}

/// The longest time between periodic calls that says something of the run: one of them falls into each rest, whenever the first
/// comes; else some fall into the run.
fn longest_period(survey: &Survey) -> u64 {
    /// Calls that a run without rests has at least.
    const SOME: u64 = 6;
    within_rest(survey).map_or(survey.lasts.0 / SOME, |time| time.0)
}

fn trims(survey: &Survey) -> Vec<Candidate> {
    let mut times = vec![Trims::AfterBursts];
    let mut idle: Vec<u64> = IDLE.to_vec();
    idle.extend(within_rest(survey).map(|time| time.0.min(IDLE[1])));
    idle.sort_unstable();
    idle.dedup();
    times.extend(idle.into_iter().map(|time| Trims::Idle(Micros(time))));
    let most = longest_period(survey);
    let every = EVERY.into_iter().filter(|time| *time <= most);
    times.extend(every.map(|time| Trims::Every(Micros(time))));
    let calls = |trims| Candidate {
        families: vec![Family::MallocTrim],
        trims: Some(trims),
        ..Candidate::default()
    };
    times.into_iter().map(calls).collect()
}

/// A value of MALLOC_CONF.
pub(crate) fn conf(subject: &Subject, conf: &str) -> Candidate {
    let candidate = Candidate {
        families: vec![Family::Jemalloc],
        allocator: match subject.allocator() {
            Choice::Jemalloc(_) => None,
            Choice::Glibc(_) => Some(subject.jemalloc),
        },
        ..Candidate::default()
    };
    match conf.is_empty() {
        true => candidate,
        false => candidate.and(&Candidate {
            variables: Candidate::set(Family::Jemalloc, "MALLOC_CONF", conf).variables,
            ..Candidate::default()
        }),
    }
}

/// Both decays, purged by a thread of its own or by calls.
pub(crate) fn decay(subject: &Subject, by_thread: bool, decay: u64) -> Candidate {
    let by = if by_thread {
        "background_thread:true,"
    } else {
        ""
    };
    conf(
        subject,
        &format!("{by}dirty_decay_ms:{decay},muzzy_decay_ms:{decay}"),
    )
}

fn jemalloc(subject: &Subject) -> Vec<Candidate> {
    let mut all = Vec::new();
    let mut decays = DECAYS.to_vec();
    decays.extend(within_rest(&subject.survey).map(|time| (time.0 / 1000).clamp(1, DECAYS[4])));
    decays.sort_unstable();
    decays.dedup();
    for time in decays {
        // A decay of 0 purges at once, and leaves a thread nothing to do.
        if time > 0 {
            all.push(decay(subject, true, time));
        }
        all.push(decay(subject, false, time));
    }
    if matches!(subject.allocator(), Choice::Glibc(_)) {
        all.push(conf(subject, ""));
    }
    for arenas in NARENAS {
        let few = format!(
            "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000,narenas:{arenas}"
        );
        all.push(conf(subject, &few));
    }
    all
}

/// The memory that a search is about, in whole per cents of the run as it is.
pub(crate) fn share(part: Bytes, of: Bytes) -> u64 {
    (u128::from(part.0) * 100 / u128::from(of.0.max(1))) as u64
}
