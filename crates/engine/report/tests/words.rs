//! Whatever a program does, its findings fit its memory and come in words.

#[path = "../../simulator/tests/small/mod.rs"]
mod small;

use highwater_report::{Part, explain, headline};
use highwater_simulator::{
    Choice, Diagnosis, Finding, PythonVersion, Simulation, Variant, parse_lines,
};
use highwater_workload::Workload;
use std::sync::Arc;

/// Looks at moments of a run.
fn looked_at(workload: &Arc<Workload>, variant: &Variant) {
    let mut simulation = Simulation::new(Arc::clone(workload), variant).expect("it can run");
    let events = workload.events.len() as u64;
    for step in 0..=6 {
        simulation.run_until(events * step / 6);
        let diagnosis = simulation.diagnose();
        assert!(!diagnosis.findings.is_empty());
        assert!(!headline(&diagnosis).to_string().is_empty());
        for finding in &diagnosis.findings {
            fits(&simulation, &diagnosis, finding);
            reads_well(finding);
        }
    }
}

fn fits(simulation: &Simulation, diagnosis: &Diagnosis, finding: &Finding) {
    assert!(finding.bytes <= diagnosis.rss, "{finding:?}");
    let frame = simulation.frame();
    for address in finding.addresses() {
        let page = simulation.kernel().page_size();
        let is_in = frame.strips.iter().any(|strip| {
            let length = highwater_simulator::Bytes(strip.pages * page.0);
            strip.start <= address && address < strip.start + length
        });
        assert!(is_in, "{address} of {finding:?}");
    }
}

fn reads_well(finding: &Finding) {
    let explained = explain(finding);
    assert_eq!(explained.kind, finding.cause.name());
    assert!(!explained.sentences.is_empty(), "{finding:?}");
    for sentence in &explained.sentences {
        let text = sentence.to_string();
        assert!(text.ends_with('.'), "{text}");
        assert!(!text.contains("  ") && !text.contains(" ."), "{text}");
        let joined: String = sentence.parts.iter().map(Part::text).collect();
        assert_eq!(joined, text);
        // Every address is a part of its own.
        for part in &sentence.parts {
            if let Part::Text { text } = part {
                assert!(!text.contains("0x"), "{text}");
            }
            assert!(!part.text().is_empty());
        }
    }
}

#[test]
fn of_random_programs_findings_fit_and_read_well() {
    for seed in 0..6 {
        let workload = Arc::new(small::program(seed));
        for allocator in Choice::all() {
            let variant = Variant {
                allocator,
                ..Variant::default()
            };
            looked_at(&workload, &variant);
        }
    }
}

#[test]
fn with_any_setting_findings_fit_and_read_well() {
    let settings = [
        "MALLOC_TRIM_THRESHOLD_=0",
        "MALLOC_TRIM_THRESHOLD_=18446744073709551615",
        "MALLOC_TOP_PAD_=18446744073709551615",
        "MALLOC_MMAP_THRESHOLD_=1024",
        "MALLOC_MMAP_MAX_=0",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=1000",
        "MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:10000",
        "MALLOC_CONF=background_thread:true,tcache:false",
    ];
    let workload = Arc::new(small::program(7));
    for lines in settings {
        for allocator in Choice::all() {
            let variant = Variant {
                allocator,
                environment: parse_lines(lines),
                ..Variant::default()
            };
            looked_at(&workload, &variant);
        }
    }
}

#[test]
fn on_python_findings_fit_and_read_well() {
    let workload = Arc::new(small::program(8));
    for python in PythonVersion::ALL {
        for allocator in ["glibc@2.36", "jemalloc@5.3.0"] {
            let variant = Variant {
                allocator: allocator.parse().expect("it is modelled"),
                environment: parse_lines("PYTHONTRACEMALLOC=1"),
                python: Some(python),
                ..Variant::default()
            };
            looked_at(&workload, &variant);
        }
    }
}

#[test]
fn findings_come_back_from_json() {
    let workload = Arc::new(small::program(9));
    for allocator in Choice::all() {
        let variant = Variant {
            allocator,
            ..Variant::default()
        };
        let mut simulation = Simulation::new(Arc::clone(&workload), &variant).expect("it can run");
        simulation.run_until(u64::MAX);
        let findings = simulation.diagnose().findings;
        let text = serde_json::to_string(&findings).expect("data");
        let read: Vec<Finding> = serde_json::from_str(&text).expect("the same data");
        assert_eq!(read, findings);
    }
}
