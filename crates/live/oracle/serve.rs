//! The oracle's parent process: reads requests, forks, waits, replies.

use crate::child::{Block, Job};
use crate::die::die;
use crate::library;
use crate::resident::Resident;
use crate::system;
use crate::table::{Plain, Table, bytes, bytes_mut, close_gaps, mappings_top};
use crate::wire::{Answer, Greeting, MAGIC, Record, Reply, Request, THREADS_MAX};
use core::ffi::CStr;
use core::slice;

/// A child that has not ended after this long never will.
const PATIENCE_SECONDS: usize = 120;

/// Answers requests until there are no more.
pub(crate) fn serve() -> ! {
    system::disable_huge_pages();
    let mut tables = Tables {
        request: Table::new(),
        records: Table::new(),
        blocks: Table::new(),
        answers: Table::new(),
        reply: Table::new(),
        stacks: Table::new(),
        resident: Resident::new(),
    };
    close_gaps();
    tables.resident.bring_in();
    greet();
    while receive(tables.request.first(1)) {
        tables.serve();
    }
    system::exit(0)
}

fn greet() {
    let mut greeting = Greeting {
        magic: MAGIC,
        version: [0; 16],
        brk: system::program_break(),
        mappings_top: mappings_top(),
    };
    // SAFETY: the library returns a null-terminated string that lives for ever.
    let version = unsafe { CStr::from_ptr(library::gnu_get_libc_version()) };
    for (to, from) in greeting.version.iter_mut().zip(version.to_bytes()) {
        *to = *from;
    }
    send(&[greeting]);
}

struct Tables {
    request: Table<Request>,
    records: Table<Record>,
    blocks: Table<Block>,
    answers: Table<Answer>,
    reply: Table<Reply>,
    stacks: Table<u8>,
    resident: Resident,
}

impl Tables {
    fn serve(&mut self) {
        let request = self.request.first(1)[0];
        let records = self.records.first(request.records as usize);
        if !receive(records) && request.records != 0 {
            die(b"the request ended early");
        }
        let threads = request.threads.max(1);
        if threads > THREADS_MAX || (request.timed != 0 && threads > 1) {
            die(b"more threads than it can have");
        }
        let blocks = self.blocks.first(request.blocks as usize + 1);
        let answers = self.answers.first(request.records as usize);
        let reply = &mut self.reply.first(1)[0];
        *reply = Reply {
            answers: 0,
            brk: 0,
            mappings_top: 0,
            nanoseconds: 0,
            status: 0,
        };
        // SAFETY: this process has one thread, and its child runs on as any process would.
        match unsafe { library::fork() } {
            -1 => die(b"fork failed"),
            0 => {
                system::alarm(PATIENCE_SECONDS);
                Job {
                    request,
                    records,
                    blocks,
                    answers,
                    reply,
                    resident: &mut self.resident,
                    next: 0,
                }
                .run(&mut self.stacks);
                // Without running anything of the C library's that might allocate or free.
                system::exit(0);
            }
            child => {
                let Some(status) = system::wait_for(child) else {
                    die(b"its child cannot be waited for");
                };
                reply.status = i64::from(status);
                if request.timed == 0 {
                    reply.answers = request.records;
                }
                send(slice::from_ref(reply));
                send(&answers[..reply.answers as usize]);
            }
        }
    }
}

/// Fills `items` from standard input; false where that has ended.
fn receive<T: Plain>(items: &mut [T]) -> bool {
    let mut bytes = bytes_mut(items);
    while !bytes.is_empty() {
        let got = system::read(0, bytes);
        if got <= 0 {
            return false;
        }
        bytes = &mut bytes[got as usize..];
    }
    true
}

fn send<T: Plain>(items: &[T]) {
    let mut bytes = bytes(items);
    while !bytes.is_empty() {
        let sent = system::write(1, bytes);
        if sent <= 0 {
            die(b"nobody reads the answers");
        }
        bytes = &bytes[sent as usize..];
    }
}
