//! Appends events to the file.

use crate::clock::Clock;
use crate::file::Log;
use crate::header::Start;
use crate::live::Live;
use crate::measuring::Measuring;
use crate::stack::{Caller, NOBODY};
use crate::thread::Thread;
use crate::{gate, lock, originals, system};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};
use highwater_hwr::layout::{
    CHUNK_HEADER, ChunkHeader, ChunkKind, Control, REQUEST_BYTES, Stop, control,
};
use highwater_hwr::{Domain, Encoder, Event, Stamp};

/// What is recorded, and where to.
pub(crate) struct Recorder {
    encoder: Encoder,
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) measuring: Measuring,
    pub(crate) start: Start,
    /// Where the next event goes in the chunk.
    pub(crate) at: usize,
    /// Events up to now, and up to the present chunk.
    pub(crate) ticket: u64,
    chunk_ticket: u64,
    threads: u32,
    /// Places of a call's site; 0 if sites are not wanted.
    site_depth: usize,
    /// Where only the newest part is kept: its bytes, and those of the file when this part's own calls began.
    last: u64,
    pub(crate) part_begins: u64,
    /// The blocks that live.
    pub(crate) live: Live,
    /// The requests from outside that have been answered.
    requests: u64,
    granule: u8,
    process: u32,
    /// The process whose recording this one's begins with, or the one that started it.
    parent: u32,
    pub(crate) is_on: bool,
    /// Why it ended, once it has.
    pub(crate) ended: Stop,
}

/// Calls without an event, because they were made inside another call: by the allocator itself, or by a signal handler.
pub(crate) static INNER: AtomicU32 = AtomicU32::new(0);

/// The recorder, reached by whoever holds the lock.
pub(crate) struct Shared(UnsafeCell<Recorder>);

// SAFETY: `with` is called under the lock, or while the process has one thread.
unsafe impl Sync for Shared {}

static RECORDER: Shared = Shared(UnsafeCell::new(Recorder::new()));

/// Returns the recorder.
///
/// # Safety
/// The caller must hold the lock, or be the process's only thread, and must not be called by another holder of the result.
#[inline(always)]
pub(crate) unsafe fn recorder() -> &'static mut Recorder {
    // SAFETY: the caller's.
    unsafe { &mut *RECORDER.0.get() }
}

impl Recorder {
    const fn new() -> Self {
        Self {
            encoder: Encoder::new(0, 0, 4),
            log: Log::new(),
            clock: Clock::new(),
            measuring: Measuring::new(),
            start: Start::new(),
            at: 0,
            ticket: 0,
            chunk_ticket: 0,
            threads: 0,
            site_depth: 0,
            last: 0,
            part_begins: 0,
            live: Live::new(),
            requests: 0,
            granule: 4,
            process: 0,
            parent: 0,
            is_on: false,
            ended: Stop::Running,
        }
    }

    /// Begins to record the process if its environment asks for it. Returns whether it does.
    ///
    /// # Safety
    /// The process must have one thread, which makes its first call.
    pub(crate) unsafe fn begin(&mut self) -> bool {
        let is_wanted = self.start.read() && self.log.choose_place();
        if !is_wanted {
            return false;
        }
        self.granule = self.start.granule();
        self.site_depth = self.start.site_depth();
        if self.start.has_python() {
            // SAFETY: the caller's.
            unsafe { self.find_python() };
        }
        self.last = self.start.last();
        if self.last > 0 && !self.live.begin(self.log.place()) {
            return false;
        }
        self.parent = system::parent();
        self.begin_whole(None)
    }

    /// Begins the recording of a forked child.
    pub(crate) fn begin_in_child(&mut self) -> bool {
        lock::reset_in_child();
        if !self.is_on {
            return false;
        }
        // The nearest ancestor with a recording: the kernel may name another process, where that one has ended already, made its
        // child by way of a process without calls, or has another number outside a namespace.
        self.parent = self.process;
        let parent_ticket = self.ticket;
        self.ticket = 0;
        self.log.begin_in_child();
        if self.last == 0 {
            return self.begin_whole(Some(parent_ticket));
        }
        // The part of the parent's recording that it would need may be gone by then.
        let is_begun = self.begin_with_live(0);
        self.name_file(is_begun)
    }

