//! Holds the table of chunks and the words model to each other.
#![allow(missing_docs, clippy::unwrap_used)]

use highwater_allocator::{
    Address, Allocator, Bytes, Decision, Kernel, Logged, ThreadId, Variable,
};
use highwater_kernel::Config;
use std::fmt::Debug;

struct Pair {
    table: highwater_glibc::Glibc,
    words: highwater_glibc_words::Glibc,
    kernels: [Kernel; 2],
    what: String,
    seen: u64,
    odd_obstacles: u64,
}

fn same<T: PartialEq + Debug>(pair: &str, name: &str, table: T, words: T) {
    assert!(
        table == words,
        "{pair}: {name}: table {table:?}, words {words:?}"
    );
}

impl Pair {
    fn new(
        version: &str,
        environment: &[Variable],
        threads: u16,
        config: Config,
        what: String,
        cores: u32,
    ) -> Self {
        let v = highwater_glibc::Version::parse(version).unwrap();
        let w = highwater_glibc_words::Version::parse(version).unwrap();
        let threaded = threads > 1;
        Self {
            table: highwater_glibc::Glibc::new(
                v,
                highwater_glibc::Settings::from_environment(v, environment).params,
                highwater_glibc::Host {
                    cores: highwater_glibc::Cores::all(cores),
                    threaded,
                },
            ),
            words: highwater_glibc_words::Glibc::new(
                w,
                highwater_glibc_words::Settings::from_environment(w, environment).params,
                highwater_glibc_words::Host {
                    cores: highwater_glibc_words::Cores::all(cores),
                    threaded,
                },
            ),
            kernels: [Kernel::new(config).unwrap(), Kernel::new(config).unwrap()],
            what,
            seen: 0,
            odd_obstacles: 0,
        }
    }

    fn both<T: PartialEq + Debug>(
        &mut self,
        name: &str,
        call: impl Fn(&mut dyn Allocator, &mut Kernel) -> T,
    ) -> T {
        let [a, b] = &mut self.kernels;
        let table = call(&mut self.table, a);
        let words = call(&mut self.words, b);
        let what = format!("{} {name}", self.what);
        assert!(table == words, "{what}: table {table:?}, words {words:?}");
        same(&what, "rss", a.rss(), b.rss());
        same(&what, "peak", a.peak(), b.peak());
        same(&what, "counts", *a.counts(), *b.counts());
        same(&what, "brk", a.brk(), b.brk());
        same(
            &what,
            "accounting",
            self.table.accounting(a),
            self.words.accounting(b),
        );
        same(
            &what,
            "counters",
            self.table.decisions().counters(),
            self.words.decisions().counters(),
        );
        let total = self.table.decisions().total();
        let new = (total - self.seen).min(4000) as usize;
        self.seen = total;
        let t = self.table.decisions().iter().rev().take(new);
        let w = self.words.decisions().iter().rev().take(new);
        for (t, w) in t.zip(w) {
            self.odd_obstacles += u64::from(t.decision != w.decision);
            same(&what, "decision", without_obstacle(t), without_obstacle(w));
        }
        table
    }

    fn whole(&mut self) {
        let [a, b] = &self.kernels;
        self.words.check(b);
        self.table.check(a);
        same(
            &self.what,
            "reclaimable",
            self.table.reclaimable(a),
            self.words.reclaimable(b),
        );
        same(
            &self.what,
            "cost",
            self.table.reclaimable_cost(),
            self.words.reclaimable_cost(),
        );
        let (mut t, mut w) = (Vec::new(), Vec::new());
        self.table.census(a, &mut |block| t.push(block));
        self.words.census(b, &mut |block| w.push(block));
        for (t, w) in t.iter().zip(&w) {
            same(&self.what, "block", t, w);
        }
        same(&self.what, "blocks", t.len(), w.len());
        let (t, w): (Vec<_>, Vec<_>) = (a.mappings().collect(), b.mappings().collect());
        same(&self.what, "mappings", t, w);
        for mapping in a.mappings() {
            let mut at = mapping.start;
            let mut pages = 0;
            while at < mapping.end && pages < 3000 {
                same(
                    &self.what,
                    "page",
                    (at, a.page_state(at)),
                    (at, b.page_state(at)),
                );
                at = at + a.page_size();
                pages += 1;
            }
        }
        for thread in 0..200 {
            let t = self.table.arena_use(thread).map(|u| (u.threads, u.is_left));
            let w = self.words.arena_use(thread).map(|u| (u.threads, u.is_left));
            same(&self.what, "arenas", t, w);
        }
    }
}

