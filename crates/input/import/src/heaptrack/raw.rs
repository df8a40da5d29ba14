//! Calls with addresses.

use super::{Fields, Form, Heaptrack};
use crate::calls::{Calls, Origin};
use crate::error::Fault;
use highwater_hwr::Event;

impl Heaptrack {
    /// Hands on a call of which the size was read.
    #[inline]
    pub(super) fn allocated_raw(
        &mut self,
        size: u64,
        fields: &mut Fields,
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        let stack = fields.hex()?;
        let address = fields.hex()?;
        let site = match self.form {
            Form::Raw => self.places.site(stack, calls)?,
            Form::Interpreted => 0,
        };
        let origin = Origin {
            site,
            ..Origin::default()
        };
        // A realloc that keeps its place is a free and an allocation of the same address, which nothing comes between.
        if self.freed.take_if(|freed| *freed == address).is_some() {
            let old = address;
            return calls.call(origin, Event::Realloc { address, old, size });
        }
        self.flush(calls)?;
        calls.call(origin, Event::Malloc { address, size })
    }
}
