//! The kinds of values that parameters have: what a person writes for one, and what the program gets.

use super::shape::Shape;
use crate::{Bytes, Micros};

/// A kind of value. Each is kept as a whole number of steps, which no value of the kind can lie between.
pub(super) trait Kind {
    /// The type that the program gets.
    type Value;
    /// The unit of what a person writes, empty for a plain number.
    const UNIT: &'static str = "";
    /// The distance between two values, in the unit.
    const STEP: f64 = 1.0;
    /// The names of the values, from 0 on, where they are choices.
    const CHOICES: &'static [&'static str] = &[];

    /// Returns the value that is `steps` steps from 0.
    fn value(steps: u32) -> Self::Value;
}

/// A share of all cases, in thousandths of a percent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub(super) struct Share(pub(super) u32);

impl Share {
    /// No case at all.
    pub(super) const NONE: Self = Self(0);
    /// Every case.
    pub(super) const ALL: Self = Self(100_000);

    pub(super) const fn percent(percent: u32) -> Self {
        Self(percent * 1000)
    }
}

/// Where the streams of the service are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Store {
    InProcess,
    Socket,
}

/// An amount that a person writes in MiB.
pub(super) enum Mib {}
/// A time that a person writes in seconds, to the millisecond.
pub(super) enum Seconds {}
/// A time that a person writes in milliseconds, to the microsecond.
pub(super) enum Millis {}
/// A number of events.
pub(super) enum Events {}

impl Kind for u32 {
    type Value = Self;

    fn value(steps: u32) -> Self {
        steps
    }
}

impl Kind for Events {
    type Value = u32;
    const UNIT: &'static str = "events";

    fn value(steps: u32) -> u32 {
        steps
    }
}

impl Kind for Bytes {
    type Value = Self;
    const UNIT: &'static str = "bytes";

    fn value(steps: u32) -> Self {
        Self(steps.into())
    }
}

impl Kind for Mib {
    type Value = Bytes;
    const UNIT: &'static str = "MiB";

    fn value(steps: u32) -> Bytes {
        Bytes::mib(steps.into())
    }
}

impl Kind for Seconds {
    type Value = Micros;
    const UNIT: &'static str = "s";
    const STEP: f64 = 0.001;

    fn value(steps: u32) -> Micros {
        Micros(u64::from(steps) * 1000)
    }
}

impl Kind for Millis {
    type Value = Micros;
    const UNIT: &'static str = "ms";
    const STEP: f64 = 0.001;

    fn value(steps: u32) -> Micros {
        Micros(steps.into())
    }
}

impl Kind for Share {
    type Value = Self;
    const UNIT: &'static str = "%";
    const STEP: f64 = 0.001;

    fn value(steps: u32) -> Self {
        Self(steps)
    }
}

/// 0 stands for none.
impl<K: Kind> Kind for Option<K> {
    type Value = Option<K::Value>;
    const UNIT: &'static str = K::UNIT;
    const STEP: f64 = K::STEP;

    fn value(steps: u32) -> Self::Value {
        (steps > 0).then(|| K::value(steps))
    }
}

impl Kind for bool {
    type Value = Self;
    const CHOICES: &'static [&'static str] = &["no", "yes"];

    fn value(steps: u32) -> Self {
        steps == 1
    }
}

impl Kind for Store {
    type Value = Self;
    const CHOICES: &'static [&'static str] = &["in_process", "socket"];

    fn value(steps: u32) -> Self {
        match steps {
            1 => Self::Socket,
            _ => Self::InProcess,
        }
    }
}

impl Kind for Shape {
    type Value = Self;
    const CHOICES: &'static [&'static str] = &["text", "mixed", "chunks", "small"];

    fn value(steps: u32) -> Self {
        match steps {
            1 => Self::Mixed,
            2 => Self::Chunks,
            3 => Self::Small,
            _ => Self::Text,
        }
    }
}