fn without_obstacle(logged: &Logged) -> Decision {
    match logged.decision {
        Decision::TrimRefused {
            arena,
            considered,
            merged,
            top,
            top_size,
            reason,
            ..
        } => Decision::TrimRefused {
            arena,
            considered,
            merged,
            top,
            top_size,
            reason,
            obstacle: None,
        },
        other => other,
    }
}

const ENVIRONMENTS: &[&str] = &[
    "",
    "",
    "",
    "MALLOC_TRIM_THRESHOLD_=0",
    "MALLOC_TRIM_THRESHOLD_=4096",
    "MALLOC_TOP_PAD_=0",
    "MALLOC_TOP_PAD_=0 MALLOC_TRIM_THRESHOLD_=0",
    "MALLOC_TOP_PAD_=-1",
    "MALLOC_TOP_PAD_=1",
    "MALLOC_TOP_PAD_=4064",
    "MALLOC_MMAP_THRESHOLD_=0",
    "MALLOC_MMAP_THRESHOLD_=16384 MALLOC_PERTURB_=7",
    "MALLOC_MMAP_THRESHOLD_=4096 MALLOC_MMAP_MAX_=3",
    "MALLOC_MMAP_MAX_=0",
    "MALLOC_MMAP_MAX_=0 MALLOC_ARENA_MAX=3",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=65535:glibc.malloc.tcache_max=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=65535",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=2:glibc.malloc.tcache_max=500",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=0:glibc.malloc.tcache_count=1",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=160:glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=160:glibc.malloc.tcache_count=1 MALLOC_TRIM_THRESHOLD_=1",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=160:glibc.malloc.tcache_unsorted_limit=1",
    "GLIBC_TUNABLES=glibc.malloc.tcache_unsorted_limit=3",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=2",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=2:glibc.malloc.tcache_count=0 MALLOC_TOP_PAD_=0",
    "MALLOC_ARENA_MAX=1",
    "MALLOC_ARENA_MAX=2",
    "MALLOC_ARENA_TEST=1",
    "MALLOC_TOP_PAD_=100000000",
    "MALLOC_PERTURB_=255",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=4194000",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=100000:glibc.malloc.tcache_count=3",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=4194000 MALLOC_MMAP_THRESHOLD_=5000",
];

fn variables(text: &str) -> Vec<Variable> {
    text.split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        })
        .collect()
}

fn size(rng: &mut fastrand::Rng, kind: u8) -> u64 {
    match (kind, rng.u8(..30)) {
        (_, 0) => *rng
            .choice(&[
                0, 24, 25, 120, 121, 136, 1032, 1033, 65_519, 65_536, 131_047, 131_048, 131_072,
            ])
            .unwrap(),
        (0, _) => rng.u64(..200),
        (1, 1..=22) | (2, 1..=8) => rng.u64(..1100),
        (1, _) | (2, 9..=20) => rng.u64(1000..5000),
        (2, _) => rng.u64(4000..70_000),
        (3, 1..=10) => rng.u64(..400),
        (3, 11..=22) => rng.u64(4000..150_000),
        (3, 23..=28) => rng.u64(60_000..900_000),
        (3, 29) => rng.u64(300_000..40_000_000),
        (4, 1) => *rng
            .choice(&[
                1 << 31,
                1 << 45,
                i64::MAX as u64,
                1 << 63,
                u64::MAX - 40,
                u64::MAX,
            ])
            .unwrap(),
        (4, 2..=12) => rng.u64(..300),
        (4, 13..=22) => 1024 + rng.u64(..30) * 16,
        (4, _) => rng.u64(..120_000),
        (_, n) => 24 + u64::from(n) * 48,
    }
}

