//! What the page says it shows is what it shows: the file's name, the variants' names and letters.

use super::tests::{about, finish};
use super::*;
use crate::protocol::Loaded;

fn file(name: &str) -> Subject {
    Subject::File(name.to_owned())
}

fn of_checksum(checksum: u32) -> Loaded {
    Loaded {
        checksum,
        ..about()
    }
}

/// The bundled recording, and all of its runs are there.
fn shown() -> State {
    let mut state = State::new(false);
    state.open();
    let effects = state.update(Arrival::Loaded(1, about()));
    finish(&mut state, &effects);
    state
}

fn names(state: &State) -> Vec<&str> {
    let names = state
        .variants
        .all
        .iter()
        .map(|variant| variant.name.as_str());
    names.collect()
}

fn letters(state: &State) -> String {
    let letters = state.variants.all.iter();
    letters
        .map(|variant| highwater_chart::letter(variant.letter))
        .collect()
}

#[test]
fn a_files_name_stands_only_over_its_own_data() {
    let mut state = shown();
    let before = state.link();
    let reading = |state: &mut State| {
        state.update(Action::Choose(file("huge.hwt")));
        assert_eq!(state.source.title(), Some(Subject::Bundled.title()));
        assert_eq!(state.source.reading, Some(file("huge.hwt")));
        assert!(!state.link_of_shown().contains("huge"));
    };
    reading(&mut state);
    let effects = state.update(Action::Cancel);
    assert!(
        effects.contains(&Effect::GoBack),
        "the workers hold what is shown"
    );
    assert_eq!(
        (state.source.title(), &state.source.reading),
        (Some(Subject::Bundled.title()), &None)
    );
    assert_eq!(state.link(), before);
    assert!(
        state
            .trouble
            .as_ref()
            .is_some_and(|words| words.contains("huge.hwt was not read"))
    );
    assert!(!state.is_busy());

    reading(&mut state);
    let number = state.source.number;
    let effects = state.update(Arrival::LoadFailed(number, "line 2: no".to_owned()));
    assert!(effects.contains(&Effect::GoBack));
    assert_eq!(state.link(), before);
    // Once more, and now it can be read.
    let effects = state.update(Action::Retry);
    let number = state.source.number;
    assert!(effects.contains(&Effect::Load(file("huge.hwt"), number)));
    state.update(Arrival::Loaded(number, of_checksum(7)));
    assert_eq!(state.source.title(), Some("huge.hwt"));
    assert!(
        state
            .link()
            .is_some_and(|link| link.contains(r#""trace":"huge.hwt","checksum":"7""#))
    );
}

#[test]
fn what_had_not_run_yet_runs_after_another_recording_was_not_read() {
    let mut state = State::new(false);
    state.open();
    state.update(Arrival::Loaded(1, about()));
    assert!(state.is_busy());
    state.update(Action::Choose(file("huge.hwt")));
    let effects = state.update(Action::Cancel);
    let runs = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Run(..)));
    assert_eq!(runs.count(), 5);
}

#[test]
fn nothing_has_a_name_while_nothing_is_there() {
    let mut state = State::new(false);
    let link = "fmine.hwt\nk7\nv0 3 glibc@2.36 mine\nu0 0 -\n".to_owned();
    state.update(Action::OpenLink(Some(link)));
    let number = state.source.number;
    state.update(Arrival::LoadFailed(
        number,
        "mine.hwt is not open".to_owned(),
    ));
    assert_eq!(state.source.title(), None);
}

