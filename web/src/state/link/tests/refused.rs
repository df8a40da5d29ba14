//! What a link may not hold, and what becomes of it.

use super::*;

#[test]
fn a_link_from_elsewhere_that_holds_more_is_read_without_it() {
    let mut state = State::new(false);
    state.open();
    state.update(Arrival::Loaded(1, crate::state::tests::about()));
    let id = state.variants.selected;
    let text = "MALLOC_ARENA_MAX=2".to_owned();
    state.update(Action::Variant(id, VariantAction::EditEnvironment(text)));
    let link = state.link().expect("it is read");
    let foreign = link.replace(
        r#""MALLOC_ARENA_MAX=2\n""#,
        r#""TOKEN=hunter2\n# hunter2\nMALLOC_ARENA_MAX=2\n""#,
    );
    let mut other = opened(&foreign);
    assert!(other.links.holds_more);
    other.update(Arrival::Loaded(1, crate::state::tests::about()));
    assert!(other.is_reading_settings());
    assert!(other.link().is_some_and(|link| !link.contains("hunter2")));
    crate::state::tests::read_all(&mut other);
    assert_eq!(other.link().as_ref(), Some(&link));
    assert_eq!(other.trouble, None);
    assert!(!opened(&link).links.holds_more);
    let asked = opened("senvironment\nnTOKEN=hunter2\nnMALLOC_ARENA_MAX=1\n");
    assert!(asked.links.holds_more);
    assert!(asked.link().is_some_and(|link| !link.contains("hunter2")));
}

