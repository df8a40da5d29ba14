//! What the page shows where its address says nothing: how to record a service, in the lines of the book's chapter, and scenarios
//! as questions, each with the curves of its own runs.

use crate::runs::{self, Runs};
use anyhow::{Context, Result};
use highwater_chart::{Scale, area, held, outline, quoted};
use highwater_simulator::{Bytes, Micros, Quoted, Sample, Variant, parse_lines};
use std::fmt::Write;

/// The chapter that has the lines.
const CHAPTER: &str = include_str!("../../../../docs/record-service.md");

/// Where the page looks for it.
pub(crate) const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../web/landing/landing.html"
);

/// Width and height of a picture.
const SIZE: (u32, u32) = (200, 64);
/// About how many points a curve has.
const POINTS: usize = 56;
/// Curves of a picture at most.
const CURVES: usize = 4;

/// A chapter's headings, and what each is called here.
const PLACES: [(&str, &str); 4] = [
    ("A shell", "Shell"),
    ("Docker", "Docker"),
    ("Kubernetes", "Kubernetes"),
    ("systemd", "systemd"),
];

/// Scenarios of the catalogue, each with a question that it answers.
const QUESTIONS: [(&str, &str); 5] = [
    (
        "environment",
        "Why do the settings that everyone tries change nothing?",
    ),
    ("decay", "When does jemalloc give memory back?"),
    ("sidekiq", "Do fewer arenas help a program of many threads?"),
    ("paging", "Does it help to read a stream in pages?"),
    ("one_at_a_time", "Why does a local test show nothing?"),
];

/// Returns the whole text.
pub(crate) fn text(runs: &mut Runs) -> Result<String> {
    let mut out = String::from(
        "<section class=\"card\" aria-labelledby=\"record-title\">\n<h2 id=\"record-title\">Record your service</h2>\n\
         <p><code>cargo xtask dist</code> builds the command and its library. \
         Choose where the service runs:</p>\n",
    );
    for (place, (heading, name)) in PLACES.iter().enumerate() {
        let open = if place == 0 { " open" } else { "" };
        let lines = lines_under(heading)?;
        writeln!(
            out,
            "<details class=\"more\" name=\"record\"{open}><summary>{name}</summary><pre tabindex=\"0\">{}</pre></details>",
            escaped(lines.trim_end())
        )?;
    }
    out += "<p>Each process writes a file of sizes, addresses, times and threads of calls, and how much was \
            resident: nothing that the program stores in its memory.</p>\n\
            <p>Open it here, or all to choose a process. Nothing leaves this browser.</p>\n\
            </section>\n\
            <section class=\"card\" aria-labelledby=\"questions-title\">\n\
            <h2 id=\"questions-title\">Or begin with a question</h2>\n<ul class=\"questions\">\n";
    let setting = Variant {
        environment: parse_lines("MALLOC_MMAP_THRESHOLD_=16384"),
        ..Variant::default()
    };
    let mut recorded = Vec::new();
    for variant in [Variant::default(), setting] {
        recorded.push(runs::recording(&variant)?.samples);
    }
    let question = "Why does memory stay after everything was freed?";
    write!(out, "{}", item("bundled", question, &recorded)?)?;
    for (name, question) in QUESTIONS {
        let table = runs.scenario(name)?;
        let variants = table.outcomes().take(CURVES);
        let samples: Vec<Vec<Sample>> = variants.map(|outcome| outcome.samples.clone()).collect();
        write!(out, "{}", item(name, question, &samples)?)?;
    }
    out += "</ul>\n</section>\n";
    Ok(out)
}

/// A question that leads to its scenario, under its curves.
fn item(name: &str, question: &str, runs: &[Vec<Sample>]) -> Result<String> {
    let ends = runs.iter().filter_map(|samples| samples.last());
    let ends = ends.map(|last| last.time).max().unwrap_or_default();
    let most = runs
        .iter()
        .flatten()
        .map(|sample| sample.rss_peak.max(sample.live_peak));
    let scale = Scale {
        from: Micros(0),
        to: ends,
        highest: most.max().unwrap_or(Bytes::mib(1)).as_mib() * 1.04,
    };
    let (width, height) = SIZE;
    let mut out = format!(
        "<li><a href=\"?scenario={name}&amp;depth=compare\"><svg viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\">"
    );
    let first = runs.first().context("a scenario has a variant")?;
    write!(
        out,
        "<path class=\"held\" d=\"{}\"/>",
        in_whole_units(&area(&thinned(first, ends), &scale, SIZE, &held))?
    )?;
    for (number, samples) in runs.iter().enumerate().rev() {
        write!(
            out,
            "<path data-colour=\"{number}\" d=\"{}\"/>",
            in_whole_units(&outline(
                &thinned(samples, ends),
                &scale,
                SIZE,
                &quoted(Quoted::Resident)
            ))?
        )?;
    }
    Ok(out + &format!("</svg>{question}</a></li>\n"))
}

