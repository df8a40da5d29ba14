//! The generated service against the recording of the one it is made after: the same load gives the same memory, under
//! settings that change much. The recording has what reached malloc, so the pages of the interpreter's own arenas are left
//! aside; where among its pins the real heap's top came to rest differs from run to run, by more than is asked for here.

mod recording;

use highwater_simulator::{Choice, Options, PythonVersion, Recording, Variant, parse_lines, run};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, Workload, unwatched};
use std::sync::Arc;

const JEMALLOC: &str = "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000";

/// Peak, and what is left after the last rest.
fn peak_and_rest(recording: &Recording) -> [f64; 2] {
    let rests = recording.marks.iter().rev();
    let mut rests = rests.filter(|mark| mark.name.starts_with("rest:"));
    let rest = rests.next().expect("bursts are followed by rests");
    let arenas = match recording.diagnosis.as_ref().and_then(|end| end.objects) {
        Some(objects) => objects.live.0 + objects.free_resident.0,
        None => 0,
    };
    let rss = |bytes: u64| (bytes - arenas) as f64;
    [rss(recording.peak_rss.0), rss(rest.sample.rss.0)]
}

fn record(workload: &Arc<Workload>, allocator: &str, lines: &str, python: bool) -> Recording {
    let variant = Variant {
        allocator: allocator.parse::<Choice>().expect("it is modelled"),
        environment: parse_lines(lines),
        python: python.then_some(PythonVersion::V3_11),
        ..Variant::default()
    };
    run(workload, &variant, &Options::default(), &mut unwatched).expect("it can run")
}

#[test]
fn the_generated_service_behaves_as_the_recorded_one() {
    let recorded = Arc::new(recording::asyncio_burst());
    for seed in [1, 2, 3] {
        let parameters: Parameters = format!("events=300 cycles=2 seed={seed}")
            .parse()
            .expect("in range");
        let generated = Pattern::AsyncFanOut.build(&parameters, &mut unwatched);
        let generated = Arc::new(generated.expect("in range"));
        for (allocator, lines) in [
            ("glibc@2.36", ""),
            ("glibc@2.36", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"),
            ("glibc@2.36", "MALLOC_MMAP_THRESHOLD_=16384"),
            ("jemalloc@5.3.0", JEMALLOC),
        ] {
            let expected = peak_and_rest(&record(&recorded, allocator, lines, false));
            let found = peak_and_rest(&record(&generated, allocator, lines, true));
            for (what, (found, expected)) in ["peak", "rest"].iter().zip(found.iter().zip(expected))
            {
                let apart = (found / expected - 1.0).abs();
                assert!(
                    apart <= 0.15,
                    "{what} of {allocator} {lines}, seed {seed}: {found} for {expected}"
                );
            }
        }
    }
}
