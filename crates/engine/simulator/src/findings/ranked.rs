//! All findings of a diagnosis, the most important first.

use super::finding::Finding;
use super::kinds::Cause;
use super::scene::Scene;
use crate::arenas::Arena;
use crate::diagnosis::Diagnosis;
use crate::simulation::Simulation;
use highwater_allocator::Bytes;
use highwater_glibc::Glibc;

/// The trim threshold and the padding of a process that sets neither.
const TOP_BY_DEFAULT: Bytes = Bytes::kib(128);

impl Simulation {
    /// Returns the findings of a diagnosis, the most important first.
    pub(crate) fn findings(&self, arenas: &[Arena], diagnosis: &Diagnosis) -> Vec<Finding> {
        let scene = Scene {
            simulation: self,
            arenas,
            diagnosis,
        };
        let mut found = Vec::new();
        if let Some(figures) = &diagnosis.figures {
            found.extend(scene.pages(figures));
        } else if let Some(glibc) = self.model.glibc() {
            found.extend(scene.heap(glibc));
        }
        if let Some(objects) = &diagnosis.objects {
            found.extend(scene.objects(objects));
        }
        found.extend(scene.huge_pages());
        if found.iter().all(Finding::is_note) {
            found.insert(0, scene.nothing_wrong());
        }
        found.extend(scene.peak_held());
        // A sort that keeps the order of equals; what is a note stays behind the causes.
        let mut order: Vec<(u64, u64)> = Vec::with_capacity(found.len());
        for (place, finding) in found.iter().enumerate() {
            let weight = if finding.is_note() {
                0
            } else {
                scene.weight(finding).0.saturating_add(1)
            };
            order.push((u64::MAX - weight, place as u64));
        }
        order.sort_unstable();
        let mut taken: Vec<Option<Finding>> = found.into_iter().map(Some).collect();
        let ordered = order.into_iter();
        let mut found: Vec<Finding> = ordered
            .filter_map(|(_, place)| taken[place as usize].take())
            .collect();
        for finding in &mut found {
            finding.bytes = finding.bytes.min(diagnosis.rss);
        }
        found
    }
}

impl Scene<'_> {
    /// All findings about glibc's heaps.
    fn heap(&self, glibc: &Glibc) -> Vec<Finding> {
        let mut found = Vec::new();
        let tuned = self.tuned(glibc);
        found.extend(self.risen_threshold(glibc));
        found.extend(self.parked(&tuned));
        if self.is_worth(self.free_beyond_top(glibc)) {
            found.extend(self.arenas_of_free());
            found.extend(self.top(glibc));
            found.extend(self.other_arena_top());
            found.extend(self.above_highest_live(&tuned));
            found.extend(self.largest_pin(&tuned));
            found.extend(self.small_pins(&tuned));
            found.extend(self.slivers());
        }
        found.extend(self.ended_arenas(glibc));
        found.extend(self.churn(glibc));
        if !found.is_empty() {
            found.push(self.malloc_trim());
        }
        found.extend(self.other_tops());
        found.extend(self.shared_arenas(glibc));
        found
    }

    /// Returns the resident free bytes, but for what free() leaves at the main arena's top by its defaults.
    fn free_beyond_top(&self, glibc: &Glibc) -> Bytes {
        let main = self.diagnosis.arenas.iter().find(|share| share.arena == 0);
        let top = main.map_or(Bytes::ZERO, |share| share.top_resident);
        let pad = glibc.params().top_pad.min(TOP_BY_DEFAULT);
        let kept = top.min(TOP_BY_DEFAULT + pad);
        self.diagnosis.free_resident.saturating_sub(kept)
    }

    /// How much a finding matters, in bytes: those it explains, which for the top are those it keeps from going back.
    fn weight(&self, finding: &Finding) -> Bytes {
        match finding.cause {
            Cause::NothingWrong { .. } | Cause::Arenas { .. } => Bytes(u64::MAX / 2),
            Cause::Top { .. } => self.main_free().max(finding.bytes),
            Cause::HeapChurn { churn, .. } | Cause::MappingChurn { churn, .. } => churn.returned,
            // They go on from the dirty pages, which come first.
            Cause::Resting { .. } => self
                .diagnosis
                .pages
                .map_or(Bytes::ZERO, |pages| pages.dirty),
            _ => finding.bytes,
        }
    }
}
