//! Traces written to something that fails: at each byte, in small pieces, with interruptions.

use highwater_workload::{Workload, trace};
use std::io::{self, Error, ErrorKind, Write};

/// Takes so many bytes, one at a time or as they come, and then fails; is interrupted now and then.
struct Failing {
    taken: Vec<u8>,
    room: usize,
    piece: usize,
    code: i32,
    calls: u32,
}

impl Failing {
    fn new(room: usize, piece: usize, code: i32) -> Self {
        Self {
            taken: Vec::new(),
            room,
            piece,
            code,
            calls: 0,
        }
    }
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(ErrorKind::Interrupted.into());
        }
        let fits = bytes
            .len()
            .min(self.room - self.taken.len())
            .min(self.piece);
        if fits == 0 {
            return Err(Error::from_raw_os_error(self.code));
        }
        self.taken.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn workload() -> Workload {
    let mut text = "highwater-trace 1\nprogram x\nenv A=1\n".to_owned();
    for n in 1..40 {
        text += &format!("m {n} 0 {:#x} {}\n", n * 16, n * 77);
    }
    trace::read(text.as_bytes()).expect("a good trace")
}

fn write(packed: bool, workload: &Workload, out: &mut Failing) -> io::Result<()> {
    match packed {
        true => trace::write_gzip(workload, None, out),
        false => trace::write(workload, None, out),
    }
}

#[test]
fn a_write_that_fails_at_any_byte_is_an_error_and_never_a_trace() {
    const ENOSPC: i32 = 28;
    const EIO: i32 = 5;
    let workload = workload();
    for packed in [false, true] {
        let mut whole = Failing::new(usize::MAX, usize::MAX, EIO);
        write(packed, &workload, &mut whole).expect("there is room");
        let whole = whole.taken;
        for piece in [1, 7, usize::MAX] {
            let mut slow = Failing::new(usize::MAX, piece, EIO);
            write(packed, &workload, &mut slow).expect("pieces and interruptions are no errors");
            assert_eq!(slow.taken, whole, "pieces of {piece}");
            for room in 0..whole.len() {
                let code = if room % 2 == 0 { ENOSPC } else { EIO };
                let mut out = Failing::new(room, piece, code);
                let error = write(packed, &workload, &mut out).expect_err("it is full");
                assert_eq!(error.raw_os_error(), Some(code), "after {room}");
                assert!(whole.starts_with(&out.taken), "after {room}");
                // All but the last line break say that nothing is missing.
                if packed || room + 1 < whole.len() {
                    assert!(trace::read(&out.taken).is_err(), "after {room}");
                }
            }
        }
    }
}
