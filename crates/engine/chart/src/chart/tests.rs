use super::*;
use crate::{
    settings,
    testing::{assert_says, texts, variant},
};
use highwater_simulator::{Quoted, Variant};
use roxmltree::Document;

fn sample(time: u64, rss: u64, live: u64) -> Sample {
    Sample {
        time: Micros(time * 1_000_000),
        rss: Bytes::mib(rss),
        rss_peak: Bytes::mib(rss),
        live: Bytes::mib(live),
        live_peak: Bytes::mib(live),
        ..Sample::default()
    }
}

fn capped(allocator: &str, environment: &[(&str, &str)]) -> Variant {
    Variant {
        cap: Some(Bytes::mib(300)),
        ..variant(allocator, environment)
    }
}

fn run<'a>(number: usize, name: &'a str, variant: &'a Variant, samples: &'a [Sample]) -> Run<'a> {
    Run {
        entry: Entry {
            number,
            colour: number,
            name,
            settings: settings("", 1, variant),
        },
        samples,
        figures: [Bytes::mib(9), Bytes::mib(8), Bytes::mib(7)],
        killed: vec![Micros(5_000_000)],
        rerun: Vec::new(),
    }
}

fn chart<'a>(runs: Vec<Run<'a>>, bands: &'a [Band], dark: bool) -> Chart<'a> {
    Chart {
        head: Head {
            title: "A <burst> & its \"rest\"",
            date: "2026-03-31",
            source: "scenario environment · events=120",
            dark,
        },
        quoted: Quoted::Resident,
        runs,
        main: 0,
        bands,
        stages: vec![(Micros(0), "before"), (Micros(6_000_000), "a <new> build")],
        measured: Vec::new(),
        limits: [Some(Bytes::mib(300)), Some(Bytes::mib(200))],
        shown: (Micros(0), Micros(10_000_000)),
    }
}

const BANDS: [Band; 2] = [
    Band {
        name: "burst",
        from: Micros(1_000_000),
        to: Micros(4_000_000),
    },
    Band {
        name: "rest",
        from: Micros(4_000_000),
        to: Micros(10_000_000),
    },
];

#[test]
fn it_says_title_date_settings_and_draws_every_run() {
    let first = capped(
        "glibc@2.36",
        &[("MALLOC_ARENA_MAX", "2"), ("MALLOC_CONF", "<b> 'c' & d")],
    );
    let second = capped("jemalloc@5.3.0", &[]);
    let samples: Vec<Sample> = (0..=10).map(|n| sample(n, 20 + n * 20, 10)).collect();
    for dark in [false, true] {
        let runs = vec![
            run(0, "plain <&>", &first, &samples),
            run(1, "je", &second, &samples[..4]),
        ];
        let text = chart(runs, &BANDS, dark).svg();
        let document = Document::parse(&text).expect("it is well formed");
        let texts = texts(&document);
        let parts = [
            "A <burst> & its \"rest\"",
            "2026-03-31 · scenario environment · events=120",
            "A plain <&>",
            "B je",
            "glibc 2.36, cap 300.0 MiB",
            "jemalloc 5.3.0, cap 300.0 MiB, no settings",
            "MALLOC_ARENA_MAX=2",
            "MALLOC_CONF='<b> '\\''c'\\'' & d'",
            "burst",
            "rest",
            "before",
            "a <new> build",
            "cap 300.0 MiB",
            "memory.high 200.0 MiB",
            "MiB",
            "peak 9.0 MiB, after rest 8.0 MiB, at the end 7.0 MiB; killed at the",
            "cap: 1",
            "200",
            "10 s",
            "Highwater",
        ];
        assert_says(&texts, &parts);
        let curves = document.descendants();
        let curves = curves.filter(|node| node.attribute("class") == Some("curve"));
        assert_eq!(curves.count(), 2);
        assert_eq!(text.matches("l12 12m0-12l-12 12").count(), 2, "kills");
    }
}

#[test]
fn long_settings_and_names_are_wrapped_and_not_cut_off() {
    let value = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000,".repeat(4);
    let long = capped("jemalloc@5.3.0", &[("MALLOC_CONF", &value)]);
    let name = "a variant with a name that says rather more than it has to ".repeat(3);
    let samples = [sample(0, 1, 1), sample(10, 5, 1)];
    let text = chart(vec![run(0, &name, &long, &samples)], &[], false).svg();
    let document = Document::parse(&text).expect("it is well formed");
    let all = texts(&document).concat().replace(' ', "");
    assert!(all.contains(&format!("MALLOC_CONF={value}")), "{all}");
    assert!(all.contains(&name.replace(' ', "")), "{all}");
}