/// The same path of lines from point to point in whole units, which a picture of this size shows as well, in a third of the bytes:
/// each point from the one before, and one line for several that go on to the same side.
fn in_whole_units(path: &str) -> Result<String> {
    let (path, is_closed) = match path.strip_suffix('Z') {
        Some(path) => (path, true),
        None => (path, false),
    };
    let mut points: Vec<[i32; 2]> = Vec::new();
    for point in path.split(['M', 'L']).skip(1) {
        let (x, y) = point.split_once(' ').context("a point")?;
        let round =
            |text: &str| Ok::<_, std::num::ParseFloatError>(text.parse::<f64>()?.round() as i32);
        let point = [round(x)?, round(y)?];
        let goes_on =
            matches!(&points[..], [.., one, other] if one[1] == other[1] && other[1] == point[1]);
        if goes_on || points.last() == Some(&point) {
            points.pop();
        }
        points.push(point);
    }
    let mut out = String::new();
    let mut before: Option<[i32; 2]> = None;
    for [x, y] in points {
        match before.map(|[from_x, from_y]| (x - from_x, y - from_y)) {
            None => write!(out, "M{x} {y}")?,
            Some((right, 0)) => write!(out, "h{right}")?,
            Some((0, down)) => write!(out, "v{down}")?,
            Some((right, down)) => write!(out, "l{right} {down}")?,
        }
        before = Some([x, y]);
    }
    Ok(out + if is_closed { "z" } else { "" })
}

/// The first and the last sample of each stretch of time, with the highest of those left out.
fn thinned(samples: &[Sample], ends: Micros) -> Vec<Sample> {
    let step = (ends.0 / POINTS as u64).max(1);
    let mut kept: Vec<Sample> = Vec::new();
    for sample in samples {
        let is_here = |other: &Sample| sample.time.0 / step == other.time.0 / step;
        let has_two = kept.iter().rev().take(2).filter(|one| is_here(one)).count() == 2;
        match kept.last_mut() {
            Some(last) if has_two => {
                *last = Sample {
                    rss_peak: last.rss_peak.max(sample.rss_peak),
                    live_peak: last.live_peak.max(sample.live_peak),
                    ..*sample
                };
            }
            _ => kept.push(*sample),
        }
    }
    kept
}

/// The lines of code of a section of the chapter.
fn lines_under(heading: &str) -> Result<String> {
    let (_, section) = CHAPTER
        .split_once(&format!("\n## {heading}\n"))
        .with_context(|| format!("the chapter has no section `{heading}`"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```\n").skip(1).step_by(2);
    let blocks: Vec<&str> = blocks.collect();
    Ok(blocks.join("\n"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_their_points_to_the_unit() {
        let path = "M0.0 64.0L1.8 20.4L3.6 20.1L3.7 19.9L9.9 20.3L10.2 63.6L20.0 64.0Z";
        let whole = in_whole_units(path).expect("it is a path");
        assert_eq!(whole, "M0 64l2 -44h8v44h10z");
        assert_eq!(in_whole_units("M1.0 2.0").expect("a point"), "M1 2");
        assert!(in_whole_units("M1.0").is_err());
    }

    #[test]
    fn the_page_has_what_comes_out() {
        let text = text(&mut Runs::default()).expect("every scenario can be run");
        let held = std::fs::read_to_string(FILE).expect("it is written");
        assert_eq!(held, text, "run `cargo xtask claims`");
        assert_eq!(text.matches("<svg").count(), QUESTIONS.len() + 1);
        for line in [
            "highwater record -o recorded -- python",
            "-e LD_PRELOAD=/opt/libhighwater_record.so",
            "emptyDir:",
            "StateDirectory=api",
        ] {
            assert!(text.contains(line), "{line}");
        }
    }
}
