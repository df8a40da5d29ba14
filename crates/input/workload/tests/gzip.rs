//! Compressed traces: whole, in several members, cut off, damaged, and inflated on purpose.

use flate2::{Compression, write::GzEncoder};
use highwater_workload::trace::{Limits, TraceError, read, read_with, write, write_gzip};
use highwater_workload::unwatched;
use std::io::Write;

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("written to memory");
    encoder.finish().expect("written to memory")
}

/// Some 3 MB: more than one window of the reader.
fn text() -> String {
    let mut text =
        String::from("highwater-trace 1\nend counted\npage 4096\ncpus 2\nbrk 0x555555555000\n");
    for line in 0..50_000u64 {
        let pointer = 0x5555_5555_0000 + line * 0x1000;
        text += &format!(
            "m {line} 0 {pointer:#x} {}\nf {line} 0 {pointer:#x}\n",
            line % 977
        );
    }
    text + "end 100000\n"
}

#[test]
fn text_comes_back_to_the_byte() {
    let text = text();
    let workload = read(text.as_bytes()).unwrap();
    let mut again = Vec::new();
    write(&workload, None, &mut again).unwrap();
    assert!(again == text.as_bytes());
    let mut packed = Vec::new();
    write_gzip(&workload, None, &mut packed).unwrap();
    assert!(packed.len() < text.len() / 4);
    assert!(read(&packed).unwrap() == workload);
}

#[test]
fn several_members_are_one_text() {
    let text = text();
    let (front, back) = text.as_bytes().split_at(1_234_567);
    let packed = [pack(front), pack(b""), pack(back)].concat();
    assert!(read(&packed).unwrap() == read(text.as_bytes()).unwrap());
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    let packed = pack(text().as_bytes());
    for end in [
        2,
        9,
        10,
        11,
        100,
        packed.len() / 2,
        packed.len() - 8,
        packed.len() - 1,
    ] {
        let error = read(&packed[..end]).unwrap_err();
        assert!(
            matches!(error, TraceError::GzipCutOff { .. }),
            "{end}: {error}"
        );
    }
}

#[test]
fn a_damaged_file_is_an_error() {
    let mut packed = pack(text().as_bytes());
    let checksum = packed.len() - 6;
    packed[checksum] ^= 1;
    let error = read(&packed).unwrap_err();
    assert!(matches!(error, TraceError::Gzip { .. }), "{error}");
    let rubbish = [pack(text().as_bytes()), b"and more".to_vec()].concat();
    assert!(read(&rubbish).is_err());
    // Tapes and dd fill the last block with zeros, which gzip passes over, too.
    let padded = [pack(text().as_bytes()), vec![0; 511]].concat();
    assert_eq!(
        read(&padded).unwrap(),
        read(&pack(text().as_bytes())).unwrap()
    );
    let then_more = [pack(text().as_bytes()), vec![0; 511], b"more".to_vec()].concat();
    assert!(read(&then_more).is_err());
}

#[test]
fn a_bomb_goes_off_at_its_limit() {
    let mut text = b"highwater-trace 1\n".to_vec();
    text.resize(64 << 20, b'\n');
    let packed = pack(&text);
    assert!(packed.len() < 100_000);
    let limits = Limits {
        text: 8 << 20,
        ..Limits::default()
    };
    let error = read_with(&packed, limits, &mut unwatched).unwrap_err();
    assert!(matches!(error, TraceError::TooLong { .. }), "{error}");
    let line_without_end = pack(&vec![b'#'; 64 << 20]);
    assert_eq!(read(&line_without_end).unwrap_err().line(), Some(1));
}
