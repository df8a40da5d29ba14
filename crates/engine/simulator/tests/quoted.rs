//! What people quote of the memory, over a run: each figure is the sum of its parts, and its peaks miss nothing.

use highwater_simulator::{
    Bytes, Environment, Options, Quoted, Recording, Sample, Simulation, Variant, run,
};
use highwater_workload::{Pattern, Source, pattern::Parameters, unwatched};
use std::sync::Arc;

/// Pages wait as muzzy ones, which are marked with MADV_FREE.
const MUZZY: &str = "MALLOC_CONF=background_thread:true,dirty_decay_ms:100,muzzy_decay_ms:-1";

fn variant(allocator: &str, lines: &str) -> Variant {
    Variant {
        allocator: allocator.parse().expect("it is modelled"),
        environment: Environment::parse(lines).variables,
        ..Variant::default()
    }
}

fn source() -> Source {
    let parameters = Parameters::default();
    Pattern::AsyncFanOut
        .source(&parameters, &mut unwatched)
        .expect("it is small")
}

fn recorded(variant: &Variant) -> Recording {
    run(source(), variant, &Options::default(), &mut unwatched).expect("it runs")
}

fn of(quoted: Quoted, recording: &Recording) -> Vec<Bytes> {
    let samples = recording.samples.iter();
    samples.map(|sample| quoted.of(sample)).collect()
}

#[test]
fn every_figure_is_the_sum_of_its_parts_at_every_sample() {
    for variant in [variant("glibc", ""), variant("jemalloc", MUZZY)] {
        let recording = recorded(&variant);
        assert!(recording.samples.len() > 100);
        for sample in &recording.samples {
            let Sample {
                rss,
                page_tables,
                lazy_free,
                ..
            } = *sample;
            assert_eq!(Quoted::Resident.of(sample), rss);
            assert_eq!(Quoted::Current.of(sample).0, rss.0 + page_tables.0);
            assert_eq!(
                Quoted::WorkingSet.of(sample).0,
                rss.0 + page_tables.0 - lazy_free.0
            );
            for (quoted, name) in Quoted::NAMES {
                assert!(
                    quoted.peak(sample) >= quoted.of(sample),
                    "{name}: {sample:?}"
                );
            }
        }
        let resident = of(Quoted::Resident, &recording);
        assert_ne!(of(Quoted::Current, &recording), resident);
    }
}

#[test]
fn only_memory_that_is_marked_tells_the_working_set_from_what_is_charged() {
    let glibc = recorded(&variant("glibc", ""));
    assert_eq!(of(Quoted::WorkingSet, &glibc), of(Quoted::Current, &glibc));
    let muzzy = recorded(&variant("jemalloc", MUZZY));
    let last = muzzy.samples.last().expect("a run has samples");
    assert!(last.lazy_free > Bytes::mib(1), "{last:?}");
    assert!(last.working_set() < last.rss);
}

/// The peaks of a run with few samples are those of the same run measured after every call.
#[test]
fn no_peak_is_missed_between_two_samples() {
    for variant in [variant("glibc", ""), variant("jemalloc", MUZZY)] {
        let mut simulation = Simulation::new(Arc::new(workload()), &variant).expect("it can run");
        let mut most = [Bytes::ZERO; 3];
        for event in 0.. {
            let reached = simulation.position();
            simulation.run_until(event);
            if event > 0 && simulation.position() == reached {
                break;
            }
            let sample = simulation.sample(false);
            for ((quoted, _), most) in Quoted::NAMES.iter().zip(&mut most) {
                *most = quoted.of(&sample).max(*most);
            }
        }
        let options = Options {
            samples: 5,
            ..Options::default()
        };
        let recording = run(workload(), &variant, &options, &mut unwatched).expect("it runs");
        for ((quoted, name), most) in Quoted::NAMES.iter().zip(most) {
            let peaks = recording.samples.iter().map(|sample| quoted.peak(sample));
            // Within a call memory may be higher than after it.
            let peak = peaks.max().unwrap_or_default();
            assert!(peak >= most, "{name}: {peak} and {most}");
            assert!(peak.0 < most.0 + most.0 / 10, "{name}: {peak} and {most}");
        }
    }
}

/// Blocks of all sizes that come and go by turns, more of them towards the middle.
fn workload() -> highwater_workload::Workload {
    use std::fmt::Write;
    let mut lines = "highwater-trace 1\n".to_owned();
    for number in 0..400_u32 {
        let size = 1000 + number * 977 % 60_000;
        writeln!(lines, "m {number} 0 0x{:x} {size}", 0x1000 + number * 16)
            .expect("memory takes it");
    }
    for number in (0..400_u32).rev() {
        writeln!(lines, "f {} 0 0x{:x}", 800 - number, 0x1000 + number * 16)
            .expect("memory takes it");
    }
    highwater_workload::trace::read(lines.as_bytes()).expect("a trace")
}
