//! What is marked on a heap map: pins and tops, where they lie, and what is written beside them.

use crate::{
    labels::{Labels, Spot},
    layout::Layout,
};
use highwater_simulator::{Address, Bytes, Frame, Pin, StripKind};

/// A pin that holds at least one part in so many of what all hold is marked large, with its number.
const LARGE: u64 = 30;

/// What holds less than this gets no number: there are many such, and they would cover each other.
const WORTH_A_NUMBER: Bytes = Bytes::kib(256);

/// How near to each other marks share a label, in CSS pixels.
const NEAR: f64 = 12.0;

/// The marks of a map.
pub struct Marks<'a> {
    /// Where the dots are.
    pub layout: &'a Layout,
    /// Pixels of the layout to one of CSS.
    pub ratio: f64,
    /// What the pages hold.
    pub frame: &'a Frame,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// The pins; they are numbered from 1.
    pub pins: &'a [Pin],
    /// The one that is pointed at, from 0.
    pub pointed: Option<usize>,
}

impl Marks<'_> {
    /// The middle of the dot of an address, if the map has it.
    pub fn place(&self, address: Address) -> Option<(f64, f64)> {
        let dot = self.layout.dot_of(self.frame, address, self.page_size)?;
        let (left, top) = self.layout.corner(dot);
        let half = f64::from(self.layout.cell) / 2.0;
        Some((f64::from(left) + half, f64::from(top) + half))
    }

    /// For every pin whether it is marked large, with its number.
    pub fn large(&self) -> Vec<bool> {
        let behind: u64 = self.pins.iter().map(|pin| pin.behind.0).sum();
        let pins = self.pins.iter().enumerate();
        pins.map(|(index, pin)| {
            let much = pin.behind.0 * LARGE >= behind && pin.behind >= WORTH_A_NUMBER;
            index == 0 || self.pointed == Some(index) || much
        })
        .collect()
    }

    /// Where the tops begin, each with its name.
    pub fn tops(&self) -> Vec<((f64, f64), String)> {
        let top = |strip: &highwater_simulator::Strip| {
            let place = self.place(strip.top?)?;
            let name = match strip.kind {
                StripKind::Arena { arena, .. } => format!("top of arena {arena}"),
                _ => "top".to_owned(),
            };
            Some((place, name))
        };
        self.frame.strips.iter().filter_map(top).collect()
    }

    /// What is written, and where.
    pub fn spots(&self, large: &[bool], tops: &[((f64, f64), String)]) -> Vec<Spot> {
        let mut labels = Labels::default();
        for (index, pin) in self.pins.iter().enumerate() {
            if let Some(place) = self.place(pin.address).filter(|_| large[index]) {
                labels.add(place, &(index + 1).to_string(), NEAR * self.ratio);
            }
        }
        for (place, name) in tops {
            labels.add(*place, name, NEAR * self.ratio);
        }
        let size = (self.layout.width().into(), self.layout.height().into());
        labels.spots(size, self.ratio)
    }
}
