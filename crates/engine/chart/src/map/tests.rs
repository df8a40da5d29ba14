use super::*;
use crate::{
    dot_pixels::dot_pixels,
    page_kinds::kind_of,
    settings,
    testing::{assert_says, strip, texts, variant},
    theme::{Colour, Theme},
};
use highwater_simulator::{Address, HugePage, Strip, StripKind, Variant};
use roxmltree::{Document, Node};
use std::collections::BTreeMap;

/// What each variant here is run with.
const SETTING: [(&str, &str); 1] = [("MALLOC_CONF", "a<b")];

fn frame(strips: Vec<Strip>) -> Frame {
    Frame {
        event: 0,
        time: Micros(0),
        strips,
        huge: vec![],
    }
}

fn pin(address: u64, state: PinState, behind: Bytes) -> Pin {
    Pin {
        address: Address(address),
        size: Bytes(608),
        arena: 0,
        requested: None,
        state,
        cache: None,
        behind,
        behind_resident: behind,
        unlisted_above: 0,
        allocated: None,
        cut_from: None,
        freed: None,
        allocated_in: None,
        freed_in: None,
        own: None,
    }
}

fn map<'a>(frame: &'a Frame, pins: &'a [Pin], variant: &'a Variant, dark: bool) -> Map<'a> {
    Map {
        head: Head {
            title: "A & B",
            date: "2026-03-31",
            source: "scenario environment",
            dark,
        },
        entry: Entry {
            number: 2,
            colour: 2,
            name: "<plain>",
            settings: settings("", 1, variant),
        },
        time: Micros(8_050_000),
        frame,
        page_size: Bytes(4096),
        pins,
        hidden: 0,
    }
}

/// A number of an attribute.
fn number(node: Node, name: &str) -> f64 {
    let value = node.attribute(name).expect(name);
    value.parse().expect(name)
}

/// Which pixels along a line are on: those of every other dash.
fn dashed(layer: Node, offset: i64) -> impl Fn(i64) -> bool {
    let dashes = layer.attribute("stroke-dasharray").expect("dashes");
    let dashes: Vec<i64> = dashes
        .split_whitespace()
        .filter_map(|dash| dash.parse().ok())
        .collect();
    assert!(
        dashes.len().is_multiple_of(2),
        "an odd list is not what it seems"
    );
    let period: i64 = dashes.iter().sum();
    move |along| {
        let mut at = (along + offset).rem_euclid(period.max(1));
        for (place, dash) in dashes.iter().enumerate() {
            if at < *dash {
                return place % 2 == 0;
            }
            at -= dash;
        }
        dashes.is_empty()
    }
}

/// How opaque every pixel of a kind is that a picture draws, as a renderer would find it out.
fn drawn(document: &Document, kind: PageKind) -> BTreeMap<(i64, i64), u8> {
    let mut pixels = BTreeMap::new();
    let id = format!("k{}", kind as u8);
    let mut all = document.descendants();
    let Some(path) = all.find(|node| node.attribute("id") == Some(&id)) else {
        return pixels;
    };
    let group = path.parent().and_then(|defs| defs.next_sibling_element());
    let group = group.expect("what is defined is used");
    let path = path.attribute("d").expect("a path").to_owned();
    for layer in group.children().filter(Node::is_element) {
        let shift = layer.attribute("transform").expect("a shift");
        let shift = shift
            .trim_start_matches("translate(0 ")
            .trim_end_matches(')');
        let middle: f64 = shift.parse().expect("a number");
        let (high, offset) = (
            number(layer, "stroke-width"),
            number(layer, "stroke-dashoffset"),
        );
        let is_on = dashed(layer, offset as i64);
        let alpha = if layer.attribute("stroke-opacity") == Some("1") {
            255
        } else {
            130
        };
        let (mut x, mut y) = (0_i64, 0_i64);
        for run in path.split('m').filter(|run| !run.is_empty()) {
            let (to, long) = run.split_once('h').expect("a run");
            let (right, down) = to.split_once(' ').expect("a place");
            x += right.parse::<i64>().expect("a number");
            y += down.parse::<i64>().expect("a number");
            let long: i64 = long.parse().expect("a number");
            for along in (0..long).filter(|along| is_on(*along)) {
                for row in 0..high as i64 {
                    let top = y as f64 + middle - high / 2.0;
                    assert_eq!(top.fract(), 0.0, "on whole pixels");
                    pixels.insert((x + along, top as i64 + row), alpha);
                }
            }
            x += long;
        }
    }
    pixels
}

