//! What a trace says of its process before the first call.

use super::error::Fault;
use super::fields::Fields;
use crate::{Address, Bytes, Header};

/// The versions of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Version {
    #[default]
    One,
    Two,
}

impl Version {
    /// The first line of a trace of this version.
    pub(super) const fn first_line(self) -> &'static str {
        match self {
            Self::One => "highwater-trace 1",
            Self::Two => "highwater-trace 2",
        }
    }
}

/// Largest number of cores that is believed.
pub(super) const MAX_CPUS: u64 = 4096;

/// The kinds of header lines.
const KINDS: [&str; 9] = [
    "allocator",
    "env",
    "page",
    "cpus",
    "brk",
    "mappings",
    "touch",
    "program",
    "end",
];

/// Those of version 2 besides.
const LATER_KINDS: [&str; 5] = ["cpus-allowed", "snapshot", NOTED[0], NOTED[1], NOTED[2]];

/// What a trace may say of the machine, and of the tool that recorded it, that no model needs.
pub(super) const NOTED: [&str; 3] = ["kernel", "huge-pages", "imported"];

/// Reads header lines, each kind at most once except `env`.
#[derive(Clone)]
pub(super) struct HeaderReader {
    /// What was read so far.
    pub(super) header: Header,
    /// The version that the first line names.
    pub(super) version: Version,
    /// Whether it promises that the last line tells the number of calls.
    pub(super) is_end_promised: bool,
    seen: Vec<&'static str>,
    /// Bytes of lines that were read, and how many may be.
    read: u64,
    limit: u64,
}

impl HeaderReader {
    /// Begins with nothing read of at most `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            header: Header::default(),
            version: Version::One,
            is_end_promised: false,
            seen: Vec::new(),
            read: 0,
            limit,
        }
    }

    /// Reads the line that makes the file a trace.
    pub(super) fn first_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        const EXPECTED: &str = "the first line `highwater-trace 2`, or 1";
        const VERSION: &str = "version 1 or 2 of the format, the only ones there are,";
        let Some(version) = line.strip_prefix(b"highwater-trace ") else {
            return Err(Fault::Expected {
                at: 0,
                expected: EXPECTED,
            });
        };
        self.version = match version {
            b"1" => Version::One,
            b"2" => Version::Two,
            _ => {
                return Err(Fault::Expected {
                    at: line.len() - version.len(),
                    expected: VERSION,
                });
            }
        };
        Ok(())
    }

    /// Reads a line between the first one and the first call.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        const KIND: &str = "a header line (allocator, env, page, cpus, brk, mappings, touch, program, end) or a call (m c a r f t e k)";
        const LATER: &str = "a header line (allocator, env, page, cpus, brk, mappings, touch, program, cpus-allowed, snapshot, kernel, huge-pages, imported, end) or an event (m c a r f t e k o p n b v s i)";
        self.read += line.len() as u64 + 1;
        if self.read > self.limit {
            return Err(Fault::TooMuch {
                what: "bytes of header lines",
                limit: self.limit,
            });
        }
        let (later, expected) = match self.version {
            Version::One => (&[][..], KIND),
            Version::Two => (&LATER_KINDS[..], LATER),
        };
        let fields = &mut Fields::new(line, 0);
        let word = fields.word(expected)?;
        let mut kinds = KINDS.iter().chain(later);
        let Some(kind) = kinds.find(|kind| **kind == word) else {
            return Err(Fault::Expected { at: 0, expected });
        };
        if *kind != "env" {
            self.once(kind)?;
        }
        fields.space("one space and a value")?;
        self.value(kind, fields)?;
        fields.end()
    }

    /// Reads what a line of a kind says.
    fn value(&mut self, kind: &str, fields: &mut Fields) -> Result<(), Fault> {
        const PAGE: &str = "a page size of 4096, 16384 or 65536 bytes";
        const BRK: &str = "an address in hex with 0x, from 0x1000 to below 2^47";
        const TOP: &str = "a multiple of 4096 in hex with 0x, from 0x1000 to below 2^47";
        const END: &str = "`counted`, or the number of calls in the last line";
        let header = &mut self.header;
        match kind {
            _ if NOTED.contains(&kind) => {
                let text = fields
                    .rest("what is noted of the machine or the tool")?
                    .to_owned();
                header.noted.push((kind.to_owned(), text));
            }
            "allocator" => header.allocator = Some(allocator(fields)?),
            "env" => header.env.push(variable(fields)?),
            "page" => {
                let page = one(fields, PAGE, |n| matches!(n, 4096 | 16384 | 65536))?;
                header.page = Bytes(page);
            }
            "cpus" => {
                header.cpus = cores(fields)?;
            }
            "cpus-allowed" => {
                header.cpus_allowed = Some(cores(fields)?);
            }
            "snapshot" => header.snapshot = fields.decimal("a number of events in decimal")?,
            "brk" => header.brk = Some(address(fields, BRK, 1)?),
            "mappings" => header.mappings = Some(address(fields, TOP, 4096)?),
            "touch" => header.touch = choice(fields, ["all", "none"], "`all` or `none`")? == "all",
            "end" => {
                choice(fields, ["counted"], END)?;
                self.is_end_promised = true;
            }
            _ => header.program = Some(fields.rest("the program's name")?.to_owned()),
        }
        Ok(())
    }

    fn once(&mut self, kind: &'static str) -> Result<(), Fault> {
        if self.seen.contains(&kind) {
            return Err(Fault::Expected {
                at: 0,
                expected: "each header line at most once (except env)",
            });
        }
        self.seen.push(kind);
        Ok(())
    }
}

