//! What a claim is, and what can come of it.

use crate::runs::Runs;
use anyhow::Result;
use std::fmt;

/// Something that was said about the incident.
pub(crate) struct Claim {
    /// What was said, in a sentence.
    pub(crate) said: &'static str,
    /// The scenario that it is run as.
    pub(crate) scenario: &'static str,
    /// What real runs made for this project said, with what was run; none where there was no such run.
    pub(crate) real: Option<&'static str>,
    /// Whether its scenario is run in seconds, so that a test can do it.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the test asks"))]
    pub(crate) is_quick: bool,
    /// Holds it against runs.
    pub(crate) hold: fn(&mut Runs) -> Result<Finding>,
}

/// What the model says of a claim.
pub(crate) struct Finding {
    /// The figures.
    pub(crate) model: String,
    pub(crate) verdict: Verdict,
    /// Why, in a sentence.
    pub(crate) why: String,
}

/// Whether a claim holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Holds,
    InPart,
    DoesNotHold,
}

impl Verdict {
    /// Holds, or not.
    pub(crate) fn of(holds: bool) -> Self {
        if holds {
            Self::Holds
        } else {
            Self::DoesNotHold
        }
    }

    /// Holds where both do, in part where one does.
    pub(crate) fn of_two(first: bool, second: bool) -> Self {
        match (first, second) {
            (true, true) => Self::Holds,
            (false, false) => Self::DoesNotHold,
            _ => Self::InPart,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::InPart => "holds in part",
            Self::DoesNotHold => "does not hold",
        })
    }
}
