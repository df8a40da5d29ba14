//! What is said of each candidate, in sentences.

use crate::advice::{Advice, Advised};
use crate::candidate::Doer;
use crate::family::Family;
use crate::figures::{Figures, Measure};
use crate::singles::share;
use highwater_report::count;
use highwater_simulator::{Bytes, Effect, Micros};

/// What a replay, in which threads take turns, cannot foretell.
const SHARED: &str = "Threads that call at the same time wait for each other, and share these arenas in an order of their own, which is another in each run: a real run can leave more or less.";

impl Doer {
    /// Who makes the change, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Settings => "a setting",
            Self::Library => "another library",
            Self::Program => "a change of the program",
        }
    }
}

impl Advice {
    /// What is said of the search itself: what was not run, how memory was weighed, where costs are from, and why nothing helps
    /// where nothing does.
    pub fn head(&self) -> Vec<String> {
        let mut said = Vec::new();
        if !self.not_run.is_empty() {
            said.push(format!(
                "Not run in time: {}. More may follow from them: give the search more time.",
                self.not_run.join(", ")
            ));
        }
        said.extend(self.cannot_run());
        said.push(format!("Memory is weighed {}.", self.weights.in_words()));
        said.push(self.costs.source());
        if self.worth().next().is_none() {
            said.extend(self.nothing_helps());
        }
        said
    }

    /// Says that nothing helps, and what keeps memory.
    pub fn nothing_helps(&self) -> Vec<String> {
        let mut said = vec![
            "No change that was run lowers this memory by 2 % and by 1 % of the peak.".to_owned(),
        ];
        let before = self.baseline();
        let Figures {
            after_rest, live, ..
        } = before.figures;
        let when = match self.weights.rests {
            true => "after the last rest",
            false => "at the end",
        };
        said.push(format!(
            "{after_rest} stay {when}. The program holds {live} then, touched or not, which no allocator can return."
        ));
        if live.0 * 2 < after_rest.0 {
            said.extend(before.leaves.iter().map(|reason| reason.says.clone()));
        }
        said
    }

    /// What cannot be run, a sentence for each reason.
    fn cannot_run(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, why) in &self.impossible {
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, names)) => names.push(name),
                None => reasons.push((why, vec![name])),
            }
        }
        let said = |(why, names): (&str, Vec<&str>)| {
            format!("Cannot be run: {} ({why}).", names.join(", "))
        };
        reasons.into_iter().map(said).collect()
    }

    /// The figures of a candidate against the run as it is, in one sentence.
    pub fn gain(&self, row: &Advised) -> String {
        let (before, after) = (self.baseline().memory, row.memory);
        let weighed = self.weights.in_words();
        let memory = match before.0.abs_diff(after.0) {
            0 => format!("{after} {weighed}, as before"),
            less if after < before => format!(
                "{after} {weighed} instead of {before}: {} less ({} %)",
                Bytes(less),
                share(Bytes(less), before)
            ),
            more => format!(
                "{after} {weighed} instead of {before}: {} more ({} %)",
                Bytes(more),
                share(Bytes(more), before)
            ),
        };
        let faults = times(
            row.figures.faults,
            self.baseline().figures.faults,
            "page fault",
        );
        let calls = times(
            row.figures.syscalls,
            self.baseline().figures.syscalls,
            "system call",
        );
        format!("{memory}. {faults}, {calls}; {}.", self.cpu(row))
    }

    /// The estimate of processor time, with its bounds.
    pub fn cpu(&self, row: &Advised) -> String {
        let [least, middle, most] = row.cpu_us.map(seconds);
        let before = seconds(self.baseline().cpu_us[1]);
        match least == most {
            true => format!("about {middle} of CPU time for these instead of {before}"),
            false => {
                format!(
                    "about {middle} of CPU time for these ({least} to {most}) instead of {before}"
                )
            }
        }
    }

    /// What is said of a candidate below the table, and what it raises: a reader of the page has the figures beside it.
    pub fn sentences_in_full(&self, row: &Advised) -> Vec<String> {
        let before = &self.baseline().figures;
        let raised = Measure::ALL.into_iter().filter(|_| !row.does_nothing);
        let raised = raised.filter_map(|measure| raises(measure, &row.figures, before));
        let raised: Vec<String> = raised.collect();
        let mut said = self.sentences(row);
        if !raised.is_empty() {
            said.push(format!("It raises {}.", raised.join(" and ")));
        }
        said
    }

    /// What is said of a candidate below the table.
    pub fn sentences(&self, row: &Advised) -> Vec<String> {
        let mut said = Vec::new();
        if row.does_nothing {
            let (before, weighed) = (self.baseline().memory, self.weights.in_words());
            let memory = row.memory;
            said.push(match memory.to_string() == before.to_string() {
                true => format!("It does nothing here: {memory} {weighed} either way."),
                false => {
                    format!("It does next to nothing here: {memory} {weighed} instead of {before}.")
                }
            });
        } else {
            said.push(self.gain(row));
        }
        if row.figures.killed > 0 {
            said.push("The process is killed at the cap.".to_owned());
        }
        // What a setting does is worth saying where it comes to nothing.
        let own = row.remarks.iter().filter(|judged| {
            let is_own = row.settings.iter().any(|set| set.name == judged.name);
            is_own && (row.does_nothing || judged.effect != Effect::Obeyed)
        });
        said.extend(own.map(|judged| format!("{}: {}", judged.name, judged.says)));
        if let Some(before) = &row.explains {
            said.push(format!("Without it: {}", before.says));
        }
        if let Some(leaves) = &row.leaves {
            said.push(format!("With it: {}", leaves.says));
        }
        said.extend(not_lower(row));
        if row.candidate.families.contains(&Family::Arenas) && !row.does_nothing {
            said.push(SHARED.to_owned());
        }
        said.extend(elsewhere(row));
        said
    }
}

