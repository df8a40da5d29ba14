//! The oracle's parent process: reads requests, forks, waits, replies.

use crate::child::{Block, run};
use crate::die::die;
use crate::resident::Resident;
use crate::table::{Table, close_gaps};
use bytemuck::{Pod, Zeroable};
use highwater_live::wire::{Answer, Greeting, MAGIC, Record, Reply, Request};
use libc::{c_char, c_int, c_void};
use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

/// A child that has not ended after this long never will.
const PATIENCE_SECONDS: u32 = 60;

/// Refuses everything: whatever in this program would allocate is a mistake, and ends it with a message.
struct Nothing;

// SAFETY: returning null is how an allocator refuses, and so nothing can ever be given back.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static NOTHING: Nothing = Nothing;

/// Where the C library's start-up code goes.
///
/// # Safety
/// `arguments` is what that code passes: pointers to strings, closed by a null pointer.
#[unsafe(no_mangle)]
unsafe extern "C" fn main(_count: c_int, arguments: *const *const c_char) -> c_int {
    // SAFETY: our caller vouches for `arguments`.
    unsafe { settle_addresses(arguments) };
    // SAFETY: a plain system call. Without huge pages a page is resident when it is touched and not before.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
    greet();
    let mut tables = Tables {
        request: Table::new(),
        records: Table::new(),
        blocks: Table::new(),
        answers: Table::new(),
        reply: Table::new(),
        resident: Resident::new(),
    };
    close_gaps();
    while receive(tables.request.first(1)) {
        tables.serve();
    }
    0
}

/// Starts the program again without address randomisation, where that is allowed; where it is not, addresses are still
/// compared by what does not depend on it.
///
/// # Safety
/// As for [`main`].
unsafe fn settle_addresses(arguments: *const *const c_char) {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    // SAFETY: plain system calls; the path, the arguments and the environment are null-terminated.
    unsafe {
        let now = libc::personality(0xffff_ffff);
        if now == -1 || now & libc::ADDR_NO_RANDOMIZE != 0 {
            return;
        }
        if libc::personality((now | libc::ADDR_NO_RANDOMIZE) as _) == -1 {
            return;
        }
        libc::execve(c"/proc/self/exe".as_ptr(), arguments, environ);
    }
}

fn greet() {
    let mut greeting = Greeting {
        magic: MAGIC,
        version: [0; 16],
    };
    // SAFETY: the library returns a null-terminated string that lives for ever.
    let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
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
    resident: Resident,
}

impl Tables {
    fn serve(&mut self) {
        let request = self.request.first(1)[0];
        let records = self.records.first(request.records as usize);
        if !receive(records) && request.records != 0 {
            die(b"the request ended early");
        }
        let blocks = self.blocks.first(request.blocks as usize + 1);
        let answers = self.answers.first(request.records as usize);
        let reply = &mut self.reply.first(1)[0];
        *reply = Reply::zeroed();
        // SAFETY: this process has one thread, and its child runs on as any process would.
        let child = unsafe { libc::fork() };
        match child {
            -1 => die(b"fork failed"),
            0 => {
                // SAFETY: plain system calls, the second of which ends the child without running anything of the
                // C library's that might allocate or free.
                unsafe {
                    libc::alarm(PATIENCE_SECONDS);
                    run(
                        &request,
                        records,
                        blocks,
                        answers,
                        reply,
                        &mut self.resident,
                    );
                    libc::_exit(0);
                }
            }
            _ => {
                let mut status = 0;
                // SAFETY: `status` is ours to write.
                if unsafe { libc::waitpid(child, &mut status, 0) } != child {
                    die(b"its child cannot be waited for");
                }
                reply.status = i64::from(status);
                reply.answers = if request.timed == 0 {
                    request.records
                } else {
                    0
                };
                send(std::slice::from_ref(reply));
                send(&answers[..reply.answers as usize]);
            }
        }
    }
}

/// Fills `items` from standard input; false where that has ended.
fn receive<T: Pod>(items: &mut [T]) -> bool {
    let mut bytes: &mut [u8] = bytemuck::cast_slice_mut(items);
    while !bytes.is_empty() {
        // SAFETY: the buffer is ours and as long as is said.
        let got = unsafe { libc::read(0, bytes.as_mut_ptr().cast::<c_void>(), bytes.len()) };
        if got <= 0 {
            return false;
        }
        bytes = &mut bytes[got as usize..];
    }
    true
}

fn send<T: Pod>(items: &[T]) {
    let mut bytes: &[u8] = bytemuck::cast_slice(items);
    while !bytes.is_empty() {
        // SAFETY: the buffer is ours and as long as is said.
        let sent = unsafe { libc::write(1, bytes.as_ptr().cast::<c_void>(), bytes.len()) };
        if sent <= 0 {
            die(b"nobody reads the answers");
        }
        bytes = &bytes[sent as usize..];
    }
}
