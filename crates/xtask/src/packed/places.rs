//! The places in the code that a module's panics name: file, line and column. The columns are left out. Nobody needs them to find a
//! line, and there are hundreds, as good as random to what packs the module.

use std::ops::Range;

use anyhow::Result;
use wasmparser::{DataKind, Operator, Parser, Payload};

/// Bytes of a place in memory: the address and the length of the file's name, the line, and the column.
const PLACE: usize = 16;
/// Where the column lies in it.
const COLUMN: Range<usize> = 12..PLACE;

/// A piece of memory as a module lays it out.
struct Piece {
    /// Its address.
    start: usize,
    /// Where its bytes lie in the module.
    bytes: Range<usize>,
}

/// Returns a module whose places have column 0, which is none.
pub(super) fn without_columns(module: &[u8]) -> Result<Vec<u8>> {
    let pieces = pieces(module)?;
    let mut made = module.to_vec();
    for piece in &pieces {
        let first = piece.bytes.start + piece.start.wrapping_neg() % 4;
        for at in (first..piece.bytes.end.saturating_sub(PLACE - 1)).step_by(4) {
            let place = &module[at..at + PLACE];
            if names_a_file(module, &pieces, place) {
                made[at..at + PLACE][COLUMN].fill(0);
            }
        }
    }
    Ok(made)
}

/// Whether 16 bytes are a place: the address and the length of a name of a file with code, a line and a column.
fn names_a_file(module: &[u8], pieces: &[Piece], place: &[u8]) -> bool {
    let number = |at: usize| -> usize {
        let bytes = place[at..at + 4].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let (name, length, line, column) = (number(0), number(4), number(8), number(12));
    let is_place = (1..300).contains(&length) && (1..100_000).contains(&line) && column < 1000;
    is_place && text_at(module, pieces, name, length).is_some_and(|name| name.ends_with(b".rs"))
}

/// The bytes at an address, if a piece of memory has them.
fn text_at<'m>(
    module: &'m [u8],
    pieces: &[Piece],
    address: usize,
    length: usize,
) -> Option<&'m [u8]> {
    pieces.iter().find_map(|piece| {
        let from = address.checked_sub(piece.start)?;
        module[piece.bytes.clone()].get(from..from + length)
    })
}

/// The memory that a module lays out at known addresses.
fn pieces(module: &[u8]) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::DataSection(section) = payload? else {
            continue;
        };
        for data in section {
            let data = data?;
            let DataKind::Active { offset_expr, .. } = data.kind else {
                continue;
            };
            if let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? {
                let end = usize::try_from(data.range.end)?;
                pieces.push(Piece {
                    start: value as u32 as usize,
                    bytes: end - data.data.len()..end,
                });
            }
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{ConstExpr, DataSection, MemorySection, MemoryType, Module};

    /// A module with a name of a file, a place in it, and four numbers that are none.
    fn module(name: &[u8; 8], numbers: [u32; 4]) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let place = numbers.iter().flat_map(|number| number.to_le_bytes());
        let memory: Vec<u8> = name.iter().copied().chain(place).collect();
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(1024), memory);
        let mut module = Module::new();
        module.section(&memories).section(&data);
        module.finish()
    }

    #[test]
    fn a_place_loses_its_column_and_nothing_else_changes() -> Result<()> {
        let place = [1024, 8, 300, 17];
        let made = without_columns(&module(b"src/a.rs", place))?;
        assert_eq!(made, module(b"src/a.rs", [1024, 8, 300, 0]));
        for (name, numbers) in [
            (b"src/a.py", place),
            (b"src/a.rs", [1024, 7, 300, 17]),
            (b"src/a.rs", [1020, 8, 300, 17]),
            (b"src/a.rs", [1024, 8, 0, 17]),
            (b"src/a.rs", [1024, 8, 300, 1700]),
        ] {
            let module = module(name, numbers);
            assert_eq!(without_columns(&module)?, module, "{numbers:?}");
        }
        Ok(())
    }
}
