//! Several files that were opened at once: the recording of a forked process with those of its ancestors, as one.
//!
//! The page hands them over as one file, so that all that it does with a file can be done with them. It begins with text: a line
//! of its own, a line with size and name of each, and an empty one. Their bytes follow.

use std::{
    cell::Cell,
    io::{self, BufReader, Read},
    rc::Rc,
};

use highwater_hwr::{layout::Control, read::Reader};
use highwater_workload::trace::{self, Beside, Orphan, Packing, ancestry};

use crate::{
    protocol::Outcome,
    worker::{
        Engine, Job, Slice, Step,
        import::{LONGEST, TOO_MANY},
    },
};

/// The line that several files in one begin with.
pub const FIRST_LINE: &str = "highwater-files 1\n";
/// Bytes of the text before the files at most.
const LONGEST_HEAD: usize = 1 << 20;
/// Bytes of a text of samples at most.
const LONGEST_SAMPLES: u64 = 64 << 20;
/// Bytes that are read at a time.
const PART: usize = 1 << 18;
/// Events between two looks at the clock.
const EVENTS: u64 = 1 << 12;
/// Ancestors that are named.
const NAMED: usize = 3;

/// Fills a buffer with what lies behind a place, as far as there is something.
pub(crate) type ReadAt = Rc<dyn Fn(u64, &mut [u8]) -> io::Result<usize>>;

/// One of the files: its name, and where its bytes lie.
struct Member {
    name: String,
    begins: u64,
    ends: u64,
}

/// Several files on their way to one recording.
pub(crate) struct Together {
    read: ReadAt,
    /// The share of what is read that was read.
    done: Rc<Cell<f64>>,
    packing: Option<Packing<BufReader<Part>>>,
    origin: String,
}

impl Together {
    /// Begins with several files in one.
    pub(crate) fn of(read: ReadAt) -> Self {
        Self {
            read,
            done: Rc::default(),
            packing: None,
            origin: String::new(),
        }
    }

    /// Chooses what is opened, and begins to read it.
    fn begin(&mut self) -> Result<Packing<BufReader<Part>>, String> {
        let members = members(&self.read).map_err(|error| error.to_string())?;
        let recordings: Vec<(&Member, Control)> = (members.iter())
            .filter_map(|member| Some((member, *self.open(member, 0, 1).ok()?.control())))
            .collect();
        let controls: Vec<Control> = recordings.iter().map(|(_, control)| *control).collect();
        let family = chosen(&recordings, &controls)?;
        let total: u64 = family
            .iter()
            .map(|place| length(recordings[*place].0))
            .sum();
        let mut before = 0;
        let mut readers = Vec::new();
        for place in &family {
            let member = recordings[*place].0;
            let reader = self.open(member, before, total);
            readers.push(reader.map_err(|error| format!("{}: {error}", member.name))?);
            before += length(member);
        }
        let [first, own] = [family[0], family[family.len() - 1]].map(|place| &recordings[place]);
        let samples = self.samples(&members, own.0, [&first.1, &own.1])?;
        let processes = family.iter().map(|place| recordings[*place].1.process);
        self.origin = origin(&processes.collect::<Vec<_>>(), recordings.len());
        if let Some((name, Orphan { parent })) = orphan(&recordings, &controls) {
            self.origin += &format!(" {name} also needs the recording of process {parent}.");
        }
        Packing::new(readers, samples).map_err(|error| format!("{}: {error}", own.0.name))
    }

    /// Opens one of the files as a recording. So many bytes of all are read before it.
    fn open(
        &self,
        member: &Member,
        before: u64,
        total: u64,
    ) -> Result<Reader<BufReader<Part>>, highwater_hwr::read::ReadError> {
        let part = Part {
            read: Rc::clone(&self.read),
            at: member.begins,
            ends: member.ends,
            begins: member.begins.wrapping_sub(before),
            total,
            done: Rc::clone(&self.done),
        };
        Reader::new(BufReader::with_capacity(PART, part))
    }

