//! Calls that name a size and a stack.

use super::Heaptrack;
use crate::calls::{Calls, Origin};
use crate::error::Fault;
use highwater_hwr::Event;

impl Heaptrack {
    /// Hands on an allocation of a size and a stack.
    pub(super) fn allocated_interpreted(
        &mut self,
        info: u64,
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        let (address, info) = self.blocks.allocate(info)?;
        let origin = Origin {
            site: self.places.site(info.stack, calls)?,
            ..Origin::default()
        };
        let size = info.size;
        calls.call(origin, Event::Malloc { address, size })
    }

    /// Hands on the free of the oldest block of a size and a stack.
    pub(super) fn released_interpreted(
        &mut self,
        info: u64,
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        let address = self.blocks.release(info)?;
        calls.call(Origin::default(), Event::Free { address })
    }
}
