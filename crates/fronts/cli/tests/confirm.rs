//! The calls of a trace on the real libraries of this machine. Where its C library is not modelled there is nothing to confirm.

mod common;

use common::{file, highwater, recording, refused};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::process::Output;

/// Runs the command; `None`, and the reason said, where this machine has no library that is modelled.
fn confirm(arguments: &[&str]) -> Option<Output> {
    let output = highwater(&[&["confirm"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    let cannot = ["is not modelled", "x86-64 Linux", "no libjemalloc"];
    if output.status.code() == Some(2) && cannot.iter().any(|reason| said.contains(reason)) {
        eprintln!("SKIPPED: {said}");
        return None;
    }
    Some(output)
}

fn report(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {said}"))
}

fn assert_equal(variant: &Value) {
    assert_eq!(
        variant["addresses"], variant["addresses_equal"],
        "{variant}"
    );
    assert_eq!(variant["other_differences"], 0);
    assert!(variant["first_difference"].is_null(), "{variant}");
    let marks = variant["marks"].as_array().expect("a list");
    assert!(marks.len() > 40);
    for mark in marks {
        assert_eq!(mark["real"], mark["model"], "{mark}");
    }
}

#[test]
fn the_recorded_burst_is_confirmed_with_every_kind_of_remedy() {
    let variants = [
        "low: MALLOC_MMAP_THRESHOLD_=16384",
        "trims: trim=after-bursts",
    ];
    let trace = recording();
    let Some(output) = confirm(&[
        &trace,
        "--variant",
        variants[0],
        "--variant",
        variants[1],
        "--json",
    ]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(0));
    let report = report(&output);
    let all = report["variants"].as_array().expect("a list");
    assert_eq!(all.len(), 3);
    all.iter().for_each(assert_equal);
    assert!(all[0]["addresses"].as_u64() > Some(150_000));
    let end = |variant: &Value| {
        let rest = variant["marks"].as_array().expect("a list").iter();
        rest.filter(|mark| mark["name"] == "rest:1")
            .find_map(|mark| mark["real"].as_u64())
            .expect("it rests")
    };
    assert!(end(&all[1]) * 10 < end(&all[0]) && end(&all[2]) * 10 < end(&all[0]));
}

#[test]
fn jemalloc_is_confirmed_where_it_is_installed() {
    let trace = recording();
    let variant =
        "preloaded: LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0";
    let Some(output) = confirm(&[&trace, "--variant", variant, "--json"]) else {
        return;
    };
    let report = report(&output);
    let preloaded = &report["variants"][1];
    assert!(
        preloaded["model"]
            .as_str()
            .is_some_and(|model| model.starts_with("jemalloc"))
    );
    assert_equal(preloaded);
}

/// What of its large blocks the service touched is in the recording, and so are the moments at which it was measured.
#[test]
fn a_recorded_service_is_confirmed_with_what_it_touched() {
    let trace = recording().replace("asyncio_burst.hwt.gz", "service.hwr.gz");
    let Some(output) = confirm(&[&trace, "--json"]) else {
        return;
    };
    let report = report(&output);
    let confirmed = &report["variants"][0];
    let replayed = highwater(&["replay", &trace, "--json"]);
    let replayed: Value = serde_json::from_slice(&replayed.stdout).expect("JSON");
    let resident = |of: &Value, key: &str| {
        let marks = of["marks"].as_array().expect("a list").iter();
        let named = marks.filter(|mark| mark["name"] != "(end)");
        named.map(|mark| mark[key].clone()).collect::<Vec<_>>()
    };
    // The oracle's calls are a translation of the trace: the simulator knows the trace itself.
    assert_eq!(resident(confirmed, "model"), resident(&replayed, "rss"));
    assert!(resident(confirmed, "model").len() > 4);
    let samples = confirmed["samples"].as_array().expect("a list");
    assert!(samples.len() > 200);
    let most = samples.iter().filter_map(|sample| sample["real"].as_u64());
    assert!(most.max() > Some(100 << 20), "it wrote its blocks");
    if confirmed["model"] == "glibc 2.36" {
        assert!(confirmed["first_difference"].is_null(), "{confirmed}");
    }
}

#[test]
fn time_passes_by_itself_where_that_is_asked() {
    let trace = file(
        "waits.hwt",
        "highwater-trace 1\nm 0 0 0x1000 1000000\nf 20000 0 0x1000\nm 60000 0 0x1000 200000\nf 80000 0 0x1000\n",
    );
    let begun = std::time::Instant::now();
    let Some(output) = confirm(&[&trace, "--real-time"]) else {
        return;
    };
    assert!(begun.elapsed().as_millis() >= 80, "it waits");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("2 of 2 addresses equal") && text.contains("real time"),
        "{text}"
    );
    // jemalloc's background threads need it.
    let threads =
        "own: allocator=jemalloc@5.3.0 MALLOC_CONF=background_thread:true,dirty_decay_ms:10";
    if let Some(output) = confirm(&[&trace, "--variant", threads]) {
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("--real-time") && said.lines().count() == 1,
            "{said}"
        );
    }
    if let Some(output) = confirm(&[&trace, "--variant", threads, "--real-time", "--json"]) {
        let own = &report(&output)["variants"][1];
        assert_eq!(own["addresses"], 2, "{own}");
    }
    refused(
        &["confirm", &trace, "--real-time", "--time", "2"],
        &["--time"],
    );
}

#[test]
fn another_release_is_told_by_its_first_difference() {
    let trace = recording();
    let Some(output) = confirm(&[&trace, "--json"]) else {
        return;
    };
    let here = report(&output)["variants"][0]["model"]
        .as_str()
        .expect("a text")
        .to_owned();
    let other = if here.ends_with("2.43") {
        "glibc@2.31"
    } else {
        "glibc@2.43"
    };
    let output = confirm(&[&trace, "--allocator", other]).expect("the library is there");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("First difference: event "), "{text}");
    assert!(text.contains("by thread 0: the library "), "{text}");
}