    /// Reads the samples that lie beside a recording.
    fn samples(
        &self,
        members: &[Member],
        own: &Member,
        [first, control]: [&Control; 2],
    ) -> Result<Vec<Beside>, String> {
        let name = format!("{}.samples", own.name.trim_end_matches(".hwr"));
        let beside = members.iter().find(|member| member.name == name);
        let Some(beside) = beside.filter(|beside| length(beside) <= LONGEST_SAMPLES) else {
            return Ok(Vec::new());
        };
        let mut bytes = vec![0; length(beside) as usize];
        fill(&self.read, beside.begins, &mut bytes).map_err(|error| error.to_string())?;
        let samples = trace::samples(&String::from_utf8_lossy(&bytes), first, control);
        samples.map_err(|line| format!("{name}, line {line}: expected `s TIME key=value ...`"))
    }
}

impl Job for Together {
    fn advance(&mut self, _: &mut Engine, slice: &Slice) -> Step {
        let packing = match &mut self.packing {
            Some(packing) => packing,
            None => match self.begin() {
                Ok(packing) => self.packing.insert(packing),
                Err(message) => return Step::Failed(message),
            },
        };
        while slice.may_go_on() {
            match packing.go_on(EVENTS) {
                Ok(true) => {}
                Ok(false) => {
                    let written = self.packing.take().map(Packing::finish);
                    return match written.unwrap_or_else(|| Ok(Vec::new())) {
                        Ok(written) => {
                            let origin = std::mem::take(&mut self.origin);
                            Step::DoneWith(Outcome::Imported { origin }, written)
                        }
                        Err(error) => Step::Failed(error.to_string()),
                    };
                }
                Err(error) => return Step::Failed(error.to_string()),
            }
            if packing.length() > LONGEST {
                return Step::Failed(TOO_MANY.to_owned());
            }
        }
        Step::More(self.done.get())
    }
}

fn length(member: &Member) -> u64 {
    member.ends - member.begins
}

/// Reads which files there are.
fn members(read: &ReadAt) -> io::Result<Vec<Member>> {
    let mut head = vec![0; LONGEST_HEAD];
    let filled = read(0, &mut head)?;
    let wrong = || io::Error::other("these files cannot be opened at once: open fewer");
    let head = String::from_utf8_lossy(&head[..filled]).into_owned();
    let (head, _) = head.split_once("\n\n").ok_or_else(wrong)?;
    let mut at = (head.len() + 2) as u64;
    let mut members = Vec::new();
    for line in head.lines().skip(1) {
        let (size, name) = line.split_once(' ').ok_or_else(wrong)?;
        let size = size.parse().map_err(|_| wrong())?;
        let ends = at.checked_add(size).ok_or_else(wrong)?;
        members.push(Member {
            name: name.to_owned(),
            begins: at,
            ends,
        });
        at = ends;
    }
    Ok(members)
}

/// Returns the recordings that are read as one, the oldest first: of the process that is nobody's parent here and has the
/// longest recording of those whose ancestors' are all there.
fn chosen(all: &[(&Member, Control)], controls: &[Control]) -> Result<Vec<usize>, String> {
    let families = (0..all.len()).map(|own| ancestry(controls, own));
    let families: Vec<Result<Vec<usize>, Orphan>> = families.collect();
    let whole = || families.iter().filter_map(|family| family.as_ref().ok());
    let is_parent = |own: usize| whole().any(|family| family[..family.len() - 1].contains(&own));
    let rank = |family: &&Vec<usize>| {
        let own = family[family.len() - 1];
        // A parent's own only where there is nothing else: it was opened for the sake of its child.
        (!is_parent(own), length(all[own].0))
    };
    if let Some(family) = whole().max_by_key(rank) {
        return Ok(family.clone());
    }
    Err(match orphan(all, controls) {
        Some((name, Orphan { parent })) => format!(
            "{name} is of a forked process, and the recording of its parent, process {parent}, is not among these files: choose it as well"
        ),
        None => "none of these files is a recording in binary form (.hwr): open other files one at a time".to_owned(),
    })
}

/// The name of the first whose ancestors' recordings are not all there, and what is missing.
fn orphan<'a>(all: &[(&'a Member, Control)], controls: &[Control]) -> Option<(&'a str, Orphan)> {
    let mut numbered = all.iter().enumerate();
    numbered.find_map(|(own, (member, _))| Some((&*member.name, ancestry(controls, own).err()?)))
}

