use super::super::{Action, Arrival, State, tests::finish};
use super::*;
use crate::{protocol::Advised, subject::Choices};
use highwater_simulator::Bytes;
use highwater_workload::Trims;

/// The page with a scenario all of whose runs are there.
fn shown() -> State {
    let mut state = State::new(false);
    let subject = Choices::all().find("decay").expect("it is there");
    let effects = state.update(Action::Choose(subject));
    finish(&mut state, &effects);
    state
}

fn act(state: &mut State, action: AdviceAction) -> Vec<Effect> {
    state.update(Action::Advice(action))
}

fn news(state: &mut State, number: u32, news: Advising) -> Vec<Effect> {
    state.update(Arrival::Advice(number, news))
}

/// The order that a search is about.
fn order(state: &State) -> Order {
    let of = state.advice.of.as_ref().expect("it is begun");
    let order = of.order.clone().and_then(Result::ok).expect("it runs");
    (*order).clone()
}

fn row(name: &str, order: Option<Order>) -> Advised {
    Advised {
        mark: String::new(),
        name: name.to_owned(),
        by: String::new(),
        memory: Bytes(1),
        cells: vec![],
        note: String::new(),
        said: vec![],
        is_worth: true,
        order,
        pastes: Form::ALL.map(|form| form.name().to_owned()).into(),
    }
}

/// The numbers of the pieces that are to be run.
fn tries(effects: &[Effect]) -> Vec<usize> {
    let place = |effect: &Effect| match effect {
        Effect::Advise(_, AdviceWork::Try(place, _)) => Some(*place),
        _ => None,
    };
    effects.iter().filter_map(place).collect()
}

fn next(effects: &[Effect]) -> Option<Vec<Vec<Tried>>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Advise(_, AdviceWork::Next { done, .. }) => Some(done.clone()),
        _ => None,
    })
}

fn tried() -> Tried {
    Tried::Done(vec![1])
}

/// A search whose first round is two pieces.
fn searching() -> State {
    let mut state = shown();
    act(&mut state, AdviceAction::Search);
    news(&mut state, 1, Advising::Surveyed(vec![7]));
    news(&mut state, 1, Advising::Round(vec![vec![1], vec![2]]));
    state
}

#[test]
fn rounds_follow_each_other_until_it_is_found() {
    let mut state = shown();
    let effects = act(&mut state, AdviceAction::Search);
    assert!(matches!(
        &effects[..],
        [
            Effect::Advise(1, AdviceWork::Survey(_)),
            Effect::AdviceTimer(1, SECONDS),
            Effect::FocusAdvice
        ]
    ));
    let effects = news(&mut state, 1, Advising::Surveyed(vec![7]));
    assert_eq!(next(&effects), Some(vec![]));
    let effects = news(&mut state, 1, Advising::Round(vec![vec![1], vec![2]]));
    assert_eq!(tries(&effects), [0, 1]);
    assert_eq!(state.advice.runs(), (0, 2));
    assert_eq!(news(&mut state, 1, Advising::Tried(1, tried())), []);
    assert_eq!(state.advice.runs(), (1, 2));
    let why = Tried::Impossible("it is too large".to_owned());
    let effects = news(&mut state, 1, Advising::Tried(0, why.clone()));
    assert_eq!(next(&effects), Some(vec![vec![why, tried()]]));
    let found = Found {
        run: 1,
        said: vec![],
        weighed: None,
        rows: vec![row("a", None)],
        forms: Form::ALL.map(|form| form.to_string()).into(),
        form: 3,
    };
    let effects = news(&mut state, 1, Advising::Found(found));
    assert_eq!(effects, [Effect::EndAdvice]);
    assert_eq!(state.advice.form, 3);
    act(&mut state, AdviceAction::Open(0));
    let effects = act(&mut state, AdviceAction::Copy);
    assert_eq!(effects, [Effect::Copy("systemd".into())]);
    act(&mut state, AdviceAction::Open(0));
    assert_eq!(state.advice.pasted(), None);
}

