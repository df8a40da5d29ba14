//! Other loads of the same program: what a pattern does with other seeds, and the halves of a recording.

use highwater_simulator::{Micros, Plan, Stage};
use highwater_workload::pattern::Parameters;
use highwater_workload::spec::{Calls, Planned};
use highwater_workload::{
    BlockId, Call, Event, Pattern, PatternError, PhaseKind, Source, ThreadId, Touched, Workload,
};
use std::collections::HashSet;

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
        [stage] if is_trace && stage.sources.len() == 1 => halves(plan, stage),
        _ if is_trace => Vec::new(),
        _ => (1..=SEEDS)
            .filter_map(|number| seeded(planned, plan, number, make))
            .collect(),
    }
}

/// The plan with every seed moved beyond those of its own processes.
fn seeded(
    planned: &Planned,
    plan: &Plan,
    number: u32,
    make: &mut dyn FnMut(Pattern, &Parameters) -> Result<Source, PatternError>,
) -> Option<Load> {
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
    Some(Load {
        name: format!("seed {number} further on"),
        plan,
    })
}

/// Both halves of a recording, cut at the end of a rest near the middle of its calls, or at the middle.
fn halves(plan: &Plan, stage: &Stage) -> Vec<Load> {
    let source = &stage.sources[0];
    let workload = source.first();
    let Some(phases) = source.phases() else {
        return Vec::new();
    };
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
    if cut == 0 || cut == workload.events.len() {
        return Vec::new();
    }
    let load = |name: &str, half: Workload| {
        let mut plan = plan.clone();
        plan.stages[0].sources = vec![Source::from(half)];
        Load {
            name: name.to_owned(),
            plan,
        }
    };
    vec![
        load("the first half", first_half(workload, cut)),
        load("the second half", second_half(workload, cut)),
    ]
}

fn first_half(workload: &Workload, cut: usize) -> Workload {
    Workload {
        events: workload.events[..cut].to_vec(),
        header: workload.header.clone(),
        marks: workload.marks.clone(),
        recorded: Vec::new(),
        touched: workload.touched.clone(),
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
    let mut events: Vec<Event> = held(workload, cut);
    events.extend(workload.events[cut..].iter().map(|event| Event {
        time: Micros(event.time.0.saturating_sub(begins)),
        ..*event
    }));
    Workload {
        events,
        header: workload.header.clone(),
        marks: workload.marks.clone(),
        recorded: Vec::new(),
        touched: touched_from(workload, cut),
        samples: Vec::new(),
        alive: Micros(workload.alive.0.saturating_sub(begins)),
        ..*workload
    }
}

/// What is known of touched pages where the calls begin at the cut: what is said of a block from there on, or else what was
/// said of it last.
fn touched_from(workload: &Workload, cut: usize) -> Vec<Touched> {
    let is_one = |event: &&Event| matches!(event.call, Call::Touched(_));
    let before = workload.events[..cut].iter().filter(is_one).count();
    let mut touched = workload.touched.clone();
    let mut known = HashSet::new();
    for place in (before..touched.len()).chain((0..before.min(touched.len())).rev()) {
        let block = &mut touched[place].block;
        if !known.insert(*block) && place < before {
            *block = BlockId(u32::MAX);
        }
    }
    touched
}

/// Allocates, at time 0, every block that is held at the cut.
fn held(workload: &Workload, cut: usize) -> Vec<Event> {
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
    let mut held: Vec<u32> = last.into_iter().filter(|event| *event != NONE).collect();
    held.sort_unstable();
    let allocated = held.into_iter().map(|number| {
        let event = workload.events[number as usize];
        let call = match event.call {
            Call::Realloc { block, size, .. } => Call::Malloc { block, size },
            call => call,
        };
        Event {
            time: Micros(0),
            thread: ThreadId::MAIN,
            call,
            ..event
        }
    });
    allocated.collect()
}
