//! Moments and phases in words.

use highwater_simulator::{Micros, Moment, Phase, PhaseKind, PhaseSource, Phases};

/// A time as a person says it: seconds with two decimals, below a second with three, below a millisecond in microseconds.
pub fn time(time: Micros) -> String {
    match time.0 {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{} µs", time.0),
        1_000..1_000_000 => format!("{} s", time.decimal_seconds(3)),
        _ => format!("{} s", time.decimal_seconds(2)),
    }
}

/// A name of somebody else's, marked as such.
pub fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// A phase by its name: "the rest `rest1_211`", "rest 4".
pub fn phase(phase: &Phase) -> String {
    match phase.is_marked {
        true => format!("the {} {}", noun(phase.kind), quoted(&phase.name)),
        false => match phase.kind {
            PhaseKind::Start => "the start".to_owned(),
            PhaseKind::End => "the end of the program".to_owned(),
            _ => phase.name.clone(),
        },
    }
}

fn noun(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::Collect => "collection",
        kind => kind.name(),
    }
}

/// Where a phase is known from: "mark `rest0_211`", "found from the calls: 4.00 s with 12 calls".
pub fn source(phase: &Phase) -> String {
    match &phase.source {
        PhaseSource::Mark(name) => format!("mark {}", quoted(name)),
        PhaseSource::Calls(1) => {
            format!("found from the calls: {} with 1 call", time(phase.lasts()))
        }
        PhaseSource::Calls(calls) => {
            format!(
                "found from the calls: {} with {calls} calls",
                time(phase.lasts())
            )
        }
    }
}

/// The name of a phase and when it ends, for the head of a column: "`rest1_211`, 9.70 s".
pub fn short(phase: &Phase) -> String {
    let name = match phase.is_marked {
        true => quoted(&phase.name),
        false => phase.name.clone(),
    };
    format!("{name}, {}", time(phase.end.time))
}

/// What a run's figures are of, where nobody chose a moment: the last rest, or the end where there is none.
pub fn rested(phases: &Phases, ends: Moment) -> String {
    match phases.last_rest() {
        Some(rest) => short(rest),
        None => format!("no rest found: the end of the run, {}", time(ends.time)),
    }
}

/// The last burst, as [`rested`].
pub fn burst(phases: &Phases, ends: Moment) -> String {
    match phases.last_burst() {
        Some(burst) => short(burst),
        None => format!("no burst found: the end of the run, {}", time(ends.time)),
    }
}

/// The head of what is said of a run's last rest: "At 9.70 s, the end of the rest `rest1_211`".
pub fn head_of_rest(phases: &Phases, ends: Moment) -> String {
    let Some(rest) = phases.last_rest() else {
        return format!(
            "At {}, the end of the run (no rest found; figures are of the end of the run)",
            time(ends.time)
        );
    };
    let at = time(rest.end.time);
    if rest.begin == rest.end {
        return format!("At {at}, the end of the recording, where the last burst is over");
    }
    match rest.source {
        PhaseSource::Mark(_) => format!("At {at}, the end of {}", phase(rest)),
        PhaseSource::Calls(_) => format!("At {at}, the end of {} ({})", phase(rest), source(rest)),
    }
}

/// The head of what is said of a mark: "At 9.70 s, mark `rest1_211`".
pub fn head_of_mark(name: &str, at: Micros) -> String {
    format!("At {}, mark {}", time(at), quoted(name))
}

/// The head of what is said of a time: "At 7.30 s, in the burst `burst1_211`".
pub fn head_of_time(phases: &Phases, at: Moment) -> String {
    match phases.at(at) {
        Some(found) if found.end == at => {
            format!("At {}, the end of {}", time(at.time), phase(found))
        }
        Some(found) => format!("At {}, in {}", time(at.time), phase(found)),
        None => format!("At {}", time(at.time)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(name: &str, source: PhaseSource) -> Phase {
        let at = |event, time| Moment {
            event,
            time: Micros(time),
        };
        Phase {
            kind: PhaseKind::Rest,
            begin: at(10, 5_700_000),
            end: at(22, 9_700_000),
            name: name.to_owned(),
            is_marked: matches!(source, PhaseSource::Mark(_)),
            source,
        }
    }

    #[test]
    fn a_moment_says_where_it_is_known_from() {
        let ends = Moment::default();
        let marked = rest("rest1_211", PhaseSource::Mark("rest1_211".into()));
        let found = rest("rest 2", PhaseSource::Calls(12));
        let head = |phase: &Phase| head_of_rest(&Phases(vec![phase.clone()]), ends);
        assert_eq!(head(&marked), "At 9.70 s, the end of the rest `rest1_211`");
        assert_eq!(
            head(&found),
            "At 9.70 s, the end of rest 2 (found from the calls: 4.00 s with 12 calls)"
        );
        assert_eq!(short(&marked), "`rest1_211`, 9.70 s");
        assert_eq!(
            head_of_rest(&Phases::default(), ends),
            "At 0 s, the end of the run (no rest found; figures are of the end of the run)"
        );
        let inside = Moment {
            event: 15,
            time: Micros(7_300_000),
        };
        let phases = Phases(vec![marked]);
        assert_eq!(
            head_of_time(&phases, inside),
            "At 7.30 s, in the rest `rest1_211`"
        );
    }
}