#[test]
fn a_cancelled_search_hears_no_more() {
    let mut state = searching();
    let effects = act(&mut state, AdviceAction::Close);
    assert_eq!(effects, [Effect::EndAdvice, Effect::FocusAdvice]);
    assert_eq!(news(&mut state, 1, Advising::Tried(0, tried())), []);
    assert_eq!(state.advice.searching, Searching::Not);
    act(&mut state, AdviceAction::Search);
    let failed = Advising::Failed("of the search before".to_owned());
    assert_eq!(news(&mut state, 1, failed), []);
    assert_eq!(state.advice.searching, Searching::On);
}

#[test]
fn when_the_time_is_up_it_goes_on_with_what_was_tried() {
    let mut state = searching();
    news(&mut state, 1, Advising::Tried(1, tried()));
    let effects = act(&mut state, AdviceAction::TimeUp(1));
    assert_eq!(effects[0], Effect::EndAdvice);
    assert_eq!(next(&effects), Some(vec![vec![Tried::BrokenOff, tried()]]));
    let late = news(&mut state, 1, Advising::Tried(0, tried()));
    assert_eq!(late, []);
    let mut state = shown();
    act(&mut state, AdviceAction::Search);
    assert_eq!(act(&mut state, AdviceAction::TimeUp(1)), []);
    let effects = news(&mut state, 1, Advising::Round(vec![vec![1]]));
    assert_eq!(next(&effects), Some(vec![vec![Tried::BrokenOff]]));
}

#[test]
fn a_piece_is_tried_again_once_where_its_worker_goes_down() {
    let mut state = searching();
    assert_eq!(tries(&news(&mut state, 1, Advising::Lost(0))), [0]);
    assert_eq!(tries(&news(&mut state, 1, Advising::Lost(0))), [0; 0]);
    let effects = news(&mut state, 1, Advising::Tried(1, tried()));
    let done = next(&effects).expect("the round is over");
    assert!(matches!(&done[0][0], Tried::Impossible(why) if why.contains("stopped")));
}

#[test]
fn another_source_ends_the_search() {
    let mut state = searching();
    let subject = Choices::all().find("sync").expect("it is there");
    let effects = state.update(Action::Choose(subject));
    assert!(effects.contains(&Effect::EndAdvice));
    assert_eq!(state.advice.searching, Searching::Not);
    let mut state = searching();
    assert!(state.update(Action::Cancel).contains(&Effect::EndAdvice));
}

#[test]
fn a_row_that_is_taken_runs_as_a_variant() {
    let mut state = searching();
    let mut order = order(&state);
    order.stages[0].trims = Some(Trims::AfterBursts);
    order.stages[0].variant.cap = Some(Bytes::mib(300));
    let found = Found {
        run: 1,
        said: vec![],
        weighed: None,
        rows: vec![row("as it is", None), row("trims", Some(order.clone()))],
        forms: vec![],
        form: 0,
    };
    news(&mut state, 1, Advising::Found(found));
    let before = state.variants.all.len();
    let effects = act(&mut state, AdviceAction::Take(1));
    let new = &state.variants.all[before];
    assert_eq!(state.variants.selected, new.id);
    assert_eq!(
        new.order.as_ref().and_then(|order| order.as_deref().ok()),
        Some(&order)
    );
    assert_eq!(new.name, "trims");
    let runs = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Run(id, ..) if *id == new.id));
    assert!(runs, "{effects:?}");
    let text = state.link().expect("there is a link");
    assert!(text.contains("after bursts"), "{text}");
    // Once more it is only shown.
    act(&mut state, AdviceAction::Take(1));
    assert_eq!(state.variants.all.len(), before + 1);
    act(&mut state, AdviceAction::Take(0));
    assert_eq!(state.variants.all.len(), before + 1, "that runs already");
}

#[test]
fn a_time_that_is_none_is_said() {
    for (text, is_on) in [
        ("0", false),
        ("x", false),
        ("-1", false),
        (" 5 ", true),
        ("", true),
    ] {
        let mut state = shown();
        act(
            &mut state,
            AdviceAction::Wish(Wish::Seconds(text.to_owned())),
        );
        act(&mut state, AdviceAction::Search);
        let searching = state.advice.searching == Searching::On;
        assert_eq!(searching, is_on, "{text}");
    }
}
