//! What fails, is lost or comes late, and what is left then.

use super::*;

#[test]
fn a_file_that_cannot_be_read_leaves_what_was_there() {
    let mut state = loaded();
    let effects = {
        state.update(Action::Cancel);
        state.update(Action::Retry)
    };
    finish(&mut state, &effects);
    state.update(Action::Choose(Subject::File("bad.hwt".to_owned())));
    assert!(state.is_busy());
    state.update(Arrival::LoadFailed(2, "line 2: no".to_owned()));
    assert_eq!(state.source.subject, Subject::Bundled);
    assert_eq!(state.trouble.as_deref(), Some("bad.hwt: line 2: no"));
    assert!(state.can_retry());
    assert!(!state.is_busy());
    assert!(state.variants.run().is_some());
}

#[test]
fn one_that_fails_says_so_and_the_rest_goes_on() {
    let mut state = loaded();
    let id = state.variants.all[1].id;
    state.update(Arrival::RunFailed(id, "out of memory".to_owned()));
    assert!(matches!(state.variants.all[1].status, Status::Failed(_)));
    assert!(state.variants.all[2].is_running());
    let effects = state.update(Action::Retry);
    assert!(runs(&effects).contains(&id));
    let lost = state.variants.all[2].id;
    let effects = state.update(Arrival::RunLost(lost));
    assert_eq!(runs(&effects), [lost], "another worker takes it");
}

#[test]
fn the_summary_of_a_run_that_did_not_happen_is_empty() {
    let run = RunView::empty(Rc::new(crate::protocol::Order { stages: vec![] }));
    let Ran { summary, .. } = &run.ran;
    assert_eq!((*summary, run.highest()), (Summary::default(), Bytes(0)));
}

#[test]
fn a_picture_of_a_map_waits_until_its_moment_is_known() {
    let mut state = State::new(false);
    state.open();
    let effects = state.update(Arrival::Loaded(1, about()));
    let effects = finish(&mut state, &effects);
    let chart = Effect::Save(Picture::Chart, Format::Png);
    let saved = state.update(Action::Inspection(InspectionAction::Save(
        Picture::Chart,
        Format::Png,
    )));
    assert!(has(&saved, &chart), "curves are exact at once");
    let id = state.variants.selected;
    let map = Effect::Save(Picture::Map(id), Format::Svg);
    let saved = state.update(Action::Inspection(InspectionAction::Save(
        Picture::Map(id),
        Format::Svg,
    )));
    assert!(saved.is_empty(), "its moment is still being looked into");
    let look = effects.first().and_then(look);
    let look = look.expect("the first look was asked for");
    let saved = state.update(Arrival::Looked(id, look));
    assert!(has(&saved, &map), "{saved:?}");
    let again = state.update(Action::Inspection(InspectionAction::Save(
        Picture::Map(id),
        Format::Png,
    )));
    assert_eq!(again, [Effect::Save(Picture::Map(id), Format::Png)]);
    state.update(Action::SaveFailed);
    assert!(state.trouble.is_some_and(|words| words.contains("picture")));
}

#[test]
fn a_look_that_is_dropped_with_a_run_is_asked_for_again() {
    let mut state = State::new(false);
    state.open();
    let effects = state.update(Arrival::Loaded(1, about()));
    finish(&mut state, &effects);
    let id = state.variants.selected;
    let edit = |text: &str| Action::Variant(id, VariantAction::EditEnvironment(text.to_owned()));
    // It is being looked into, and twice another setting is typed.
    state.update(Action::Playhead(PlayheadAction::Seek(Micros(5))));
    state.inspection.looking = vec![(id, 0.0)];
    state.update(edit("MALLOC_ARENA_MAX=1"));
    let first = state.update(Action::Due);
    assert_eq!(runs(&first), [id]);
    state.update(edit("MALLOC_ARENA_MAX=2"));
    let second = state.update(Action::Due);
    assert!(has(&second, &Effect::Drop(id)));
    let after = finish(&mut state, &second);
    let looks = |effects: &[Effect]| {
        let look = |effect: &&Effect| matches!(effect, Effect::Look(of, ..) if *of == id);
        effects.iter().filter(look).count()
    };
    assert_eq!(looks(&second) + looks(&after), 1);
}

#[test]
fn nothing_is_asked_of_workers_that_are_about_to_get_another_recording() {
    let mut state = State::new(false);
    state.open();
    let effects = state.update(Arrival::Loaded(1, about()));
    finish(&mut state, &effects);
    state.inspection.looking.clear();
    state.update(Action::Choose(Subject::File("bad.hwt".to_owned())));
    let asks = |effects: &[Effect]| {
        let ask = |effect: &Effect| matches!(effect, Effect::Look(..) | Effect::Ask(..));
        effects.iter().any(ask)
    };
    let id = state.variants.selected;
    let blocks = Some((id, Address(4096), Address(8192)));
    assert!(!asks(
        &state.update(Action::Playhead(PlayheadAction::Seek(Micros(0))))
    ));
    assert!(!asks(
        &state.update(Action::Variant(id, VariantAction::Select))
    ));
    assert!(!asks(&state.update(Action::Inspection(
        InspectionAction::OpenBlocks(blocks)
    ))));
    // It cannot be read: the one before is what they hold.
    let number = state.source.number;
    assert!(asks(
        &state.update(Arrival::LoadFailed(number, "no".to_owned()))
    ));
    assert!(asks(&state.update(Action::Inspection(
        InspectionAction::OpenBlocks(blocks)
    ))));
}

