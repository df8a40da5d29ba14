//! Other loads of the same program: what a pattern does with other seeds, and the halves of a recording.

use highwater_simulator::{Micros, Plan, Stage};
use highwater_workload::pattern::Parameters;
use highwater_workload::spec::{Calls, Planned};
use highwater_workload::{
    BlockId, Call, Event, Pattern, PatternError, PhaseKind, Source, ThreadId, Touched, Workload,
};

/// Seeds that a pattern is tried with besides its own.
const SEEDS: u32 = 2;

/// Another load.
pub struct Load {
    /// What it is, in words.
    pub name: String,
    /// The run as it is, with this load.
    pub plan: Plan,
}

/// Returns other loads of a plan. `make` makes the calls of a pattern; what it cannot make is left out.
pub fn loads(
    planned: &Planned,
    plan: &Plan,
    make: &mut dyn FnMut(Pattern, &Parameters) -> Result<Source, PatternError>,
) -> Vec<Load> {
    let is_trace = planned
        .stages
        .iter()
        .all(|stage| stage.calls == Calls::Trace);
    match &plan.stages[..] {
        [_] if is_trace => [false, true]
            .into_iter()
            .zip(HALVES)
            .filter_map(|(is_second, name)| {
                let (name, plan) = (name.to_owned(), half(plan, is_second)?);
                Some(Load { name, plan })
            })
            .collect(),
        _ if is_trace => Vec::new(),
        _ => seeds()
            .filter_map(|(number, name)| {
                let plan = seeded(planned, plan, number, make)?;
                Some(Load { name, plan })
            })
            .collect(),
    }
}

/// The other seeds of a pattern: how far each is from its own, in numbers of processes, and its name.
pub fn seeds() -> impl Iterator<Item = (u32, String)> {
    (1..=SEEDS).map(|number| (number, format!("seed {number} further on")))
}

/// The plan with every seed moved beyond those of its own processes.
fn seeded(
    planned: &Planned,
    plan: &Plan,
    number: u32,
    make: &mut dyn FnMut(Pattern, &Parameters) -> Result<Source, PatternError>,
) -> Option<Plan> {
    let mut plan = plan.clone();
    for (stage, planned) in plan.stages.iter_mut().zip(&planned.stages) {
        let Calls::Pattern(pattern, parameters) = &planned.calls else {
            return None;
        };
        for (worker, source) in (0..).zip(&mut stage.sources) {
            let parameters = parameters.of_process(number * planned.workers + worker);
            *source = make(*pattern, &parameters).ok()?;
        }
    }
    Some(plan)
}

/// The names of both halves of a recording.
pub const HALVES: [&str; 2] = ["the first half", "the second half"];

/// Returns a plan of a half of a recording; `None` where it has no halves.
pub fn half(plan: &Plan, is_second: bool) -> Option<Plan> {
    let cut = cut(plan)?;
    let workload = plan.stages[0].sources[0].first();
    let half = match is_second {
        false => first_half(workload, cut),
        true => second_half(workload, cut),
    };
    let mut plan = plan.clone();
    plan.stages[0].sources = vec![Source::from(half)];
    Some(plan)
}

/// The event at which the recording of a plan is cut in two: at the end of a rest near the middle of its
/// calls, or at the middle.
pub(crate) fn cut(plan: &Plan) -> Option<usize> {
    let [Stage { sources, .. }] = &plan.stages[..] else {
        return None;
    };
    let [source] = &sources[..] else {
        return None;
    };
    let workload = source.first();
    let phases = source.phases()?;
    // In calls, not in time: a long wait before all work is no half.
    let middle = workload.events.len() / 2;
    let rests = phases
        .0
        .iter()
        .filter(|phase| phase.kind == PhaseKind::Rest);
    let inner = rests.map(|rest| rest.end.event as usize);
    let inner = inner.filter(|end| *end < workload.events.len() * 9 / 10);
    let cut = inner
        .min_by_key(|end| end.abs_diff(middle))
        .unwrap_or(middle);
    (cut > 0 && cut < workload.events.len()).then_some(cut)
}

