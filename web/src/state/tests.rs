mod failing;

use super::*;
use crate::{
    protocol::{Calls, Loaded, Ran},
    subject::Choices,
    variants::MOST,
    view::{Look, RunView},
};
use highwater_simulator::{Address, Bytes, Choice, Environment, Micros, Summary};
use std::rc::Rc;

pub(super) use failing::read_all;

pub(super) fn about() -> Loaded {
    Loaded {
        program: None,
        checksum: 0xab,
        calls: 10,
        blocks: 5,
        threads: 1,
        marks: 0,
        lasts: Micros(10),
        is_long: false,
        skipped: 0,
        unended: false,
        recorded: None,
        allocator: Choice::default(),
        environment: vec![],
        origin: None,
    }
}

/// A scenario and the variants that it begins with.
pub(super) fn decay() -> (Source, Variants) {
    let mut source = Source::new();
    let decay = source.choices.find("decay");
    source.enter(decay.expect("it is in the catalogue"), None);
    let variants = Variants::new(source.begun(), 0);
    (source, variants)
}

/// What a worker answers to a look.
pub(super) fn look(of: &Effect) -> Option<Rc<Look>> {
    let Effect::Look(_, run, asked) = of else {
        return None;
    };
    Some(Rc::new(Look {
        order: Rc::clone(&run.order),
        asked: *asked,
        diagnosis: crate::protocol::tests::diagnosis(),
        findings: vec![],
        decisions: vec![],
        decided: 0,
        kinds: vec![],
        frame: None,
    }))
}

/// Variants of which all runs are there.
pub(super) fn ran() -> Variants {
    let (source, mut variants) = decay();
    variants.order(&source);
    for variant in &mut variants.all {
        let order = variant.order.clone().and_then(Result::ok);
        variant.run = order.map(|order| Rc::new(RunView::empty(order)));
    }
    variants
}

fn loaded() -> State {
    let mut state = State::new(false);
    state.open();
    state.update(Arrival::Loaded(1, about()));
    state
}

/// The variants that are to be run.
fn runs(effects: &[Effect]) -> Vec<VariantId> {
    let run = |effect: &Effect| match effect {
        Effect::Run(id, ..) => Some(*id),
        _ => None,
    };
    effects.iter().filter_map(run).collect()
}

fn has(effects: &[Effect], wanted: &Effect) -> bool {
    effects.contains(wanted)
}

/// Every run that was asked for comes to an end.
pub(super) fn finish(state: &mut State, effects: &[Effect]) -> Vec<Effect> {
    let mut after = Vec::new();
    for effect in effects {
        if let Effect::Run(id, order, frames) = effect {
            let mut run = RunView::empty(Rc::clone(order));
            if *frames > 0 {
                run.frames.push(highwater_simulator::Frame {
                    event: 0,
                    time: Micros(0),
                    strips: vec![],
                    huge: vec![],
                });
            }
            after.extend(state.update(Arrival::Ran(*id, Rc::new(run))));
        }
    }
    after
}

fn scenario(name: &str) -> Subject {
    Choices::all().find(name).expect("it is in the catalogue")
}

#[test]
fn a_recording_is_run_under_what_everyone_tries() {
    let mut state = State::new(false);
    let effects = state.open();
    assert!(has(&effects, &Effect::Load(Subject::Bundled, 1)));
    let effects = state.update(Arrival::Loaded(1, about()));
    assert_eq!(runs(&effects).len(), 5);
    assert_eq!(
        runs(&effects)[0],
        state.variants.selected,
        "what is looked into first"
    );
    assert!(state.is_busy());
    let after = finish(&mut state, &effects);
    assert!(!state.is_busy());
    assert!(runs(&after).is_empty(), "nothing is run twice");
    assert!(matches!(after[0], Effect::Look(id, ..) if id == state.variants.selected));
    // What was asked for before and comes late is not taken.
    assert_eq!(state.update(Arrival::Loaded(7, about())), []);
}

