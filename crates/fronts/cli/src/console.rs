//! What the command says on its terminal: results on standard output, one line of an error on standard error.

use anyhow::{Context, Result};
use std::io::{self, Write};

/// Exit status for invalid input, and for what cannot be done.
pub(crate) const FAILED: u8 = 2;

/// Writes one line to standard error. Where that is closed or full there is nobody to tell, and the exit status says it.
pub(crate) fn say(message: &str) {
    let line = highwater_report::one_line(message);
    let _ = writeln!(io::stderr(), "highwater: {line}");
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    deliver(io::stdout().lock(), text)
}

/// Writes a text whole, without what steers a terminal.
pub(crate) fn deliver(mut out: impl Write, text: &str) -> Result<()> {
    let text = highwater_report::printable(text);
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    unless_reader_left(written).context("standard output")
}

/// Shows how far the work is. A terminal that is gone is told nothing.
pub(crate) fn hint(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A reader that has what it wanted, as with `| head`, is no error.
pub(crate) fn unless_reader_left(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}
