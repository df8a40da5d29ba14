use super::*;
use crate::{
    settings,
    testing::{assert_says, texts, variant},
};
use highwater_simulator::Variant;
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
        runs,
        main: 0,
        bands,
        stages: vec![(Micros(0), "before"), (Micros(6_000_000), "a <new> build")],
        cap: Some(Bytes::mib(300)),
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
        &[("MALLOC_ARENA_MAX", "2"), ("A", "<b> 'c' & d")],
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
            "A='<b> '\\''c'\\'' & d'",
            "burst",
            "rest",
            "before",
            "a <new> build",
            "cap 300.0 MiB",
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

#[test]
fn the_ends_are_named_each_with_its_own_line() {
    let plain = capped("glibc@2.36", &[]);
    let ends = [100, 101, 250, 99, 249, 3, 180, 20];
    let samples = ends.map(|end| [sample(0, 1, 1), sample(10, end, 1)]);
    let runs = samples.iter().enumerate();
    let runs = runs.map(|(number, samples)| run(number, "x", &plain, samples));
    let text = chart(runs.collect(), &BANDS, false).svg();
    let document = Document::parse(&text).expect("it is well formed");
    let mut found: Vec<(char, i32)> = Vec::new();
    for node in document
        .descendants()
        .filter(|node| node.has_tag_name("text"))
    {
        let x: i32 = node
            .attribute("x")
            .and_then(|x| x.parse().ok())
            .expect("a place");
        let y: i32 = node
            .attribute("y")
            .and_then(|y| y.parse().ok())
            .expect("a place");
        let text = node.text().unwrap_or_default();
        if x >= WIDE && text.len() == 1 && node.attribute("font-weight").is_some() {
            found.push((text.chars().next().expect("a letter"), y));
        }
    }
    found.sort_unstable();
    let letters: String = found.iter().map(|label| label.0).collect();
    assert_eq!(letters, "ABCDEFGH");
    for (letter, y) in &found {
        for (other, other_y) in &found {
            let apart = (y - other_y).abs();
            assert!(
                apart == 0 || apart >= STEP - 1,
                "{letter} and {other}: {apart}"
            );
        }
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