#[test]
fn a_look_that_is_lost_takes_back_nothing_that_was_said() {
    let mut state = State::new(false);
    state.update(Action::OpenLink(Some("nonsense".to_owned())));
    let said = state.trouble.clone();
    assert!(said.is_some());
    let id = state.variants.selected;
    state.update(Arrival::LookFailed(id, None));
    assert_eq!(state.trouble, said);
}

/// What is to be read of boxes.
fn reads(effects: &[Effect]) -> Vec<Rc<str>> {
    let read = |effect: &Effect| match effect {
        Effect::Read(_, text) => Some(Rc::clone(text)),
        _ => None,
    };
    effects.iter().filter_map(read).collect()
}

/// Reads the texts of all boxes, as a worker does.
pub(in crate::state) fn read_all(state: &mut State) {
    let boxes = state.variants.all.iter();
    let texts = boxes.filter(|variant| variant.environment.is_reading);
    let texts = texts.map(|variant| (variant.id, Rc::from(&variant.environment.text[..])));
    for (id, text) in texts.collect::<Vec<(VariantId, Rc<str>)>>() {
        let read = Environment::parse(&text);
        state.update(Arrival::Read(id, text, Some(read)));
    }
}

/// A long text with one setting.
fn long(value: u8) -> String {
    "RUN make\n".repeat(4000) + &format!("ENV MALLOC_ARENA_MAX={value}\n")
}

#[test]
fn a_long_text_is_read_by_a_worker_and_the_settings_before_count_until_then() {
    let mut state = loaded();
    let id = state.variants.selected;
    state.update(Action::Variant(
        id,
        VariantAction::EditEnvironment("MALLOC_TOP_PAD_=0".to_owned()),
    ));
    let before = state.variants.selected().environment.variables.clone();
    let effects = state.update(Action::Variant(id, VariantAction::EditEnvironment(long(2))));
    let asked = reads(&effects);
    assert_eq!(asked.len(), 1);
    assert!(!has(&effects, &Effect::Wait), "nothing has changed yet");
    assert!(state.variants.selected().environment.is_reading);
    assert_eq!(state.variants.selected().environment.variables, before);
    let others = state.update(Action::ToggleHelp);
    assert!(reads(&others).is_empty(), "it is asked for once");
    let read = Environment::parse(&asked[0]);
    let effects = state.update(Arrival::Read(id, Rc::clone(&asked[0]), Some(read.clone())));
    assert!(has(&effects, &Effect::Wait));
    let form = &state.variants.selected().environment;
    assert!(!form.is_reading);
    assert_eq!(form.variables, read.variables);
    assert_eq!(form.other_lines, 4000);
}

#[test]
fn what_was_read_of_a_text_that_changed_meanwhile_is_dropped() {
    let mut state = loaded();
    let id = state.variants.selected;
    let first = reads(&state.update(Action::Variant(id, VariantAction::EditEnvironment(long(2)))));
    let second = reads(&state.update(Action::Variant(id, VariantAction::EditEnvironment(long(4)))));
    let read = |text: &Rc<str>| Arrival::Read(id, Rc::clone(text), Some(Environment::parse(text)));
    state.update(read(&first[0]));
    assert!(state.variants.selected().environment.is_reading);
    state.update(read(&second[0]));
    assert_eq!(
        state.variants.selected().environment.variables[0].value,
        "4"
    );
    // A short text is read at once, and the long one before it comes too late.
    let third = reads(&state.update(Action::Variant(id, VariantAction::EditEnvironment(long(8)))));
    state.update(Action::Variant(
        id,
        VariantAction::EditEnvironment("MALLOC_ARENA_MAX=1".to_owned()),
    ));
    let late = state.update(read(&third[0]));
    assert!(late.is_empty());
    assert_eq!(
        state.variants.selected().environment.variables[0].value,
        "1"
    );
}

#[test]
fn a_text_whose_worker_goes_down_is_read_once_more_and_then_given_up() {
    let mut state = loaded();
    let id = state.variants.selected;
    let first = reads(&state.update(Action::Variant(id, VariantAction::EditEnvironment(long(2)))));
    let lost = || Arrival::Read(id, Rc::clone(&first[0]), None);
    assert_eq!(reads(&state.update(lost())), first);
    assert!(reads(&state.update(lost())).is_empty());
    assert!(!state.variants.selected().environment.is_reading);
    assert!(
        state
            .trouble
            .as_ref()
            .is_some_and(|text| text.contains("shorter part"))
    );
}
