//! A moment as text: its blocks by size class, and its whole state for whoever compares it with a debugger's.

use std::fmt::{Display, Write};

use highwater_chart::markup;
use highwater_report::{block, strip_in_words};
use highwater_simulator::{Address, Bytes, Diagnosis, Origin, PageKind, Simulation};

/// Blocks listed in the text of a state at most.
const MOST_LISTED: usize = 10_000;

/// The classes: up to 16 bytes, up to twice as many, and so on.
const CLASSES: usize = 48;

/// What blocks can be, in the order of the columns.
const HELD: [PageKind; 3] = [PageKind::Live, PageKind::Parked, PageKind::Free];

/// Blocks and bytes of a class that are live, parked and free.
type Class = [(u64, u64); HELD.len()];

/// Returns the rows of a table, as HTML: blocks and bytes by size class.
pub(crate) fn sizes(simulation: &Simulation) -> String {
    let mut classes = [Class::default(); CLASSES];
    simulation.each_block(&mut |found| {
        let column = HELD.iter().position(|kind| *kind == block(found.state).0);
        if let Some(column) = column {
            let (blocks, bytes) = &mut classes[class_of(found.size)][column];
            *blocks += 1;
            *bytes += found.size.0;
        }
    });
    let mut text = String::new();
    for (number, class) in classes.iter().enumerate() {
        if *class == Class::default() {
            continue;
        }
        let most = Bytes(16 << number).to_string();
        markup(&mut text, "<tr><th scope=\"row\">$</th>", &[&most]);
        for (blocks, bytes) in class {
            let words = [blocks.to_string(), Bytes(*bytes).to_string()];
            let [blocks, bytes] = [&*words[0], &*words[1]];
            markup(
                &mut text,
                "<td class=\"figure\">$</td><td class=\"figure\">$</td>",
                &[blocks, bytes],
            );
        }
        text.push_str("</tr>");
    }
    text
}

/// The place of a size among the classes.
fn class_of(size: Bytes) -> usize {
    let sixteens = size.0.div_ceil(16).max(1);
    let class = sixteens.next_power_of_two().trailing_zeros() as usize;
    class.min(CLASSES - 1)
}

/// Returns the state of a process: its figures, its mappings, its pins and its blocks, a line each, with tabs between numbers. Events
/// are counted from the beginning of the run, which lies so many before the process's own.
pub(crate) fn state(simulation: &Simulation, of: &Diagnosis, first_event: u64) -> String {
    let mut text = String::new();
    for (name, number) in [
        ("event", of.event),
        ("microseconds", of.time.0),
        ("resident", of.rss.0),
        ("held", of.live.0),
        ("parked", of.parked.0),
        ("free", of.free.0),
        ("free and resident", of.free_resident.0),
        ("reclaimable", of.reclaimable.0),
        ("top", of.top.0),
        ("trim threshold", of.trim_threshold.0),
        ("mmap threshold", of.mmap_threshold.0),
    ] {
        line(&mut text, &[&name, &number]);
    }
    map(&mut text, simulation);
    line(&mut text, &[&"\n# pin", &"bytes", &"behind", &"state"]);
    for pin in &of.pins {
        let state = highwater_report::state_and_place(pin);
        line(
            &mut text,
            &[&pin.address, &pin.size.0, &pin.behind.0, &state],
        );
    }
    blocks(&mut text, simulation, first_event);
    text
}

/// Adds the mappings and their huge pages.
fn map(text: &mut String, simulation: &Simulation) {
    let frame = simulation.frame();
    line(text, &[&"\n# mapping", &"pages", &"kind", &"top"]);
    for strip in &frame.strips {
        let top = strip.top.map_or(String::new(), |top| top.to_string());
        let kind = strip_in_words(strip.kind);
        line(text, &[&strip.start, &strip.pages, &kind, &top]);
    }
    line(text, &[&"\n# huge page", &"pages", &"in use", &"unwritten"]);
    for page in &frame.huge {
        line(
            text,
            &[&page.start, &page.pages, &page.used, &page.unwritten],
        );
    }
}

/// Adds the blocks, of which each is a line.
fn blocks(text: &mut String, simulation: &Simulation, first_event: u64) {
    let heads: [&dyn Display; 6] = [
        &"\n# block",
        &"bytes",
        &"asked for",
        &"allocated by event",
        &"freed by event",
        &"state",
    ];
    line(text, &heads);
    let event = |origin: Option<Origin>| {
        origin.map_or(String::new(), |of| (of.event + first_event).to_string())
    };
    let all = simulation.blocks_between(Address(0), Address(u64::MAX), MOST_LISTED);
    for view in &all {
        let asked = view
            .requested
            .map_or(String::new(), |asked| asked.0.to_string());
        let (allocated, freed) = (event(view.allocated), event(view.freed));
        let (_, state) = block(view.block.state);
        let of = &view.block;
        line(
            text,
            &[&of.user, &of.size.0, &asked, &allocated, &freed, &state],
        );
    }
    if all.len() == MOST_LISTED {
        line(text, &[&"# and more: the list ends here"]);
    }
}

/// Adds a line.
fn line(text: &mut String, parts: &[&dyn Display]) {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            text.push('\t');
        }
        // A text takes all that is written into it.
        write!(text, "{part}").ok();
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::Variant;
    use highwater_workload::trace;

    /// Two blocks, of which the first is freed and parked.
    fn simulation() -> Simulation {
        let text = "highwater-trace 1\nm 0 0 0x1000 24\nm 1 0 0x2000 1000\nf 2 0 0x1000\n";
        let workload = trace::read(text.as_bytes()).expect("well formed");
        let mut simulation = Simulation::new(workload, &Variant::default()).expect("it can run");
        simulation.run_until(u64::MAX);
        simulation
    }

    #[test]
    fn every_block_is_counted_in_its_class() {
        assert_eq!(class_of(Bytes(1)), 0);
        assert_eq!(class_of(Bytes(32)), 1);
        assert_eq!(class_of(Bytes(33)), 2);
        assert_eq!(class_of(Bytes(u64::MAX)), CLASSES - 1);
        let table = sizes(&simulation());
        assert!(
            table.contains("<th scope=\"row\">32 B</th><td class=\"figure\">0</td>"),
            "{table}"
        );
        assert!(
            table.contains("<th scope=\"row\">1024 B</th><td class=\"figure\">1</td>"),
            "{table}"
        );
    }

    #[test]
    fn a_state_lists_every_block_with_its_events() {
        let simulation = simulation();
        let text = state(&simulation, &simulation.diagnose(), 100);
        let blocks = simulation.blocks_between(Address(0), Address(u64::MAX), usize::MAX);
        let (_, listed) = text.split_once("# block").expect("it lists them");
        assert_eq!(listed.lines().count() - 1, blocks.len(), "{text}");
        let live = listed.lines().find(|line| line.contains("\t1000\t"));
        assert!(
            live.is_some_and(|line| line.contains("\t101\t\t")),
            "{text}"
        );
        assert!(text.starts_with("event\t3\n"), "{text}");
    }
}
