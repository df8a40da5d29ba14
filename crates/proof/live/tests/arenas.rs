//! How many arenas forty threads get: on the machine's own C library, or on those that `HIGHWATER_LIBRARIES` names, and on
//! their models; with all cores, and with one of them (`taskset -c 0`).

mod common;

use common::{differ, is_modelled, say};
use highwater_live::{Environment, Library, Operation, Oracle, Sequence, Step};
use std::path::Path;
use std::process::Command;

const THREADS: u16 = 40;

fn libraries() -> Vec<Library> {
    let candidates = match std::env::var("HIGHWATER_LIBRARIES") {
        Ok(folder) => Library::in_folder(Path::new(&folder))
            .unwrap_or_else(|error| panic!("HIGHWATER_LIBRARIES={folder}: {error}")),
        Err(_) => vec![Library::installed()],
    };
    candidates.into_iter().filter(is_modelled).collect()
}

/// Every thread asks for a block, twice, and every third frees the first one where that is wanted: the heaps show which arenas
/// they get.
fn forty_threads(frees: bool) -> Sequence {
    let mut steps = Vec::new();
    for round in 0..2 {
        for thread in 1..=THREADS {
            let block = u32::from(round * THREADS + thread);
            let operation = Operation::Malloc { block, size: 3000 };
            steps.push(Step { thread, operation });
            if frees && round == 0 && thread % 3 == 0 {
                let operation = Operation::Free { block };
                steps.push(Step { thread, operation });
            }
        }
        steps.push(Step {
            thread: 0,
            operation: Operation::Mark,
        });
    }
    Sequence { steps, touch: true }
}

#[test]
fn forty_threads_get_the_arenas_that_the_cores_allow() {
    let settings = [
        "",
        "MALLOC_ARENA_TEST=1",
        "MALLOC_ARENA_TEST=3",
        "MALLOC_ARENA_TEST=20",
        "MALLOC_ARENA_TEST=100",
        "MALLOC_ARENA_MAX=1",
        "MALLOC_ARENA_MAX=5",
    ];
    for library in libraries() {
        for text in settings {
            let environment = Environment::parse(text);
            let mut oracle = Oracle::start(&library, &environment).unwrap();
            for frees in [false, true] {
                let found = differ(&mut oracle, &environment, &forty_threads(frees));
                let trouble = found.map(|(_, trouble)| trouble);
                assert_eq!(trouble, None, "{} {environment}", oracle.release());
            }
        }
    }
}

#[test]
fn on_one_core_of_several_they_do_too() {
    let own = std::env::current_exe().expect("it runs");
    let test = "forty_threads_get_the_arenas_that_the_cores_allow";
    let run = Command::new("taskset")
        .args(["-c", "0"])
        .arg(own)
        .args([test, "--exact", "--nocapture"])
        .output();
    match run {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("1 passed"),
                "{said}"
            );
        }
        Err(error) => say(&format!("SKIPPED: taskset: {error}")),
    }
}
