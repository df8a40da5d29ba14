//! What a trace says of its process before the first call.

use super::error::Fault;
use super::fields::Fields;
use crate::{Address, Bytes, Header};

/// The first line of every trace.
pub(super) const FIRST_LINE: &str = "highwater-trace 1";

/// Largest number of cores that is believed.
pub(super) const MAX_CPUS: u64 = 4096;

/// Reads header lines, each kind at most once except `env`.
pub(super) struct HeaderReader {
    /// What was read so far.
    pub(super) header: Header,
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
            is_end_promised: false,
            seen: Vec::new(),
            read: 0,
            limit,
        }
    }

    /// The line that makes the file a trace.
    pub(super) fn first_line(line: &[u8]) -> Result<(), Fault> {
        const EXPECTED: &str = "the first line `highwater-trace 1`";
        const VERSION: &str = "version 1 of the format, the only one there is,";
        let Some(version) = line.strip_prefix(b"highwater-trace ") else {
            return Err(Fault::Expected {
                at: 0,
                expected: EXPECTED,
            });
        };
        if version == b"1" {
            return Ok(());
        }
        Err(Fault::Expected {
            at: line.len() - version.len(),
            expected: VERSION,
        })
    }

    /// A line between the first one and the first call.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        const KIND: &str = "a header line (allocator, env, page, cpus, brk, mappings, touch, program, end) or a call (m c a r f t e k)";
        self.read += line.len() as u64 + 1;
        if self.read > self.limit {
            return Err(Fault::TooMuch {
                what: "bytes of header lines",
                limit: self.limit,
            });
        }
        let fields = &mut Fields::new(line, 0);
        let kind = fields.word(KIND)?;
        match kind {
            "allocator" => self.once("allocator")?,
            "page" => self.once("page")?,
            "cpus" => self.once("cpus")?,
            "brk" => self.once("brk")?,
            "mappings" => self.once("mappings")?,
            "touch" => self.once("touch")?,
            "program" => self.once("program")?,
            "end" => self.once("end")?,
            "env" => {}
            _ => {
                return Err(Fault::Expected {
                    at: 0,
                    expected: KIND,
                });
            }
        }
        fields.space("one space and a value")?;
        let header = &mut self.header;
        match kind {
            "allocator" => {
                let name = fields.word("the allocator's NAME")?.to_owned();
                fields.space("one space and the allocator's VERSION")?;
                let version = fields.word("the allocator's VERSION")?.to_owned();
                header.allocator = Some((name, version));
            }
            "env" => {
                const ENV: &str = "NAME=VALUE";
                let at = fields.position();
                let text = fields.rest(ENV)?;
                let (name, value) = text
                    .split_once('=')
                    .filter(|(name, _)| !name.is_empty() && !name.contains(' '))
                    .ok_or(Fault::Expected { at, expected: ENV })?;
                header.env.push((name.to_owned(), value.to_owned()));
            }
            "page" => {
                header.page = Bytes(one(
                    fields,
                    "a page size of 4096, 16384 or 65536 bytes",
                    |n| matches!(n, 4096 | 16384 | 65536),
                )?);
            }
            "cpus" => {
                let cpus = one(fields, "a number of cores from 1 to 4096", |n| {
                    (1..=MAX_CPUS).contains(&n)
                })?;
                header.cpus = cpus as u32;
            }
            "brk" => {
                const BRK: &str = "an address in hex with 0x, from 0x1000 to below 2^47";
                header.brk = Some(address(fields, BRK, 1)?);
            }
            "mappings" => {
                const TOP: &str = "a multiple of 4096 in hex with 0x, from 0x1000 to below 2^47";
                header.mappings = Some(address(fields, TOP, 4096)?);
            }
            "touch" => {
                const TOUCH: &str = "`all` or `none`";
                let at = fields.position();
                header.touch = match fields.word(TOUCH)? {
                    "all" => true,
                    "none" => false,
                    _ => {
                        return Err(Fault::Expected {
                            at,
                            expected: TOUCH,
                        });
                    }
                };
            }
            "end" => {
                const END: &str = "`counted`, or the number of calls in the last line";
                let at = fields.position();
                if fields.word(END)? != "counted" {
                    return Err(Fault::Expected { at, expected: END });
                }
                self.is_end_promised = true;
            }
            _ => header.program = Some(fields.rest("the program's name")?.to_owned()),
        }
        fields.end()
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

/// An address in user space, a multiple of `alignment`.
fn address(fields: &mut Fields, expected: &'static str, alignment: u64) -> Result<Address, Fault> {
    let at = fields.position();
    let address = fields.hex(expected)?;
    if (0x1000..1 << 47).contains(&address) && address.is_multiple_of(alignment) {
        Ok(Address(address))
    } else {
        Err(Fault::Expected { at, expected })
    }
}

/// A decimal number that `fits`.
fn one(fields: &mut Fields, expected: &'static str, fits: fn(u64) -> bool) -> Result<u64, Fault> {
    let at = fields.position();
    let value = fields.decimal(expected)?;
    if fits(value) {
        Ok(value)
    } else {
        Err(Fault::Expected { at, expected })
    }
}
