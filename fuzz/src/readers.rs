//! What must hold of every reader, whatever the text: each function panics where it does not.

use highwater_allocator::Variable;
use highwater_simulator::{Choice, PythonVersion, Variant};
use highwater_workload::{Event, SiteId, Workload, scenario::ScenarioFile, trace, unwatched};
use std::io::Read;

/// One reader under test.
#[derive(Clone, Copy)]
pub struct Reader {
    /// The name of its target, and of its folder in the corpus.
    pub name: &'static str,
    /// Reads the text and panics where something does not hold.
    pub read: fn(&[u8]),
    /// Words that its texts are made of.
    pub words: &'static [&'static str],
}

/// All readers; each has a target of the same name.
pub const READERS: &[Reader] = &[
    Reader {
        name: "trace",
        read: trace,
        words: TRACE,
    },
    Reader {
        name: "gzip",
        read: gzip,
        words: TRACE,
    },
    Reader {
        name: "import",
        read: import,
        words: IMPORT,
    },
    Reader {
        name: "remarks",
        read: remarks,
        words: SETTINGS,
    },
    Reader {
        name: "scenario",
        read: scenario,
        words: SCENARIO,
    },
];

/// The reader of traces: what it accepts is written and read again as the same.
pub fn trace(bytes: &[u8]) {
    const LIMITS: trace::Limits = trace::Limits {
        text: 1 << 20,
        events: 100_000,
        marks: 1000,
        mark_text: 1 << 20,
        header: 1 << 16,
        window: 1 << 16,
    };
    let workload = match trace::read_with(bytes, LIMITS, &mut unwatched) {
        Ok(workload) => workload,
        Err(error) => return one_line(&error.to_string()),
    };
    // Only a recording has the addresses that a trace is made of.
    if workload.recorded.is_empty() {
        return;
    }
    let mut text = Vec::new();
    if trace::write(&workload, None, &mut text).is_ok() {
        let again = trace::read_with(&text, LIMITS, &mut unwatched);
        let again = again.expect("what the project writes it reads");
        assert_eq!(by_occurrence(&again), by_occurrence(&workload));
        assert_eq!(again.marks, workload.marks);
    }
}

/// The events, with their sites numbered as they occur, and what those stand for.
///
/// Sites that nothing names are not written. Two with the same name are one where the name comes before the first call of
/// the second, as it always does in what the project writes.
fn by_occurrence(workload: &Workload) -> (Vec<Event>, Vec<&str>) {
    let mut occurred: Vec<usize> = Vec::new();
    let numbered = workload.events.iter().map(|event| {
        let Some(place) = event.site.place() else {
            return event.clone();
        };
        let name = &workload.sites[place];
        let known = occurred.iter().position(|other| {
            *other == place || !name.is_empty() && workload.sites[*other] == *name
        });
        let number = known.unwrap_or(occurred.len());
        if known.is_none() {
            occurred.push(place);
        }
        Event {
            site: SiteId::at(number),
            ..event.clone()
        }
    });
    let events = numbered.collect();
    let names = occurred.iter().map(|place| &*workload.sites[*place]);
    (events, names.collect())
}

/// The reader of packed traces, within limits that a few kilobytes can reach.
pub fn gzip(bytes: &[u8]) {
    const LIMITS: trace::Limits = trace::Limits {
        text: 1 << 20,
        events: 10_000,
        marks: 1000,
        mark_text: 1 << 20,
        header: 1 << 16,
        window: 1 << 16,
    };
    let mut packed = vec![0x1f, 0x8b];
    packed.extend_from_slice(bytes);
    for bytes in [&packed, bytes] {
        if let Err(error) = trace::read_with(bytes, LIMITS, &mut unwatched) {
            one_line(&error.to_string());
        }
    }
}

/// The readers of other tools' files: what they take is a recording that can be read.
pub fn import(bytes: &[u8]) {
    const LIMITS: trace::Limits = trace::Limits {
        text: 1 << 30,
        events: 1_000_000,
        marks: 1_000_000,
        mark_text: 1 << 28,
        header: 1 << 16,
        window: 1 << 16,
    };
    /// Bytes of a recording that is read again: packed files may hold very many.
    const LONGEST: u64 = 1 << 20;
    if let Err(error) = highwater_import::recognise(bytes) {
        return one_line(&error.to_string());
    }
    let recording = match highwater_import::Recording::open(bytes) {
        Ok(recording) => recording,
        Err(error) => return one_line(&error.to_string()),
    };
    let mut recorded = Vec::new();
    match recording.take(LONGEST).read_to_end(&mut recorded) {
        Ok(length) if (length as u64) < LONGEST => {}
        Ok(_) => return,
        Err(error) => return one_line(&error.to_string()),
    }
    // One in which only unknown blocks are freed has no calls.
    if let Err(error) = trace::read_with(&recorded, LIMITS, &mut unwatched) {
        let sentence = error.to_string();
        one_line(&sentence);
        assert!(
            sentence.contains("no calls"),
            "what an importer writes is a recording: {sentence}"
        );
    }
}

