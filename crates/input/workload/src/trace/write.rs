//! Calls to lines.

mod text;

use super::header::Version;
use crate::{Address, BlockId, Call, Domain, Mark, Sample, SiteId, Touched, Workload};
use flate2::{Compression, write::GzEncoder};
use highwater_hwr::{self as hwr, Placed, Runs};
use std::io::{self, Write};
use std::slice;
use text::are_words;
pub(super) use text::{Text, is_word};

/// Text is handed on in pieces of about this many bytes.
pub(super) const PIECE: usize = 1 << 18;

/// Writes `workload` as the text of a trace.
///
/// `addresses` says what each allocating call returned, in the order of the calls, null for one that failed: what a model
/// returned, for example. Without it the recorded addresses are written; a generated pattern has none, and its blocks get
/// made-up names 0x10, 0x20, ... that stay the same from one writing to the next.
///
/// The last line says how many calls there are, as the header promises, so that a file that was cut anywhere is refused.
///
/// The text has version 1 of the format where that suffices. Reading it back gives an equal workload, with three exceptions:
/// `skipped` and `passed_over` are then 0 (what they count is not kept), sites stand in the order in which they occur, and a
/// generated pattern comes back with its made-up names as recorded addresses. A trace written this way, read and written again is
/// the same to the byte.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::InvalidInput`] where the workload is no possible trace: `addresses` of another
/// number than it has allocating calls, a block or mark number out of range, a name or header text that is empty or would break
/// its line.
pub fn write(
    workload: &Workload,
    addresses: Option<&[Address]>,
    out: &mut impl Write,
) -> io::Result<()> {
    let recorded = (!workload.recorded.is_empty()).then_some(&workload.recorded[..]);
    let addresses = addresses.or(recorded);
    let version = version(workload);
    let mut text = Text::new(version);
    text.header(&workload.header)?;
    let mut blocks = Blocks {
        addresses: addresses.map(<[_]>::iter),
        live: vec![None; workload.blocks as usize],
        tail: Vec::new(),
    };
    let mut sites = SitesWritten::default();
    let mut samples = workload.samples.iter().peekable();
    let mut lines = (workload.events.len() + workload.modules.len()) as u64;
    for module in &workload.modules {
        text.placed(&placed_module(module)?);
    }
    for (number, event) in workload.events.iter().enumerate() {
        while let Some(sample) = samples.next_if(|sample| sample.event as usize <= number) {
            text.placed(&placed_sample(sample));
            lines += 1;
        }
        if let Some(frames) = sites.first(workload, event)? {
            text.placed(&frames);
            lines += 1;
        }
        text.placed(&blocks.placed(workload, event)?);
        if text.buffer.len() >= PIECE {
            out.write_all(&text.buffer)?;
            text.buffer.clear();
        }
    }
    for sample in samples {
        text.placed(&placed_sample(sample));
        lines += 1;
    }
    if blocks.addresses.is_some_and(|left| left.len() > 0) {
        return Err(invalid(ONE_EACH));
    }
    writeln!(text.buffer, "end {lines}")?;
    out.write_all(&text.buffer)?;
    out.flush()
}

/// Returns the version in which a workload can be written: the first where that suffices.
fn version(workload: &Workload) -> Version {
    let is_later = |event: &crate::Event| {
        let is_later = matches!(
            event.call,
            Call::Mallopt { .. } | Call::Forked | Call::Touched(_)
        );
        is_later || event.site != SiteId::UNKNOWN || event.domain != Domain::default()
    };
    let header = &workload.header;
    match header.snapshot > 0
        || header.cpus_allowed.is_some()
        || !header.noted.is_empty()
        || !workload.samples.is_empty()
        || !workload.modules.is_empty()
        || workload.events.iter().any(is_later)
    {
        true => Version::Two,
        false => Version::One,
    }
}

/// The sites that were written, by their places.
#[derive(Default)]
struct SitesWritten(Vec<bool>);

impl SitesWritten {
    /// What the site of an event stands for, the first time that it occurs.
    fn first<'a>(
        &mut self,
        workload: &'a Workload,
        event: &crate::Event,
    ) -> io::Result<Option<Placed<'a>>> {
        let Some(place) = event.site.place() else {
            return Ok(None);
        };
        self.0.resize(self.0.len().max(place + 1), false);
        if std::mem::replace(&mut self.0[place], true) {
            return Ok(None);
        }
        let frames = workload.sites.get(place);
        let frames = frames.ok_or_else(|| invalid("every site it names"))?;
        if !are_words(frames) {
            return Err(invalid("sites whose places in the code have no spaces"));
        }
        Ok(Some(Placed {
            time: event.time.0,
            event: hwr::Event::Site {
                number: event.site.number().into(),
                frames: frames.as_bytes(),
            },
            ..NOTHING
        }))
    }
}

fn placed_module(module: &str) -> io::Result<Placed<'_>> {
    match are_words(module) {
        true => Ok(Placed {
            event: hwr::Event::Module(module.as_bytes()),
            ..NOTHING
        }),
        false => Err(invalid("files with code whose names have no spaces")),
    }
}

fn placed_sample(sample: &Sample) -> Placed<'_> {
    Placed {
        time: sample.time.0,
        event: hwr::Event::Sample(sample.text.as_bytes()),
        ..NOTHING
    }
}

