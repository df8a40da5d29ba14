//! Files that are cut, changed at random or made to fill the memory: each is read up to somewhere, or refused in one sentence.

mod common;

use common::{data, import, unpacked};
use highwater_import::recognise;

/// Files of every format, with as much of each as is cut at every byte.
fn files() -> Vec<(String, Vec<u8>)> {
    let packed = [
        "churn.heaptrack.zst",
        "churn.mtrace.gz",
        "service.memray-1.18.bin",
        "killed.memray-1.18.bin.gz",
    ];
    let mut files: Vec<_> = packed.map(|name| (name.to_owned(), data(name))).into();
    for name in [
        "churn.ltrace.gz",
        "churn.lttng.gz",
        "churn.mtrace.gz",
        "killed.memray-1.20.bin.gz",
        "killed.memray-1.18.bin.gz",
    ] {
        files.push((format!("{name}, unpacked"), beginning(unpacked(name))));
    }
    for name in ["churn.heaptrack.raw.zst", "churn.heaptrack.zst"] {
        let mut plain = Vec::new();
        let packed = data(name);
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(&packed[..]).expect("it is zstd");
        std::io::Read::read_to_end(&mut decoder, &mut plain).expect("it is whole");
        files.push((format!("{name}, unpacked"), beginning(plain)));
    }
    let texts: [(&str, &[u8]); 3] = [("Android", ANDROID), ("logalloc", LOGALLOC), ("perf", PERF)];
    files.extend(texts.map(|(name, text)| (name.to_owned(), text.to_vec())));
    files
}

fn beginning(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(8192);
    bytes
}

const ANDROID: &[u8] = b"12: malloc 0x7000 24 1000 1100\n13: calloc 0x7100 2 8 2000 2100\n12: realloc 0x7200 0x7000 100 3000 3100\n\
    12: memalign 0x7400 64 100 3200 3300\n12: free 0x7200 4000 4001\n13: thread_done 0x0 5000 5001\n";
const LOGALLOC: &[u8] =
    b"10 11 malloc(32)=0x7000\n10 11 calloc(1,148)=0x7100\n10 11 realloc(0x7000,64)=0x7200\n\
    10 12 posix_memalign(256,240)=0x7300\n10 11 free(0x7200)\n10 11 jemalloc_stats()\n";
const PERF: &[u8] = b"my app 10/11 [001] 12.000001: highwater:malloc: (7f00) size=24\nmy app 10/11 [001] 12.000002: highwater:malloc__return: (7f00 <- 5500) ret=0x7000\n\
    my app 10/12 [000] 12.000003: highwater:free: (7f00) ptr=0x7000\n";

/// Reads a file, and returns its error's sentence.
fn outcome(bytes: &[u8]) -> Option<String> {
    let _ = recognise(bytes).expect("it is at hand");
    import(bytes).err().map(|error| error.to_string())
}

fn check(what: &str, bytes: &[u8]) {
    if let Some(sentence) = outcome(bytes) {
        let is_one = !sentence.is_empty() && !sentence.contains('\n') && sentence.len() < 400;
        assert!(is_one, "{what}: {sentence}");
    }
}

#[test]
fn every_beginning_of_a_file_is_read_or_refused() {
    for (name, bytes) in files() {
        for length in 0..bytes.len() {
            check(&format!("{name} up to byte {length}"), &bytes[..length]);
        }
    }
}

/// Inputs with random changes; `HIGHWATER_FLIPS` has another number.
const FLIPS: u64 = 20_000;

#[test]
fn a_file_with_random_changes_is_read_or_refused() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("HIGHWATER_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("HIGHWATER_SEED={seed}");
    let files = files();
    for round in 0..number("HIGHWATER_FLIPS").unwrap_or(FLIPS) {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        let (name, bytes) = &files[random.usize(..files.len())];
        let mut bytes = bytes.clone();
        // Most changes lie near each other: what follows is passed over by many readers.
        let from = random.usize(..bytes.len());
        for _ in 0..random.usize(1..8) {
            let at = (from + random.usize(..64)).min(bytes.len() - 1);
            match random.u8(..4) {
                0 => bytes[at] = random.u8(..),
                1 => bytes[at] ^= 1 << random.u8(..8),
                2 => bytes.insert(at, [0, 0x7f, 0x80, 0xff, b' '][random.usize(..5)]),
                _ => drop(bytes.remove(at)),
            }
        }
        check(
            &format!(
                "{name}, HIGHWATER_SEED={} HIGHWATER_FLIPS=1",
                seed.wrapping_add(round)
            ),
            &bytes,
        );
    }
}

#[test]
fn the_texts_of_every_tool_are_recognised() {
    for (name, bytes) in files() {
        assert_eq!(outcome(&bytes), None, "{name}");
    }
}

#[test]
fn other_files_are_not_taken_for_any() {
    let others: [&[u8]; 8] = [
        b"",
        b"\n",
        b"highwater-trace 1\nm 0 0 0x1000 24\n",
        b"title = \"a scenario\"\n",
        b"FROM debian\nENV MALLOC_ARENA_MAX=2\n",
        b"v 1 2\n",
        b"\x1f\x8b\x08",
        b"12:30: malloc went wrong\nsomething else\nand more\n",
    ];
    for bytes in others {
        assert_eq!(
            recognise(bytes).expect("it is at hand"),
            None,
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}