/// A text at the right edge: its left end, its right end, its line, and what it says.
type Written = (i32, i32, i32, String);

/// What stands at the right edge of a picture, line by line from the left.
fn at_edge(text: &str) -> Vec<Written> {
    let document = Document::parse(text).expect("it is well formed");
    let number = |node: roxmltree::Node, name: &str| -> i32 {
        let value = node.attribute(name).and_then(|value| value.parse().ok());
        value.expect("a place")
    };
    let plot = document
        .descendants()
        .find(|node| node.has_tag_name("clipPath"));
    let plot = plot.and_then(|plot| plot.first_element_child());
    let wide = number(plot.expect("a plot"), "width");
    let group = document.descendants().filter(|node| {
        node.has_tag_name("text")
            && node
                .parent()
                .is_some_and(|one| one.has_attribute("transform"))
    });
    let mut found: Vec<Written> = Vec::new();
    for node in group {
        let (x, y) = (number(node, "x"), number(node, "y"));
        let words = node.text().unwrap_or_default().to_owned();
        // Times stand below the plot, in the middle of their places.
        if x > wide && node.attribute("text-anchor").is_none() {
            let look = if node.has_attribute("font-weight") {
                &BOLD
            } else {
                &PLAIN
            };
            found.push((x, x + look.width(&words), y, words));
        }
    }
    found.sort_unstable_by_key(|(x, _, y, _)| (*y, *x));
    found
}

#[test]
fn every_letter_at_the_edge_has_a_figure_of_its_own_that_is_not_cut_off() {
    let plain = capped("glibc@2.36", &[]);
    let mut random = fastrand::Rng::with_seed(4);
    for round in 0..300 {
        let count = random.usize(1..=26);
        let near = random.u64(1 << 12..1 << 38);
        let values: Vec<Bytes> = (0..count)
            .map(|_| match random.bool() {
                true => Bytes(near + random.u64(..near / 16)),
                false => Bytes(random.u64(..near * 2)),
            })
            .collect();
        let samples: Vec<[Sample; 2]> = (values.iter())
            .map(|value| {
                let end = Sample {
                    rss: *value,
                    rss_peak: *value,
                    ..sample(10, 0, 0)
                };
                [sample(0, 1, 1), end]
            })
            .collect();
        let runs = samples.iter().enumerate();
        let runs = runs.map(|(number, samples)| run(number, "x", &plain, samples));
        let found = at_edge(&chart(runs.collect(), &BANDS, false).svg());
        let mut letters = Vec::new();
        let mut seen = String::new();
        for (at, (left, right, y, words)) in found.iter().enumerate() {
            assert!(
                LEFT + right <= WIDTH - EDGE,
                "{round}: {words} ends at {right}"
            );
            for (other_left, other_right, other_y, other) in &found[..at] {
                let apart = left >= other_right || other_left >= right;
                assert!(
                    apart || (y - other_y).abs() >= STEP - 1,
                    "{round}: {words} on {other}"
                );
            }
            let Ok(figure) = words.parse::<f64>() else {
                letters.push(words.chars().next().expect("a letter"));
                continue;
            };
            for letter in letters.drain(..) {
                let value = values[letter as usize - usize::from(b'A')].as_mib();
                let apart = (figure - value).abs();
                assert!(
                    apart <= value / 100.0 + 1e-12,
                    "{round}: {letter} {figure} {value}"
                );
                seen.push(letter);
            }
        }
        assert_eq!(seen.len(), count, "{round}: {seen}");
    }
}

#[test]
fn a_curve_that_lies_under_another_is_told() {
    let plain = capped("glibc@2.36", &[]);
    let samples = [sample(0, 1, 1), sample(10, 5, 1)];
    let others = [sample(0, 1, 1), sample(10, 6, 1)];
    let runs = [&samples, &samples, &others].into_iter().enumerate();
    let runs = runs.map(|(number, samples)| run(number, "x", &plain, samples));
    let text = chart(runs.collect(), &BANDS, false).svg();
    let document = Document::parse(&text).expect("it is well formed");
    let said = texts(&document).join(" ");
    assert_eq!(said.matches("; the same curve as A").count(), 1, "{said}");
}

