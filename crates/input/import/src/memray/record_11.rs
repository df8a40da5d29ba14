//! Records of version 11. The lower half of the first byte is the kind, the upper half says more.

use super::{Kind, MAP_START, Memray, NATIVE_FRAME, Next, SEGMENT, SEGMENTS};
use crate::calls::Calls;
use crate::error::Fault;
use crate::input::Input;
use std::io::Read;

/// Returns a call by its number, and whether it goes to Python's allocator of objects.
fn kind(number: u8) -> Option<(Kind, bool)> {
    Some(match number {
        1 => (Kind::Malloc, false),
        2 => (Kind::Free, false),
        3 => (Kind::Calloc, false),
        4 => (Kind::Realloc, false),
        5..=7 => (Kind::Aligned, false),
        8 | 9 => (Kind::Paged, false),
        10 => (Kind::Map, false),
        11 => (Kind::Unmap, false),
        12 => (Kind::Malloc, true),
        13 => (Kind::Calloc, true),
        14 => (Kind::Realloc, true),
        15 => (Kind::Free, true),
        _ => return None,
    })
}

impl Memray {
    /// Reads what follows the first byte of a record.
    #[inline]
    pub(super) fn record_11<R: Read>(
        &mut self,
        token: u8,
        input: &mut Input<R>,
        calls: &mut Calls,
    ) -> Result<Next, Fault> {
        let (number, flags) = (token & 15, token >> 4);
        match number {
            0 if flags == 1 => return Ok(Next::End),
            0 => {}
            1 | 2 => {
                let address = input.delta(&mut self.last.address)?;
                let kind = kind(flags).ok_or(Fault::Bad("a call of an unknown kind"))?;
                let is_native = number == 2;
                let mut size = 0;
                if is_native || !kind.0.is_bare() {
                    size = input.varint()?;
                }
                if is_native {
                    input.delta(&mut self.last.native)?;
                }
                self.call(kind, address, size, calls)?;
            }
            3 => {
                let id = input.delta(&mut self.last.frame)?;
                input.text(&mut self.frames.function)?;
                input.text(&mut self.frames.file)?;
                let line = input.delta(&mut self.last.line)?;
                self.frames.code(id, line, calls)?;
            }
            4 => {
                let id = input.delta(&mut self.last.frame)?;
                self.frames.push(id, calls);
            }
            NATIVE_FRAME | MAP_START | SEGMENTS | SEGMENT => self.native(number, input)?,
            9 => self.frames.pop(u64::from(flags) + 1),
            10 => input.text(&mut self.frames.text)?,
            11 => self.resident(input, calls)?,
            12 => self.switch(input, calls)?,
            _ => return Err(Fault::Bad("a record of an unknown kind")),
        }
        Ok(Next::Record)
    }
}