/// Reads a number of cores.
fn cores(fields: &mut Fields) -> Result<u32, Fault> {
    let fits = |n| (1..=MAX_CPUS).contains(&n);
    Ok(one(fields, "a number of cores from 1 to 4096", fits)? as u32)
}

/// Reads the allocator's name and version.
fn allocator(fields: &mut Fields) -> Result<(String, String), Fault> {
    let name = fields.word("the allocator's NAME")?.to_owned();
    fields.space("one space and the allocator's VERSION")?;
    let version = fields.word("the allocator's VERSION")?.to_owned();
    Ok((name, version))
}

/// Reads a variable of the environment, which is the rest of the line.
fn variable(fields: &mut Fields) -> Result<(String, String), Fault> {
    const ENV: &str = "NAME=VALUE";
    let at = fields.position();
    let pair = fields.rest(ENV)?.split_once('=');
    let (name, value) = pair
        .filter(|(name, _)| !name.is_empty() && !name.contains(' '))
        .ok_or(Fault::Expected { at, expected: ENV })?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads one of some words.
fn choice<'w, const N: usize>(
    fields: &mut Fields,
    words: [&'w str; N],
    expected: &'static str,
) -> Result<&'w str, Fault> {
    let at = fields.position();
    let word = fields.word(expected)?;
    let known = words.into_iter().find(|known| *known == word);
    known.ok_or(Fault::Expected { at, expected })
}

/// Reads an address in user space, a multiple of `alignment`.
fn address(fields: &mut Fields, expected: &'static str, alignment: u64) -> Result<Address, Fault> {
    let at = fields.position();
    let address = fields.hex(expected)?;
    if (0x1000..1 << 47).contains(&address) && address.is_multiple_of(alignment) {
        Ok(Address(address))
    } else {
        Err(Fault::Expected { at, expected })
    }
}

/// Reads a decimal number that `fits`.
fn one(fields: &mut Fields, expected: &'static str, fits: fn(u64) -> bool) -> Result<u64, Fault> {
    let at = fields.position();
    let value = fields.decimal(expected)?;
    if fits(value) {
        Ok(value)
    } else {
        Err(Fault::Expected { at, expected })
    }
}
