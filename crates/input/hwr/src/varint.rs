//! Numbers of seven bits a byte, the lowest first; signed ones with the sign in the lowest bit.

/// The longest number in bytes.
pub(crate) const LONGEST: usize = 10;

/// Maps small numbers of either sign to small numbers: 0, -1, 1, -2, ...
#[inline(always)]
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Returns the number that [`zigzag`] mapped to `value`.
#[inline(always)]
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Returns the bytes of a number of at most 56 bits, the first one lowest, and how many they are.
#[inline(always)]
pub(crate) fn eight(value: u64) -> Option<(u64, usize)> {
    const CONTINUED: u64 = 0x8080_8080_8080_8080;
    if value >> 56 != 0 {
        return None;
    }
    // Each step moves the upper half of each part up, until every byte has seven bits.
    let halves = (value & 0x0fff_ffff) | (value & 0x00ff_ffff_f000_0000) << 4;
    let quarters = (halves & 0x0000_3fff_0000_3fff) | (halves & 0x0fff_c000_0fff_c000) << 2;
    let bytes = (quarters & 0x007f_007f_007f_007f) | (quarters & 0x3f80_3f80_3f80_3f80) << 1;
    let bits = 64 - (value | 1).leading_zeros() as usize;
    let length = (bits * 9 + 64) / 64;
    let last = 8 * (length - 1);
    Some((bytes | (CONTINUED & ((1 << last) - 1)), length))
}

/// Writes a number at the front of `room` and returns its bytes; 0 if there is no room.
pub(crate) fn put(mut value: u64, room: &mut [u8]) -> usize {
    let mut length = 0;
    loop {
        let Some(byte) = room.get_mut(length) else {
            return 0;
        };
        length += 1;
        if value < 0x80 {
            *byte = value as u8;
            return length;
        }
        *byte = value as u8 | 0x80;
        value >>= 7;
    }
}

/// Takes a number from the front of `bytes`; `None` if it is cut off or longer than 64 bits.
#[inline(always)]
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        *bytes = rest;
        return Some(u64::from(first));
    }
    take_long(bytes)
}

fn take_long(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (place, &byte) in bytes.iter().take(LONGEST).enumerate() {
        let part = u64::from(byte & 0x7f);
        let shift = 7 * place as u32;
        if part << shift >> shift != part {
            return None;
        }
        value |= part << shift;
        if byte < 0x80 {
            *bytes = &bytes[place + 1..];
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{eight, take};

    #[test]
    fn eight_bytes_at_once_are_the_number() {
        for bits in 0..64 {
            for value in [1 << bits, (1 << bits) - 1, (1 << bits) | 0x5555] {
                let Some((bytes, length)) = eight(value) else {
                    assert!(value >> 56 != 0);
                    continue;
                };
                let bytes = bytes.to_le_bytes();
                let mut front = &bytes[..];
                assert_eq!(take(&mut front), Some(value));
                assert_eq!(front.len(), 8 - length, "{value:#x}");
            }
        }
    }
}
