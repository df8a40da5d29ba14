//! The engine computes the same in WebAssembly as natively, bit for bit.
//!
//! Each case is a deterministic run and the text of everything that came out of it. Natively, the digests of the cases
//! are written to the file that `HIGHWATER_WRITE_DIGESTS` names; in WebAssembly they are compared with those, which
//! are compiled in through `HIGHWATER_NATIVE_DIGESTS`. `cargo xtask test` does the one before the other. No digest is
//! kept in the repository: then every improvement of the engine would have to be confirmed twice.

use highwater_kernel::{Address, Bytes, Config, Kernel};
use highwater_simulator::{Options, Variant, parse_lines, run};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, Workload, trace, unwatched};
use std::sync::Arc;

/// Add a case here: a name without spaces, and what was computed.
fn cases() -> Vec<(&'static str, String)> {
    let mut cases = vec![("kernel", kernel()), ("recorded", recorded())];
    for pattern in Pattern::ALL {
        cases.push((pattern.name(), generated(pattern)));
    }
    cases
}

/// The bundled recording, under settings that change much: everything a run records.
fn recorded() -> String {
    let trace = include_bytes!("../traces/asyncio_burst.hwt.gz");
    let workload = Arc::new(trace::read(trace).expect("the recording is well formed"));
    let settings = [
        "",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
        "MALLOC_MMAP_THRESHOLD_=16384",
    ];
    settings
        .iter()
        .map(|environment| everything(&workload, environment))
        .collect()
}

/// A pattern, generated and run.
fn generated(pattern: Pattern) -> String {
    let parameters = Parameters::default();
    let workload = pattern
        .build(&parameters, &mut unwatched)
        .expect("the defaults can be built");
    everything(&Arc::new(workload), "MALLOC_TOP_PAD_=0")
}

fn everything(workload: &Arc<Workload>, environment: &str) -> String {
    let variant = Variant {
        environment: parse_lines(environment),
        ..Variant::default()
    };
    let options = Options {
        frames: 8,
        check: true,
        ..Options::default()
    };
    let recording = run(workload, &variant, &options, &mut unwatched).expect("it can run");
    format!("{recording:?}")
}

/// A process that maps, grows, touches and gives back at random.
fn kernel() -> String {
    let mut kernel = Kernel::new(Config::default()).expect("the default process can begin");
    let mut log = String::new();
    let mut mapped: Vec<(Address, Bytes)> = Vec::new();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        match random.below(5) {
            0 => {
                let length = Bytes(1 + random.below(1 << 20));
                if let Ok(start) = kernel.mmap(length) {
                    mapped.push((start, length));
                }
            }
            1 if !mapped.is_empty() => {
                let (start, length) = mapped.swap_remove(random.index(mapped.len()));
                kernel.munmap(start, length);
            }
            2 if !mapped.is_empty() => {
                let (start, length) = mapped[random.index(mapped.len())];
                kernel.touch(start, Bytes(1 + random.below(length.0)));
            }
            3 => {
                if let Ok(old) = kernel.sbrk(1 << 16) {
                    kernel.touch(old, Bytes(1 << 15));
                }
            }
            _ => log.push_str(&format!("{:?} ", kernel.rss())),
        }
    }
    log.push_str(&format!("{:?} {:?}", kernel.peaks(), kernel.counts()));
    log
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}

/// One line for each case: its name and the FNV-1a digest of its text.
fn digests() -> String {
    let lines = cases().into_iter().map(|(name, text)| {
        let digest = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
                (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        format!("{name} {digest:016x}\n")
    });
    lines.collect()
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn two_runs_compute_the_same() {
    let digests = digests();
    assert_eq!(digests, self::digests());
    if let Some(file) = std::env::var_os("HIGHWATER_WRITE_DIGESTS") {
        std::fs::write(file, digests).expect("the file of digests can be written");
    }
}

#[cfg(target_arch = "wasm32")]
mod in_the_browser {
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    // Where the page runs it, too.
    wasm_bindgen_test_configure!(run_in_dedicated_worker);

    #[wasm_bindgen_test]
    fn webassembly_computes_what_native_code_computes() {
        let digests = super::digests();
        match option_env!("HIGHWATER_NATIVE_DIGESTS") {
            Some(native) => assert_eq!(digests, native),
            None => assert_eq!(digests, super::digests()),
        }
    }
}