fn program(seed: u64, steps: u64, version: &str) -> [u64; 17] {
    let mut rng = fastrand::Rng::with_seed(seed);
    let text = ENVIRONMENTS[rng.usize(..ENVIRONMENTS.len())];
    let threads = if rng.bool() { 1 } else { rng.u16(2..=16) };
    let page_size = Bytes([4096, 4096, 4096, 4096, 16384, 65536][rng.usize(..6)]);
    let mut config = Config {
        page_size,
        brk: Address(0x5555_5555_5000 & !(page_size.0 - 1)),
        mmap_top: Address(0x7fff_f7ff_f000 & !(page_size.0 - 1)),
        huge_mappings_aligned: rng.bool(),
        ..Config::default()
    };
    if rng.u8(..4) == 0 {
        config.brk = config.brk + Bytes(8 * rng.u64(..600));
    }
    if rng.u8(..8) == 0 {
        config.memory = Bytes::mib(rng.u64(1..80));
    }
    if rng.u8(..10) == 0 {
        // The heap soon meets a mapping.
        config.brk = config.mmap_top - Bytes::mib(rng.u64(1..200));
    }
    let touch = rng.u8(..3) > 0;
    let mut kind = rng.u8(..6);
    let shift = if rng.u8(..4) == 0 { 63 } else { 13 };
    let exits = rng.bool();
    let what = format!("seed {seed} {version} {text:?} threads {threads} {config:?}");
    *NOW.lock().unwrap() = what.clone();
    let mut pair = Pair::new(
        version,
        &variables(text),
        threads,
        config,
        what.clone(),
        1 + rng.u32(..3),
    );
    let mut live: Vec<(Address, u64)> = Vec::new();
    let mut now: Vec<u16> = (0..threads).collect();
    let mut frees = 10;
    for step in 0..steps {
        if rng.u16(..400) == 0 {
            kind = rng.u8(..6);
            frees = [4, 9, 10, 12, 40][rng.usize(..5)];
        }
        pair.what.clone_from(&what);
        pair.what += &format!(" step {step}");
        let at = rng.usize(..now.len());
        let thread = ThreadId(now[at]);
        let choice = rng.u8(..20 + frees);
        let hold =
            |pair: &mut Pair, live: &mut Vec<(Address, u64)>, block: Option<Address>, size: u64| {
                let Some(block) = block else { return };
                pair.both("usable", |model, kernel| {
                    (
                        model.usable_size(kernel, block),
                        model.whereabouts(kernel, block),
                    )
                });
                if touch && size < 1 << 24 {
                    pair.both("touch", |_, kernel| kernel.touch(block, Bytes(size)));
                }
                live.push((block, size));
            };
        let n = size(&mut rng, kind);
        match choice {
            0..=9 => {
                let block = pair.both("malloc", |m, k| m.malloc(k, thread, Bytes(n)));
                hold(&mut pair, &mut live, block, n);
            }
            10..=11 => {
                let count = [0, 1, 2, 3, u64::MAX][rng.usize(..5)];
                let block = pair.both("calloc", |m, k| m.calloc(k, thread, count, Bytes(n)));
                hold(&mut pair, &mut live, block, count.saturating_mul(n));
            }
            12..=13 => {
                let alignment = Bytes(1 << rng.u32(..=shift));
                let block = pair.both("aligned", |m, k| m.aligned(k, thread, alignment, Bytes(n)));
                hold(&mut pair, &mut live, block, n);
            }
            14..=17 if !live.is_empty() => {
                let index = rng.usize(..live.len());
                let old = live[index].0;
                let block = pair.both("realloc", |m, k| m.realloc(k, thread, Some(old), Bytes(n)));
                if block.is_some() || n == 0 {
                    live.swap_remove(index);
                }
                hold(&mut pair, &mut live, block, n);
            }
            18 => {
                if rng.u8(..8) == 0 {
                    let pad = if rng.bool() { 0 } else { n };
                    pair.both("trim", |m, k| m.trim(k, thread, Bytes(pad)));
                } else if rng.u8(..6) == 0 && exits && at > 0 {
                    pair.both("exit", |m, k| m.thread_exit(k, thread));
                    now.swap_remove(at);
                    if rng.bool() && threads < 400 {
                        now.push(threads + (step % 300) as u16);
                    }
                }
            }
            19 => {
                if rng.u8(..16) == 0 && !live.is_empty() {
                    let block = live.swap_remove(rng.usize(..live.len())).0;
                    pair.both("discard", |m, k| m.discard(k, block, None));
                } else if rng.u8(..60) == 0 {
                    let mut parked = Vec::new();
                    pair.words.census(&pair.kernels[1], &mut |block| {
                        if let highwater_allocator::BlockState::Parked(cache) = block.state
                            && !block.mapped
                        {
                            parked.push((block.user, cache));
                        }
                    });
                    if let Some(&(block, cache)) = rng.choice(&parked) {
                        pair.both("discard parked", |m, k| m.discard(k, block, Some(cache)));
                    }
                }
            }
            _ if !live.is_empty() => {
                let index = if rng.u8(..3) == 0 {
                    live.len() - 1
                } else {
                    rng.usize(..live.len())
                };
                let (block, _) = live.swap_remove(index);
                pair.both("free", |m, k| m.free(k, thread, block));
            }
            _ => {}
        }
        if rng.u16(..300) == 0 {
            pair.whole();
        }
        if rng.u16(..2000) == 0 {
            // All or most go at once.
            let keep = rng.usize(..3);
            while live.len() > keep {
                let (block, _) = live.swap_remove(rng.usize(..live.len()));
                pair.both("free", |m, k| m.free(k, thread, block));
            }
        }
    }
    pair.whole();
    pair.both("trim", |m, k| m.trim(k, ThreadId::MAIN, Bytes(0)));
    pair.whole();
    for (block, _) in live {
        pair.both("free", |m, k| m.free(k, ThreadId::MAIN, block));
    }
    pair.whole();
    sums(&pair)
}

