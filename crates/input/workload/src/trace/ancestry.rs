//! Which recordings belong together: that of a process, those of its ancestors, and the samples that lie beside it.

use super::beside::Beside;
use highwater_hwr::layout::Control;

/// A forked process whose parent's recording is missing: its heap began as its parent's.
#[derive(thiserror::Error, Clone, Copy, PartialEq, Eq, Debug)]
#[error(
    "it is the recording of a forked process, and that of its parent (process {parent}) is missing"
)]
pub struct Orphan {
    /// The parent's number.
    pub parent: u32,
}

/// Returns the places of a process's ancestors among all recordings, the oldest first, and that of its own as the last. A process
/// that has begun another program has a recording for each: the last one before the fork is the parent's.
///
/// # Errors
/// An ancestor's recording is not among them.
///
/// # Panics
/// There is none at `own`.
pub fn ancestry(all: &[Control], own: usize) -> Result<Vec<usize>, Orphan> {
    let mut family = vec![own];
    let mut child = all[own];
    while child.parent_ticket.is_some() {
        let parents = all.iter().enumerate().filter(|(_, other)| {
            other.process == child.parent && other.monotonic_time < child.monotonic_time
        });
        // Each is older than the one before, so that they come to an end.
        let parent = parents.max_by_key(|(_, parent)| parent.monotonic_time);
        let (place, parent) = parent.ok_or(Orphan {
            parent: child.parent,
        })?;
        family.insert(0, place);
        child = *parent;
    }
    Ok(family)
}

/// Reads samples that lie beside a recording in a text of lines `s TIME key=value ...`, in order of time. Their times are made to
/// count from the beginning of the first ancestor's recording. A last line that was cut off is left out: who wrote it may have
/// been killed.
///
/// # Errors
/// The number of a line that is no sample, from 1.
pub fn samples(text: &str, first: &Control, own: &Control) -> Result<Vec<Beside>, usize> {
    let later = own.monotonic_time.saturating_sub(first.monotonic_time) / 1000;
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut samples = Vec::new();
    for (number, line) in (1_usize..).zip(whole.lines()) {
        let fields = line
            .strip_prefix("s ")
            .and_then(|rest| rest.split_once(' '));
        let (time, text) = fields.ok_or(number)?;
        let time: u64 = time.parse().map_err(|_| number)?;
        samples.push((time.saturating_add(later), text.to_owned()));
    }
    samples.sort_by_key(|sample| sample.0);
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(process: u32, parent: u32, time: u64, is_forked: bool) -> Control {
        Control {
            process,
            parent,
            parent_ticket: is_forked.then_some(7),
            monotonic_time: time,
            ..Control::default()
        }
    }

    #[test]
    fn ancestors_come_first_and_of_a_process_the_last_program_before_the_fork() {
        let all = [
            process(30, 20, 300, true),
            process(20, 10, 90, false),
            process(20, 10, 200, true),
            process(10, 1, 50, false),
            // What the parent has begun after the fork.
            process(20, 10, 400, false),
            // Another process that got the number later.
            process(10, 1, 500, false),
        ];
        assert_eq!(ancestry(&all, 0), Ok(vec![3, 2, 0]));
        assert_eq!(ancestry(&all, 1), Ok(vec![1]));
        assert_eq!(ancestry(&all[..3], 0), Err(Orphan { parent: 10 }));
    }

    #[test]
    fn a_process_that_names_itself_as_its_parent_is_an_orphan() {
        let all = [process(5, 5, 100, true)];
        assert_eq!(ancestry(&all, 0), Err(Orphan { parent: 5 }));
    }

    #[test]
    fn samples_count_from_the_first_ancestor_and_a_cut_line_is_left_out() {
        let [first, own] = [1_000_000, 3_000_000].map(|time| process(1, 0, time, false));
        let text = "s 20 rss=2\ns 10 rss=1\ns 30 rs";
        let read = samples(text, &first, &own);
        assert_eq!(
            read,
            Ok(vec![(2010, "rss=1".into()), (2020, "rss=2".into())])
        );
        assert_eq!(samples("s 1 a=1\nx\n", &first, &own), Err(2));
        assert_eq!(samples("s -1 a=1\n", &first, &own), Err(1));
    }
}
