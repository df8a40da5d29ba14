//! How each type crosses in a message: all its fields, one after another. The compiler refuses a form that has not the
//! fields of its type.

use super::{
    Ask, BlockRow, Calls, Column, JobId, Loaded, Looked, MarkAt, MomentFigures, Order, Outcome,
    Ran, Request, Response, Said, StageOrder, StageRan, Told, ToldKind, ToldOf, Work,
};
use crate::bytes::{Crossing, Reader, put_words, take_words};
use highwater_report::{Part, Sentence};
use highwater_simulator::{
    ArenaShare, Bytes, Cache, Cause, Choice, Cores, DecayRule, Diagnosis, Environment, Figures,
    Finding, Moment, Objects, Origin, OwnBlock, OwnMemory, PageKind, PageShares, Phase, PhaseKind,
    PhaseSource, Phases, Pin, PinState, PythonVersion, Remark, Summary, Tone, UnlistedPins,
    Variable, Variant, Waits, Without,
};
use highwater_workload::Pattern;

macro_rules! fields {
    ($($type:ident { $($field:ident),* $(,)? })*) => {
        $(impl Crossing for $type {
            fn put(&self, to: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(to);)*
            }
            fn take(from: &mut Reader<'_>) -> Self {
                $(let $field = Crossing::take(from);)*
                Self { $($field),* }
            }
        })*
    };
}

fields! {
    Order { stages }
    StageOrder { name, calls, workers, variant }
    BlockRow { address, size, kind, state, requested, allocated, freed }
    Loaded {
        program, checksum, events, blocks, threads, marks, lasts, skipped, unended, recorded, allocator, environment,
    }
    Ran { took_ms, calls, page_size, summary, stages, marks, phases, samples, frames }
    MomentFigures { rss, live, free, reclaimable }
    Moment { event, time }
    Phase { kind, begin, end, name, is_marked, source }
    StageRan { name, begins, first_event, killed }
    MarkAt { name, event, time }
    Looked { diagnosis, findings, decisions, decided, kinds, frame }
    Said { kind, sentences }
    Sentence { parts }
    ToldOf { count, latest }
    Told { time, kind, words, times }
    Variable { name, value }
    Environment { variables, remarks, refused, other_lines, linked }
    Remark { variable, within, tone, text }
    Variant { allocator, environment, cap, cores, seed, python }
    Cores { online, allowed }
    Summary {
        peak, peak_live, after_burst, after_rest, live, free, reclaimable, trims, trimmed, at_end, faults,
        syscalls, killed, near_cap,
    }
    Without { gone, given_back, rss, top, reclaimable }
    Diagnosis {
        event, time, rss, live, parked, free, free_resident, top, trim_threshold, mmap_threshold,
        reclaimable, figures, pages, objects, idle, above_highest_live, parked_above_highest_live,
        arenas, pins, unlisted_pins, peak_rss, peak_live, findings,
    }
    Figures {
        allocated, active, dirty, muzzy, resident, retained, mapped, metadata, decay, wakes,
    }
    DecayRule { dirty_ms, muzzy_ms, background_thread }
    PageShares {
        live, slabs_below_half, slabs_below_eighth, used_in_slabs, parked, dirty, dirty_waits,
        muzzy, muzzy_waits, metadata,
    }
    Waits { due, half, last }
    Objects {
        arenas, arenas_most, arena_bytes, arenas_half_free, live, free_in_pools, free_pools,
        free_resident, own,
    }
    OwnMemory { table, radix_tree, traces, traced }
    ArenaShare { arena, heaps, live, parked, free, free_resident, top, top_resident }
    Pin {
        address, size, arena, requested, state, cache, behind, behind_resident, unlisted_above,
        allocated, cut_from, freed, own,
    }
    UnlistedPins { count, behind }
    Origin { event, time, thread }
}

macro_rules! kinds {
    ($($type:ident ($count:literal) {
        $($number:literal = $kind:ident { $($field:tt: $value:ident),* $(,)? })*
    })*) => {
        $(impl Crossing for $type {
            fn put(&self, to: &mut Vec<u8>) {
                match self {
                    $(Self::$kind { $($field: $value),* } => {
                        to.push($number);
                        $($value.put(to);)*
                    })*
                }
            }
            fn take(from: &mut Reader<'_>) -> Self {
                match from.kind($count) {
                    $($number => {
                        $(let $value = Crossing::take(from);)*
                        Self::$kind { $($field: $value),* }
                    })*
                    _ => unreachable!("a kind is less than their count"),
                }
            }
        })*
    };
}