#[test]
fn a_doctored_trace_differs_from_the_library_that_recorded_it() {
    let mut text = String::new();
    let packed = File::open(recording()).expect("it is there");
    GzDecoder::new(packed)
        .read_to_string(&mut text)
        .expect("it is gzip");
    let lines = text.lines().filter(|line| line.starts_with("m "));
    let address = lines
        .skip(200)
        .find_map(|line| line.split(' ').nth(3))
        .expect("it allocates");
    let moved = u64::from_str_radix(&address[2..], 16).expect("an address") + 8;
    let doctored = file(
        "doctored.hwt",
        text.replace(address, &format!("{moved:#x}")),
    );
    let Some(output) = confirm(&[&doctored, "--json"]) else {
        return;
    };
    let variant = &report(&output)["variants"][0];
    assert_equal(variant);
    if variant["model"] == "glibc 2.36" {
        assert_eq!(output.status.code(), Some(1));
        assert!(
            variant["recorded"]["first_difference"]["event"].as_u64() >= Some(200),
            "{variant}"
        );
    }
}

#[test]
fn what_cannot_be_confirmed_is_refused_in_one_line() {
    refused(&["confirm", "nosuch.hwt"], &["nosuch.hwt"]);
    refused(&["confirm", "four_weeks"], &["confirm takes one"]);
    refused(
        &["confirm", "async_fanout", "--set", "events=5"],
        &["python=none"],
    );
    refused(
        &["confirm", &recording(), "--libraries", "/nosuch"],
        &["/nosuch"],
    );
}

#[test]
fn the_time_of_the_calls_stands_beside_its_estimate() {
    let trace = recording();
    let low = "low: MALLOC_MMAP_THRESHOLD_=16384";
    let asked = [&trace, "--variant", low, "--time", "3", "--json"];
    let Some(output) = confirm(&asked) else {
        return;
    };
    let report = report(&output);
    let [first, low] = [0, 1].map(|at| &report["variants"][at]["time"]);
    for time in [first, low] {
        let of = |key: &str| -> Vec<u64> {
            let list = time[key].as_array().expect("a list");
            list.iter()
                .map(|us| us.as_u64().expect("a number"))
                .collect()
        };
        assert!(of("real_us").is_sorted() && of("real_us")[0] > 0, "{time}");
        assert!(of("estimated_us").is_sorted(), "{time}");
    }
    // Each mapping is a system call, and its pages are new.
    for key in ["faults", "syscalls"] {
        assert!(low[key].as_u64() > first[key].as_u64(), "{key}");
    }
}

#[test]
fn the_time_of_several_threads_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("threads.hwt");
    std::fs::write(&file, "highwater-trace 1\nm 0 0 0x10 64\nm 1 1 0x80 64\n").expect("written");
    let Some(output) = confirm(&[file.to_str().expect("plain"), "--time", "1"]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("several threads") && said.lines().count() == 1,
        "{said}"
    );
}
