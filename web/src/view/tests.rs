use super::*;
use crate::protocol::{Calls, MarkAt, StageOrder};
use highwater_simulator::{Phases, RealProcess, Summary};

fn view(samples: &[(u64, u64)], marks: Vec<MarkAt>) -> RunView {
    let ran = Ran {
        took_ms: 1.0,
        calls: 100,
        page_size: Bytes(4096),
        summary: Summary::default(),
        answer: Default::default(),
        stages: vec![],
        marks,
        phases: Phases::default(),
        samples: vec![],
        frames: vec![],
        real: RealProcess::default(),
    };
    let order = Rc::new(Order {
        stages: vec![StageOrder {
            name: String::new(),
            calls: Calls::Trace(1),
            workers: 1,
            trims: None,
            variant: Variant::default(),
        }],
    });
    let samples = samples.iter().map(|(event, time)| Sample {
        event: *event,
        time: Micros(*time),
        ..Sample::default()
    });
    let frame = |event| Frame {
        event,
        time: Micros(event),
        strips: vec![],
        huge: vec![],
    };
    RunView::new(
        order,
        ran,
        samples.collect(),
        [0, 50, 60].map(frame).to_vec(),
    )
}

#[test]
fn a_moment_in_a_rest_is_the_event_before_it() {
    let view = view(&[(0, 0), (10, 1_000), (20, 900_000), (30, 900_100)], vec![]);
    assert_eq!(view.at(Micros(500_000)).event, 10);
    assert_eq!(view.at(Micros(900_050)).event, 25);
    assert_eq!(view.at(Micros(u64::MAX)).event, 30);
}

#[test]
fn steps_go_from_sample_to_sample_and_stop_at_the_ends() {
    let view = view(&[(0, 0), (10, 1_000), (20, 2_000)], vec![]);
    let from = view.at(Micros(1_500));
    assert_eq!(view.step(from, 1).event, 20);
    assert_eq!(view.step(from, 9).event, 20);
    assert_eq!(view.step(from, -1).event, 0);
    assert_eq!(view.step(from, -9).event, 0);
}

#[test]
fn the_nearest_map_is_found_on_either_side() {
    let view = view(&[(0, 0)], vec![]);
    let nearest = |event| view.nearest_frame(event).map(|frame| frame.event);
    assert_eq!(nearest(20), Some(0));
    assert_eq!(nearest(40), Some(50));
    assert_eq!(nearest(99), Some(60));
}
