use super::*;
use highwater_simulator::{Remark, Tone};

fn about() -> Loaded {
    Loaded {
        program: None,
        events: 10,
        skipped: 0,
        recorded: None,
        allocator: Choice::default(),
        environment: vec![],
    }
}

fn loaded() -> State {
    let mut state = State::new(false);
    state.open();
    state.update(Action::Loaded(about()));
    state
}

#[test]
fn what_is_loaded_is_run() {
    let mut state = State::new(false);
    assert!(matches!(
        state.open()[..],
        [Effect::DropAll, Effect::Load(Source::Bundled, _)]
    ));
    let effects = state.update(Action::Loaded(about()));
    assert_eq!(effects, [Effect::DropAll, Effect::Run(Variant::default())]);
    assert_eq!(state.activity, Activity::Running(0.0));
}

#[test]
fn a_line_that_is_typed_runs_only_when_it_is_whole_and_right() {
    let mut state = loaded();
    let effects = state.update(Action::EditEnvironment("MALLOC".to_owned()));
    assert_eq!(effects, [Effect::Wait(Later::Environment)]);
    assert_eq!(state.update(Action::Due(Later::Environment)), []);
    state.update(Action::EditEnvironment("MALLOC_TOP_PAD_=0".to_owned()));
    let effects = state.update(Action::Due(Later::Environment));
    assert!(
        matches!(&effects[..], [Effect::DropAll, Effect::Run(variant)] if variant.environment.len() == 1)
    );
}

#[test]
fn another_allocator_is_run_and_compared_with_itself() {
    let mut state = loaded();
    let older: Choice = "glibc@2.31".parse().expect("it is modelled");
    let effects = state.update(Action::ChooseAllocator(older));
    assert!(
        matches!(&effects[..], [Effect::DropAll, Effect::Run(variant)] if variant.allocator == older)
    );
    assert_eq!(state.allocator(), older);
    // It stays for another workload, but not for a recording of one's own, which names its allocator.
    state.update(Action::Choose(Source::Pattern(Pattern::Threads)));
    state.update(Action::Loaded(about()));
    assert_eq!(state.allocator(), older);
    state.update(Action::Choose(Source::File("a.hwt".to_owned())));
    state.update(Action::Loaded(about()));
    assert_eq!(state.allocator(), Choice::default());
}

#[test]
fn a_wrong_parameter_builds_nothing() {
    let mut state = loaded();
    state.update(Action::Choose(Source::Pattern(Pattern::Sync)));
    state.update(Action::EditParameter(0, "0".to_owned()));
    assert_eq!(state.update(Action::Due(Later::Parameters)), []);
    state.update(Action::EditParameter(0, "2".to_owned()));
    let effects = state.update(Action::Due(Later::Parameters));
    assert!(
        matches!(effects[..], [Effect::DropAll, Effect::Load(_, values)] if values.streams == 2)
    );
}

#[test]
fn a_file_that_cannot_be_read_leaves_what_was_there() {
    let mut state = loaded();
    state.update(Action::Choose(Source::File("bad.hwt".to_owned())));
    state.update(Action::LoadFailed("line 2: no".to_owned()));
    assert_eq!(state.chosen, Source::Bundled);
    assert_eq!(state.trouble.as_deref(), Some("line 2: no"));
    assert_eq!(state.activity, Activity::Idle);
    assert!(state.held.is_some());
}

#[test]
fn another_worker_is_given_the_workload_again() {
    let mut state = loaded();
    state.update(Action::Health(Health::Starting));
    assert_eq!(state.held, None);
    let effects = state.update(Action::Lost);
    assert!(matches!(
        effects[..],
        [Effect::DropAll, Effect::Load(Source::Bundled, _)]
    ));
}

#[test]
fn play_without_a_run_does_nothing() {
    let mut state = State::new(true);
    assert_eq!(state.update(Action::TogglePlay), []);
    assert_eq!(state.update(Action::Tick(10.0)), [Effect::StopClock]);
    assert_eq!(state.update(Action::Seek(f64::NAN)), []);
}

#[test]
fn a_run_is_played_in_about_a_dozen_seconds() {
    assert_eq!(fitting_speed(Micros(10_136_196)), 1.0);
    assert_eq!(fitting_speed(Micros(600_000_000)), 64.0);
    assert_eq!(fitting_speed(Micros(1)), SPEEDS[0]);
}

#[test]
fn a_python_program_is_run_and_spoken_of_with_its_interpreter() {
    let mut state = loaded();
    state.update(Action::Choose(Source::Pattern(Pattern::Sync)));
    state.update(Action::EditEnvironment("PYTHONMALLOC=malloc".into()));
    let variant = state.variant();
    assert_eq!(variant.python, Some(PythonVersion::V3_11));
    let ignored = |remarks: Vec<Remark>| remarks.iter().any(|r| r.tone == Tone::Ignored);
    assert!(!ignored(state.environment.remarks(&variant)));
    state.update(Action::Choose(Source::Pattern(Pattern::Threads)));
    assert!(ignored(state.environment.remarks(&state.variant())));
}
