//! [`Work::Import`](crate::protocol::Work::Import): from a file of another tool to a recording.
//!
//! The file stays on the user's disk and is read a part at a time, so that its size takes no memory. What becomes of it
//! is handed to the browser, which the workers that simulate read it from.

use std::{
    cell::Cell,
    io::{self, BufReader, Read},
    rc::Rc,
};

use highwater_import::{ImportError, Recording};
use web_sys::File;

use crate::{
    protocol::Outcome,
    worker::{Engine, Job, NO_ROOM, Slice, Step, Written, load::of_a_tool, recorded::read_slice},
};

/// Bytes of the file that are read at a time.
const PART: usize = 1 << 20;
/// Bytes of the recording that a file becomes at most, if that is more than twice its own: a packed file of a few megabytes may become
/// any number of them.
const LONGEST: u64 = 512 << 20;
pub(crate) const TOO_MANY: &str =
    "the file has more calls than the page can read; the command reads it: `highwater replay FILE`";

/// A file of another tool on its way to a recording.
pub(crate) struct Import<R: Read> {
    source: Option<R>,
    recording: Option<Recording<R>>,
    /// The share of the file that was read.
    done: Rc<Cell<f64>>,
    written: Written,
    /// Bytes that may be written.
    most: u64,
    buffer: Box<[u8]>,
}

impl Import<BufReader<FileBytes>> {
    /// Begins with a file of another tool.
    pub(crate) fn of(file: File) -> Self {
        let done = Rc::new(Cell::new(0.0));
        let most = LONGEST.max(2 * file.size() as u64);
        let bytes = FileBytes {
            file,
            at: 0,
            done: Rc::clone(&done),
        };
        Self::from(BufReader::with_capacity(PART, bytes), done, most)
    }
}

impl<R: Read> Import<R> {
    fn from(source: R, done: Rc<Cell<f64>>, most: u64) -> Self {
        Self {
            source: Some(source),
            recording: None,
            done,
            written: Written::default(),
            most,
            buffer: vec![0; 1 << 16].into(),
        }
    }

    /// Reads the file's beginning; returns how the job ends where it is not to be read on.
    fn open(&mut self) -> Option<Step> {
        let source = self.source.take()?;
        match Recording::open(source) {
            Ok(recording) => {
                self.recording = Some(recording);
                None
            }
            Err(ImportError::Unknown) => Some(Step::Done(Outcome::Unknown)),
            Err(error) => Some(Step::Failed(error.to_string())),
        }
    }
}

impl<R: Read> Job for Import<R> {
    fn advance(&mut self, _: &mut Engine, slice: &Slice) -> Step {
        if let Some(over) = self.open() {
            return over;
        }
        let Some(recording) = &mut self.recording else {
            return Step::Failed("the file was read already".to_owned());
        };
        while slice.may_go_on() {
            let read = recording.read(&mut self.buffer);
            match read {
                Ok(0) => {
                    let origin = of_a_tool(&recording.losses().to_string());
                    let written = std::mem::take(&mut self.written);
                    return Step::DoneWith(Outcome::Imported { origin }, written);
                }
                Ok(count) => {
                    if self.written.add(&self.buffer[..count]).is_err() {
                        return Step::Failed(NO_ROOM.to_owned());
                    }
                }
                Err(error) => return Step::Failed(error.to_string()),
            }
            if self.written.length() > self.most {
                return Step::Failed(TOO_MANY.to_owned());
            }
        }
        Step::More(self.done.get())
    }
}

/// The bytes of a file, from its beginning on.
pub(crate) struct FileBytes {
    file: File,
    at: u64,
    done: Rc<Cell<f64>>,
}

impl Read for FileBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = read_slice(&self.file, self.at, buffer)?;
        self.at += count as u64;
        self.done.set(self.at as f64 / self.file.size().max(1.0));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(text: &[u8]) -> Step {
        read_up_to(LONGEST, text)
    }

    fn read_up_to(most: u64, text: &[u8]) -> Step {
        let mut job = Import::from(text, Rc::default(), most);
        loop {
            match job.advance(&mut Engine::default(), &Slice::unlimited()) {
                Step::More(_) => {}
                end => return end,
            }
        }
    }

    #[test]
    fn a_file_of_a_tool_becomes_a_recording_and_says_what_it_lacks() {
        let text =
            b"= Start\n@ ./a:[0x1] + 0x5581e3a2a2a0 0x18\n@ ./a:[0x1] + 0x5581e3a2a2c0 0x400\n\
            @ ./a:[0x2] - 0x5581e3a2a2a0\n= End\n";
        match end_of(text) {
            Step::DoneWith(Outcome::Imported { origin }, bytes) => {
                assert!(origin.contains("mtrace"), "{origin}");
                let workload =
                    highwater_workload::trace::read(&bytes.into_bytes()).expect("a recording");
                assert_eq!(workload.events.len(), 3);
                let header = &workload.header.noted;
                assert!(header.iter().any(|(name, _)| name == "imported"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_that_becomes_too_long_is_refused_on_the_way() {
        let mut text = b"= Start\n".to_vec();
        for at in 0..100_000 {
            text.extend_from_slice(
                format!("@ ./a:[0x1] + {:#x} 0x18\n", 4096 + at * 32).as_bytes(),
            );
        }
        match read_up_to(100_000, &text) {
            Step::Failed(message) => assert_eq!(message, TOO_MANY),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_of_no_tool_is_left_to_whoever_knows_it_and_sums_are_refused() {
        let unknown = end_of(b"not a trace at all\n");
        assert!(
            matches!(unknown, Step::Done(Outcome::Unknown)),
            "{unknown:?}"
        );
        match end_of(b"heap_v2/524288\n  t*: 1: 2 [3: 4]\n") {
            Step::Failed(message) => assert!(message.contains("cannot be replayed"), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}
