//! The processor time of other programs, and what is said of many measurements.

use std::{
    fmt,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

/// Returns the processor time of a program, the system's work for it included. What it prints is left out.
pub(super) fn processor_time(command: &mut Command) -> Result<Duration> {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let used = child.wait4()?;
    ensure!(
        used.status.success(),
        "{command:?} ends with {}",
        used.status
    );
    Ok(used.rusage.utime + used.rusage.stime)
}

/// A figure that was measured several times: the median, the lowest and the highest.
pub(super) struct Spread {
    pub(super) median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    /// # Errors
    /// Nothing was measured.
    pub(super) fn of(mut figures: Vec<f64>) -> Result<Self> {
        figures.sort_by(f64::total_cmp);
        let at = |place: usize| figures.get(place).copied().context("nothing was measured");
        Ok(Self {
            median: at(figures.len() / 2)?,
            lowest: at(0)?,
            highest: at(figures.len().saturating_sub(1))?,
        })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            lowest,
            highest,
        } = self;
        write!(f, "{median:.2} ({lowest:.2} to {highest:.2})")
    }
}
