//! What the program did when: its phases, as the chart shows them.

use highwater_simulator::{Micros, PhaseKind, Phases};

/// A phase of the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// What it is called.
    pub name: &'static str,
    /// Where it begins.
    pub from: Micros,
    /// Where it ends.
    pub to: Micros,
}

/// The bands of phases: bursts, each with what collects what it left, rests, and the end.
pub fn bands(phases: &Phases) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for phase in &phases.0 {
        let (from, to) = (phase.begin.time, phase.end.time);
        let name = match phase.kind {
            PhaseKind::Start => continue,
            PhaseKind::Burst | PhaseKind::Collect => "burst",
            PhaseKind::Rest => "rest",
            PhaseKind::Trim | PhaseKind::End => "end",
        };
        match bands.last_mut() {
            Some(last) if last.name == name && last.to == from => last.to = to,
            _ if to > from => bands.push(Band { name, from, to }),
            _ => {}
        }
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::{Moment, Phase, PhaseSource};

    #[test]
    fn a_burst_is_one_band_with_what_collects_after_it() {
        let phase = |kind: PhaseKind, from, to| Phase {
            kind,
            begin: Moment {
                event: from,
                time: Micros(from),
            },
            end: Moment {
                event: to,
                time: Micros(to),
            },
            name: kind.name().to_owned(),
            is_marked: false,
            source: PhaseSource::Calls(0),
        };
        let phases = Phases(vec![
            phase(PhaseKind::Start, 0, 10),
            phase(PhaseKind::Burst, 10, 20),
            phase(PhaseKind::Collect, 20, 21),
            phase(PhaseKind::Rest, 21, 60),
            phase(PhaseKind::Trim, 60, 60),
            phase(PhaseKind::End, 60, 70),
        ]);
        let bands = bands(&phases);
        let bands: Vec<_> = bands
            .iter()
            .map(|band| (band.name, band.from.0, band.to.0))
            .collect();
        assert_eq!(
            bands,
            [("burst", 10, 21), ("rest", 21, 60), ("end", 60, 70)]
        );
    }
}
