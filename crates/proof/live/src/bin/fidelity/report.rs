//! The fidelity report.

use crate::Part;
use crate::measure::Row;
use crate::options::{FAMILIES, Options};
use crate::workloads::{Source, Workload};
use highwater_live::{AllocatorFamily, FidelityCounts};
use std::fmt::Write;

const ABOUT: &str = "\
# The fidelity of the models

Each workload was run call by call on a real allocator, in a process with an untouched heap, and on its model. After every
call that allocates, the place of the block and its usable size must be the same. At every mark the resident bytes of the
allocator's mappings must be the same, measured on the real one from `/proc/self/smaps`.

The kernel decides where a mapping goes, so the comparison covers what the allocator decides. For glibc these are the distance
from the first break on the heap of the program break, the heap and the place in it for a thread's arena, and the place
within the page for a block with its own mapping. jemalloc has no heaps: there the place within the page must be the same, and
pages must correspond one to one, in both directions, until they are unmapped. Once a run differs, its later differences count
even if they follow from the first.

jemalloc reports its own figures (`mallctl`). They are read at every mark in a second run, because reading them costs memory
that would be resident. jemalloc gets the workload's time, so its decay is repeatable. Its random states start from the
addresses of its own data. The model gets the addresses of the real process, so no difference is allowed for randomness.
";