#[test]
fn what_is_said_of_a_damaged_link_repeats_nothing_that_was_pasted() {
    for link in [
        "eTOKEN=hunter2\n",
        "sdecay\nzhunter2 1\n",
        "sdecay\nxhunter2",
        "sdecay\nv0 9 glibc@2.36 hunter2\n",
        r#"{"run":{"scenario":"decay"},"view":{"time":"hunter2"}}"#,
        r#"{"run":{"scenario":"decay"},"view":{"hunter2":"1"}}"#,
        r#"{"run":{"scenario":"decay"},"view":{"at":"hunter2","theme":"hunter2"}}"#,
        r#"{"run":{"scenario":"decay"},"hunter2":{}}"#,
        r#"{"run":{"scenario":"decay","environment":"TOKEN=hunter2"#,
    ] {
        let state = opened(link);
        let said = state.trouble.expect("it is refused");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_link_cannot_ask_for_what_the_page_cannot_show() {
    let decay = "sdecay\nv0 0 glibc@2.36 mine\nu0 0 -\n";
    for line in [
        "o13 0",
        "o9999999999 1",
        "z9223372036854775807 9223372036854775808",
        "z18446744073709551614 18446744073709551615",
        "z1 1000000000000000000",
        "aI",
        "v0 0 glibc@2.36 two\naA",
    ] {
        assert!(
            opened(&format!("{decay}{line}\n")).trouble.is_some(),
            "{line}"
        );
    }
    assert!(
        opened(&format!("{decay}{}", "h0\n".repeat(1 << 15)))
            .trouble
            .is_some()
    );
    assert_eq!(opened(&format!("{decay}o7 1\n")).trouble, None);
}

#[test]
fn what_is_asked_for_without_variants_keeps_those_of_the_scenario() {
    let state = opened("senvironment\npevents 100\nnMALLOC_ARENA_MAX=1\n");
    assert_eq!(state.trouble, None);
    assert_eq!(state.source.form.values.get("events"), Some(100.0));
    assert!(state.variants.all.len() > 3);
    assert_eq!(
        state.variants.all[0].environment.text,
        "MALLOC_ARENA_MAX=1\n"
    );
    assert_ne!(
        state.variants.all[1].environment.text,
        "MALLOC_ARENA_MAX=1\n"
    );
}

#[test]
fn what_cannot_be_read_is_said_and_changes_nothing() {
    let mut broken: Vec<String> = ["", "snosuch", "x1", "sdecay\nu0 0 -", "\u{1F600}"]
        .map(str::to_owned)
        .into();
    for at in 0..FIRST.len() {
        let mut bytes = FIRST.as_bytes().to_vec();
        bytes[at] = b'\xff';
        broken.push(String::from_utf8_lossy(&bytes).into_owned());
        broken.push(FIRST[..at].to_owned());
    }
    let mut refused = 0;
    for text in broken {
        let state = opened(&text);
        if state.trouble.is_some() {
            refused += 1;
            assert_eq!(state.source.subject, Subject::Bundled);
            assert!(state.variants.all.len() > 1);
        }
    }
    assert!(refused > 100, "{refused}");
    let mut state = State::new(false);
    state.update(Action::OpenLink(None));
    assert!(state.trouble.is_some_and(|words| words.contains("link")));
}

#[test]
fn a_file_is_asked_for_and_the_rest_waits_for_it() {
    let link = "fmine.hwt\nkab\nv0 3 glibc@2.36 mine\neMALLOC_ARENA_MAX=1\nu0 0 -\n";
    let mut state = opened(link);
    let number = state.source.number;
    state.update(Arrival::LoadFailed(
        number,
        "mine.hwt is not open: open it".to_owned(),
    ));
    assert!(state.trouble.is_some());
    assert_eq!(state.link(), None, "the link stays what it is until then");
    state.update(Action::Choose(Subject::File("mine.hwt".to_owned())));
    state.update(Arrival::Loaded(
        state.source.number,
        crate::state::tests::about(),
    ));
    assert_eq!(state.variants.all.len(), 1);
    assert_eq!(
        state.variants.all[0].environment.text,
        "MALLOC_ARENA_MAX=1\n"
    );
    let now = state.link().expect("it is read");
    assert!(
        now.contains(r#""trace":"mine.hwt","checksum":"ab""#),
        "{now}"
    );
    // Another file of that name is taken, and it is said.
    let mut state = opened(&link.replace("kab", "kac"));
    state.update(Action::Choose(Subject::File("mine.hwt".to_owned())));
    let number = state.source.number;
    state.update(Arrival::Loaded(number, crate::state::tests::about()));
    assert!(
        state
            .trouble
            .is_some_and(|words| words.contains("but different contents"))
    );
    assert_eq!(state.variants.all.len(), 1);
}

#[test]
fn a_release_that_is_not_modelled_runs_as_the_nearest_and_it_is_said() {
    for link in [
        "sdecay\nv0 0 glibc@2.38 mine\nu0 0 -\n",
        r#"{"run":{"scenario":"decay","variant":[{"allocator":"glibc 2.38"}]}}"#,
        r#"{"run":{"scenario":"decay","allocator":"libc6 2.38-1ubuntu6"}}"#,
    ] {
        let state = opened(link);
        assert_eq!(state.trouble, None, "{link}");
        assert_eq!(
            state.variants.selected().allocator.to_string(),
            "glibc@2.39"
        );
        assert!(
            state
                .links
                .notes
                .iter()
                .any(|note| note.contains("not modelled")),
            "{link}"
        );
    }
    assert!(
        opened(r#"{"run":{"scenario":"decay","allocator":"hoard"}}"#)
            .trouble
            .is_some()
    );
}

#[test]
fn a_link_says_options_that_have_no_control_and_keeps_them() {
    let link = r#"{"run":{"scenario":"decay","cap":500,"variant":[{"seed":"7"},{"cores":4,"python":"none"}]}}"#;
    let state = opened(link);
    assert_eq!(state.trouble, None);
    let stage = |at: usize| {
        let order = state.variants.all[at]
            .order
            .as_ref()
            .expect("it is planned");
        order.as_ref().expect("it can run").stages[0]
            .variant
            .clone()
    };
    let cap = Some(highwater_simulator::Bytes::mib(500));
    assert_eq!((stage(0).cap, stage(0).seed), (cap, Some(7)));
    assert_eq!(
        (stage(1).cap, stage(1).cores.map(|cores| cores.online)),
        (cap, Some(4))
    );
    assert_eq!(stage(1).python, None);
    let again = opened(&state.link().expect("nothing is read"));
    for at in 0..2 {
        assert_eq!(state.variants.all[at].order, again.variants.all[at].order);
    }
    let wrong = opened(r#"{"run":{"scenario":"decay","variant":[{"cap":0}]}}"#);
    let order = wrong.variants.all[0].order.as_ref().expect("it is planned");
    let said = order.as_ref().expect_err("no such cap");
    assert!(
        said.contains("cap: ") && said.contains("between 1 and 1048576"),
        "{said}"
    );
}

#[test]
fn a_link_of_another_version_or_with_foreign_keys_is_refused() {
    for link in [
        r#"{"run":{"scenario":"decay","version":2}}"#,
        r#"{"run":{"scenario":"decay","colour":1}}"#,
        r#"{"run":{"scenario":"decay","pattern":"sync"}}"#,
        r#"{"run":{"scenario":"decay","variant":[{"stage":[{}]}]}}"#,
        r#"{"run":{"scenario":"decay","variant":[{"base":"nosuch"}]}}"#,
        r#"{"run":{"scenario":"decay"},"marks":[],"view":{"selected":"8"}}"#,
        r#"{"run":{"scenario":"decay"},"view":[]}"#,
        r#"{"run":{"trace":"bundled","checksum":"x"}}"#,
        r#"{"run":{}}"#,
        r#"{"view":{}}"#,
        "{}",
        "{",
        "{\"run\":[[[[[[[[[[[[[[[[[[[[[",
    ] {
        assert!(opened(link).trouble.is_some(), "{link}");
    }
}