kinds! {
    Request (2) {
        0 = Start { job: job, work: work }
        1 = Cancel { job: job }
    }
    Work (4) {
        0 = Load { trace: trace }
        1 = Run { order: order, frames: frames }
        2 = Look {
            order: order, stage: stage, first_event: first_event, begins: begins, event: event,
            time: time, ask: ask,
        }
        3 = Read { text: text }
    }
    Ask (4) {
        0 = Why {}
        1 = Blocks { from: from_here, to: to_there }
        2 = Without { pins: pins }
        3 = Figures {}
    }
    Calls (2) {
        0 = Trace { 0: number }
        1 = Pattern { pattern: pattern, values: values }
    }
    Response (5) {
        0 = Ready { version: version }
        1 = Progress { job: job, done: done }
        2 = Finished { job: job, outcome: outcome }
        3 = Failed { job: job, message: message }
        4 = Cancelled { job: job }
    }
    Outcome (7) {
        0 = Loaded { 0: loaded }
        1 = Ran { 0: ran }
        2 = Looked { 0: looked }
        3 = Blocks { 0: rows }
        4 = Without { 0: without }
        5 = Figures { 0: figures }
        6 = Read { 0: environment }
    }
    PhaseSource (2) {
        0 = Mark { 0: name }
        1 = Calls { 0: calls }
    }
    Part (4) {
        0 = Text { text: text }
        1 = Address { text: text, address: address, from: from_here, to: to_there }
        2 = Moment { text: text, event: event, time: time }
        3 = Setting { text: text, name: name, value: value }
    }
    OwnBlock (1) {
        0 = ThreadCacheTable { thread: thread, at_first_free: at_first_free }
    }
    Cache (2) {
        0 = Tcache { thread: thread, bin: bin }
        1 = Fastbin { bin: bin }
    }
}

/// Kinds that hold nothing, by their places in a list of all.
macro_rules! listed {
    ($($type:ident: $all:expr;)*) => {
        $(impl Crossing for $type {
            fn put(&self, to: &mut Vec<u8>) {
                let place = $all.iter().position(|kind| kind == self);
                to.push(place.expect("the list has all kinds") as u8);
            }
            fn take(from: &mut Reader<'_>) -> Self {
                $all[from.kind($all.len())]
            }
        })*
    };
}

listed! {
    Pattern: Pattern::ALL;
    PageKind: PageKind::ALL;
    PhaseKind: PhaseKind::ALL;
    PythonVersion: PythonVersion::ALL;
    Tone: [
        Tone::Applied,
        Tone::Surprise,
        Tone::NoEffect,
        Tone::NotRead,
        Tone::Invalid,
    ];
    PinState: [PinState::Live, PinState::Parked, PinState::Metadata];
    ToldKind: [
        ToldKind::GaveBack,
        ToldKind::Refused,
        ToldKind::Took,
        ToldKind::Changed,
        ToldKind::Failed,
    ];
}

/// Findings cross in words: on the page a diagnosis has none.
impl Crossing for Finding {
    fn put(&self, _: &mut Vec<u8>) {}

    fn take(from: &mut Reader<'_>) -> Self {
        from.fail();
        Self {
            cause: Cause::RecordedTime {},
            bytes: Bytes::ZERO,
            rule: None,
            remedies: Vec::new(),
        }
    }
}

impl Crossing for Choice {
    fn put(&self, to: &mut Vec<u8>) {
        put_words(self, to);
    }

    fn take(from: &mut Reader<'_>) -> Self {
        take_words(from)
    }
}

macro_rules! numbered {
    ($($type:ident),*) => {
        $(impl Crossing for $type {
            fn put(&self, to: &mut Vec<u8>) {
                self.0.put(to);
            }
            fn take(from: &mut Reader<'_>) -> Self {
                Self(Crossing::take(from))
            }
        })*
    };
}

numbered!(JobId, Column, Phases);