/// Says what was opened of so many recordings.
fn origin(family: &[u32], recordings: usize) -> String {
    let (own, ancestors) = family.split_last().unwrap_or((&0, &[]));
    let named = ancestors.iter().rev().take(NAMED);
    let named: Vec<String> = named.map(u32::to_string).collect();
    let mut said = format!("Process {own}");
    if !named.is_empty() {
        let kin = if ancestors.len() == 1 {
            "its parent, process"
        } else {
            "its ancestors, processes"
        };
        let more = if ancestors.len() > NAMED { ", ..." } else { "" };
        said += &format!(
            ", which began with the heap of {kin} {}{more}",
            named.join(", ")
        );
    }
    let others = recordings - family.len();
    if others > 0 {
        let (word, open) = if others == 1 {
            ("recording", "it")
        } else {
            ("recordings", "one")
        };
        said += &format!(". Not shown: {others} other {word}; to see {open}, choose fewer files");
    }
    said + "."
}

/// A part of a file, from its beginning to its end.
struct Part {
    read: ReadAt,
    at: u64,
    ends: u64,
    /// The place from which the share that was read counts.
    begins: u64,
    total: u64,
    done: Rc<Cell<f64>>,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min((self.ends - self.at) as usize);
        let count = (self.read)(self.at, &mut buffer[..most])?;
        self.at += count as u64;
        let read = self.at.wrapping_sub(self.begins);
        self.done.set(read as f64 / self.total.max(1) as f64);
        Ok(count)
    }
}

