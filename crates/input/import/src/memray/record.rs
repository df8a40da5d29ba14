//! Records of versions 12 and 13. The highest bit that is set in the first byte tells the kind.

use super::{Kind, MAP_START, Memray, NATIVE_FRAME, Next, SEGMENT, SEGMENTS};
use crate::calls::Calls;
use crate::error::Fault;
use crate::input::Input;
use std::io::Read;

/// Returns a call by its number, and whether it goes to Python's allocator of objects.
fn kind(number: u8) -> Option<(Kind, bool)> {
    Some(match number {
        1 => (Kind::Free, true),
        2 => (Kind::Malloc, true),
        3 => (Kind::Calloc, true),
        4 => (Kind::Realloc, true),
        5 => (Kind::Free, false),
        6 => (Kind::Malloc, false),
        7 => (Kind::Realloc, false),
        8 => (Kind::Calloc, false),
        9..=11 => (Kind::Aligned, false),
        12 | 13 => (Kind::Paged, false),
        14 => (Kind::Map, false),
        15 => (Kind::Unmap, false),
        _ => return None,
    })
}

impl Memray {
    /// Reads what follows the first byte of a record.
    #[inline]
    pub(super) fn record<R: Read>(
        &mut self,
        token: u8,
        input: &mut Input<R>,
        calls: &mut Calls,
    ) -> Result<Next, Fault> {
        match token {
            0x80.. => self.allocation(token, input, calls)?,
            0x40.. => {
                let code = input.varint()?;
                input.signed()?;
                self.frames.push(code, calls);
            }
            0x20.. => {
                self.address(token >> 1 & 15, input)?;
                let is_created = token & 1 != 0;
                if is_created && self.header.has_native {
                    input.delta(&mut self.last.native)?;
                }
            }
            0x10.. => self.frames.pop(u64::from(token & 15) + 1),
            1 => return Ok(Next::End),
            _ => self.rarer(token, input, calls)?,
        }
        Ok(Next::Record)
    }

    #[inline]
    fn allocation<R: Read>(
        &mut self,
        token: u8,
        input: &mut Input<R>,
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        let address = self.address(token >> 3 & 15, input)?;
        let number = match token & 7 {
            0 => input.byte()?,
            number => number,
        };
        let kind = kind(number).ok_or(Fault::Bad("a call of an unknown kind"))?;
        let mut size = 0;
        if !kind.0.is_bare() {
            if self.header.has_native {
                input.delta(&mut self.last.native)?;
            }
            size = input.varint()?;
        }
        self.call(kind, address, size, calls)
    }

    /// Returns the address that the index of a recent one stands for, or that is written out.
    #[inline]
    fn address<R: Read>(&mut self, index: u8, input: &mut Input<R>) -> Result<u64, Fault> {
        if let Some(address) = self.last.recent.get(usize::from(index)) {
            return Ok(*address);
        }
        let address = input.delta(&mut self.last.address)? << 3;
        self.last.recent.copy_within(..14, 1);
        self.last.recent[0] = address;
        Ok(address)
    }

    fn rarer<R: Read>(
        &mut self,
        token: u8,
        input: &mut Input<R>,
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        match token {
            0 => {}
            2 => self.resident(input, calls)?,
            NATIVE_FRAME | MAP_START | SEGMENTS | SEGMENT => self.native(token, input)?,
            10 => input.text(&mut self.frames.text)?,
            12 => self.switch(input, calls)?,
            14 => {
                let id = input.varint()?;
                input.text(&mut self.frames.function)?;
                input.text(&mut self.frames.file)?;
                let line = input.delta(&mut self.last.line)?;
                let length = input.varint()?;
                input.skip(length)?;
                self.frames.code(id, line, calls)?;
            }
            _ => return Err(Fault::Bad("a record of an unknown kind")),
        }
        Ok(())
    }
}
