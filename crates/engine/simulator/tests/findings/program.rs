//! Small programs written for one cause each, and what the tests ask of their runs.

use crate::lines;
use highwater_simulator::{
    Action, Bytes, Cause, Choice, Cores, Diagnosis, Finding, Gain, Remedy, Simulation, Variant,
    parse_lines,
};
use highwater_workload::{Workload, trace};
use std::fmt::Write;
use std::sync::Arc;

/// The lines of a trace, one microsecond for each call.
#[derive(Default)]
pub(crate) struct Program {
    text: String,
    time: u64,
}

impl Program {
    pub(crate) fn allocate(&mut self, thread: u32, block: u64, size: u64) {
        self.time += 1;
        let _ = writeln!(
            self.text,
            "m {} {thread} {:#x} {size}",
            self.time,
            block * 16
        );
    }

    pub(crate) fn free(&mut self, thread: u32, block: u64) {
        self.time += 1;
        let _ = writeln!(self.text, "f {} {thread} {:#x}", self.time, block * 16);
    }

    pub(crate) fn exit(&mut self, thread: u32) {
        self.time += 1;
        let _ = writeln!(self.text, "e {} {thread}", self.time);
    }

    pub(crate) fn wait(&mut self, micros: u64) {
        self.time += micros;
    }

    pub(crate) fn workload(&self) -> Arc<Workload> {
        lines::workload(&self.text)
    }
}

/// A recorded program.
pub(crate) fn recorded(name: &str) -> Arc<Workload> {
    let path = format!("{}/tests/data/{name}.hwt.gz", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).expect("the file is there");
    Arc::new(trace::read(&bytes).expect("well formed"))
}

pub(crate) fn on(allocator: &str, lines: &str) -> Variant {
    Variant {
        allocator: allocator.parse().expect("it is modelled"),
        environment: parse_lines(lines),
        cores: Some(Cores::all(4)),
        ..Variant::default()
    }
}

/// Every modelled release of glibc.
pub(crate) fn releases() -> Vec<String> {
    let all = Choice::all().map(|choice| choice.to_string());
    all.filter(|name| name.starts_with("glibc")).collect()
}

pub(crate) fn at_end(workload: &Arc<Workload>, variant: &Variant) -> Simulation {
    let mut simulation = Simulation::new(Arc::clone(workload), variant).expect("it can run");
    simulation.run_until(u64::MAX);
    simulation
}

pub(crate) fn diagnosed(workload: &Arc<Workload>, variant: &Variant) -> Diagnosis {
    at_end(workload, variant).diagnose()
}

/// The finding of a kind, if there is one.
pub(crate) fn find<'a>(diagnosis: &'a Diagnosis, kind: &str) -> Option<&'a Finding> {
    let mut findings = diagnosis.findings.iter();
    findings.find(|finding| finding.cause.name() == kind)
}

pub(crate) fn found<'a>(diagnosis: &'a Diagnosis, kind: &str) -> &'a Finding {
    find(diagnosis, kind).unwrap_or_else(|| panic!("no {kind}: {:?}", kinds(diagnosis)))
}

pub(crate) fn kinds(diagnosis: &Diagnosis) -> Vec<&'static str> {
    let findings = diagnosis.findings.iter();
    findings.map(|finding| finding.cause.name()).collect()
}

/// Within 1 %.
pub(crate) fn is_about(bytes: Bytes, right: u64) -> bool {
    bytes.0.abs_diff(right) * 100 <= right
}

/// Runs every remedy of a finding that is a setting, and holds what it promises against the run. Returns how many there
/// were.
pub(crate) fn hold_remedies(
    workload: &Arc<Workload>,
    variant: &Variant,
    finding: &Finding,
) -> usize {
    let before = at_end(workload, variant);
    let mut tried = 0;
    for remedy in &finding.remedies {
        let Some(changed) = remedy.applied_to(variant) else {
            let Gain::Now { bytes } = remedy.gives else {
                panic!("a call gives bytes now: {remedy:?}");
            };
            assert_eq!(bytes, before.reclaimable());
            continue;
        };
        is_read(remedy, &changed);
        let after = at_end(workload, &changed);
        hold(remedy, finding, &before, &after);
        tried += 1;
    }
    tried
}

/// The release reads the setting, and says nothing against its value.
fn is_read(remedy: &Remedy, changed: &Variant) {
    let Action::Set { variables } = &remedy.action else {
        return;
    };
    for variable in variables {
        let remarks = changed.remarks();
        let refused = remarks.iter().find(|remark| {
            remark.variable.starts_with(&variable.name)
                && remark.tone.effect() != highwater_simulator::Effect::Obeyed
        });
        assert!(refused.is_none(), "{refused:?}");
    }
}

fn hold(remedy: &Remedy, finding: &Finding, before: &Simulation, after: &Simulation) {
    match remedy.gives {
        Gain::AtLeast { bytes } => {
            let gone = before.rss().saturating_sub(after.rss());
            assert!(
                gone.0 * 100 >= bytes.0 * 99,
                "{remedy:?}: {} before, {} after",
                before.rss(),
                after.rss()
            );
        }
        Gain::Now { .. } => panic!("a setting gives nothing now: {remedy:?}"),
        Gain::Ends {} => {
            let left = after.diagnose();
            assert!(
                find(&left, finding.cause.name()).is_none(),
                "{remedy:?} leaves {:?}",
                find(&left, finding.cause.name())
            );
            if let Cause::HeapChurn { .. } | Cause::MappingChurn { .. } = finding.cause {
                let counts = |of: &Simulation| *of.kernel().counts();
                assert!(
                    counts(after).faults * 4 < counts(before).faults,
                    "{remedy:?}"
                );
                let calls = |of: &Simulation| counts(of).syscalls.total();
                assert!(calls(after) * 4 < calls(before), "{remedy:?}");
            }
        }
    }
}