/// Fills a whole buffer.
fn fill(read: &ReadAt, mut at: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match read(at, buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                at += count as u64;
                buffer = &mut buffer[count..];
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_hwr::{Domain, Event, Placed, write::Writer};
    use highwater_workload::trace::{Limits, read, read_recording};

    const HEAP: u64 = 0x5555_5556_0010;

    /// A recording of a process that began then with its own events, perhaps forked after so many of its parent's.
    fn recording(process: u32, parent: Option<(u32, u64)>, begins: u64, calls: u64) -> Vec<u8> {
        let control = Control {
            process,
            parent: parent.map_or(1, |(parent, _)| parent),
            parent_ticket: parent.map(|(_, ticket)| ticket),
            monotonic_time: begins,
            ..Control::default()
        };
        let text = "highwater-trace 2\nallocator glibc 2.36\n";
        let mut writer = Writer::new(Vec::new(), &control, text, 4).expect("a vector");
        for call in 0..calls {
            let placed = Placed {
                ticket: call,
                width: 0,
                time: call,
                thread: 0,
                domain: Domain::default(),
                site: 0,
                event: Event::Malloc {
                    address: HEAP + (u64::from(process) << 20) + call * 32,
                    size: 24,
                },
            };
            writer.placed(&placed).expect("a vector");
        }
        writer.finish().expect("a vector")
    }

    fn in_one(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut all = FIRST_LINE.as_bytes().to_vec();
        for (name, bytes) in files {
            all.extend(format!("{} {name}\n", bytes.len()).bytes());
        }
        all.push(b'\n');
        all.extend(files.iter().flat_map(|(_, bytes)| bytes.iter()));
        all
    }

    fn end_of(bytes: Vec<u8>) -> Step {
        let read = move |at: u64, buffer: &mut [u8]| {
            let mut rest = &bytes[bytes.len().min(at as usize)..];
            rest.read(buffer)
        };
        let mut job = Together::of(Rc::new(read));
        loop {
            match job.advance(&mut Engine::default(), &Slice::unlimited()) {
                Step::More(share) => assert!((0.0..=1.0).contains(&share), "{share}"),
                end => return end,
            }
        }
    }

    fn made(files: &[(&str, &[u8])]) -> (String, Vec<u8>) {
        match end_of(in_one(files)) {
            Step::DoneWith(Outcome::Imported { origin }, bytes) => (origin, bytes),
            other => panic!("{other:?}"),
        }
    }

    fn refused(files: &[(&str, &[u8])]) -> String {
        match end_of(in_one(files)) {
            Step::Failed(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_forked_process_is_read_with_its_ancestors_in_any_order() {
        let master = recording(10, None, 1_000, 5000);
        let child = recording(20, Some((10, 3000)), 2_000_000, 40);
        let grandchild = recording(30, Some((20, 25)), 3_000_000, 700);
        let files: [(&str, &[u8]); 3] = [
            ("worker.30.hwr", &grandchild),
            ("master.10.hwr", &master),
            ("worker.20.hwr", &child),
        ];
        let (origin, bytes) = made(&files);
        assert_eq!(
            origin,
            "Process 30, which began with the heap of its ancestors, processes 20, 10."
        );
        let family =
            [&master, &child, &grandchild].map(|file| Reader::new(&file[..]).expect("one"));
        let expected = read_recording(family.into(), Limits::default()).expect("a family");
        assert_eq!(read(&bytes).expect("a recording"), expected);
        // What it is opened from does not count, so that a link to it finds the same bytes again.
        let [a, b, c] = files;
        assert_eq!(made(&[c, a, b]).1, bytes);
    }

    #[test]
    fn of_several_the_longest_that_is_nobodys_parent_is_opened_and_the_rest_counted() {
        let master = recording(10, None, 1_000, 9000);
        let short = recording(20, Some((10, 100)), 2_000_000, 40);
        let long = recording(21, Some((10, 200)), 2_100_000, 900);
        let (origin, _) = made(&[("m", &master), ("a", &short), ("b", &long)]);
        assert_eq!(
            origin,
            "Process 21, which began with the heap of its parent, process 10. Not shown: 1 other recording; to see it, choose fewer files."
        );
        // Two that have nothing to do with each other.
        let other = recording(11, None, 1_500, 20);
        let (origin, _) = made(&[("m", &other), ("a", &master)]);
        assert!(
            origin.starts_with("Process 10. Not shown: 1 other"),
            "{origin}"
        );
        // An orphan beside a whole family is passed over.
        let orphan = recording(40, Some((7, 1)), 2_000_000, 20_000);
        let (origin, _) = made(&[("o", &orphan), ("m", &master), ("a", &short)]);
        assert!(origin.starts_with("Process 20, "), "{origin}");
        assert!(
            origin.ends_with(" o also needs the recording of process 7."),
            "{origin}"
        );
    }

    #[test]
    fn the_samples_beside_it_come_along() {
        let master = recording(10, None, 1_000_000, 50);
        let child = recording(20, Some((10, 30)), 3_000_000, 50);
        let (_, bytes) = made(&[
            ("app.10.hwr", &master),
            ("app.20.hwr", &child),
            ("app.20.samples", b"s 7 rss=1\n"),
            ("app.10.samples", b"s 1 rss=9\n"),
        ]);
        let samples = read(&bytes).expect("a recording").samples;
        let samples: Vec<_> = samples.iter().map(|one| (one.time.0, &*one.text)).collect();
        assert_eq!(samples, [(2007, "rss=1")]);
        let broken: &[(&str, &[u8])] = &[("app.10.hwr", &master), ("app.10.samples", b"x\n")];
        assert!(refused(broken).contains("app.10.samples, line 1"));
    }

    #[test]
    fn what_cannot_be_opened_says_which_file_and_what_to_do() {
        let orphan = recording(20, Some((10, 30)), 3_000_000, 50);
        let stranger = recording(11, None, 1_000, 50);
        let message = refused(&[("worker.20.hwr", &orphan), ("notes.txt", b"none")]);
        assert!(
            message.starts_with("worker.20.hwr is of a forked process"),
            "{message}"
        );
        assert!(message.contains("process 10"), "{message}");
        let message = refused(&[("a", b"\n\nno"), ("b", b"")]);
        assert!(message.starts_with("none of these files"), "{message}");
        // The parent's ends before the fork.
        let parent = recording(10, None, 1_000, 20);
        let message = refused(&[("m", &parent), ("w", &orphan)]);
        assert!(message.contains("ends before the fork"), "{message}");
        for cut in 0..FIRST_LINE.len() + 30 {
            let bytes = in_one(&[("m", &stranger)]);
            let step = end_of(bytes[..cut].to_vec());
            assert!(matches!(step, Step::Failed(_)), "{cut}: {step:?}");
        }
        for head in [
            "-1 m\n\n",
            "9 m\n18446744073709551615 n\n\n",
            "1e3 m\n\n",
            "9\n\n",
        ] {
            let step = end_of(format!("{FIRST_LINE}{head}").into_bytes());
            assert!(matches!(step, Step::Failed(_)), "{head}: {step:?}");
        }
    }

    #[test]
    fn a_page_takes_several_files_for_none_of_its_own() {
        use crate::worker::load::Load;
        let bytes = in_one(&[("m", &recording(10, None, 1_000, 20))]);
        let mut load = Load::new(crate::worker::Bytes::Here(bytes), 1);
        let step = load.advance(&mut Engine::default(), &Slice::unlimited());
        assert!(matches!(step, Step::Done(Outcome::Foreign(_))), "{step:?}");
    }
}