#[test]
fn every_dot_looks_as_on_the_page() {
    // As many pages as make small dots, and as make large ones.
    for many in [1, 80_000] {
        let mut runs: Vec<(u8, u32)> = (0..=10).map(|kind| (kind, 3)).collect();
        runs.push((5, many));
        runs.extend((0..=10).rev().map(|kind| (kind, 1)));
        let frame = frame(vec![
            strip(StripKind::Heap, 0x1000, &runs),
            strip(StripKind::Mappings, 0x7000_0000, &[(0, 5), (9, 2)]),
        ]);
        let variant = variant("jemalloc@5.3.0", &SETTING);
        let map = map(&frame, &[], &variant, false);
        let text = map.svg();
        let document = Document::parse(&text).expect("it is well formed");
        let (layout, _) = map.packed();
        assert_eq!(layout.cell > 3, many == 1);
        let cell = layout.cell as usize;
        for kind in PageKind::ALL {
            let mut expected = BTreeMap::new();
            for (dot, of) in layout.dots(&frame) {
                let (left, top) = layout.corner(dot);
                let pixels = dot_pixels(kind, layout.cell).into_iter().enumerate();
                for (index, alpha) in pixels.filter(|(_, alpha)| of == kind && *alpha > 0) {
                    let place = (left as usize + index % cell, top as usize + index / cell);
                    expected.insert((place.0 as i64, place.1 as i64), alpha);
                }
            }
            assert!(
                drawn(&document, kind) == expected,
                "{kind:?} in dots of {cell}"
            );
        }
    }
}

#[test]
fn every_kind_is_explained_with_how_much_there_is_of_it() {
    let runs: Vec<(u8, u32)> = (0..=10)
        .map(|kind| (kind, 256 * (u32::from(kind) + 1)))
        .collect();
    let frame = frame(vec![strip(StripKind::Heap, 0x1000, &runs)]);
    let variant = variant("glibc@2.36", &SETTING);
    for dark in [false, true] {
        let text = map(&frame, &[], &variant, dark).svg();
        let document = Document::parse(&text).expect("it is well formed");
        let texts = texts(&document);
        for kind in PageKind::ALL {
            let mib = kind as u8 + 1;
            let part = format!("{} {mib}.0 MiB", kind_in_words(kind));
            assert!(texts.contains(&part), "{part} in {texts:#?}");
            let colour = format!("\"#{:06x}\"", Theme::of(dark).get(Colour::Kind(kind)));
            assert!(text.contains(&colour), "the colour of {part}");
        }
        let parts = [
            "A & B",
            "2026-03-31 · scenario environment",
            "Heap map of C <plain> at 8.05 s",
            "glibc 2.36",
            "MALLOC_CONF='a<b'",
            "one dot a page (4 KiB) · brk heap, 66.0 MiB",
        ];
        assert_says(&texts, &parts);
    }
}

#[test]
fn pins_and_tops_are_marked_and_told() {
    let mut heap = strip(
        StripKind::Heap,
        0x1000,
        &[(5, 5000), (4, 1), (5, 3000), (0, 1), (10, 50)],
    );
    heap.top = Some(Address(0x1000 + 8002 * 4096));
    let frame = frame(vec![heap]);
    let at = |page: u64| 0x1000 + page * 4096 + 16;
    let pins = [
        pin(at(8001), PinState::Live, Bytes(3000 * 4096)),
        pin(at(5000), PinState::Parked, Bytes(5000 * 4096)),
        pin(at(3000), PinState::Metadata, Bytes(4096)),
    ];
    let variant = variant("glibc@2.36", &SETTING);
    let text = map(&frame, &pins, &variant, false).svg();
    let document = Document::parse(&text).expect("it is well formed");
    let texts = texts(&document);
    let parts = [
        "pin 1: 608 B, live; 11.7 MiB free below it",
        "pin 2: 608 B, parked in a cache; 19.5 MiB free below it",
        "2",
        "1, top",
    ];
    assert_says(&texts, &parts);
    assert!(!texts.iter().any(|text| text.starts_with("pin 3")));
    let of_class = |class: &str| {
        let all = document.descendants();
        all.filter(|node| node.attribute("class") == Some(class))
            .count()
    };
    // Three on the map, two in the legend; a flag and its rim.
    assert_eq!((of_class("pin"), of_class("top")), (5, 2));
}