fn sums(pair: &Pair) -> [u64; 17] {
    let c = pair.words.decisions().counters();
    let k = pair.kernels[1].counts();
    [
        pair.odd_obstacles,
        c.trims,
        c.trims_refused,
        c.releases,
        c.growths,
        c.heaps_created,
        c.heaps_deleted,
        c.arenas_created,
        c.arenas_shared,
        c.arena_retries,
        c.threshold_raises,
        c.mapped,
        c.unmapped,
        c.consolidations,
        c.failures,
        k.syscalls.mremap,
        k.faults,
    ]
}

static NOW: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn random_programs() {
    let (first, programs, steps) = (
        number("FIRST", 0),
        number("PROGRAMS", 400),
        number("STEPS", 3000),
    );
    let mut all = [[0; 17]; 4];
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        eprintln!("IN {}", NOW.lock().unwrap());
        hook(info);
    }));
    for seed in first..first + programs {
        for version in ["2.31", "2.36", "2.41", "2.43"] {
            let found = program(seed, steps, version);
            let index = ["2.31", "2.36", "2.41", "2.43"]
                .iter()
                .position(|v| *v == version)
                .unwrap();
            for (sum, more) in all[index].iter_mut().zip(found) {
                *sum += more;
            }
        }
    }
    println!(
        "{} operations a release: odd, trims, refused, releases, growths, heaps created, deleted, arenas created, shared, retries, raises, mapped, unmapped, consolidations, failures, mremap, faults",
        programs * steps
    );
    for sums in all {
        println!("{sums:?}");
    }
}

