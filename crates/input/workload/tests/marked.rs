//! The marks of patterns say what their calls say.

use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, Phases, unwatched};

#[test]
fn a_pattern_has_the_same_phases_by_its_marks_and_by_its_calls() {
    for pattern in Pattern::ALL {
        for (events, cycles, trim) in [("60", "3", "yes"), ("60", "1", "no"), ("300", "2", "no")] {
            let mut parameters = Parameters::default();
            for (name, value) in [("events", events), ("cycles", cycles), ("trim", trim)] {
                parameters.set_text(name, value).expect("it is a parameter");
            }
            let source = pattern.source(&parameters, &mut unwatched);
            let source = source.expect("it fits into memory");
            let by_marks = source.phases().expect("it is not made in parts");
            assert_eq!(*by_marks, Phases::of(source.first()), "{pattern} {events}");
            assert!(by_marks.last_rest().is_some(), "{pattern} {events}");
        }
    }
}
