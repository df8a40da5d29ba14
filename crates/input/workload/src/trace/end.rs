//! The end of a trace, by which a reader knows that nothing is missing: the last line says how many calls there are.

use super::error::Fault;
use super::fields::Fields;

/// The header line that promises a last line.
pub(super) const PROMISE: &str = "end counted";

/// What is known of the end of a trace that is being read.
#[derive(Clone, Default)]
pub(super) struct End {
    /// Lines with calls and marks that were read.
    pub(super) read: u64,
    /// How many the last line tells of.
    told: Option<u64>,
}

impl End {
    /// Whether a line is the last one, and not the promise of it.
    pub(super) fn is_one(line: &[u8]) -> bool {
        matches!(line, [b'e', b'n', b'd', b' ', digit, ..] if digit.is_ascii_digit())
    }

    /// Reads the last line.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.nothing_after()?;
        let fields = &mut Fields::new(line, 0);
        fields.word("`end`")?;
        fields.space("one space and COUNT")?;
        let told = fields.decimal("COUNT in decimal")?;
        fields.end()?;
        self.told = Some(told);
        match told == self.read {
            true => Ok(()),
            false => Err(Fault::Incomplete {
                told,
                read: self.read,
            }),
        }
    }

    /// A call is refused after the last line.
    #[inline]
    pub(super) fn nothing_after(&self) -> Result<(), Fault> {
        match self.told {
            None => Ok(()),
            Some(_) => Err(Fault::Expected {
                at: 0,
                expected: "nothing after the line `end COUNT`",
            }),
        }
    }

    /// Whether the last line was read, so that nothing is missing.
    pub(super) fn is_known(&self) -> bool {
        self.told.is_some()
    }
}