fn seconds(micros: u64) -> String {
    format!("{} s", Micros(micros).decimal_seconds(3))
}

fn times(after: u64, before: u64, what: &str) -> String {
    let many = if after == 1 { "" } else { "s" };
    let differs = match after == before {
        true => ", as before".to_owned(),
        false => format!(" instead of {}", count(before)),
    };
    format!("{} {what}{many}{differs}", count(after))
}

/// By how much a figure of memory is higher, if that is 2 % or more.
fn raises(measure: Measure, after: &Figures, before: &Figures) -> Option<String> {
    let name = match measure {
        Measure::Peak => "the peak",
        Measure::Rest => "what stays after the last rest",
        Measure::Mean => "the average",
    };
    let (after, before) = (measure.of(after), measure.of(before));
    let more = Bytes(after.0.saturating_sub(before.0));
    (more.0 > 0 && more.0 >= before.0 / 50)
        .then(|| format!("{name} by {more} ({} %)", share(more, before)))
}

/// What a candidate does not lower.
fn not_lower(row: &Advised) -> Option<String> {
    let name = |measure: &Measure| match measure {
        Measure::Peak => "the peak",
        Measure::Rest => "what stays after the last rest",
        Measure::Mean => "the average",
    };
    let named: Vec<_> = row.does_not_lower.iter().map(name).collect();
    let named = match &named[..] {
        [] => return None,
        _ if row.does_nothing => return None,
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        all => all.join(""),
    };
    Some(format!("It does not lower {named} by 2 % or more."))
}

/// What other loads make of it.
fn elsewhere(row: &Advised) -> Option<String> {
    let on = row.on_other_loads.iter().map(|on| {
        let load = &on.load;
        match (on.saves(), on.takes()) {
            (Some(less), _) => format!("{less} % less on {load}"),
            (None, Some(more)) => format!("{more} more on {load}"),
            // Where nothing stays, nothing can be saved.
            (None, None) if on.before <= on.step => format!("{load} keeps only {}", on.before),
            (None, None) => format!("as much as without it on {load}"),
        }
    });
    let on: Vec<String> = on.collect();
    let mut loses = row.on_other_loads.iter();
    let loses =
        loses.any(|on| on.takes().is_some() || (on.saves().is_none() && on.before > on.step));
    let warns = if loses {
        " It depends on the load."
    } else {
        ""
    };
    (!on.is_empty()).then(|| format!("On other loads: {}.{warns}", on.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rises_by_a_fiftieth_is_said() {
        let of = |peak, mean| Figures {
            peak: Bytes::kib(peak),
            mean: Bytes::kib(mean),
            ..Figures::default()
        };
        let before = of(10_000, 5_000);
        let said = |after: Figures| {
            Measure::ALL.map(|measure| raises(measure, &after, &before).unwrap_or_default())
        };
        assert_eq!(said(of(10_100, 4_000)), ["", "", ""]);
        assert_eq!(
            said(of(10_500, 5_100)),
            [
                "the peak by 500 KiB (5 %)",
                "",
                "the average by 100 KiB (2 %)"
            ]
        );
    }
}