/// The whole page. What the page before has on allocators that were not compared is kept.
pub(crate) fn render(options: &Options, parts: &[Part<'_>], before: &str) -> String {
    let mut page = ABOUT.to_owned();
    for family in FAMILIES {
        page.push('\n');
        match parts.iter().find(|part| part.family == family) {
            Some(part) => page.push_str(&render_part(options, part, &kept(before, family))),
            None => page.push_str(&kept(before, family)),
        }
        page.truncate(page.trim_end().len());
        page.push('\n');
    }
    page
}

/// The sections of a page on an allocator's releases: from the one that names it alone to the next of that kind.
fn kept(page: &str, family: AllocatorFamily) -> String {
    let mut sections = page.split_inclusive("\n## ").peekable();
    let is_of = |title: &str| {
        FAMILIES
            .into_iter()
            .find(|other| title == other.to_string())
    };
    let (mut kept, mut is_kept) = (String::new(), false);
    // Each piece but the first begins with the title of a section, and ends with the mark of the next.
    sections.next();
    for section in sections {
        let title = section.lines().next().unwrap_or_default();
        if let Some(of) = is_of(title) {
            is_kept = of == family;
        }
        if is_kept {
            kept.push_str("## ");
            kept.push_str(section.strip_suffix("## ").unwrap_or(section));
        }
    }
    kept
}

/// Before the command that made the sections after it.
const MADE_BY: &str = "This command made the sections on its releases";
/// Before the command that made a section alone.
const KEPT: &str = "Not at hand in that run. Measured before it, by ";

/// What a page has on one build of an allocator.
struct Section {
    /// Its release.
    title: String,
    /// What it says of itself.
    banner: String,
    /// The rest.
    text: String,
}

/// The sections of a page's part on builds that are not among these, each with the command that made it.
fn earlier(part: &str, banners: &[&str]) -> Vec<Section> {
    let made_by = part.split_once(MADE_BY).and_then(|(_, rest)| {
        let (_, rest) = rest.split_once("```\n")?;
        Some(rest.split_once("\n```")?.0)
    });
    let mut sections = Vec::new();
    for section in part.split("\n## ") {
        let mut pieces = section.splitn(3, "\n\n");
        let (Some(title), Some(banner), Some(text)) = (pieces.next(), pieces.next(), pieces.next())
        else {
            continue;
        };
        let is_build = text.starts_with('|') || text.starts_with(KEPT);
        if !is_build || banners.contains(&banner) {
            continue;
        }
        let by = match made_by {
            Some(command) if !text.starts_with(KEPT) => format!("{KEPT}`{command}`.\n\n"),
            _ => String::new(),
        };
        sections.push(Section {
            title: title.to_owned(),
            banner: banner.to_owned(),
            text: format!("{by}{}\n\n", text.trim_end()),
        });
    }
    sections
}

/// The sections on an allocator's releases, with those that a page had before on builds that are not at hand.
fn render_part(options: &Options, part: &Part<'_>, before: &str) -> String {
    let banners: Vec<&str> = part
        .subjects
        .iter()
        .map(|subject| &*subject.banner)
        .collect();
    let mut sections = earlier(before, &banners);
    let others = match sections.is_empty() {
        true => "",
        false => ", except those that name another",
    };
    let mut page = format!(
        "## {}\n\n{MADE_BY}{others}:\n\n```\n{}\n```\n\n",
        part.family,
        command(options, part.family)
    );
    for (index, subject) in part.subjects.iter().enumerate() {
        sections.push(Section {
            title: subject.release.to_string(),
            banner: subject.banner.clone(),
            text: tables_of(part, index),
        });
    }
    sections.sort_by(|a, b| a.title.cmp(&b.title));
    for Section {
        title,
        banner,
        text,
    } in sections
    {
        line(&mut page, format_args!("## {title}\n\n{banner}\n"));
        page.push_str(&text);
    }
    settings(&mut page, part.family, &part.workloads);
    page
}

/// The table of one build.
fn tables_of(part: &Part<'_>, index: usize) -> String {
    let mut page = String::new();
    if let Some(subject) = part.subjects.get(index) {
        page.push_str(match subject.release.family {
            AllocatorFamily::Glibc => {
                "| workload | settings | operations | addresses | equal | marks | largest difference in RSS, bytes |\n\
                 | --- | --- | --: | --: | --: | --: | --: |\n"
            }
            AllocatorFamily::Jemalloc => {
                "| workload | settings | operations | addresses | equal | marks | largest difference, bytes: RSS | \
                 allocated | active | dirty | muzzy | retained | mapped | metadata | resident |\n\
                 | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n"
            }
        });
        for (number, workload) in part.workloads.iter().enumerate() {
            let of: Vec<&Row> = part
                .rows
                .iter()
                .filter(|row| row.subject == index && row.workload == number)
                .collect();
            rows_of(&mut page, workload, &of, subject.release.family);
        }
        page.push('\n');
    }
    page
}

/// A row for no setting, one for all others together, and one more for each of those that differs.
fn rows_of(page: &mut String, workload: &Workload, rows: &[&Row], family: AllocatorFamily) {
    let Some((first, others)) = rows.split_first() else {
        return;
    };
    row(page, &workload.name, "none", &[first], family);
    let each = format!("each of {} others", others.len());
    row(page, &workload.name, &each, others, family);
    for other in others.iter().filter(|other| !other.is_equal()) {
        let setting = format!("`{}`", workload.settings[other.setting]);
        row(page, &workload.name, &setting, &[other], family);
    }
}

fn row(page: &mut String, name: &str, settings: &str, rows: &[&Row], family: AllocatorFamily) {
    let mut counts = FidelityCounts::default();
    let (mut unanswered, mut failed_models) = (0, 0);
    for row in rows {
        counts += row.counts;
        unanswered += row.unanswered;
        failed_models += row.failed_models;
    }
    let equal = if counts.addresses == counts.addresses_equal {
        "all".to_owned()
    } else {
        thousands(counts.addresses_equal)
    };
    let mut remarks = String::new();
    for (count, what) in [
        (counts.other_differences, "other answers differ"),
        (unanswered, "sequences that the library did not survive"),
        (failed_models, "sequences that the model did not survive"),
    ] {
        if count > 0 {
            remarks.push_str(&format!("; {count} {what}"));
        }
    }
    let mut figures = String::new();
    if family == AllocatorFamily::Jemalloc {
        for off in counts.figures_off {
            figures.push_str(&format!(" {} |", thousands(off)));
        }
    }
    line(
        page,
        format_args!(
            "| {name} | {settings} | {} | {} | {equal} | {} | {}{remarks} |{figures}",
            thousands(counts.operations),
            thousands(counts.addresses),
            thousands(counts.marks),
            thousands(counts.resident_off_bytes),
        ),
    );
}

/// Which settings the numbers stand for.
fn settings(page: &mut String, family: AllocatorFamily, workloads: &[Workload]) {
    for (title, random) in [("programs", false), ("random operations", true)] {
        let found = workloads
            .iter()
            .find(|workload| matches!(workload.source, Source::Random { .. }) == random);
        if let Some(workload) = found {
            line(page, format_args!("## Settings of {family}: {title}\n"));
            for setting in &workload.settings[1..] {
                line(page, format_args!("- `{setting}`"));
            }
            page.push('\n');
        }
    }
}

/// As it was given, but for the folders of this machine.
fn command(options: &Options, family: AllocatorFamily) -> String {
    let mut command = format!("cargo xtask fidelity --only {family}");
    if options.libraries.is_some() {
        command.push_str(" --libraries LIBRARIES");
    }
    command.push_str(&format!(" --operations {}", options.operations));
    for trace in &options.traces {
        command.push(' ');
        command.push_str(&trace.file_name().unwrap_or_default().to_string_lossy());
    }
    command
}

/// `1,234,567`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_that_are_not_at_hand_keep_their_sections_and_command() {
        let part = "## glibc\n\nThis command made the sections on its releases:\n\n```\nA B\n```\n\n## glibc 2.34\n\nOld\n\n| 1 |\n\n\
                    ## glibc 2.36\n\nNew\n\n| 2 |\n\n## Settings of glibc: programs\n\n- x\n\n- y\n";
        let kept = |part: &str| -> String {
            let sections = earlier(part, &["New"]);
            let texts = sections
                .iter()
                .map(|s| format!("{}/{}/{}", s.title, s.banner, s.text));
            texts.collect()
        };
        let once = format!("glibc 2.34/Old/{KEPT}`A B`.\n\n| 1 |\n\n");
        assert_eq!(kept(part), once);
        let again = format!(
            "{MADE_BY}:\n\n```\nC\n```\n\n## glibc 2.34\n\nOld\n\n{KEPT}`A B`.\n\n| 1 |\n\n"
        );
        assert_eq!(kept(&again), once);
    }

    #[test]
    fn what_was_not_compared_is_kept() {
        let options = Options {
            families: vec![AllocatorFamily::Jemalloc],
            libraries: None,
            out: "fidelity.md".into(),
            operations: 3,
            traces: Vec::new(),
        };
        let part = Part {
            family: AllocatorFamily::Jemalloc,
            subjects: Vec::new(),
            workloads: Vec::new(),
            rows: Vec::new(),
        };
        let before = "# About\n\n## glibc\n\nA\n\n## glibc 2.36\n\n| B |\n\n## jemalloc\n\nC\n";
        let after = render(&options, &[part], before);
        let expected = format!(
            "{ABOUT}\n## glibc\n\nA\n\n## glibc 2.36\n\n| B |\n\n## jemalloc\n\nThis command made the sections on its releases:\n\n\
             ```\ncargo xtask fidelity --only jemalloc --operations 3\n```\n"
        );
        assert_eq!(after, expected);
    }
}