/// What every release says to the value of every variable that one of them reads: the first byte chooses the variable.
pub fn remarks(bytes: &[u8]) {
    let Some((first, value)) = bytes.split_first() else {
        return;
    };
    let Ok(value) = std::str::from_utf8(value) else {
        return;
    };
    if value.contains('\0') {
        return;
    }
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let [oldest, .., newest] = PythonVersion::ALL;
    for allocator in Choice::all() {
        for python in [None, Some(oldest), Some(newest)] {
            let variable = Variable {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            let variant = Variant {
                allocator,
                python,
                environment: vec![variable],
                ..Variant::default()
            };
            for remark in variant.remarks() {
                assert!(!remark.text.is_empty());
            }
        }
    }
}

/// The reader of scenario files, and what a scenario comes to.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match ScenarioFile::read("fuzzed", text) {
        Ok(file) => {
            if let Err(fault) = file.scenario.plan() {
                one_line(&file.locate(fault).to_string());
            }
        }
        Err(error) => one_line(&error.to_string()),
    }
}

fn one_line(message: &str) {
    assert!(
        !message.is_empty() && !message.contains('\n'),
        "{message:?}"
    );
}

const NAMES: [&str; 12] = [
    "MALLOC_CONF",
    "GLIBC_TUNABLES",
    "MALLOC_ARENA_MAX",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_CHECK_",
    "LD_PRELOAD",
    "PYTHONMALLOC",
    "PYTHONTRACEMALLOC",
    "PYTHONDEVMODE",
    "MALLOC_TRIM_THRESHOLD",
];

const TRACE: &[&str] = &[
    "highwater-trace 1\n",
    "page 16384\n",
    "cpus 8\n",
    "allocator glibc 2.36\n",
    "env MALLOC_ARENA_MAX=2\n",
    "program python\n",
    "brk 0x555555560000\n",
    "mappings 0x7ffff7ff0000\n",
    "touch none\n",
    "m 0 0 0x1000 100\n",
    "f 1 0 0x1000\n",
    "r 2 0 0x2000 0x1000 200\n",
    "r 2 0 0x2000 0x0 200\n",
    "c 3 1 0x3000 10 10\n",
    "a 4 0 0x4000 64 100\n",
    "t 5 0 0\n",
    "e 6 1\n",
    "k 7 0 burst:0 heap_rss=4096 rss=8192\n",
    "end 3\n",
    "18446744073709551615",
    "9007199254740991",
    "4294967295",
    "0x7ffff7ff",
    "0x",
    "-1",
    " ",
    "\n",
    "\r\n",
    "#",
    "\u{202e}",
    "\u{1b}[31m",
];

const SETTINGS: &[&str] = &[
    "glibc.malloc.tcache_count=",
    "glibc.malloc.trim_threshold=",
    "glibc.malloc.arena_max=",
    "dirty_decay_ms:",
    "narenas:",
    "tcache:false",
    "slab_sizes:1-4096:17|100-200:1",
    "lg_tcache_max:",
    "oversize_threshold:",
    "background_thread:true",
    "pymalloc_debug",
    "malloc",
    "0x",
    "-1",
    "18446744073709551615",
    "9223372036854775808",
    ":",
    ",",
    "=",
    "|",
    "libjemalloc.so.2",
    "/usr/lib/",
    " ",
];

const SCENARIO: &[&str] = &[
    "[[variant]]\n",
    "name = \"a\"\n",
    "allocator = \"jemalloc@5.3.0\"\n",
    "environment = \"MALLOC_ARENA_MAX=1\"\n",
    "pattern = \"sync\"\n",
    "pattern = \"async_fanout\"\n",
    "trace = \"a.hwt\"\n",
    "[parameters]\n",
    "events = 200\n",
    "cycles = 4\n",
    "rest = 4\n",
    "title = \"t\"\n",
    "shows = \"\"\"\n",
    "python = \"3.12\"\n",
    "processes = 4\n",
    "cap = 64\n",
    "workers = 4\n",
    "parameters = { subscribers = 2 }\n",
    "seed = 1\n",
    "high = 32\n",
    "cores = 4\n",
    "[[stage]]\n",
    "\"\\u001b\"",
    "9223372036854775807",
    "18446744073709551615",
    "-1",
    "1e999",
    "'''",
    "[",
    "]",
    "{",
    "=",
    "\n",
];

const IMPORT: &[&str] = &[
    "memray\0",
    "\r\0\0\0",
    "\u{b}\0\0\0",
    "v 10400 3\n",
    "x 3 a b\n",
    "m 1 -\n",
    "s 3 abc\n",
    "i 1 1 1 1 1\n",
    "t 1 0\n",
    "a 20 1\n",
    "+ 0\n",
    "- 0\n",
    "+ 20 1 7f00\n",
    "- 7f00\n",
    "c 1f\n",
    "R 10\n",
    "12: malloc 0x7000 24\n",
    "12: free 0x7000\n",
    "12: thread_done 0x0\n",
    "10 11 malloc(32)=0x7000\n",
    "10 11 realloc(0x7000,64)=0x7200\n",
    "= Start\n",
    "@ a:[0x1] + 0x7000 0x20\n",
    "@ a:[0x1] < 0x7000\n",
    "@ a:[0x1] > 0x7100 0x30\n",
    "10 1.5 a->malloc(24) = 0x7000\n",
    "10 1.6 a->malloc(24 <unfinished ...>\n",
    "10 1.7 <... malloc resumed> ) = 0x7000\n",
    "[1:2:3.4] (+0.1) h lttng_ust_libc:malloc: { vtid = 1 }, { size = 24, ptr = 0x7000 }\n",
    "a 10/11 [001] 1.5: highwater:malloc: (7f) size=24\n",
    "a 10/11 [001] 1.6: highwater:malloc__return: (7f <- 5) ret=0x7000\n",
];
