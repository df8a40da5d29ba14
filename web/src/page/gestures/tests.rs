use super::*;

fn shown(from: u64, to: u64) -> Shown {
    Shown {
        part: (Micros(from), Micros(to)),
        zoomed: to - from < 1_000_000,
        ends: Micros(1_000_000),
    }
}

const MOUSE: Pointer = Pointer {
    id: 1,
    at: 0.0,
    moves: false,
};

fn at(at: f64) -> Pointer {
    Pointer { at, ..MOUSE }
}

/// What comes of all in turn, in words.
fn done(on: On, shown: Shown, steps: &[(Did, Pointer)]) -> Vec<String> {
    let mut gestures = Gestures::default();
    let all = steps.iter();
    let all = all.filter_map(|(did, pointer)| gestures.follow(on, *did, *pointer, shown));
    all.map(|action| format!("{action:?}")).collect()
}

#[test]
fn a_click_seeks_and_a_drag_shows_a_part() {
    let click = [(Did::Press, at(0.5)), (Did::LetGo, at(0.503))];
    assert_eq!(
        done(On::Chart, shown(0, 1_000_000), &click),
        ["Seek(Micros(503000))"]
    );
    let drag = [
        (Did::Press, at(0.5)),
        (Did::Move, at(0.3)),
        (Did::LetGo, at(0.25)),
    ];
    assert_eq!(
        done(On::Chart, shown(0, 1_000_000), &drag),
        ["Zoom(Some((Micros(250000), Micros(500000))))"]
    );
    let other = [
        (Did::LetGo, at(0.5)),
        (Did::Move, at(0.5)),
        (Did::Leave, at(0.5)),
    ];
    assert_eq!(done(On::Chart, shown(0, 1_000_000), &other), [""; 0]);
}

#[test]
fn a_finger_moves_the_part_that_is_shown_and_two_scale_it() {
    let finger = |id, at| Pointer {
        id,
        at,
        moves: true,
    };
    let steps = [
        (Did::Press, finger(1, 0.5)),
        (Did::Move, finger(1, 0.25)),
        (Did::LetGo, finger(1, 0.25)),
    ];
    assert_eq!(done(On::Chart, shown(0, 500_000), &steps), ["Pan(0.25)"]);
    // Where all is shown there is nothing to move.
    assert_eq!(
        done(On::Chart, shown(0, 1_000_000), &steps),
        ["Zoom(Some((Micros(250000), Micros(500000))))"]
    );
    let steps = [
        (Did::Press, finger(1, 0.25)),
        (Did::Press, finger(2, 0.5)),
        (Did::Move, finger(2, 0.75)),
        (Did::LetGo, finger(1, 0.25)),
        (Did::LetGo, finger(2, 0.75)),
    ];
    assert_eq!(
        done(On::Chart, shown(0, 1_000_000), &steps),
        ["Scale(0.5, Some(0.5))"]
    );
}

#[test]
fn the_minimap_has_a_brush_an_edge_and_a_part_that_slides() {
    let drag = |from, to| {
        [
            (Did::Press, at(from)),
            (Did::Move, at(to)),
            (Did::LetGo, at(to)),
        ]
    };
    let whole = shown(0, 1_000_000);
    assert_eq!(
        done(On::Minimap, whole, &drag(0.5, 0.25)),
        ["Zoom(Some((Micros(250000), Micros(500000))))"]
    );
    assert_eq!(
        done(On::Minimap, whole, &drag(0.5, 0.5)),
        ["Seek(Micros(500000))"]
    );
    let part = shown(250_000, 500_000);
    let slid = done(On::Minimap, part, &drag(0.375, 0.5));
    assert_eq!(
        slid.last().map(String::as_str),
        Some("Zoom(Some((Micros(375000), Micros(625000))))")
    );
    let slid = done(On::Minimap, part, &drag(0.375, 2.0));
    assert_eq!(
        slid.last().map(String::as_str),
        Some("Zoom(Some((Micros(750000), Micros(1000000))))")
    );
    for (edge, expected) in [
        (0.5, "Zoom(Some((Micros(250000), Micros(750000))))"),
        (0.25, "Zoom(Some((Micros(500000), Micros(750000))))"),
    ] {
        let drawn = done(On::Minimap, part, &drag(edge, 0.75));
        assert_eq!(drawn.last().map(String::as_str), Some(expected));
    }
}

#[test]
fn a_wheel_scales_around_the_pointer_and_by_bounded_steps() {
    let done = |turned, scales| format!("{:?}", wheel(turned, 0.25, 500.0, scales));
    assert_eq!(
        done((0.0, -250.0), true),
        "Some(Playhead(Scale(0.5, Some(0.25))))"
    );
    assert_eq!(
        done((0.0, 1e9), true),
        "Some(Playhead(Scale(2.0, Some(0.25))))"
    );
    assert_eq!(done((0.0, 0.0), true), "None");
    assert_eq!(done((125.0, 0.0), false), "Some(Playhead(Pan(0.25)))");
}