#[test]
fn a_real_run_is_dots_in_the_colour_of_its_variant() {
    let plain = capped("glibc@2.36", &[]);
    let samples = [sample(0, 1, 1), sample(10, 5, 1)];
    let mut runs = [0, 1].map(|number| run(number, "x", &plain, &samples));
    // Higher than any curve: the scale has room for it.
    runs[1].rerun = vec![(Micros(2_000_000), Bytes::mib(900))];
    let text = chart(runs.into(), &[], false).svg();
    let document = Document::parse(&text).expect("it is well formed");
    let curve_of = |number: usize| {
        let curves = document.descendants();
        let curves = curves.filter(|node| node.attribute("class") == Some("curve"));
        // The main one is drawn last.
        let curve = curves.rev().nth(number).expect("a curve");
        curve.attribute("stroke")
    };
    let dots = document.descendants();
    let dots = dots.filter(|node| node.attribute("class") == Some("dots"));
    let strokes: Vec<_> = dots.map(|node| node.attribute("stroke")).collect();
    // In the chart and in the legend, each with its edge.
    assert_eq!(strokes.len(), 4);
    assert!(strokes[1] == curve_of(1) && strokes[3] == curve_of(1));
    assert_ne!(strokes[1], curve_of(0));
    let said = texts(&document).concat();
    assert_eq!(said.matches("measured in a real run").count(), 1, "{said}");
    assert!(said.contains("1000"), "a tick above it: {said}");
}

#[test]
fn nothing_at_all_is_a_picture_too() {
    let text = chart(vec![], &[], true).svg();
    Document::parse(&text).expect("it is well formed");
}

#[test]
fn eight_long_runs_stay_small() {
    let plain = capped("glibc@2.36", &[("MALLOC_ARENA_MAX", "2")]);
    let samples: Vec<Sample> = (0..900)
        .map(|n| sample(n, 100 + n * 7919 % 200, 50))
        .collect();
    let runs = (0..8).map(|number| run(number, "x", &plain, &samples));
    let mut chart = chart(runs.collect(), &BANDS, false);
    chart.shown.1 = Micros(900_000_000);
    let text = chart.svg();
    assert!(text.len() < 200_000, "{} bytes", text.len());
}

#[test]
fn what_was_measured_is_drawn_over_the_curves_and_named() {
    let variant = capped("glibc@2.36", &[]);
    let samples = [sample(0, 0, 0), sample(10, 100, 60)];
    let plain = chart(vec![run(0, "A", &variant, &samples)], &BANDS, false);
    let drawn = |chart: &Chart| {
        let svg = chart.svg();
        let document = Document::parse(&svg).expect("well formed");
        let of = |class: &str| {
            let elements = document.descendants();
            let class = elements.filter(|element| element.attribute("class") == Some(class));
            class
                .filter_map(|element| element.attribute("d"))
                .map(str::to_owned)
                .collect()
        };
        let (dots, curves): (Vec<String>, Vec<String>) = (of("dots"), of("curve"));
        (dots, curves, svg.contains(MEASURED))
    };
    let (dots, curves, is_named) = drawn(&plain);
    assert_eq!((dots.len(), curves.len(), is_named), (0, 1, false));
    let with_dots = Chart {
        measured: vec![(Micros(5_000_000), Bytes::mib(50))],
        ..plain
    };
    let (dots, curves, is_named) = drawn(&with_dots);
    // An edge and the dots in it, in the plot and in the legend.
    assert_eq!((dots.len(), curves.len(), is_named), (4, 1, true));
    assert_eq!((&dots[0], &dots[2]), (&dots[1], &dots[3]));
    // The curve is a line, and the dot lies in its middle.
    let ends = curves[0]
        .trim_start_matches('M')
        .split_once('L')
        .expect("a line");
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let place = |text: &str| {
        let (x, y) = text.split_once(' ').expect("a place");
        (number(x), number(y))
    };
    let (from, to) = (place(ends.0), place(ends.1));
    let dot = place(dots[0].trim_start_matches('M').trim_end_matches("h0"));
    assert!((dot.0 - (from.0 + to.0) / 2.0).abs() < 0.2, "{dot:?}");
    assert!((dot.1 - (from.1 + to.1) / 2.0).abs() < 0.2, "{dot:?}");
}
