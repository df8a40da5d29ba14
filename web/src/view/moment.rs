//! A moment of a run: explained, and in figures.

use std::rc::Rc;

use highwater_simulator::{Bytes, Diagnosis, Frame, Moment, Sample};

use crate::protocol::{Looked, Order, Said, Told, ToldOf};

/// One moment, explained. One equals only itself.
#[derive(Debug)]
pub struct Look {
    /// What was looked into.
    pub order: Rc<Order>,
    /// The moment that was asked for.
    pub asked: Moment,
    /// Why memory is as it is, in figures.
    pub diagnosis: Diagnosis,
    /// The findings in words, the most important first.
    pub findings: Vec<Said>,
    /// The latest decisions, the latest first.
    pub decisions: Vec<Told>,
    /// How many there were.
    pub decided: u64,
    /// The latest of each kind, and how many there were of it.
    pub kinds: Vec<ToldOf>,
    /// The map.
    pub frame: Option<Frame>,
}

impl PartialEq for Look {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Look {
    /// Whether it is what there is to see at a moment: between two events only an allocator with a clock does anything.
    pub fn is_of(&self, moment: Moment) -> bool {
        self.asked.event == moment.event
            && (self.asked.time == moment.time || self.diagnosis.figures.is_none())
    }

    /// Takes what the worker sent.
    pub fn receive(order: Rc<Order>, asked: Moment, looked: Looked) -> Self {
        Self {
            order,
            asked,
            diagnosis: looked.diagnosis,
            findings: looked.findings,
            decisions: looked.decisions,
            decided: looked.decided,
            kinds: looked.kinds,
            frame: Some(looked.frame),
        }
    }
}

/// Figures of a moment.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// They themselves.
    pub sample: Sample,
    /// Whether they are those of that very moment, and not of the last one before it that was kept.
    pub is_exact: bool,
}

impl Now {
    /// What a look found.
    pub fn looked(look: &Look) -> Self {
        let of = &look.diagnosis;
        let sample = Sample {
            event: of.event,
            time: of.time,
            rss: of.rss,
            rss_peak: of.rss,
            live: of.live,
            live_peak: of.live,
            parked: of.parked,
            free: of.free,
            top: of.top,
            trim_threshold: of.trim_threshold,
            reclaimable: Some(of.reclaimable),
            figures: of.figures,
            page_tables: of.page_tables,
            lazy_free: of.lazy_free,
            ..Sample::default()
        };
        Self {
            sample,
            is_exact: true,
        }
    }

    /// A figure, marked where it is only near.
    pub fn words(&self, figure: &str) -> String {
        match self.is_exact {
            true => figure.to_owned(),
            false => format!("≈ {figure}"),
        }
    }

    /// A size, marked where it is only near.
    pub fn size(&self, of: impl Fn(&Sample) -> Bytes) -> String {
        self.words(&of(&self.sample).to_string())
    }
}
