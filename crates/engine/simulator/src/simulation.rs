//! One process: a workload's events, one after another, through one allocator over one kernel.
//!
//! The loop everything else hangs on is in `highwater-process`.

use crate::error::SimulatorError;
use crate::feed::Feed;
use crate::variant::Variant;
use highwater_allocator::{
    Accounting, Address, Allocator, Bytes, Figures, Kernel, Micros, ThreadId, Variable, Whereabouts,
};
use highwater_kernel::{Config, HugeMode, Peaks};
use highwater_process::{Held, History, Model, Program, Stamp};
use highwater_workload::{BlockId, Event, Moment, Source, Workload};
use std::sync::Arc;

/// Where a process went beyond its cap and was killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Killed {
    /// The event during which it happened.
    pub event: u64,
    /// When that was.
    pub time: Micros,
    /// What was resident.
    pub resident: Bytes,
    /// What was charged: that and page tables.
    pub charged: Bytes,
    /// The cap.
    pub cap: Bytes,
}

/// Longer than any pause.
const NO_REST: Micros = Micros(u64::MAX);

/// Events of a part that a snapshot may have to keep.
const FEW: usize = 1024;

/// A process in the middle of its run.
#[derive(Clone)]
pub struct Simulation {
    pub(crate) feed: Feed,
    pub(crate) kernel: Kernel,
    pub(crate) model: Model,
    pub(crate) program: Program,
    /// The highest of the peaks taken so far: of what the program held, and of what was resident.
    pub(crate) highest: (Bytes, Bytes),
    /// What the process finds in its environment.
    pub(crate) environment: Arc<[Variable]>,
}

impl Simulation {
    /// The process before its first event.
    ///
    /// # Errors
    /// Where the variant cannot run this workload.
    pub fn new(source: impl Into<Source>, variant: &Variant) -> Result<Self, SimulatorError> {
        let feed = Feed::new(&source.into());
        let workload = feed.part();
        let page_size = variant.page_size(workload);
        if let Some(cap) = variant.cap
            && cap < page_size
        {
            return Err(SimulatorError::Cap(cap.0, page_size.0));
        }
        let defaults = Config::default();
        let huge_pages = variant.machine.huge_pages(&workload.header);
        let mut kernel = Kernel::new(Config {
            page_size,
            brk: workload.header.brk.unwrap_or(defaults.brk),
            mmap_top: variant.mmap_top(workload, defaults.mmap_top),
            huge_mappings_aligned: variant.allocator.minds_distances()
                || !variant.machine.is_usual()
                || huge_pages.mode == HugeMode::Always,
            huge_pages,
            cap: variant.cap,
            high: variant.high,
            ..defaults
        })
        .map_err(SimulatorError::Kernel)?;
        let mut model = variant.model(workload)?;
        model.advance(&mut kernel, Micros(0));
        Ok(Self {
            program: Program::new(workload),
            model,
            feed,
            kernel,
            highest: (Bytes::ZERO, Bytes::ZERO),
            environment: variant.environment.clone().into(),
        })
    }

    /// Returns it as one that does not keep what is freed, for runs of which only figures are asked. A diagnosis or a look cannot say
    /// who held a parked chunk or what lay in a free one.
    #[must_use]
    pub fn without_history(mut self) -> Self {
        self.program.forgo_history();
        self
    }

    /// Runs the next event and returns it; `None` at the end, or once the process was killed.
    #[inline]
    pub fn step(&mut self) -> Option<Event> {
        let event = *self.next_event()?;
        (self.run(&[event], NO_REST) > 0).then_some(event)
    }

    /// Runs up to the given number of events in all; the process may end before.
    pub fn run_until(&mut self, event: u64) {
        while self.position() < event && self.next_event().is_some() {
            let part = Arc::clone(self.feed.part());
            let start = self.feed.place(self.position());
            let end = part.events.len().min(self.feed.place(event));
            if self.run(&part.events[start..end], NO_REST) == 0 {
                return;
            }
        }
    }

