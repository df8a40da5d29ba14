//! A picture that the reader is to draw. It crosses as bytes, so that the simulators have no code for it.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_chart::Limits;
use highwater_simulator::{Bytes, Frame, Micros, Phases, Pin, Quoted, Sample};

use super::StageOrder;

/// A picture.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Drawing {
    /// Its title.
    pub title: String,
    /// The date, as it is to be read.
    pub date: String,
    /// What was run, with what was changed.
    pub source: String,
    /// Whether it is light on dark.
    pub dark: bool,
    /// What is drawn.
    pub of: Drawn,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Drawn {
    /// Curves.
    Chart(Curves),
    /// A heap.
    Map(Heap),
}

/// A variant, and what the stages that matter were run through.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Named {
    /// Its letter, by number.
    pub letter: u8,
    /// Its colour, by number.
    pub colour: u8,
    /// Its name.
    pub name: String,
    /// The stages.
    pub stages: Vec<StageOrder>,
}

/// The curve of a variant.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Curve {
    /// The variant.
    pub of: Named,
    /// Its samples, in order of time.
    pub samples: Vec<Sample>,
    /// What was resident at most, after the last rest, and at the end.
    pub figures: [Bytes; 3],
    /// When processes were killed at the cap.
    pub killed: Vec<Micros>,
}

/// The curves of variants.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Curves {
    /// What they are of.
    pub quoted: Quoted,
    /// The curves.
    pub runs: Vec<Curve>,
    /// The place of the one that is drawn over the others.
    pub main: u8,
    /// What the program did when, in the run that is looked into.
    pub phases: Phases,
    /// When each of its stages begins, and its name.
    pub stages: Vec<(Micros, String)>,
    /// What was measured of the real process.
    pub measured: Vec<(Micros, Bytes)>,
    /// The cap, and `memory.high`.
    pub limits: Limits,
    /// The time that is shown.
    pub shown: (Micros, Micros),
}

/// The heap of a variant at a moment.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Heap {
    /// The variant.
    pub of: Named,
    /// The moment.
    pub time: Micros,
    /// The pages.
    pub frame: Frame,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// What keeps free memory from going back.
    pub pins: Vec<Pin>,
    /// Kinds that are not drawn, as bits.
    pub hidden: u16,
}
