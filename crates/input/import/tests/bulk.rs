//! A long file, made as it is read: what is kept of it does not grow with its length.

mod common;

use highwater_hwr::{Event, Placed};
use highwater_import::{Import, Sink};
use std::io::{self, Read};

/// Bytes of the file that is made; `HIGHWATER_BULK` has another number.
const BULK: u64 = 32 << 20;
/// Blocks that are live at one time.
const LIVE: usize = 1 << 14;

/// Makes a file of memray's format 13: Python functions that call each other, and blocks that they make and drop.
struct Memray {
    left: u64,
    bytes: Vec<u8>,
    at: usize,
    random: fastrand::Rng,
    live: Vec<u64>,
    last: u64,
    depth: u32,
    calls: u64,
    milliseconds: u64,
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn signed(bytes: &mut Vec<u8>, value: i64) {
    varint(bytes, (value << 1 ^ value >> 63) as u64);
}

impl Memray {
    const CODES: u64 = 3000;

    fn new(length: u64) -> Self {
        let mut bytes = b"memray\0".to_vec();
        bytes.extend(13_u32.to_le_bytes());
        bytes.extend(0x030b_07f0_u32.to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend([0; 32]);
        bytes.extend(b"python service.py\0");
        bytes.extend(7_u32.to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend([1, 0, 0]);
        bytes.extend(b"\0\0\0");
        bytes.push(12);
        bytes.extend(1_u64.to_le_bytes());
        for code in 0..Self::CODES {
            bytes.push(14);
            varint(&mut bytes, code);
            bytes.extend(format!("function_{code}\0/srv/app/module_{}.py\0", code / 20).as_bytes());
            signed(&mut bytes, 3);
            varint(&mut bytes, 40);
            bytes.extend([1; 40]);
        }
        Self {
            left: length,
            bytes,
            at: 0,
            random: fastrand::Rng::with_seed(1),
            live: Vec::new(),
            last: 0,
            depth: 0,
            calls: 0,
            milliseconds: 0,
        }
    }

    /// Makes some records.
    fn records(&mut self) {
        self.bytes.clear();
        self.at = 0;
        for _ in 0..1000 {
            if self.depth < 30 && self.random.u8(..3) > 0 {
                self.bytes.push(0x40);
                // Which function is called follows from the depth, but for the innermost ones.
                let code = match self.depth {
                    0..26 => u64::from(self.depth),
                    _ => self.random.u64(..Self::CODES),
                };
                varint(&mut self.bytes, code);
                signed(&mut self.bytes, self.random.i64(0..200));
                self.depth += 1;
            }
            self.call();
            if self.depth > 20 && self.random.bool() {
                let count = self.random.u8(1..10);
                self.bytes.push(0x10 | (count - 1));
                self.depth -= u32::from(count);
            }
        }
        self.milliseconds += 10;
        self.bytes.push(2);
        varint(&mut self.bytes, 100 << 20);
        varint(&mut self.bytes, self.milliseconds);
    }

    /// Makes a call with its address written out.
    fn call(&mut self) {
        let is_free = self.live.len() >= LIVE || (self.random.bool() && !self.live.is_empty());
        let kind = if is_free { 5 } else { 6 };
        self.bytes.push(0x80 | 15 << 3 | kind);
        let address = if is_free {
            let at = self.random.usize(..self.live.len());
            self.live.swap_remove(at)
        } else {
            // An address is used again long after the block that had it is gone.
            0x5555_0000_0000 + (self.calls % (1 << 20)) * 4096
        };
        signed(&mut self.bytes, (address >> 3) as i64 - self.last as i64);
        self.last = address >> 3;
        if !is_free {
            varint(&mut self.bytes, self.random.u64(600..100_000));
            self.live.push(address);
        }
        self.calls += 1;
    }
}

impl Read for Memray {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.bytes.len() {
            if self.left == 0 {
                return Ok(0);
            }
            self.records();
            self.left = self.left.saturating_sub(self.bytes.len() as u64);
            if self.left == 0 {
                self.bytes.push(1);
            }
        }
        let count = (self.bytes.len() - self.at).min(buffer.len());
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Counts events.
#[derive(Default)]
struct Count {
    calls: u64,
    sites: u64,
}

impl Sink for Count {
    fn event(&mut self, placed: &Placed) -> io::Result<()> {
        match placed.event {
            Event::Malloc { .. } | Event::Free { .. } => self.calls += 1,
            Event::Site { .. } => self.sites += 1,
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn a_long_file_is_read_to_its_end() {
    let length = std::env::var("HIGHWATER_BULK")
        .ok()
        .and_then(|text| text.parse().ok());
    let length = length.unwrap_or(BULK);
    if let Ok(path) = std::env::var("HIGHWATER_BULK_FILE") {
        let mut file = std::fs::File::create(path).expect("it can be written");
        io::copy(&mut Memray::new(length), &mut file).expect("there is room");
    }
    let mut memray = Memray::new(length);
    let mut count = Count::default();
    let mut import = Import::open(&mut memray).expect("it is known");
    while import.step(&mut count).expect("it is whole") {}
    let read = import.losses().calls;
    assert_eq!(count.calls, memray.calls);
    assert_eq!(read, memray.calls);
    assert!(count.sites > 100);
}