    /// Runs the next events, which the caller has looked up, up to a mark or a pause as long as `rest`, and returns how many:
    /// none only where there are none or the process was killed.
    pub(crate) fn run(&mut self, events: &[Event], rest: Micros) -> usize {
        // Between two events a background thread may have taken memory.
        self.note_throttled();
        let count = self
            .program
            .run(&mut self.model, &mut self.kernel, events, rest);
        self.note_throttled();
        count
    }

    /// Notes when the process was throttled first, if it was since this was called last.
    #[inline]
    fn note_throttled(&mut self) {
        if self.kernel.stops() && self.kernel.take_throttled() {
            let event = self.position().saturating_sub(1);
            let time = self.now();
            self.program.note_throttled(Moment { event, time });
        }
    }

    /// The event that is next, in the next part of the source if need be.
    #[inline]
    pub(crate) fn next_event(&mut self) -> Option<&Event> {
        if self.is_part_done() {
            self.refill();
        }
        self.feed
            .part()
            .events
            .get(self.feed.place(self.position()))
    }

    /// How many events of the part at hand are due up to a moment.
    pub(crate) fn due(&self, moment: Micros) -> u64 {
        let events = &self.feed.part().events;
        let left = events.get(self.feed.place(self.position())..);
        left.map_or(0, |left| {
            left.partition_point(|event| event.time <= moment) as u64
        })
    }

    /// Whether nothing of the part at hand is left.
    pub(crate) fn is_part_done(&self) -> bool {
        self.feed.place(self.position()) >= self.feed.part().events.len()
    }

    /// Goes on to the next part of the source, if there is one.
    #[cold]
    pub(crate) fn refill(&mut self) -> bool {
        let went_on = self.feed.refill();
        self.program.go_on(self.feed.part());
        went_on
    }

    /// Whether a snapshot has little or nothing of the events to keep: they are in memory anyway, can be made again, or are the last
    /// few of a part that was read.
    pub fn is_light(&self) -> bool {
        self.feed.left_of_read_part(self.position()) <= FEW
    }

    /// Whether a part that was read from a trace is almost over.
    pub fn is_seam(&self) -> bool {
        self.feed.is_read() && self.is_light()
    }

    /// Whether all events so far could be read.
    ///
    /// # Errors
    /// A trace that is read on the way has changed or cannot be read any more.
    pub fn check(&self) -> Result<(), SimulatorError> {
        match &self.feed.fault {
            None => Ok(()),
            Some(fault) => Err(SimulatorError::Source(fault.clone())),
        }
    }

    /// Lets time pass, up to `now` or the next event: what timers bring about on the way, the next event would find
    /// done all the same.
    pub fn wait_until(&mut self, now: Micros) {
        let now = self.next_event().map_or(now, |next| now.min(next.time));
        if now > self.now() && !self.kernel.is_killed() {
            let (event, log) = (self.position(), self.model.decisions_mut());
            log.stamp(event, now, ThreadId::MAIN);
            self.program.wait_until(now);
            self.model.advance(&mut self.kernel, now);
            self.kernel.run_khugepaged(now);
        }
    }

    /// Whether something will happen without a call of the program.
    pub(crate) fn has_timers(&self) -> bool {
        self.kernel.is_timed()
            || self
                .figures()
                .is_some_and(|figures| figures.wakes.is_some())
    }

    // ---- the state of the process

    /// The part at hand of the workload it runs.
    pub(crate) fn workload(&self) -> &Arc<Workload> {
        self.feed.part()
    }

    /// How many events have been run.
    #[inline]
    pub fn position(&self) -> u64 {
        self.program.events()
    }

    /// The time: that of the latest event, or what has passed since.
    pub fn now(&self) -> Micros {
        self.program.now()
    }

    /// How long ago the program made its latest call.
    pub fn idle(&self) -> Micros {
        let place = self.feed.place(self.position());
        let latest = self.feed.latest_call_before(place);
        Micros(self.now().0.saturating_sub(latest.0))
    }

    /// Bytes the program has asked for and not freed.
    #[inline]
    pub fn live(&self) -> Bytes {
        self.program.live()
    }

