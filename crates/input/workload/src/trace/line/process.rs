//! The rest of a line that tells of the process beside its calls: version 2 of the format has these.

use super::{FIELD, PAIR, PTR, digits, expected, pair, pointer};
use crate::trace::error::Fault;
use crate::trace::fields::Fields;
use highwater_hwr::{Event, Mapping, MappingCall, Runs};

const OPTION: &str = "OPTION, a decimal number of 32 bits with its sign,";
const VALUE: &str = "VALUE, a decimal number of 32 bits with its sign,";
const RUN: &str = "SKIPPED+TOUCHED, two decimal numbers of pages,";
const CALL: &str = "map, unmap, remap, advise or break";
const OWNER: &str = "OWNER, the name of a file";
const SITE: &str = "the site's NUMBER in decimal, from 1,";
const FRAME: &str = "a place in the code, without spaces";

/// The words of the calls for memory beside the allocator, in the order of their numbers.
pub(in crate::trace) const MAPPING_CALLS: [&str; 5] = ["map", "unmap", "remap", "advise", "break"];

/// Reads the event of that letter; the runs of pages of one that has them are put into `runs_of_pages`, as they lie in a
/// file.
pub(super) fn event<'a>(
    fields: &mut Fields,
    op: u8,
    line: &'a [u8],
    runs_of_pages: &'a mut Vec<u8>,
) -> Result<Event<'a>, Fault> {
    Ok(match op {
        b'o' => Event::Mallopt {
            parameter: signed(fields, OPTION)?,
            value: signed(fields, VALUE)?,
        },
        b'n' => Event::Fork,
        b'b' => Event::Child,
        b's' => Event::Sample(pairs(fields, line)?),
        b'v' => mapping(fields, line)?,
        b'i' => site(fields, line)?,
        b'l' => Event::Module(words(fields, line)?),
        _ => {
            let address = pointer(fields, PTR)?;
            let runs = runs(fields, runs_of_pages)?;
            Event::Touched { address, runs }
        }
    })
}

/// Reads a number with its sign, of the width of a C `int`.
fn signed(fields: &mut Fields, expected: &'static str) -> Result<i64, Fault> {
    fields.space(FIELD)?;
    let at = fields.position();
    let word = fields.word(expected)?;
    let number = word.parse::<i32>().ok().filter(|_| !word.starts_with('+'));
    let number = number.ok_or(Fault::Expected { at, expected })?;
    Ok(number.into())
}

/// Reads pairs, and returns the text of all.
fn pairs<'a>(fields: &mut Fields, line: &'a [u8]) -> Result<&'a [u8], Fault> {
    let at = (fields.position() + 1).min(line.len());
    while !fields.is_over() {
        fields.space(PAIR)?;
        pair(fields)?;
    }
    Ok(&line[at..])
}

fn mapping<'a>(fields: &mut Fields, line: &'a [u8]) -> Result<Event<'a>, Fault> {
    fields.space(FIELD)?;
    let at = fields.position();
    let word = fields.word(CALL)?;
    let place = MAPPING_CALLS.iter().position(|call| *call == word);
    let call = place.and_then(|place| MappingCall::from_number(place as u64));
    let call = call.ok_or(Fault::Expected { at, expected: CALL })?;
    fields.space(FIELD)?;
    let address = fields.hex("ADDRESS in hex with 0x")?;
    fields.space(FIELD)?;
    let length = fields.decimal("LENGTH in decimal bytes")?;
    fields.space(FIELD)?;
    let detail = fields.hex("DETAIL in hex with 0x")?;
    let owner = &line[(fields.position() + 1).min(line.len())..];
    if !fields.is_over() {
        fields.space(OWNER)?;
        fields.rest(OWNER)?;
    }
    Ok(Event::Mapping(Mapping {
        call,
        address,
        length,
        detail,
        owner,
    }))
}

fn site<'a>(fields: &mut Fields, line: &'a [u8]) -> Result<Event<'a>, Fault> {
    fields.space(FIELD)?;
    let at = fields.position();
    let number = fields.decimal(SITE)?;
    if number == 0 {
        return expected(at, SITE);
    }
    let frames = words(fields, line)?;
    Ok(Event::Site { number, frames })
}

/// Reads words to the end of the line, and returns the text of all.
fn words<'a>(fields: &mut Fields, line: &'a [u8]) -> Result<&'a [u8], Fault> {
    let at = (fields.position() + 1).min(line.len());
    while !fields.is_over() {
        fields.space(FRAME)?;
        fields.word(FRAME)?;
    }
    Ok(&line[at..])
}

fn runs<'a>(fields: &mut Fields, bytes: &'a mut Vec<u8>) -> Result<Runs<'a>, Fault> {
    bytes.clear();
    while !fields.is_over() {
        fields.space(RUN)?;
        let at = fields.position();
        let mut field = fields.field();
        let skipped = digits(&mut field);
        let touched = match field.split_first() {
            Some((b'+', mut rest)) => digits(&mut rest).filter(|_| rest.is_empty()),
            _ => None,
        };
        let (Some(skipped), Some(touched)) = (skipped, touched) else {
            return expected(at, RUN);
        };
        Runs::write(skipped, touched, |number| bytes.extend_from_slice(number));
    }
    // Only whole numbers were put in.
    Runs::from_bytes(bytes).ok_or(Fault::OutOfMemory)
}
