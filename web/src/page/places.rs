//! Elements of the page that are found again after they were drawn.

use yew::NodeRef;

use super::gestures::On;

/// Elements of the page that something is done to besides drawing.
#[derive(Default)]
pub struct Places {
    /// The help.
    pub help: NodeRef,
    /// The button that leads on in a tour.
    pub next: NodeRef,
    /// The heading of the search for what would help.
    pub advice: NodeRef,
    /// The button that begins it.
    pub ask: NodeRef,
    /// The heading of the blocks that are looked at.
    pub blocks: NodeRef,
    /// The heading of the explanation.
    pub why: NodeRef,
    /// What lies over the plot of the chart.
    pub over: NodeRef,
    /// What lies over the chart below it.
    pub second: NodeRef,
    /// What lies over the whole run.
    pub minimap: NodeRef,
    /// The field of the note that was just begun.
    pub note: NodeRef,
}

impl Places {
    /// What hears pointers over a chart.
    pub fn layer(&self, on: On) -> &NodeRef {
        match on {
            On::Chart => &self.over,
            On::Second => &self.second,
            On::Minimap => &self.minimap,
        }
    }
}
