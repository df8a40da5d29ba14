mod refused;

use super::*;
use crate::{
    naming::settings,
    protocol::{Ask, ToldKind},
    state::{
        Action, Arrival, ChartAction, Effect, InspectionAction, PlayheadAction, State, TableAction,
        VariantAction,
    },
    variants::VariantState,
};
use highwater_simulator::{PageKind, Quoted};
use highwater_workload::pattern::Parameters;

/// A link of the first release, with everything in it: it must open in every later one.
const FIRST: &str = "sdecay\npevents 300\nv0 0 glibc@2.36 mine\neMALLOC_ARENA_MAX=2\nv1 5 jemalloc@5.3.0 second one\n\
                     eMALLOC_CONF=dirty_decay_ms:1000\nu1 0 0\nt1500000\nz1000000 2000000\nh4\no2 1\ncdark\n";

fn opened(text: &str) -> State {
    let mut state = State::new(false);
    state.update(Action::OpenLink(Some(text.to_owned())));
    state
}

#[test]
fn a_link_of_the_first_release_opens() {
    let state = opened(FIRST);
    assert_eq!(state.trouble, None);
    assert_eq!(state.source.subject.key(), "decay");
    assert_eq!(state.source.form.values.get("events"), Some(300.0));
    let names: Vec<&str> = state.variants.all.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["mine", "second one"]);
    assert_eq!(state.variants.selected().colour, 5);
    assert_eq!(
        state.playhead.zoom,
        Some((Micros(1_000_000), Micros(2_000_000)))
    );
    assert!(state.display.is_dark());
    assert_eq!(
        (state.inspection.hidden, state.table.sorted),
        (4, Some((2, true)))
    );
    assert_eq!(
        state.variants.all[0].environment.text,
        "MALLOC_ARENA_MAX=2\n"
    );
    let link = state.link().expect("nothing is read");
    let shown = concat!(
        r#"{"run":{"scenario":"decay","variant":[{"name":"mine","allocator":"glibc@2.36","environment":"MALLOC_ARENA_MAX=2\n"},"#,
        r#"{"name":"second one","base":"jemalloc, 1000 ms","allocator":"jemalloc@5.3.0","#,
    );
    assert!(link.starts_with(shown), "{link}");
    assert_eq!(opened(&link).link().as_ref(), Some(&link));
}

#[test]
fn what_was_open_opens_again_once_it_can_be_asked_for() {
    let link = "sdecay\nv0 0 glibc@2.36 mine\nu0 0 -\nt0\ndgave-back\nb4096 8192\ng3 de\n";
    let mut state = State::new(false);
    let effects = state.update(Action::OpenLink(Some(link.to_owned())));
    assert_eq!(state.inspection.only, Some(ToldKind::GaveBack));
    let place = Place::of(Some("de"), "3").expect("it is one");
    assert!(effects.contains(&Effect::ReadTour(place.clone(), false)));
    let text = "# 1\n\n[x](?a)\n\n".repeat(4);
    state.update(Arrival::TourRead(place, false, Ok(text)));
    let now = state.link().expect("nothing is read");
    for part in [
        r#""only":"gave-back""#,
        r#""first":"4096","last":"8192""#,
        r#""tour":{"step":"3","language":"de"}"#,
        r#""time":"0""#,
    ] {
        assert!(now.contains(part), "until then, too: {now}");
    }
    let after = super::super::tests::finish(&mut state, &effects);
    let asked = |effect: &Effect| matches!(effect, Effect::Ask(_, _, _, Ask::Blocks { .. }));
    assert_eq!(after.iter().filter(|effect| asked(effect)).count(), 1);
    assert_eq!(state.link(), Some(now));
}