#[test]
fn a_links_settings_are_those_of_the_file_with_its_checksum() {
    let link = "fmine.hwt\nkab\nv0 3 glibc@2.36 mine\neMALLOC_ARENA_MAX=1\nu0 0 -\n";
    let mut state = State::new(false);
    state.update(Action::OpenLink(Some(link.to_owned())));
    state.update(Arrival::LoadFailed(1, "mine.hwt is not open".to_owned()));
    // A browser names a second download like this.
    state.update(Action::Choose(file("mine (1).hwt")));
    let number = state.source.number;
    state.update(Arrival::Loaded(number, of_checksum(0xab)));
    assert_eq!(names(&state), ["mine"]);
    assert_eq!(state.trouble, None);
    let again = state.link().expect("it is read");
    assert!(
        again.contains(r#""trace":"mine (1).hwt","checksum":"ab""#),
        "{again}"
    );
    // The same link, while it is open by that name: no other file is asked for.
    let effects = state.update(Action::OpenLink(Some(link.to_owned())));
    let number = state.source.number;
    assert!(effects.contains(&Effect::Load(file("mine (1).hwt"), number)));
    // Another file is another file, and that is told.
    let mut state = State::new(false);
    state.update(Action::OpenLink(Some(link.to_owned())));
    state.update(Arrival::LoadFailed(1, "mine.hwt is not open".to_owned()));
    state.update(Action::Choose(file("other.hwt")));
    let number = state.source.number;
    state.update(Arrival::Loaded(number, of_checksum(1)));
    assert_eq!(state.variants.all.len(), 5);
    assert!(
        state
            .trouble
            .is_some_and(|words| words.contains("are not applied"))
    );
}

/// Types into the box of the variant that is looked into, and returns the name that it has then.
fn edit(state: &mut State, text: &str) -> String {
    let id = state.variants.selected;
    let text = text.to_owned();
    state.update(Action::Variant(id, VariantAction::EditEnvironment(text)));
    super::tests::read_all(state);
    state.update(Action::Due);
    state.variants.selected().name.clone()
}

#[test]
fn a_name_that_nobody_typed_follows_the_settings() {
    let mut state = shown();
    assert_eq!(names(&state)[..2], ["no setting", "trim threshold 64 KiB"]);
    assert_eq!(
        edit(&mut state, "MALLOC_ARENA_MAX=2\nTOKEN=hunter2"),
        "MALLOC_ARENA_MAX=2"
    );
    // Another one that comes to the same has another name.
    let second = state.variants.all[1].id;
    state.update(Action::Variant(second, VariantAction::Select));
    assert_eq!(
        edit(&mut state, "MALLOC_ARENA_MAX=2"),
        "MALLOC_ARENA_MAX=2 (2)"
    );
    assert_eq!(
        edit(&mut state, "MALLOC_TRIM_THRESHOLD_=65536"),
        "trim threshold 64 KiB",
        "what it was given its name for"
    );
    let jemalloc = "jemalloc@5.3.0".parse().expect("it is modelled");
    state.update(Action::Variant(
        second,
        VariantAction::ChooseAllocator(jemalloc),
    ));
    assert_eq!(
        edit(&mut state, "MALLOC_CONF=dirty_decay_ms:1000"),
        "jemalloc 5.3.0, dirty_decay_ms:1000"
    );
    // What came of the settings before has the name of these.
    let before = state.variants.selected().name_of_run();
    assert_eq!(before, "trim threshold 64 KiB");
}

#[test]
fn a_name_that_was_typed_stays_in_links_too_and_emptied_follows_again() {
    let mut state = shown();
    let second = state.variants.all[1].id;
    state.update(Action::Variant(second, VariantAction::Select));
    state.update(Action::Variant(
        second,
        VariantAction::Rename("mine".to_owned()),
    ));
    assert_eq!(edit(&mut state, ""), "mine");
    let link = state.link().expect("nothing is read");
    let mut again = State::new(false);
    again.update(Action::OpenLink(Some(link)));
    again.update(Arrival::Loaded(1, about()));
    assert_eq!(names(&again), names(&state));
    assert_eq!(edit(&mut again, "MALLOC_TOP_PAD_=0"), "mine");
    let first = again.variants.all[0].id;
    again.update(Action::Variant(first, VariantAction::Select));
    assert_eq!(edit(&mut again, "MALLOC_TOP_PAD_=0"), "MALLOC_TOP_PAD_=0");
    state.update(Action::Variant(
        second,
        VariantAction::Rename("  ".to_owned()),
    ));
    assert_eq!(state.variants.selected().name, "no setting (2)");
}

#[test]
fn a_name_in_a_link_of_an_earlier_release_does_not_lie() {
    let link = "sbundled\nv0 0 glibc@2.36 no setting\neMALLOC_TRIM_THRESHOLD_=65536\nu0 0 -\n";
    let mut state = State::new(false);
    state.update(Action::OpenLink(Some(link.to_owned())));
    state.update(Arrival::Loaded(1, about()));
    assert_eq!(names(&state), ["MALLOC_TRIM_THRESHOLD_=65536"]);
}

#[test]
fn that_nothing_is_set_is_said_only_of_the_default_allocator() {
    let mut state = State::new(false);
    state.open();
    let allocator = "glibc@2.31".parse().expect("it is modelled");
    state.update(Arrival::Loaded(
        1,
        Loaded {
            allocator,
            ..about()
        },
    ));
    assert_eq!(names(&state)[0], "glibc 2.31");
}

#[test]
fn letters_and_colours_stay_with_their_variants() {
    let mut state = shown();
    let id = |state: &State, at: usize| state.variants.all[at].id;
    let (first, second) = (id(&state, 0), id(&state, 1));
    let colour = state.variants.all[1].colour;
    state.update(Action::Variant(first, VariantAction::Duplicate));
    assert_eq!(letters(&state), "ABCDEF");
    assert_eq!(
        state
            .variants
            .get(second)
            .map(|one| (one.letter, one.colour)),
        Some((1, colour))
    );
    state.update(Action::Variant(first, VariantAction::Remove));
    let third = id(&state, 1);
    state.update(Action::Variant(third, VariantAction::Remove));
    state.update(Action::Table(TableAction::Sort(2)));
    assert_eq!(letters(&state), "BDEF");
    state.update(Action::Variant(second, VariantAction::Duplicate));
    assert_eq!(
        letters(&state),
        "BDEFG",
        "a letter that was somebody's is not given again"
    );
    let link = state.link().expect("nothing is read");
    let mut again = State::new(false);
    again.update(Action::OpenLink(Some(link.clone())));
    again.update(Arrival::Loaded(1, about()));
    assert_eq!(letters(&again), "BDEFG");
    assert_eq!(again.link(), Some(link));
    let colours = |state: &State| -> Vec<usize> {
        state
            .variants
            .all
            .iter()
            .map(|variant| variant.colour)
            .collect()
    };
    assert_eq!(colours(&again), colours(&state));
    // Where there is no letter behind the last, the first that is free.
    state.update(Action::Variant(second, VariantAction::Duplicate));
    state.update(Action::Variant(second, VariantAction::Duplicate));
    assert_eq!(letters(&state), "BDEFGHA");
}
