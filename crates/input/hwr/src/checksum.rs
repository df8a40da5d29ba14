//! The CRC-32 of gzip and zip, eight bytes at a step: a recorder seals a chunk inside the recorded process, so the time
//! counts.

/// The reflected polynomial of CRC-32 (ISO 3309).
const POLYNOMIAL: u32 = 0xedb8_8320;

type Tables = [[u32; 256]; 8];

#[cfg(not(target_family = "wasm"))]
fn at_hand() -> &'static Tables {
    static TABLES: Tables = tables();
    &TABLES
}

/// In the page they are made when they are needed first: 8 KB that no compression makes smaller would be sent otherwise.
#[cfg(target_family = "wasm")]
fn at_hand() -> &'static Tables {
    static TABLES: std::sync::OnceLock<Tables> = std::sync::OnceLock::new();
    TABLES.get_or_init(tables)
}

const fn tables() -> Tables {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ (POLYNOMIAL & (value & 1).wrapping_neg());
            bit += 1;
        }
        tables[0][byte] = value;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// Returns the CRC-32 of `bytes` that follow others whose CRC-32 is `before`; 0 if nothing precedes them.
pub fn checksum(before: u32, bytes: &[u8]) -> u32 {
    let tables = at_hand();
    let mut sum = !before;
    let (eights, rest) = bytes.as_chunks::<8>();
    for eight in eights {
        let word = u64::from_le_bytes(*eight) ^ u64::from(sum);
        sum = 0;
        let mut place = 0;
        while place < 8 {
            sum ^= tables[7 - place][((word >> (8 * place)) & 0xff) as usize];
            place += 1;
        }
    }
    for &byte in rest {
        sum = (sum >> 8) ^ tables[0][((sum ^ u32::from(byte)) & 0xff) as usize];
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn is_the_checksum_of_gzip_however_the_bytes_are_cut() {
        // The check value that the catalogue of CRCs gives.
        assert_eq!(checksum(0, b"123456789"), 0xcbf4_3926);
        let text: Vec<u8> = (0..1000_u32).map(|at| (at * at) as u8).collect();
        for cut in 0..text.len() {
            let head = checksum(0, &text[..cut]);
            assert_eq!(checksum(head, &text[cut..]), checksum(0, &text));
        }
    }
}
