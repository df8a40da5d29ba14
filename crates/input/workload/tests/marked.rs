//! The marks of patterns say what their calls say.

use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, Phases, unwatched};

#[test]
fn a_pattern_has_the_same_phases_by_its_marks_and_by_its_calls() {
    for pattern in Pattern::ALL {
        for (events, cycles, trim) in [(60, 3, "yes"), (60, 1, "no"), (300, 2, "no")] {
            let parameters = format!("events={events} cycles={cycles} trim={trim}");
            let parameters: Parameters = parameters.parse().expect("in range");
            let source = pattern.source(&parameters, &mut unwatched);
            let source = source.expect("it fits into memory");
            let by_marks = source.phases().expect("it is not made in parts");
            assert_eq!(*by_marks, Phases::of(source.first()), "{pattern} {events}");
            assert!(by_marks.last_rest().is_some(), "{pattern} {events}");
        }
    }
}
