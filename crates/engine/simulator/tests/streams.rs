//! Patterns that are made burst by burst while they are replayed.

use highwater_simulator::{Bytes, Options, PythonVersion, Recording, Sample, Variant, run};
use highwater_workload::pattern::{Generator, Parameters};
use highwater_workload::{Pattern, Source, unwatched};

/// A pattern that is made while it is replayed gives what it gives when it is in memory.
#[test]
fn made_burst_by_burst_a_run_is_the_same() {
    let parameters = "events=30 cycles=3 survivors=5 jobs=40 requests=20 tasks=10";
    let parameters: Parameters = parameters.parse().expect("in range");
    for pattern in Pattern::ALL {
        let variant = Variant {
            python: pattern.python().and_then(PythonVersion::parse),
            ..Variant::default()
        };
        let options = Options::default();
        let run =
            |source: Source| run(source, &variant, &options, &mut unwatched).expect("it can run");
        let whole = run(pattern.source(&parameters, &mut unwatched).expect("small"));
        let generator = Generator::new(pattern, &parameters).expect("small");
        let parts = run(Source::streamed(generator, &mut unwatched).expect("not cancelled"));
        assert!(whole.events > 1000);
        assert_eq!(parts.events, whole.events);
        // Peaks are since the sample before, and samples between the marks lie elsewhere.
        let marks = |recording: &Recording| -> Vec<_> {
            let marks = recording.marks.iter().map(|mark| {
                let (rss_peak, live_peak) = (Bytes(0), Bytes(0));
                let sample = Sample {
                    rss_peak,
                    live_peak,
                    ..mark.sample
                };
                (mark.name.clone(), sample)
            });
            marks.collect()
        };
        assert_eq!(marks(&parts), marks(&whole));
        assert_eq!(parts.peak_rss, whole.peak_rss);
        assert_eq!(parts.peak_live, whole.peak_live);
        assert_eq!(parts.decisions, whole.decisions);
        let pins = |recording: &Recording| -> Vec<_> {
            let diagnosis = recording.diagnosis.as_ref();
            let pins = diagnosis.expect("the end is explained").pins.iter();
            pins.cloned().collect()
        };
        assert_eq!(pins(&parts), pins(&whole));
    }
}
