//! The real process's resident memory beside the model's, where a recording has samples.
//!
//! The heap of the program break and the heaps of other arenas can be compared. Blocks with mappings of their own lie among other
//! anonymous mappings of the process, and cannot be told from these; nor can a heap that the kernel has joined with the mapping
//! before it.

use anyhow::Result;
use highwater_simulator::{Address, Bytes, Choice, Micros, Simulation, Variant};
use highwater_workload::{Sample, Source};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where glibc's heaps of thread arenas begin: at multiples of their address space.
const ARENA: u64 = 64 << 20;

/// The samples of a real process beside the model's state at the same moments.
#[derive(Serialize)]
pub(crate) struct Measured {
    samples: Vec<Compared>,
}

/// One sample.
#[derive(Serialize)]
struct Compared {
    time_us: u64,
    /// Resident bytes of the heap and the arenas: those of the real process.
    heap_and_arenas: Bytes,
    /// The model's.
    model: Bytes,
    /// The model's blocks with mappings of their own.
    model_mapped: Bytes,
    /// What was measured of the real process, by key.
    measured: BTreeMap<String, u64>,
}

impl Measured {
    /// Runs the calls up to each sample; `None` where there are no samples that can be compared.
    pub(crate) fn of(source: &Source, variant: &Variant) -> Result<Option<Self>> {
        let workload = source.first();
        if workload.samples.is_empty() || !matches!(variant.allocator, Choice::Glibc(_)) {
            return Ok(None);
        }
        let mut simulation = Simulation::new(source, variant)?;
        let mut samples = Vec::new();
        for sample in &workload.samples {
            simulation.run_until(sample.event.into());
            samples.extend(Compared::new(sample, &simulation));
        }
        Ok((!samples.is_empty()).then_some(Self { samples }))
    }

    /// Says how far model and process are apart, and what the rest of the process is.
    pub(crate) fn describe(&self) -> String {
        let Some(last) = self.samples.last() else {
            return String::new();
        };
        let apart = |sample: &Compared| {
            let (one, other) = (sample.heap_and_arenas, sample.model);
            one.saturating_sub(other).max(other.saturating_sub(one))
        };
        let most = self.samples.iter().map(apart).max().unwrap_or_default();
        let samples = match self.samples.len() {
            1 => "in the one sample".to_owned(),
            count => format!("at most in {count} samples"),
        };
        let rest = [
            ("files", "files"),
            ("stack", "stack"),
            ("anonymous", "other anonymous mappings"),
        ];
        let rest: Vec<String> = rest
            .iter()
            .filter_map(|(key, name)| Some(format!("{} {name}", Bytes(*last.measured.get(*key)?))))
            .collect();
        let mut text = format!(
            "Measured: at {}, the heap and the arenas of the real process have {} resident, the model's {}; they differ by {most} \
             {samples}.",
            Micros(last.time_us),
            last.heap_and_arenas,
            last.model,
        );
        if !rest.is_empty() {
            text += &format!(" The rest of the process is {}.", rest.join(", "));
        }
        if last.model_mapped > Bytes::ZERO {
            text += &format!(
                " The model has {} in blocks with mappings of their own, which lie among the other anonymous mappings.",
                last.model_mapped
            );
        }
        text + "\n"
    }
}

impl Compared {
    /// A sample without these figures cannot be compared.
    fn new(sample: &Sample, simulation: &Simulation) -> Option<Self> {
        let heap = sample.value("heap")?;
        let arenas = sample.value("arenas").unwrap_or_default();
        let kernel = simulation.kernel();
        let brk = kernel.config().brk;
        let is_compared = |start: Address| start == brk || start.0.is_multiple_of(ARENA);
        let compared = kernel
            .mappings()
            .filter(|mapping| is_compared(mapping.start));
        let resident = compared.map(|mapping| kernel.resident_in(mapping.start, mapping.end));
        let model = resident.fold(Bytes::ZERO, |sum, bytes| sum + bytes);
        Some(Self {
            time_us: sample.time.0,
            heap_and_arenas: Bytes(heap.saturating_add(arenas)),
            model,
            model_mapped: kernel.rss().saturating_sub(model),
            measured: sample
                .measured()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        })
    }
}
