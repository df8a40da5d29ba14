//! What an event carries: JSON text of about a given size and of a given shape.

use super::process::Process;
use super::shape::Shape;
use crate::Bytes;

/// Bytes of a suggestion's or chunk's text.
const SUGGESTIONS: [u32; 7] = [40, 80, 150, 300, 600, 1200, 2500];
const CHUNKS: [u32; 5] = [600, 900, 1500, 3000, 6000];
/// Bytes of a token's JSON text that the number of tokens is reckoned with.
const TOKEN: u32 = 45;

/// One event: its value, and with it the length of its JSON text.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    pub(super) shape: Shape,
    /// Characters of the text or the document; none where there is neither.
    pub(super) text: u32,
    /// Characters of the text in each item of the list; none where there is no list.
    pub(super) items: Box<[u32]>,
    /// The size of the JSON text.
    pub(super) length: Bytes,
}

impl Payload {
    /// Event number `number` of a stream, of about `size` bytes.
    pub(super) fn new(process: &mut Process, shape: Shape, size: Bytes, number: u32) -> Self {
        // The parameter's range keeps it below what the number holds.
        let size = size.0 as u32;
        let mut items = Vec::new();
        let text = match shape {
            Shape::Text => size.saturating_sub(60),
            Shape::Mixed => {
                let share = process.between(30_000, 60_000);
                let document = (u64::from(size) * u64::from(share) / 100_000) as u32;
                let mut left = size.saturating_sub(document);
                while left > 0 {
                    let choice = process.between(0, SUGGESTIONS.len() as u32) as usize;
                    let text = SUGGESTIONS[choice].min(left);
                    items.push(text);
                    left = left.saturating_sub(text + 90);
                }
                document
            }
            Shape::Chunks => {
                let mut left = size;
                while left > 0 {
                    let choice = process.between(0, CHUNKS.len() as u32) as usize;
                    let text = CHUNKS[choice].min(left);
                    items.push(text.max(600));
                    left = left.saturating_sub(text);
                }
                0
            }
            Shape::Small => {
                for _ in 0..size / TOKEN {
                    items.push(process.between(3, 12));
                }
                0
            }
        };
        let digits = number.checked_ilog10().unwrap_or(0) + 1;
        // The text around: keys, quotes, commas, brackets, numbers.
        let (frame, item) = match shape {
            Shape::Text => (37, 0),
            Shape::Mixed => (58, 70),
            Shape::Chunks => (21, 4),
            Shape::Small => (18, 35),
        };
        let of_items: u64 = items.iter().map(|text| u64::from(text + item)).sum();
        let length = u64::from(text) + of_items + u64::from(digits + frame);
        Self {
            shape,
            text,
            items: items.into_boxed_slice(),
            length: Bytes(length),
        }
    }

    /// A bound that no payload's length exceeds.
    pub(super) fn longest(shape: Shape, size: Bytes) -> Bytes {
        match shape {
            Shape::Text => size + Bytes(80),
            Shape::Mixed => size * 2 + Bytes(300),
            Shape::Chunks => size + Bytes(800),
            Shape::Small => size * 2 + Bytes(100),
        }
    }

    /// A bound of the items that the lists of some payloads have on average.
    pub(super) fn most_items(shape: Shape, size: Bytes) -> u64 {
        let size = size.0;
        match shape {
            Shape::Text => 0,
            // More by a third than there are on average; a few large ones may be all that comes of a small size.
            Shape::Mixed => size / 600 + 12,
            Shape::Chunks => size / 600 + 1,
            Shape::Small => size / u64::from(TOKEN),
        }
    }
}
