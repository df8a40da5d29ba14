//! Curves and heap maps as flat columns of numbers, which cross from the worker to the page without being copied.

use highwater_simulator::{Address, Bytes, Figures, Frame, Micros, Sample, Strip, StripKind};

/// Numbers to a sample. All are whole and below 2^53, but for a threshold that somebody set beyond that.
const PER_SAMPLE: usize = 15;

/// Writes curves, one sample after another.
pub fn encode_samples(samples: &[Sample]) -> Vec<f64> {
    let mut column = Vec::with_capacity(samples.len() * PER_SAMPLE);
    for sample in samples {
        let reclaimable = sample.reclaimable.map_or(f64::NAN, |bytes| bytes.0 as f64);
        column.extend([
            sample.event as f64,
            sample.time.0 as f64,
            sample.rss.0 as f64,
            sample.rss_peak.0 as f64,
            sample.live.0 as f64,
            sample.live_peak.0 as f64,
            sample.parked.0 as f64,
            sample.free.0 as f64,
            sample.top.0 as f64,
            sample.trim_threshold.0 as f64,
            reclaimable,
            sample.faults as f64,
            sample.syscalls as f64,
            sample
                .figures
                .map_or(f64::NAN, |figures| figures.dirty.0 as f64),
            sample
                .figures
                .map_or(f64::NAN, |figures| figures.muzzy.0 as f64),
        ]);
    }
    column
}

/// Reads what [`encode_samples`] wrote. Numbers beyond the last whole sample are left out.
pub fn decode_samples(column: &[f64]) -> Vec<Sample> {
    let bytes = |value: f64| Bytes(value as u64);
    column
        .chunks_exact(PER_SAMPLE)
        .map(|row| Sample {
            event: row[0] as u64,
            time: Micros(row[1] as u64),
            rss: bytes(row[2]),
            rss_peak: bytes(row[3]),
            live: bytes(row[4]),
            live_peak: bytes(row[5]),
            parked: bytes(row[6]),
            free: bytes(row[7]),
            top: bytes(row[8]),
            trim_threshold: bytes(row[9]),
            reclaimable: (!row[10].is_nan()).then(|| bytes(row[10])),
            faults: row[11] as u64,
            syscalls: row[12] as u64,
            // Only the diagnosis shows the others.
            figures: (!row[13].is_nan()).then(|| Figures {
                dirty: bytes(row[13]),
                muzzy: bytes(row[14]),
                ..Figures::default()
            }),
        })
        .collect()
}

/// A run's length takes this many bits, its kind the ones above.
const LENGTH_BITS: u32 = 28;

/// Writes heap maps: each as its event, time and number of strips, each strip as its kind, start, top (0 for none),
/// number of runs and the runs. What needs 64 bits takes two numbers, the lower half first.
pub fn encode_frames<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Vec<u32> {
    let mut column = Vec::new();
    for frame in frames {
        push_wide(&mut column, frame.event);
        push_wide(&mut column, frame.time.0);
        column.push(frame.strips.len() as u32);
        for strip in &frame.strips {
            column.push(encode_kind(strip.kind));
            push_wide(&mut column, strip.start.0);
            push_wide(&mut column, strip.top.map_or(0, |top| top.0));
            column.push(strip.runs.len() as u32);
            column.extend(
                strip
                    .runs
                    .iter()
                    .map(|(kind, length)| u32::from(*kind) << LENGTH_BITS | length),
            );
        }
    }
    column
}

/// The kind as a number: of an arena's heap the arena, which is none of the main one's, above the heap's number.
fn encode_kind(kind: StripKind) -> u32 {
    match kind {
        StripKind::Heap => 0,
        StripKind::Mappings => 1,
        StripKind::Arena { arena, heap } => u32::from(arena) << 16 | u32::from(heap),
    }
}

fn decode_kind(number: u32) -> StripKind {
    match number {
        0 => StripKind::Heap,
        1 => StripKind::Mappings,
        _ => StripKind::Arena {
            arena: (number >> 16) as u16,
            heap: number as u16,
        },
    }
}

fn push_wide(column: &mut Vec<u32>, value: u64) {
    column.extend([value as u32, (value >> 32) as u32]);
}

/// Reads what [`encode_frames`] wrote; a frame that is cut off is left out.
pub fn decode_frames(column: &[u32]) -> Vec<Frame> {
    let mut rest = column.iter().copied();
    let mut frames = Vec::new();
    while let Some(frame) = decode_frame(&mut rest) {
        frames.push(frame);
    }
    frames
}

fn decode_frame(rest: &mut impl Iterator<Item = u32>) -> Option<Frame> {
    let event = wide(rest)?;
    let time = Micros(wide(rest)?);
    let strips = rest.next()?;
    let strips = (0..strips)
        .map(|_| decode_strip(rest))
        .collect::<Option<_>>()?;
    Some(Frame {
        event,
        time,
        strips,
    })
}

fn decode_strip(rest: &mut impl Iterator<Item = u32>) -> Option<Strip> {
    let kind = decode_kind(rest.next()?);
    let start = Address(wide(rest)?);
    let top = wide(rest)?;
    let count = rest.next()?;
    let runs: Vec<(u8, u32)> = (0..count)
        .map(|_| {
            let run = rest.next()?;
            Some(((run >> LENGTH_BITS) as u8, run & ((1 << LENGTH_BITS) - 1)))
        })
        .collect::<Option<_>>()?;
    Some(Strip {
        kind,
        start,
        pages: runs.iter().map(|(_, length)| u64::from(*length)).sum(),
        runs,
        top: (top != 0).then_some(Address(top)),
    })
}

fn wide(rest: &mut impl Iterator<Item = u32>) -> Option<u64> {
    let low = rest.next()?;
    let high = rest.next()?;
    Some(u64::from(high) << 32 | u64::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_as_they_went() {
        let sample = Sample {
            event: 304_161,
            time: Micros(10_136_196),
            rss: Bytes(217_690_112),
            trim_threshold: Bytes(1 << 50),
            reclaimable: None,
            ..Sample::default()
        };
        let other = Sample {
            reclaimable: Some(Bytes(0)),
            figures: Some(Figures {
                dirty: Bytes(4096),
                muzzy: Bytes(0),
                ..Figures::default()
            }),
            ..sample
        };
        let samples = [sample, other];
        assert_eq!(decode_samples(&encode_samples(&samples)), samples);
    }

    #[test]
    fn frames_come_back_as_they_went() {
        let frame = Frame {
            event: 1 << 33,
            time: Micros(7),
            strips: vec![
                Strip {
                    kind: StripKind::Heap,
                    start: Address(0x5555_5555_5000),
                    pages: 12,
                    runs: vec![(0, 1), (2, 7), (4, 4)],
                    top: Some(Address(0x5555_5555_6010)),
                },
                Strip {
                    kind: StripKind::Arena {
                        arena: 3,
                        heap: u16::MAX,
                    },
                    start: Address(0x7fff_e800_0000),
                    pages: 2,
                    runs: vec![(1, 2)],
                    top: Some(Address(0x7fff_e800_1010)),
                },
                Strip {
                    kind: StripKind::Mappings,
                    start: Address(0x7fff_f000_0000),
                    pages: 0,
                    runs: vec![],
                    top: None,
                },
            ],
        };
        let frames = [frame.clone(), frame];
        let column = encode_frames(&frames);
        assert_eq!(decode_frames(&column), frames);
        assert_eq!(
            decode_frames(&column[..column.len() - 1]).len(),
            1,
            "a frame that is cut off is no frame"
        );
    }
}