fn trace(path: &std::path::Path, version: &str, text: &str) {
    use highwater_workload::Call;
    let bytes = std::fs::read(path).unwrap();
    let work = highwater_workload::trace::read(&bytes).unwrap();
    let threads = work.events.iter().map(|e| e.thread.0).max().unwrap_or(0) + 1;
    let mut config = Config {
        page_size: work.header.page,
        ..Config::default()
    };
    config.brk = work.header.brk.unwrap_or(config.brk);
    config.mmap_top = work.header.mappings.unwrap_or(config.mmap_top);
    let what = format!("{} {version} {text:?}", path.display());
    let mut pair = Pair::new(
        version,
        &variables(text),
        threads,
        config,
        what,
        work.header.cpus,
    );
    let mut held = vec![(Address::NULL, 0); work.blocks as usize];
    for (number, event) in work.events.iter().enumerate() {
        let thread = event.thread;
        let (block, kept, size) = match event.call {
            Call::Malloc { block, size } => {
                held[block.0 as usize] = (
                    pair.both("malloc", |m, k| m.malloc(k, thread, size))
                        .unwrap_or_default(),
                    size.0,
                );
                (block, 0, size.0)
            }
            Call::Calloc { block, count, size } => {
                let address = pair.both("calloc", |m, k| m.calloc(k, thread, count.into(), size));
                held[block.0 as usize] = (address.unwrap_or_default(), size.0 * u64::from(count));
                (block, 0, size.0 * u64::from(count))
            }
            Call::Aligned {
                block,
                alignment,
                size,
            } => {
                let address = pair.both("aligned", |m, k| {
                    m.aligned(k, thread, Bytes(alignment.into()), size)
                });
                held[block.0 as usize] = (address.unwrap_or_default(), size.0);
                (block, 0, size.0)
            }
            Call::Realloc { block, old, size } => {
                let before = old
                    .map(|old| held[old.0 as usize])
                    .filter(|held| !held.0.is_null());
                let address = pair.both("realloc", |m, k| {
                    m.realloc(k, thread, before.map(|b| b.0), size)
                });
                if let Some(old) = old
                    && (address.is_some() || size.0 == 0)
                {
                    held[old.0 as usize].0 = Address::NULL;
                }
                held[block.0 as usize] = (address.unwrap_or_default(), size.0);
                (block, before.map_or(0, |b| b.1), size.0)
            }
            Call::Free { block } => {
                let address = std::mem::take(&mut held[block.0 as usize].0);
                if !address.is_null() {
                    pair.both("free", |m, k| m.free(k, thread, address));
                }
                continue;
            }
            Call::Trim { pad } => {
                pair.both("trim", |m, k| m.trim(k, thread, pad));
                continue;
            }
            Call::ThreadExit => {
                pair.both("exit", |m, k| m.thread_exit(k, thread));
                continue;
            }
            Call::Mark(_) => {
                pair.whole();
                continue;
            }
        };
        let address = held[block.0 as usize].0;
        if work.header.touch && size > kept && !address.is_null() {
            pair.both("touch", |_, k| {
                k.touch(address + Bytes(kept), Bytes(size - kept))
            });
        }
        if number % 200_000 == 0 {
            pair.whole();
        }
    }
    pair.whole();
    println!(
        "{} {version} {text:?}: {} events {:?}",
        path.display(),
        work.events.len(),
        sums(&pair)
    );
}

#[test]
fn traces() {
    let Ok(list) = std::env::var("TRACES") else {
        return;
    };
    for path in list.split(':') {
        for version in ["2.31", "2.36", "2.41", "2.43"] {
            for text in [
                "",
                "MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=65536",
                "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
            ] {
                trace(path.as_ref(), version, text);
            }
        }
    }
}