    /// Returns the most the program held and the most memory since the last call, and begins both anew.
    pub(crate) fn take_peaks(&mut self) -> (Bytes, Peaks) {
        self.highest = self.highest_so_far();
        let at_start = self.model.written_at_start();
        let live = self.program.take_peak();
        let peaks = self.kernel.take_peaks();
        let own = |bytes: Bytes| bytes.saturating_sub(at_start);
        let peaks = Peaks {
            resident: own(peaks.resident),
            charged: own(peaks.charged),
            working_set: own(peaks.working_set),
        };
        (live, peaks)
    }

    /// Returns the most the program held and the most that was resident since the beginning.
    pub(crate) fn highest_so_far(&self) -> (Bytes, Bytes) {
        let at_start = self.model.written_at_start();
        let resident = self.kernel.peaks().resident.saturating_sub(at_start);
        let (live, highest) = self.highest;
        (live.max(self.program.peak_live()), highest.max(resident))
    }

    /// Events run that are calls of the program.
    pub fn calls(&self) -> u64 {
        self.program.calls()
    }

    /// Calls that returned a block, and calls that failed.
    pub fn allocations(&self) -> (u64, u64) {
        self.program.allocations()
    }

    /// Calls of `malloc_trim`, and the resident bytes that they gave back.
    pub fn trims(&self) -> (u64, Bytes) {
        self.program.trims()
    }

    /// Whether and where the process was killed.
    pub fn killed(&self) -> Option<Killed> {
        // Nothing is run after the event during which it happened.
        self.kernel.killed().map(|killed| Killed {
            // An allocator's own beginning may exceed the cap, before the first event.
            event: self.position().saturating_sub(1),
            time: self.now(),
            resident: killed.resident,
            charged: killed.charged,
            cap: killed.cap,
        })
    }

    /// When more was charged than `memory.high` for the first time, and nothing could be taken back.
    pub fn throttled(&self) -> Option<Moment> {
        self.program.throttled()
    }

    /// The kernel's side.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Resident bytes of the allocator's mappings, without those that the allocator had written when the process began.
    #[inline]
    pub fn rss(&self) -> Bytes {
        self.kernel
            .rss()
            .saturating_sub(self.model.written_at_start())
    }

    /// What the allocator reports of its pages, where it decides over whole pages.
    pub fn figures(&self) -> Option<Figures> {
        self.model.figures()
    }

    /// The allocator's sums.
    pub fn accounting(&self) -> Accounting {
        self.model.accounting(&self.kernel)
    }

    /// Resident bytes that `malloc_trim(0)` would give back now.
    pub fn reclaimable(&self) -> Bytes {
        self.model.reclaimable(&self.kernel).bytes
    }

    /// The address of a block that is held; null where there is none.
    #[inline]
    pub fn address(&self, block: BlockId) -> Address {
        let held = self.blocks().get(block.0 as usize);
        held.map_or(Address::NULL, |held| held.address)
    }

    /// Where a live block lies; `None` where it got no address, or was freed.
    pub fn whereabouts(&self, block: BlockId) -> Option<Whereabouts> {
        let held = self.blocks().get(block.0 as usize);
        let held = held.filter(|held| held.is_live())?;
        Some(self.model.whereabouts(&self.kernel, held.address))
    }

    /// Allocating calls that were made.
    pub(crate) fn asked(&self) -> u64 {
        self.program.asked()
    }

    pub(crate) fn blocks(&self) -> &[Held] {
        self.program.blocks()
    }

    /// What was freed.
    pub(crate) fn history(&self) -> &History {
        self.program.history()
    }

    /// Every block that the program holds.
    pub(crate) fn live_blocks(&self) -> impl Iterator<Item = &Held> {
        self.blocks().iter().filter(|held| held.is_live())
    }

    /// About how much there is to keep of it: blocks that are held or that were freed and are not forgotten.
    pub(crate) fn weight(&self) -> u64 {
        self.program.held() + self.history().at_hand() as u64
    }

    /// What it holds, and what it has freed since its history was settled, the latest first.
    pub(crate) fn held_lately(&self) -> impl Iterator<Item = (&Held, Option<&Stamp>)> {
        let live = self.live_blocks().map(|held| (held, None));
        let recent = self.history().recent().iter().rev();
        live.chain(recent.map(|past| (&past.held, Some(&past.freed))))
    }
}