#[test]
fn hidden_curves_and_notes_are_kept_and_checked() {
    let mut state = State::new(false);
    let decay = state.source.choices.find("decay").expect("it is there");
    state.update(Action::Choose(decay));
    state.update(Action::Chart(ChartAction::Toggle(1)));
    for text in ["first", " "] {
        state.update(Action::Playhead(PlayheadAction::Seek(Micros(0))));
        state.update(Action::Chart(ChartAction::Note));
        state.update(Action::Chart(ChartAction::Write(0, text.to_owned())));
        let link = state.link().expect("nothing is read");
        let note = r#""notes":[{"time":"0","text":"first"}],"#;
        assert_eq!(link.contains(note), text == "first", "{link}");
        assert!(link.contains(r#""off":"B""#), "{link}");
        assert_eq!(opened(&link).link(), Some(link));
    }
    let with = |what: &str| opened(&format!(r#"{{"run":{{"scenario":"decay"}},{what}}}"#));
    let late =
        with(r#""notes":[{"time":"9","text":"b"},{"time":"3","text":"a\n\u202e"},{"time":"9"}]"#);
    assert_eq!(late.trouble, None);
    let said: Vec<_> = (late.charted.notes.iter())
        .map(|note| (note.time.0, &note.text[..]))
        .collect();
    assert_eq!(said, [(3, "a "), (9, "b")]);
    for wrong in [
        r#""notes":{}"#,
        r#""notes":[1]"#,
        r#""notes":[{"text":"a"}]"#,
        r#""notes":[{"time":"18446744073709551615","text":"a"}]"#,
        r#""notes":[{"time":"1","text":"a","more":"b"}]"#,
        r#""view":{"off":"b"}"#,
        r#""view":{"off":"Z"}"#,
        &format!(r#""notes":[{}]"#, [r#"{"time":"1"}"#; 13].join(",")),
    ] {
        assert!(with(wrong).trouble.is_some(), "{wrong}");
    }
    assert!(
        with(r#""view":{"off":"ABCDEFGH"}"#).charted.shows(0),
        "never all"
    );
}

#[test]
fn the_figure_of_the_chart_is_in_the_link_and_older_links_show_resident_memory() {
    let mut state = opened(r#"{"run":{"scenario":"decay"}}"#);
    assert_eq!(state.charted.quoted, Quoted::Resident);
    assert!(
        !state.link_of_shown().contains("memory"),
        "nothing is said of what is usual"
    );
    for (quoted, name) in &Quoted::NAMES[1..] {
        state.update(Action::Chart(ChartAction::Quote(*quoted)));
        let link = state.link().expect("nothing is read");
        assert!(link.contains(&format!(r#""memory":"{name}""#)), "{link}");
        let again = opened(&link);
        assert_eq!(again.charted.quoted, *quoted);
        assert_eq!(again.link(), Some(link));
    }
    let wrong = opened(r#"{"run":{"scenario":"decay"},"view":{"memory":"pss"}}"#);
    assert!(wrong.trouble.is_some());
}

/// A state as somebody may have made it by hand.
fn random_state(random: &mut fastrand::Rng) -> State {
    let mut state = State::new(false);
    state.open();
    let all: Vec<String> = (state.source.choices.scenarios.iter())
        .chain(&state.source.choices.patterns)
        .map(|scenario| scenario.name.clone())
        .collect();
    let key = &all[random.usize(..all.len())];
    let subject = state.source.choices.find(key).expect("it is there");
    state.update(Action::Choose(subject));
    for _ in 0..random.usize(..12) {
        let at = random.usize(..state.variants.all.len());
        let id = state.variants.all[at].id;
        let lines = [
            "MALLOC_TRIM_THRESHOLD_=65536",
            "export A='two words'",
            "MALLOC_CONF=dirty_decay_ms:0\nB=ü",
            "MALLOC_ARENA_MAX=2 # of hunter2",
        ];
        let action = match random.u8(..16) {
            0 => Action::Variant(id, VariantAction::Duplicate),
            1 => Action::Variant(id, VariantAction::Remove),
            2 => Action::Variant(
                id,
                VariantAction::Rename(format!("variant no {}", random.u16(..))),
            ),
            3 => Action::Variant(id, VariantAction::Recolour),
            4 | 5 => Action::Variant(
                id,
                VariantAction::EditEnvironment(lines[random.usize(..4)].to_owned()),
            ),
            6 => Action::Variant(
                id,
                VariantAction::ChooseAllocator("jemalloc".parse().expect("it is one")),
            ),
            7 => Action::Variant(id, VariantAction::Select),
            8 => Action::Variant(id, VariantAction::Compare(true)),
            9 => Action::Variant(id, VariantAction::Baseline),
            10 => Action::Inspection(InspectionAction::ToggleKind(PageKind::Live)),
            11 => Action::Table(TableAction::Sort(random.usize(..6))),
            12 => Action::Playhead(PlayheadAction::Zoom(Some((
                Micros(random.u64(..1000)),
                Micros(random.u64(1000..90_000_000)),
            )))),
            13 => Action::Inspection(InspectionAction::OnlyDecisions(Some(
                ToldKind::NAMES[random.usize(..5)].0,
            ))),
            _ => Action::EditParameter(
                random.usize(..Parameters::ALL.len()),
                random.u16(1..40).to_string(),
            ),
        };
        state.update(action);
    }
    state.update(Action::Due);
    state
}

/// What is run for a variant, as far as an allocator reads it.
fn read_of(variant: &VariantState) -> Option<crate::protocol::Order> {
    let order = variant.order.as_ref()?.as_ref().ok()?;
    let mut order = (**order).clone();
    for stage in &mut order.stages {
        stage.variant.environment = settings(&stage.variant.environment);
    }
    Some(order)
}

#[test]
fn states_go_round_through_links_and_links_are_short() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..200 {
        let state = random_state(&mut random);
        let link = state.link().expect("nothing is read");
        let again = opened(&link);
        assert_eq!(again.trouble, None, "{round}: {link}");
        assert_eq!(again.link().as_ref(), Some(&link), "{round}");
        for (one, other) in state.variants.all.iter().zip(&again.variants.all) {
            assert_eq!(
                read_of(one),
                read_of(other),
                "{round}: what runs is the same\n{link}"
            );
            assert_eq!(one.name, other.name, "{round}: {link}");
            assert_eq!(one.letter, other.letter, "{round}: {link}");
        }
        // Uncompressed, and as base64.
        assert!(link.len() * 4 / 3 < 2000, "{round}: {link}");
    }
}

#[test]
fn a_link_holds_the_settings_that_an_allocator_reads_and_no_others() {
    let pasted = "# the password is hunter2-comment\nDATABASE_URL=postgres://admin:hunter2-url@db\n\
                  MALLOC_ARENA_MAX=2\nMALLOC_ARENA_MAX_=hunter2-near\nhunter2_NAME=1\n\
                  export AWS_SECRET_ACCESS_KEY='hunter2 key'\nmalloc_arena_max=hunter2-case\n";
    let mut state = State::new(false);
    state.open();
    let mut about = super::super::tests::about();
    about.environment =
        highwater_simulator::parse_lines("TOKEN=hunter2-recorded\nMALLOC_TOP_PAD_=0");
    state.update(Arrival::Loaded(1, about));
    let second = state.variants.all[1].id;
    state.update(Action::Variant(
        second,
        VariantAction::EditEnvironment(pasted.to_owned()),
    ));
    super::super::tests::read_all(&mut state);
    state.update(Action::EditParameter(0, "hunter2-field".to_owned()));
    state.update(Action::Due);
    let link = state.link().expect("it is read");
    assert!(!link.contains("hunter2"), "{link}");
    assert!(
        link.contains(r#""MALLOC_TOP_PAD_=0\n""#) && link.contains(r#""MALLOC_ARENA_MAX=2\n""#),
        "{link}"
    );
    for variant in &state.variants.all {
        assert!(!variant.name.contains("hunter2"), "{}", variant.name);
    }
    assert!(
        state.variants.all[1]
            .environment
            .text
            .contains("hunter2-url"),
        "the box keeps it"
    );
    assert_eq!(state.variants.all[1].name, "MALLOC_ARENA_MAX=2");

    // It comes back to this tab, and its box holds what it held.
    let mut copied = state.link();
    state.update(Action::OpenLink(copied.take()));
    state.update(Arrival::Loaded(2, super::super::tests::about()));
    assert_eq!(state.link().as_ref(), Some(&link));
    assert!(
        state.variants.all[1]
            .environment
            .text
            .contains("hunter2-url")
    );
}