    fn begin_whole(&mut self, parent_ticket: Option<u64>) -> bool {
        let is_begun = self.begin_file(parent_ticket, None);
        self.name_file(is_begun)
    }

    /// Gives the first file its name; where nothing could be recorded, it says why.
    fn name_file(&mut self, is_begun: bool) -> bool {
        self.is_on = self.log.give_name() && is_begun;
        self.is_on
    }

    pub(crate) fn begin_file(&mut self, parent_ticket: Option<u64>, snapshot: Option<u64>) -> bool {
        self.clock.begin();
        self.measuring.begin(&self.start);
        self.requests = 0;
        self.at = 0;
        self.process = system::process();
        let fields = Control {
            process: self.process,
            parent: self.parent,
            parent_ticket,
            real_time: system::clock(0),
            monotonic_time: self.clock.beginning(),
        };
        let start = &self.start;
        let text = match snapshot {
            Some(calls) => start.text_of_part(calls),
            None => start.text_of_all(),
        };
        let created = self.log.create(
            start.directory(),
            start.name(),
            start.largest(),
            &fields,
            text.bytes(),
        );
        self.is_on = created.is_some() && self.next_chunk(0);
        self.is_on
    }

    /// Does what comes before a call of the calling thread: reads the clock, answers requests, and measures what is due. The
    /// block that the call is given, if any, may be gone afterwards.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, thread: &mut Thread, block: u64, ended: u32) {
        if thread.number == 0 {
            self.number(thread);
        }
        let number = thread.number - 1;
        // What the end of a thread gave back is gone from what is measured.
        if ended != 0 {
            self.append(ended - 1, &Event::ThreadEnd);
        }
        if self.clock.is_due() && self.clock.read() {
            self.measure(number);
        }
        if self.log.requests() != self.requests {
            self.answer(number);
        }
        self.leave(number, block);
    }

    /// Appends a call's event, once it has been made, and before it the place that it was made from if that is wanted.
    #[inline(always)]
    pub(crate) fn record(&mut self, thread: &mut Thread, caller: Caller, event: &Event) {
        let site = match self.site_depth {
            0 => 0,
            _ if caller.address == 0 => 0,
            depth => self.site(thread, caller, depth),
        };
        self.append_from(thread.number.wrapping_sub(1), site, event);
        self.follow(event);
        if self.live.is_wanted() && !self.live.follow(thread.number.wrapping_sub(1), site, event) {
            // What lives is no longer known, so no part could begin.
            self.stop(Stop::NoMapping);
        }
    }

    /// Appends an event of any thread.
    #[inline(always)]
    pub(crate) fn append(&mut self, thread: u32, event: &Event) {
        self.append_from(thread, 0, event);
    }

    #[inline(always)]
    pub(crate) fn append_from(&mut self, thread: u32, site: u16, event: &Event) {
        if !self.is_on {
            return; // The recording has ended during this very call.
        }
        let time = self.clock.present();
        let stamp = Stamp { time, thread };
        if !self.try_append(stamp, site, event) && self.next_chunk(thread) {
            self.try_append(stamp, site, event);
        }
    }

    #[inline(always)]
    fn try_append(&mut self, stamp: Stamp, site: u16, event: &Event) -> bool {
        let mut at = self.at;
        let mut room = self.log.chunk().get_mut(at..).unwrap_or_default();
        if site != 0 {
            let Ok(taken) = self.encoder.origin(Domain::Unknown, site.into(), room) else {
                return false;
            };
            at += taken;
            room = room.get_mut(taken..).unwrap_or_default();
        }
        match self.encoder.encode(stamp, event, room) {
            Ok(taken) => {
                self.at = at + taken;
                self.ticket += 1;
                self.log.commit(self.at);
                true
            }
            Err(_) => false,
        }
    }

    /// Seals the present chunk and begins another. The recording ends if that cannot be.
    #[cold]
    #[inline(never)]
    fn next_chunk(&mut self, thread: u32) -> bool {
        if self.at > 0 {
            self.log
                .seal(self.at, (self.ticket - self.chunk_ticket) as u32);
        }
        if self.last > 0 && self.log.size() - self.part_begins.min(self.log.size()) >= self.last / 2
        {
            return self.begin_part(thread);
        }
        let time = if self.at > 0 { self.encoder.time() } else { 0 };
        let mut header = ChunkHeader {
            kind: ChunkKind::Events,
            granule: self.granule,
            stride: 0,
            thread,
            first_ticket: self.ticket,
            first_time: time,
            stream: 0,
        };
        match self.log.begin_chunk(&mut header) {
            Ok(()) => {
                self.encoder = Encoder::new(time, thread, self.granule);
                self.at = CHUNK_HEADER;
                self.chunk_ticket = self.ticket;
                self.note_inner();
                true
            }
            Err(reason) => {
                self.stop(reason);
                false
            }
        }
    }

    /// Whether the calling process is the recorded one.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == system::process()
    }

    /// Ends the recording.
    pub(crate) fn stop(&mut self, reason: Stop) {
        self.is_on = false;
        self.ended = reason;
        gate::set(gate::OFF);
        self.log.end(reason);
    }

    /// Notes that the process forks, and before it the pages that it has touched up to here: what is found later was touched
    /// later, by the parent or by the child.
    pub(crate) fn note_fork(&mut self, thread: &mut Thread) {
        self.look(thread.number.wrapping_sub(1));
        self.record(thread, NOBODY, &Event::Fork);
    }

    /// Notes that the process ends. What its last destructors call is still recorded.
    pub(crate) fn note_exit(&mut self, thread: &Thread) {
        if thread.number > 0 {
            self.clock.read();
            self.measure_all(thread.number - 1);
        }
        self.note_inner();
        self.log.end(Stop::Exit);
    }

    /// Returns the bytes of anonymous memory that this library has mapped for what lives.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live.bytes()
    }

    pub(crate) fn note_inner(&self) {
        let inner = INNER.load(Ordering::Relaxed);
        self.log
            .live(control::INNER)
            .store(inner, Ordering::Relaxed);
    }

    /// Gives a thread its number, and has the C library say when it ends.
    #[cold]
    #[inline(never)]
    fn number(&mut self, thread: &mut Thread) {
        self.threads += 1;
        thread.number = self.threads;
        thread.kernel = system::thread();
        if self.threads > 1 {
            // Its end is told from then on.
            crate::thread_value::set(1);
        }
    }

    /// Writes a mark, and before it what there is to measure at that moment.
    pub(crate) fn mark(&mut self, thread: u32, text: &[u8]) {
        self.clock.read();
        self.measure_all(thread);
        self.append(thread, &Event::Mark(text));
    }

    /// Does what was asked for from outside.
    #[cold]
    #[inline(never)]
    fn answer(&mut self, thread: u32) {
        let before = self.requests;
        self.requests = self.log.requests();
        if (self.requests >> 32) != (before >> 32) {
            let mut text = [0; REQUEST_BYTES];
            let length = self.log.requested_mark(&mut text);
            if let Some(text) = text.get(..length).filter(|text| is_mark(text)) {
                self.mark(thread, text);
            }
            let answer = (self.requests >> 32) as u32;
            self.log
                .live(control::MARK_ANSWER)
                .store(answer, Ordering::Release);
        }
        if self.requests as u32 == 1 {
            self.stop(Stop::Asked);
        }
    }
}

/// Whether a mark's text is a name, and pairs behind it, in printable characters.
pub(crate) fn is_mark(text: &[u8]) -> bool {
    let is_printable = text.iter().all(|&byte| byte >= b' ' && byte != 0x7f);
    is_printable && text.first().is_some_and(|&byte| byte != b' ')
}

/// Finds the allocator's functions, and begins to record if that is wanted. Returns whether the process is recorded.
///
/// # Safety
/// No other thread may be inside this library.
#[cold]
#[inline(never)]
pub(crate) unsafe fn begin(is_child: bool) -> bool {
    // SAFETY: the caller's; the process has one thread, in the first call as in a forked child.
    let recorder = unsafe {
        if !is_child {
            originals::find_all();
        }
        recorder()
    };
    let is_recorded = match is_child {
        true => recorder.begin_in_child(),
        // SAFETY: as above.
        false => unsafe { recorder.begin() },
    };
    gate::set(if is_recorded {
        gate::RECORDING
    } else {
        gate::OFF
    });
    is_recorded
}