/// An event of which nothing is known.
pub(super) const NOTHING: Placed<'static> = Placed {
    ticket: 0,
    width: 0,
    time: 0,
    thread: 0,
    domain: hwr::Domain::Unknown,
    site: 0,
    event: hwr::Event::Fork,
};

/// Like [`write()`], as gzip, without a time or a name in it, so that the same workload gives the same bytes.
///
/// # Errors
/// As [`write()`].
pub fn write_gzip(
    workload: &Workload,
    addresses: Option<&[Address]>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut gzip = GzEncoder::new(Patient(out), Compression::fast());
    write(workload, addresses, &mut gzip)?;
    gzip.finish()?.flush()
}

/// Takes all it is given, where gzip would return a write that was interrupted as an error.
struct Patient<W>(W);

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn invalid(wanted: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("a trace needs {wanted}"),
    )
}

/// What is missing where addresses do not match the calls.
const ONE_EACH: &str = "one address for each allocating call";

/// Names a workload's blocks, and makes its calls events.
struct Blocks<'a> {
    /// What the allocating calls to come return.
    addresses: Option<slice::Iter<'a, Address>>,
    /// The address of the block that has or had a number.
    live: Vec<Option<u64>>,
    /// The text or the runs of the event that was made last.
    tail: Vec<u8>,
}

impl Blocks<'_> {
    fn address(&self, block: BlockId) -> io::Result<u64> {
        let address = self.live.get(block.0 as usize).copied().flatten();
        address.ok_or_else(|| invalid("every block it names"))
    }

    /// Returns the address that an allocating call returned.
    fn allocated(&mut self, block: BlockId) -> io::Result<u64> {
        let address = match &mut self.addresses {
            Some(addresses) => addresses.next().ok_or_else(|| invalid(ONE_EACH))?.0,
            None if block == BlockId::REFUSED => 0,
            None => (u64::from(block.0) + 1) * 0x10,
        };
        if block == BlockId::REFUSED {
            return Ok(0);
        }
        let live = self.live.get_mut(block.0 as usize);
        let live = live.ok_or_else(|| invalid("every block it names"))?;
        *live = Some(address);
        Ok(address)
    }

    fn placed(&mut self, workload: &Workload, event: &crate::Event) -> io::Result<Placed<'_>> {
        let made = match event.call {
            Call::Malloc { block, size } => hwr::Event::Malloc {
                address: self.allocated(block)?,
                size: size.0,
            },
            Call::Calloc { block, count, size } => hwr::Event::Calloc {
                address: self.allocated(block)?,
                count: count.into(),
                size: size.0,
            },
            Call::Aligned {
                block,
                alignment,
                size,
            } => hwr::Event::Aligned {
                address: self.allocated(block)?,
                alignment: alignment.into(),
                size: size.0,
            },
            Call::Realloc { block, old, size } => hwr::Event::Realloc {
                old: old.map_or(Ok(0), |old| self.address(old))?,
                address: self.allocated(block)?,
                size: size.0,
            },
            Call::Free { block } => hwr::Event::Free {
                address: self.address(block)?,
            },
            Call::Trim { pad } => hwr::Event::Trim { pad: pad.0 },
            Call::ThreadExit => hwr::Event::ThreadEnd,
            Call::Mallopt { option, value } => hwr::Event::Mallopt {
                parameter: option.into(),
                value: value.into(),
            },
            Call::Forked => hwr::Event::Child,
            Call::Mark(id) => {
                let mark = workload.marks.get(id.0 as usize);
                self.mark(mark.ok_or_else(|| invalid("every mark it names"))?)?;
                hwr::Event::Mark(&self.tail)
            }
            Call::Touched(id) => {
                let touched = workload.touched.get(id.0 as usize);
                self.touched(touched.ok_or_else(|| invalid("all touched pages it names"))?)?
            }
        };
        Ok(Placed {
            time: event.time.0,
            thread: event.thread.0.into(),
            domain: match event.domain {
                Domain::Object => hwr::Domain::Unknown,
                Domain::Raw => hwr::Domain::Raw,
            },
            site: event.site.number().into(),
            event: made,
            ..NOTHING
        })
    }

    fn touched(&mut self, touched: &Touched) -> io::Result<hwr::Event<'_>> {
        let address = self.address(touched.block)?;
        self.tail.clear();
        for run in &touched.runs {
            let tail = &mut self.tail;
            Runs::write(run.skipped, run.pages, |bytes| {
                tail.extend_from_slice(bytes);
            });
        }
        let runs = Runs::from_bytes(&self.tail);
        let runs = runs.ok_or_else(|| invalid("runs of pages"))?;
        Ok(hwr::Event::Touched { address, runs })
    }

    fn mark(&mut self, mark: &Mark) -> io::Result<()> {
        let keys = mark.measured.iter().map(|(key, _)| key);
        if !is_word(&mark.name) || keys.clone().any(|key| !is_word(key) || key.contains('=')) {
            return Err(invalid("marks whose names and keys have no spaces"));
        }
        self.tail.clear();
        self.tail.extend_from_slice(mark.name.as_bytes());
        for (key, value) in &mark.measured {
            write!(self.tail, " {key}={value}")?;
        }
        Ok(())
    }
}
