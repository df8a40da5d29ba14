//! Files made from events, for tests of the binary form.

use highwater_hwr::layout::Control;
use highwater_hwr::write::Writer;
use highwater_hwr::{Event, Stamp};

/// Writes events as a file.
pub(crate) fn pack(header: &str, events: &[(Stamp, Event)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &Control::default(), header, 4).expect("a vector");
    for (stamp, event) in events {
        writer.event(*stamp, event).expect("a vector");
    }
    writer.finish().expect("a vector")
}
