use super::super::tests::{look, ran};
use super::*;
use highwater_simulator::Micros;

fn shown<'s>(variants: &'s Variants, playhead: &'s Playhead) -> Option<Shown<'s>> {
    Some(Shown { variants, playhead })
}

#[test]
fn a_moment_is_asked_for_once_and_again_when_it_is_another() {
    let (variants, mut playhead) = (ran(), Playhead::default());
    let mut inspection = Inspection::default();
    let id = variants.selected;
    let first = inspection.wish(shown(&variants, &playhead));
    let found = look(&first[0]).expect("it is looked into");
    assert_eq!(inspection.wish(shown(&variants, &playhead)), []);
    playhead.move_to(Micros(1), Micros(9));
    let second = inspection.looked(id, found, shown(&variants, &playhead));
    assert!(matches!(second[..], [Effect::Look(of, ..)] if of == id));
    let found = look(&second[0]).expect("it is looked into");
    let after = inspection.looked(id, found, shown(&variants, &playhead));
    assert_eq!(after, []);
    assert!(inspection.look(id).is_some());
    inspection.forget(id);
    assert!(inspection.look(id).is_none());
}

#[test]
fn an_earlier_runs_look_is_kept_until_the_present_run_is_explained() {
    let (variants, playhead) = (ran(), Playhead::default());
    let mut inspection = Inspection::default();
    let id = variants.selected;
    let asked = inspection.wish(shown(&variants, &playhead));
    let found = look(&asked[0]).expect("it is looked into");
    inspection.looked(id, found, shown(&variants, &playhead));
    let mut next = Rc::clone(&variants.selected().run.as_ref().expect("it ran").order);
    Rc::make_mut(&mut next).stages[0].workers += 1;
    inspection.arrive(id, &RunView::empty(next), true);
    assert!(inspection.look(id).is_none(), "it is not of this run");
    assert!(inspection.latest_look(id).is_some());
    inspection.forget(id);
    assert!(inspection.latest_look(id).is_none());
}

#[test]
fn the_whole_heap_is_asked_for_once_and_stays_until_it_is_known_anew() {
    let (variants, playhead) = (ran(), Playhead::default());
    let mut inspection = Inspection::default();
    let (shown, id) = (shown(&variants, &playhead), variants.selected);
    assert_eq!(inspection.open_all(None), []);
    assert!(matches!(inspection.open_all(shown)[..], [Effect::Ask(of, ..)] if of == id));
    assert_eq!(inspection.open_all(shown), []);
    let row = BlockRow {
        address: Address(4096),
        size: highwater_simulator::Bytes(32),
        kind: PageKind::Live,
        state: "in use".to_owned(),
        requested: None,
        allocated: None,
        freed: None,
    };
    inspection.take_blocks(id, vec![row]);
    inspection.forget_asked();
    assert_eq!(inspection.whole.len(), 1, "until it is known anew");
    assert_eq!(inspection.open_all(shown).len(), 1);
}

#[test]
fn blocks_are_asked_for_again_where_the_worker_went_down() {
    let (variants, playhead) = (ran(), Playhead::default());
    let mut inspection = Inspection::default();
    let shown = shown(&variants, &playhead);
    let id = variants.selected;
    let open = || InspectionAction::OpenBlocks(Some((id, Address(4096), Address(8192))));
    assert_eq!(
        inspection.update(open(), None),
        [],
        "the workers read something else"
    );
    let asked = inspection.update(open(), shown);
    assert_eq!(asked[1..], [Effect::FocusBlocks]);
    assert_eq!(inspection.ask_again(shown), asked[..1]);
    inspection.take_blocks(id, vec![]);
    assert_eq!(inspection.ask_again(shown), []);
    inspection.forget_unanswered();
    assert!(inspection.opened.is_some(), "it is answered");
    inspection.forget_asked();
    assert_eq!(inspection.opened, None);
}

#[test]
fn of_several_looks_the_one_that_is_least_far_is_told() {
    let mut inspection = Inspection {
        looking: vec![(VariantId(1), 0.0), (VariantId(2), 0.0)],
        ..Inspection::default()
    };
    assert_eq!(inspection.long_look(), None, "both have just begun");
    inspection.goes_on(VariantId(1), 0.7);
    inspection.goes_on(VariantId(3), 0.1);
    assert_eq!(inspection.long_look(), Some((VariantId(1), 0.7)));
    inspection.goes_on(VariantId(2), 0.4);
    assert_eq!(inspection.long_look(), Some((VariantId(2), 0.4)));
    inspection.forget(VariantId(2));
    inspection.forget(VariantId(1));
    assert_eq!(inspection.long_look(), None);
}