#[test]
fn hidden_kinds_are_not_drawn_and_said_not_to_be() {
    let frame = frame(vec![strip(StripKind::Heap, 0x1000, &[(0, 9), (5, 9)])]);
    let variant = variant("glibc@2.36", &SETTING);
    let mut map = map(&frame, &[], &variant, false);
    map.hidden = 1 << PageKind::Free as u16;
    let text = map.svg();
    let document = Document::parse(&text).expect("it is well formed");
    assert!(drawn(&document, PageKind::Free).is_empty());
    assert!(!drawn(&document, PageKind::Live).is_empty());
    let said = "free but resident 36 KiB (not drawn)".to_owned();
    assert!(texts(&document).contains(&said));
}

#[test]
fn a_heap_of_500_mib_stays_small_however_it_is_broken_up() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut runs: Vec<(u8, u32)> = Vec::new();
    let mut left = 500 * 256_u32;
    while left > 0 {
        let long = random.u32(1..4).min(left);
        runs.push((random.u8(0..=10), long));
        left -= long;
    }
    let frame = frame(vec![strip(StripKind::Heap, 0x1000, &runs)]);
    let variant = variant("jemalloc@5.3.0", &SETTING);
    let text = map(&frame, &[], &variant, false).svg();
    assert!(text.len() < 300_000, "{} bytes", text.len());
    // What is not broken up has a dot for every page, as far as there is room.
    let whole = super::Frame {
        strips: vec![strip(StripKind::Heap, 0x1000, &[(0, 90_000)])],
        ..frame.clone()
    };
    let text = map(&whole, &[], &variant, false).svg();
    assert!(text.contains("one dot a page") && text.len() < 40_000);
}

#[test]
fn a_dot_that_is_shared_is_said_to_be_and_shows_the_strongest() {
    let frame = frame(vec![strip(
        StripKind::Heap,
        0x1000,
        &[(5, 1 << 20), (0, 1), (5, 1 << 20)],
    )]);
    let variant = variant("glibc@2.36", &SETTING);
    let map = map(&frame, &[], &variant, false);
    let (layout, _) = map.packed();
    let text = map.svg();
    assert!(layout.pages_per_dot > 1);
    assert!(text.contains(&format!("one dot for {} pages", layout.pages_per_dot)));
    let document = Document::parse(&text).expect("it is well formed");
    assert!(!drawn(&document, PageKind::Live).is_empty());
    assert_eq!(kind_of(0), PageKind::Live);
}

#[test]
fn huge_pages_are_outlined_and_counted() {
    let mut frame = frame(vec![strip(
        StripKind::Heap,
        0x20_0000,
        &[(0, 40), (5, 1000)],
    )]);
    let variant = variant("glibc@2.36", &SETTING);
    assert!(!map(&frame, &[], &variant, false).svg().contains("huge"));
    frame.huge = vec![HugePage {
        start: Address(0x20_0000),
        pages: 512,
        used: 40,
        unwritten: 400,
    }];
    let text = map(&frame, &[], &variant, false).svg();
    let document = Document::parse(&text).expect("it is well formed");
    let outlines = document.descendants();
    let outlines = outlines.filter(|node| node.attribute("class") == Some("huge"));
    assert_eq!(outlines.count(), 2, "one in light, one in dark");
    assert_says(
        &texts(&document),
        &["2.0 MiB in huge pages, 1.6 MiB of it resident only because of them"],
    );
}

#[test]
fn nothing_mapped_is_a_picture_too() {
    let frame = frame(vec![]);
    let variant = variant("glibc@2.36", &SETTING);
    let text = map(&frame, &[], &variant, true).svg();
    Document::parse(&text).expect("it is well formed");
    assert!(text.contains("nothing is mapped yet"));
}