fn first_half(workload: &Workload, cut: usize) -> Workload {
    Workload {
        events: workload.events[..cut].to_vec(),
        header: workload.header.clone(),
        marks: workload.marks.clone(),
        recorded: Vec::new(),
        touched: workload.touched.clone(),
        sites: workload.sites.clone(),
        modules: workload.modules.clone(),
        samples: Vec::new(),
        // The rest at its end is part of it.
        alive: workload
            .events
            .get(cut)
            .map_or(workload.alive, |next| next.time),
        ..*workload
    }
}

/// The calls from the cut on; what the program held there is allocated at the beginning, in the order in which it was.
fn second_half(workload: &Workload, cut: usize) -> Workload {
    let begins = workload.events.get(cut).map_or(0, |event| event.time.0);
    let (mut events, held) = held(workload, cut);
    events.extend(workload.events[cut..].iter().map(|event| Event {
        time: Micros(event.time.0.saturating_sub(begins)),
        ..*event
    }));
    Workload {
        events,
        header: workload.header.clone(),
        marks: workload.marks.clone(),
        recorded: Vec::new(),
        touched: touched_from(workload, cut, &held),
        sites: workload.sites.clone(),
        modules: workload.modules.clone(),
        samples: Vec::new(),
        alive: Micros(workload.alive.0.saturating_sub(begins)),
        ..*workload
    }
}

/// What is known of touched pages where the calls begin at the cut: what is said of a block from there on, or else what was
/// said of it last. `held` has, for each block that is held there, the number of its allocating call.
fn touched_from(workload: &Workload, cut: usize, held: &[u32]) -> Vec<Touched> {
    let events = &workload.events[..cut];
    let is_one = |event: &&Event| matches!(event.call, Call::Touched(_));
    let before = events.iter().filter(is_one).count();
    let is_allocating = |event: &&Event| event.call.allocated().is_some();
    let allocated = events.iter().filter(is_allocating).count() as u32;
    let mut touched = workload.touched.clone();
    let mut known = vec![false; workload.events.len()];
    for place in (before..touched.len()).chain((0..before.min(touched.len())).rev()) {
        let allocation = touched[place].allocation;
        let known = known.get_mut(allocation as usize);
        let is_known = known.is_some_and(|known| std::mem::replace(known, true)) && place < before;
        let from_cut = allocation.checked_sub(allocated);
        touched[place].allocation = match from_cut {
            _ if is_known => u32::MAX,
            Some(later) => held.len() as u32 + later,
            None => {
                let place = held.binary_search(&allocation);
                place.map_or(u32::MAX, |place| place as u32)
            }
        };
    }
    touched
}

/// Allocates, at time 0, every block that is held at the cut, in the order in which they were allocated, and returns the
/// numbers of the calls that allocated them.
fn held(workload: &Workload, cut: usize) -> (Vec<Event>, Vec<u32>) {
    /// Of a block that is not held.
    const NONE: u32 = u32::MAX;
    let mut last = vec![NONE; workload.blocks as usize];
    let mut set = |block: BlockId, event: u32| {
        if let Some(last) = last.get_mut(block.0 as usize) {
            *last = event;
        }
    };
    for (number, event) in (0..).zip(&workload.events[..cut]) {
        match event.call {
            Call::Free { block } => set(block, NONE),
            call if call.is_refused() => {}
            Call::Realloc { block, old, .. } => {
                old.into_iter().for_each(|old| set(old, NONE));
                set(block, number);
            }
            call => call
                .allocated()
                .into_iter()
                .for_each(|block| set(block, number)),
        }
    }
    let (mut calls, mut numbers, mut allocated) = (Vec::new(), Vec::new(), 0);
    for (number, event) in (0..).zip(&workload.events[..cut]) {
        let Some(block) = event.call.allocated() else {
            continue;
        };
        // A block is held by the call that set it last.
        if last.get(block.0 as usize) == Some(&number) {
            calls.push(Event {
                time: Micros(0),
                thread: ThreadId::MAIN,
                call: match event.call {
                    Call::Realloc { block, size, .. } => Call::Malloc { block, size },
                    call => call,
                },
                ..*event
            });
            numbers.push(allocated);
        }
        allocated += 1;
    }
    (calls, numbers)
}
