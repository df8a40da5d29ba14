//! Random programs of mmap, brk, mremap and madvise on this machine's kernel and on its model: resident memory, huge pages, memory
//! marked with MADV_FREE and page tables are the same after every step.
//!
//! Each batch of programs runs in a process of its own, which starts this test again as `child`.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

#[path = "common/kernel_machine.rs"]
mod machine;
#[path = "common/kernel_program.rs"]
mod program;

use machine::{Machine, Measured};
use program::{Generator, Step};
use std::io::Write;
use std::process::Command;

/// Programs of a run, and the steps of each.
const PROGRAMS: u64 = 60;
const STEPS: usize = 120;
/// How often a program is run that khugepaged or a lack of free huge pages disturbs.
const TRIES: usize = 5;

fn say(text: &str) {
    // Where nobody reads it, nobody is missed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().expect("a number"))
}

fn run_children(way: &str) {
    if let Err(reason) = machine::offers_huge_pages() {
        say(&format!("SKIPPED: huge pages of the live kernel: {reason}"));
        return;
    }
    let this = std::env::current_exe().expect("the test has a file");
    let child = Command::new(this)
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .args(["--test-threads", "1"])
        .env("HIGHWATER_KERNEL_WAY", way)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&child.stdout);
    let told = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}{told}");
    said.lines()
        .filter(|line| line.contains("compared") || line.contains("SKIPPED"))
        .for_each(say);
}

#[test]
fn random_programs_have_the_memory_of_the_live_kernel() {
    run_children("usual");
}

#[test]
fn a_process_that_switched_huge_pages_off_has_none() {
    run_children("off");
}

#[test]
#[ignore = "the other tests start it in a process of its own"]
fn child() {
    let Ok(way) = std::env::var("HIGHWATER_KERNEL_WAY") else {
        return;
    };
    let is_disabled = way == "off";
    let Some(mut machine) = Machine::new(is_disabled) else {
        println!("SKIPPED: the kernel does not switch huge pages off for a process");
        return;
    };
    let seed = number("HIGHWATER_SEED", 1);
    let (mut compared, mut huge) = (0, 0);
    for seed in seed..seed + number("HIGHWATER_PROGRAMS", PROGRAMS) {
        let mut quiet = None;
        for _ in 0..TRIES {
            let (steps, expected) = Generator::new(seed, machine.config()).run(STEPS);
            let (measured, was_disturbed) = machine.run(&steps);
            if !was_disturbed {
                quiet = Some((steps, expected, measured));
                break;
            }
        }
        let Some((steps, expected, measured)) = quiet else {
            println!("SKIPPED: program {seed} was disturbed {TRIES} times");
            continue;
        };
        compared += steps.len();
        huge += measured.iter().filter(|step| step.huge > 0).count();
        assert_same(seed, &steps, &expected, &measured);
    }
    println!("{compared} steps compared, {huge} of them with huge pages, {way}");
    assert!(
        compared > 0 && (huge > 0) != is_disabled,
        "the programs have no huge pages"
    );
}

fn assert_same(seed: u64, steps: &[Step], expected: &[Measured], measured: &[Measured]) {
    let pairs = expected.iter().zip(measured);
    let first = pairs
        .enumerate()
        .find(|(_, (model, real))| !model.is_like(real));
    let Some((at, (model, real))) = first else {
        return;
    };
    for (index, step) in steps[..=at].iter().enumerate() {
        println!("{index:3} {step:x?}   {:?}", expected[index]);
    }
    panic!("seed {seed}, step {at}: the model has {model:?}, the kernel {real:?}");
}