#[test]
fn what_the_page_shows_first_goes_with_whatever_is_chosen() {
    let mut state = loaded();
    let shown = |state: &State| state.display.is_landing;
    for action in [Action::Choose(scenario("decay")), Action::OpenLink(None)] {
        state.update(Action::Display(DisplayAction::Landing(true)));
        state.update(Action::ToggleHelp);
        assert!(shown(&state));
        state.update(action);
        assert!(!shown(&state));
    }
}

#[test]
fn why_leads_to_the_explanation() {
    let mut state = loaded();
    let effects = state.update(Action::Why);
    assert!(has(&effects, &Effect::FocusWhy));
    let effects = state.update(Action::CopyReview);
    assert!(has(&effects, &Effect::CopyReview) && state.links.reviewed);
    state.update(Action::ToggleHelp);
    assert!(!state.links.reviewed);
}

#[test]
fn a_recorded_environment_is_that_of_the_first_variant() {
    let mut state = State::new(false);
    state.open();
    let mut about = about();
    about.environment = highwater_simulator::parse_lines("MALLOC_ARENA_MAX=1");
    about.allocator = "glibc@2.31".parse().expect("it is modelled");
    state.update(Arrival::Loaded(1, about));
    assert_eq!(state.variants.selected().name, "as recorded");
    assert_eq!(state.variants.selected().environment.variables.len(), 1);
    assert!(
        state.variants.all[..4]
            .iter()
            .all(|v| v.allocator.to_string() == "glibc@2.31")
    );
}

#[test]
fn a_line_that_is_typed_runs_one_variant_and_only_when_it_sets_something() {
    let mut state = loaded();
    let effects = state.update(Action::Due);
    assert_eq!(runs(&effects), []);
    let id = state.variants.selected;
    let effects = state.update(Action::Variant(
        id,
        VariantAction::EditEnvironment("MALLOC".to_owned()),
    ));
    assert_eq!(effects, [Effect::Wait]);
    let effects = state.update(Action::Due);
    assert_eq!(runs(&effects), []);
    assert!(!has(&effects, &Effect::Drop(id)), "it sets nothing");
    state.update(Action::Variant(
        id,
        VariantAction::EditEnvironment("MALLOC_TOP_PAD_=0".to_owned()),
    ));
    let effects = state.update(Action::Due);
    assert_eq!(runs(&effects), [id]);
    // What ran before is dropped first.
    let order = effects.iter().find_map(|effect| match effect {
        Effect::Run(_, order, _) => Some(order),
        _ => None,
    });
    let order = order.expect("it runs");
    assert_eq!(order.stages[0].variant.environment.len(), 1);
}

#[test]
fn a_parameter_is_everyones_but_for_those_who_have_their_own() {
    let mut state = loaded();
    let effects = state.update(Action::Choose(scenario("paging")));
    assert!(has(&effects, &Effect::DropAll));
    assert_eq!(runs(&effects).len(), 5);
    finish(&mut state, &effects);
    let events = highwater_workload::pattern::Parameters::ALL
        .iter()
        .position(|parameter| parameter.name == "events")
        .expect("there are events");
    let effects = state.update(Action::EditParameter(events, "0".to_owned()));
    assert_eq!(effects, [Effect::Wait]);
    assert_eq!(runs(&state.update(Action::Due)), []);
    assert!(state.is_outdated());
    state.update(Action::EditParameter(events, "40".to_owned()));
    let effects = state.update(Action::Due);
    assert_eq!(runs(&effects).len(), 5);
    for effect in &effects {
        let Effect::Run(_, order, _) = effect else {
            continue;
        };
        let Calls::Pattern { values, .. } = &order.stages[0].calls else {
            panic!("a pattern");
        };
        assert_eq!(values[events], 40.0);
    }
    let page = |variant: &VariantState| match &variant.order {
        Some(Ok(order)) => match &order.stages[0].calls {
            Calls::Pattern { values, .. } => {
                values[highwater_workload::pattern::Parameters::ALL
                    .iter()
                    .position(|p| p.name == "page")
                    .expect("pages")]
            }
            Calls::Trace(_) => -1.0,
        },
        _ => -1.0,
    };
    let pages: Vec<f64> = state.variants.all.iter().map(page).collect();
    assert_eq!(pages, [0.0, 100.0, 20.0, 0.0, 100.0]);
}

