//! The oracle's parent process: reads requests, forks, waits, replies.

use crate::interposed::{self, Tables};
use crate::library::{self, Allocator};
use crate::memory::{Table, copy, receive, send};
use crate::sequence::Job;
use crate::system::{self, die};
use crate::wire::{Greeting, MAGIC, Record, Reply, Request, THREADS_MAX, WAIT};
use core::ffi::{CStr, c_char};
use core::slice;

/// A child that has not ended after this long never will.
const PATIENCE_SECONDS: usize = 120;

/// Answers requests until there are no more.
pub(crate) fn serve() -> ! {
    let mut server = Server {
        tables: interposed::tables(),
        allocator: Allocator::find(),
        thread_data: 0,
    };
    server.greet();
    while receive(server.tables.request.first(1)) {
        server.serve();
    }
    system::exit(0)
}

/// How long a sequence waits, rounded up.
fn waited_seconds(request: &Request, records: &[Record]) -> usize {
    if request.waits == 0 {
        return 0;
    }
    let waits = records.iter().filter(|record| record.code == WAIT);
    let sum = waits.fold(0_u64, |sum, record| sum.saturating_add(record.a));
    (sum / 1_000_000 + 1) as usize
}

struct Server {
    tables: Tables,
    allocator: Allocator,
    /// How far from its thread pointer jemalloc keeps what [`Reply::main_thread_data`] says.
    thread_data: u64,
}

impl Server {
    fn greet(&mut self) {
        let mut greeting = Greeting {
            magic: MAGIC,
            allocator: self.allocator.is_jemalloc().into(),
            version: [0; 64],
            brk: system::program_break(),
            mappings_top: self.tables.mappings_top,
            longest_mapping: 0,
        };
        if self.allocator.is_jemalloc() {
            self.ask_in_a_child(&mut greeting);
        } else {
            // SAFETY: the library returns a null-terminated string that lives for ever.
            let version = unsafe { CStr::from_ptr(library::gnu_get_libc_version()) };
            copy(version, &mut greeting.version);
        }
        send(&[greeting]);
    }

    /// Asks jemalloc for its version, where it keeps data of threads, and what it maps for a first block. All that costs it
    /// memory: so a child asks, and leaves the answers in tables that nobody needs yet.
    fn ask_in_a_child(&mut self, greeting: &mut Greeting) {
        let text = self.tables.stacks.first(greeting.version.len());
        let answer = &mut self.tables.answers.first(1)[0];
        // SAFETY: this process has one thread, and its child runs on as any process would.
        match unsafe { library::fork() } {
            -1 => die(b"fork failed"),
            0 => {
                // SAFETY: nobody looks at the block, nor later at this child's heap.
                unsafe { (self.allocator.malloc)(1) };
                answer.address = interposed::longest_mapping();
                let said: *const c_char = core::ptr::null();
                if let Some(said) = self.allocator.ask(c"version", said) {
                    // SAFETY: a null-terminated string that lives for ever.
                    copy(unsafe { CStr::from_ptr(said) }, text);
                }
                let data = self.allocator.ask(c"thread.allocatedp", 0_u64);
                let offset = data.unwrap_or(0).wrapping_sub(system::thread_pointer());
                answer.value = offset;
                system::exit(0);
            }
            child if system::wait_for(child) != Some(0) => die(b"jemalloc does not answer"),
            _ => {}
        }
        greeting.version.copy_from_slice(text);
        greeting.longest_mapping = answer.address;
        self.thread_data = answer.value;
    }

    fn serve(&mut self) {
        let thread_data = self.thread_data;
        let (mut job, stacks) = self.take_job();
        let patience = PATIENCE_SECONDS + waited_seconds(&job.request, job.records);
        if job.request.waits != 0 {
            // A forked child has no threads of the library's own, nor does jemalloc start them there again.
            system::alarm(patience);
            job.run(stacks, thread_data);
            job.reply.answers = job.request.records;
            send(slice::from_ref(job.reply));
            send(job.answers);
            system::exit(0);
        }
        // SAFETY: this process has one thread, and its child runs on as any process would.
        match unsafe { library::fork() } {
            -1 => die(b"fork failed"),
            0 => {
                system::alarm(patience);
                job.run(stacks, thread_data);
                // Without running anything of the C library's that might allocate or free.
                system::exit(0);
            }
            child => {
                let Some(status) = system::wait_for(child) else {
                    die(b"its child cannot be waited for");
                };
                job.reply.status = i64::from(status);
                if job.request.timed == 0 {
                    job.reply.answers = job.request.records;
                }
                send(slice::from_ref(job.reply));
                send(&job.answers[..job.reply.answers as usize]);
            }
        }
    }

    /// Receives the records of the request, and lays out what they need; returns the stacks of its threads beside.
    fn take_job(&mut self) -> (Job<'_>, &mut Table<u8>) {
        let Tables {
            request,
            records,
            blocks,
            answers,
            reply,
            stacks,
            resident,
            mappings_top,
        } = &mut self.tables;
        let request = request.first(1)[0];
        let records = records.first(request.records as usize);
        if !receive(records) && request.records != 0 {
            die(b"the request ended early");
        }
        let threads = request.threads.max(1);
        if threads > THREADS_MAX || (request.timed != 0 && threads > 1) {
            die(b"more threads than it can have");
        }
        let blocks = blocks.first(request.blocks as usize + 1);
        let answers = answers.first(request.records as usize);
        let reply = &mut reply.first(1)[0];
        *reply = Reply {
            answers: 0,
            brk: 0,
            mappings_top: *mappings_top,
            nanoseconds: 0,
            main_thread_data: 0,
            second_thread_data: 0,
            status: 0,
        };
        let job = Job {
            request,
            allocator: &self.allocator,
            records,
            blocks,
            answers,
            reply,
            resident,
            next: 0,
        };
        (job, stacks)
    }
}
