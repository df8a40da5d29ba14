//! How much a recording holds, without reading all of it.

use crate::decode::State;
use crate::layout::{
    CHUNK_HEADER, CHUNK_LONGEST, CONTROL_FIELDS, CONTROL_LONGEST, ChunkHeader, ChunkKind, chunk,
    control, u32_at,
};
use std::io;

/// How much a recording holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Extent {
    /// Its events: calls, marks and samples.
    pub events: u64,
    /// Microseconds from its beginning to its last event.
    pub lasts: u64,
}

/// Returns how much a recording holds, from the headers of its chunks and the events of its last one. A file that is damaged or cut
/// off counts up to there. `read` fills a buffer with what lies at a place, as far as there is something, and returns how much.
///
/// # Errors
/// Those of `read`.
pub fn extent(read: &mut dyn FnMut(u64, &mut [u8]) -> io::Result<usize>) -> io::Result<Extent> {
    let mut fields = [0; CONTROL_FIELDS];
    read(0, &mut fields)?;
    let length = u32_at(&fields, control::LENGTH) as usize;
    let mut at = length.min(CONTROL_LONGEST) as u64;
    let mut last = None;
    loop {
        let mut bytes = [0; CHUNK_HEADER];
        let filled = read(at, &mut bytes)?;
        let header = ChunkHeader::read(&bytes).filter(|_| filled == CHUNK_HEADER);
        let Some(header) = header else { break };
        if header.kind == ChunkKind::End {
            return Ok(Extent {
                events: header.first_ticket,
                lasts: header.first_time,
            });
        }
        if !(CHUNK_HEADER..=CHUNK_LONGEST).contains(&(header.stride as usize)) {
            break;
        }
        let committed = u32_at(&bytes, chunk::COMMITTED).min(header.stride);
        last = Some((header, at + CHUNK_HEADER as u64, committed));
        at += u64::from(header.stride);
    }
    let Some((header, begins, committed)) = last else {
        return Ok(Extent::default());
    };
    let mut events = vec![0; committed as usize];
    let filled = read(begins, &mut events)?;
    let (mut state, mut rest) = (State::new(&header), &events[..filled]);
    let mut lasts = header.first_time;
    while let Some(placed) = state.take(&mut rest) {
        lasts = placed.time;
    }
    Ok(Extent {
        events: state.ticket(),
        lasts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Control;
    use crate::write::Writer;
    use crate::{Event, Stamp};

    fn extent_of(file: &[u8]) -> Extent {
        let mut read = |at: u64, buffer: &mut [u8]| {
            io::Read::read(&mut &file[file.len().min(at as usize)..], buffer)
        };
        extent(&mut read).expect("bytes in memory")
    }

    #[test]
    fn every_event_counts_in_a_whole_file_and_in_one_that_was_cut_off() {
        let mut writer =
            Writer::new(Vec::new(), &Control::default(), "highwater-trace 2\n", 4).expect("memory");
        let all = 200_000;
        for call in 0..all {
            let stamp = Stamp {
                time: call * 3,
                thread: 0,
            };
            let (address, size) = (0x1000 + call * 7919 * 16, 24);
            writer
                .event(stamp, &Event::Malloc { address, size })
                .expect("memory");
        }
        let file = writer.finish().expect("memory");
        let whole = Extent {
            events: all,
            lasts: (all - 1) * 3,
        };
        assert_eq!(extent_of(&file), whole);
        // Without its last chunk, which only says that the file ends.
        assert_eq!(extent_of(&file[..file.len() - CHUNK_HEADER]), whole);
        // Within another: what is there of it counts, and no more.
        let mut most = whole.events;
        for cut in [file.len() - 100, file.len() / 2, CONTROL_FIELDS + 600] {
            let cut = extent_of(&file[..cut]);
            assert!((1..most).contains(&cut.events), "{cut:?} of at most {most}");
            most = cut.events;
        }
        for bytes in [&b""[..], b"no recording", &[255; 5000]] {
            assert_eq!(extent_of(bytes), Extent::default());
        }
    }
}