#[test]
fn every_scenario_and_pattern_can_be_ordered() {
    let choices = Choices::all();
    let mut state = loaded();
    for scenario in choices.scenarios.iter().chain(&choices.patterns) {
        let effects = state.update(Action::Choose(Subject::Scenario(Rc::clone(scenario))));
        let wanted = scenario.run.parts.len().min(MOST);
        assert_eq!(runs(&effects).len(), wanted, "{}", scenario.name);
        assert!(
            state
                .variants
                .all
                .iter()
                .all(|v| matches!(v.order, Some(Ok(_))))
        );
    }
    state.update(Action::Choose(scenario("four_weeks")));
    assert!(state.variants.selected().is_staged());
    let Some(Ok(order)) = &state.variants.selected().order else {
        panic!("it is ordered")
    };
    assert_eq!((order.stages.len(), order.stages[0].workers), (5, 4));
}

#[test]
fn variants_are_doubled_named_and_removed() {
    let mut state = loaded();
    let first = state.variants.selected;
    let effects = state.update(Action::Variant(first, VariantAction::Duplicate));
    assert_eq!(state.variants.all.len(), 6);
    let copy = state.variants.selected;
    assert_ne!(copy, first);
    assert_eq!(runs(&effects), [copy]);
    assert_eq!(state.variants.selected().name, "no setting (2)");
    assert_eq!(state.variants.all[5].id, copy, "behind all others");
    state.update(Action::Variant(
        copy,
        VariantAction::Rename("mine".to_owned()),
    ));
    assert_eq!(state.variants.selected().name, "mine");
    let colours: Vec<usize> = state
        .variants
        .all
        .iter()
        .map(|variant| variant.colour)
        .collect();
    let mut apart = colours.clone();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!(apart.len(), colours.len(), "{colours:?}");
    for _ in 0..5 {
        state.update(Action::Variant(copy, VariantAction::Duplicate));
    }
    assert_eq!(
        state.variants.all.len(),
        MOST,
        "as many as can be told apart"
    );
    state.update(Action::Variant(first, VariantAction::Compare(true)));
    state.update(Action::Variant(first, VariantAction::Baseline));
    let effects = state.update(Action::Variant(first, VariantAction::Remove));
    assert!(has(&effects, &Effect::Drop(first)));
    assert_eq!(state.variants.compared, None);
    assert!(state.variants.get(state.variants.baseline).is_some());
    while state.variants.all.len() > 1 {
        let id = state.variants.all[0].id;
        state.update(Action::Variant(id, VariantAction::Remove));
    }
    let last = state.variants.all[0].id;
    assert_eq!(
        state.update(Action::Variant(last, VariantAction::Remove)),
        []
    );
    assert_eq!(state.variants.selected, last);
}

#[test]
fn what_is_selected_or_stands_beside_is_run_with_its_maps() {
    let mut state = loaded();
    let effects = {
        state.update(Action::Cancel);
        state.update(Action::Retry)
    };
    finish(&mut state, &effects);
    let second = state.variants.all[1].id;
    let effects = state.update(Action::Variant(second, VariantAction::Select));
    assert!(matches!(effects[0], Effect::Run(id, _, frames) if id == second && frames > 0));
    assert!(!state.is_busy(), "nobody waits for maps");
    finish(&mut state, &effects);
    let third = state.variants.all[2].id;
    let effects = state.update(Action::Variant(third, VariantAction::Compare(true)));
    assert_eq!(runs(&effects), [third]);
    let looked = |effects: &[Effect]| {
        effects
            .iter()
            .any(|e| matches!(e, Effect::Look(id, ..) if *id == third))
    };
    assert!(looked(&effects));
    state.update(Action::Variant(second, VariantAction::Compare(true)));
    assert_eq!(
        state.variants.compared, None,
        "nothing stands beside itself"
    );
}
