//! Texts as ltrace, babeltrace2 and perf print them with other options than those that Highwater's own scripts use.

mod common;

use common::{Held, import};
use highwater_import::Loss;

fn read(text: &str) -> Held {
    import(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn calls(held: &Held) -> Vec<(&'static str, u64)> {
    held.calls
        .iter()
        .map(|call| (call.kind, call.size))
        .collect()
}

#[test]
fn halves_of_calls_are_joined_whatever_stands_before_them() {
    let lines = "\
        7 TIME PLACEt->malloc(100 <unfinished ...>\n\
        8 TIME PLACEt->malloc(200 <unfinished ...>\n\
        7 TIME PLACE<... malloc resumed> ) = 0x1010TOOK\n\
        8 TIME PLACE<... malloc resumed> ) = 0x2010TOOK\n\
        7 TIME PLACEt->free(0x1010) = <void>TOOK\n";
    for (time, place, took) in [
        ("1796049959.845353", "", ""),
        ("14:46:00.012618", "[0x55a1d403a289] ", ""),
        ("14:46:00", "", ""),
        ("", "", " <0.079790>"),
        ("  0.004144", "", " <0.079790>"),
    ] {
        let text = lines
            .replace("TIME", time)
            .replace("PLACE", place)
            .replace("TOOK", took);
        let held = read(&text);
        let expected = [("malloc", 100), ("malloc", 200), ("free", 0)];
        assert_eq!(calls(&held), expected, "{text}");
        assert_eq!(held.losses.other_lines, 0, "{text}");
        let has_times = time.contains('.') && !time.starts_with(' ');
        let lacks_times = held.losses.lost.contains(&Loss::Time);
        assert_eq!(lacks_times, !has_times, "{text}");
    }
}

/// `ltrace -f -ttt -S`, and the same with every function.
#[test]
fn calls_among_those_of_the_kernel_and_of_other_functions_are_found() {
    let mut text = String::new();
    for _ in 0..200 {
        text += "714 1796049961.180847 SYS_mmap(0, 8192, 3, 34) = 0x7f6fff613000\n";
        text += "714 1796049961.180848 memset(0x7fe3ded62010, '\\001', 1000000) = 0x7fe3ded62010\n";
    }
    text += "714 1796049961.192109 malloc(1000000 <unfinished ...>\n\
        714 1796049961.192247 SYS_brk(0) = 0x5561376e8000\n\
        714 1796049961.192337 <... malloc resumed> ) = 0x7f6fff32d010\n\
        714 1796049961.192338 pthread_join(0x7fe3ded616c0, 0 <unfinished ...>\n\
        715 1796049961.192339 malloc(7) = 0x7f6fff32e010\n\
        714 1796049961.192340 <... pthread_join resumed> ) = 0\n\
        714 1796049961.192341 free(0x7f6fff32d010) = <void>\n";
    let held = read(&text);
    let expected = [("malloc", 1_000_000), ("malloc", 7), ("free", 0)];
    assert_eq!(calls(&held), expected);
    assert!(!held.losses.lost.contains(&Loss::Threads));
}

/// `ltrace -x malloc+calloc@libc.so.6`: the call of the program, and the same call where it arrives.
#[test]
fn a_call_that_another_makes_counts_once() {
    let held = read(
        "748 malloc(1000000 <unfinished ...>\n\
        748 malloc@libc.so.6(1000000) = 0x7f8826501010\n\
        748 <... malloc resumed> ) = 0x7f8826501010\n\
        748 pthread_create(0x7ffcc647bc80, 0, 0x5606c05d61c9, 0 <unfinished ...>\n\
        748 calloc@libc.so.6(17, 16) = 0x5606e75352a0\n\
        748 <... pthread_create resumed> ) = 0\n\
        748 realloc(0x5606e75352a0, 40 <unfinished ...>\n\
        748 realloc@libc.so.6(0x5606e75352a0, 40 <unfinished ...>\n\
        748 malloc@libc.so.6(40) = 0x5606e75352f0\n\
        748 <... realloc resumed> ) = 0x5606e75352f0\n\
        748 <... realloc resumed> ) = 0x5606e75352f0\n",
    );
    let kinds: Vec<_> = held.calls.iter().map(|call| call.kind).collect();
    assert_eq!(kinds, ["malloc", "calloc", "realloc"]);
}

#[test]
fn time_goes_on_over_midnight() {
    let held = read(
        "7 23:59:59.500000 malloc(1) = 0x1010\n\
        7 00:00:00.500000 malloc(2) = 0x2010\n\
        7 00:00:02.500000 malloc(3) = 0x3010\n",
    );
    let times: Vec<_> = held.calls.iter().map(|call| call.time).collect();
    assert_eq!(times, [0, 1_000_000, 3_000_000]);
}

#[test]
fn what_strace_prints_is_none_of_it() {
    let text = "brk(NULL) = 0x5561376e8000\nmmap(NULL, 8192, 3, 34) = 0x7f6fff613000\n";
    assert!(import(text.repeat(40).as_bytes()).is_err());
}

/// `babeltrace2 --names all`.
#[test]
fn babeltrace2_may_name_every_field() {
    let held = read(
        "timestamp = 23:59:59.500000000, delta = +?.?????????, trace:hostname = host, name = lttng_ust_libc:malloc, stream.packet.context = { cpu_id = 1 }, stream.event.context = { vtid = 12 }, event.fields = { size = 2, ptr = 0x1010 }\n\
        timestamp = 00:00:00.500000000, delta = +1.000000000, trace:hostname = host, name = lttng_ust_libc:free, stream.packet.context = { cpu_id = 1 }, stream.event.context = { vtid = 12 }, event.fields = { ptr = 0x1010 }\n",
    );
    assert_eq!(calls(&held), [("malloc", 2), ("free", 0)]);
    assert_eq!(held.calls[1].time, 1_000_000);
    assert!(!held.losses.lost.contains(&Loss::Threads));
}

/// `perf script` of a recording with call graphs.
#[test]
fn stacks_between_perfs_events_are_passed_over() {
    let stack =
        "\t          7f0012 malloc+0x0 (/usr/lib/libc.so.6)\n\t            55d0 main+0x10 (/t)\n\n";
    let held = read(&format!(
        "# ========\n# captured on: x\n# ========\n#\n\
        t 651/653 [001] 12345.678901: highwater:malloc: (7f0012) size=100\n{stack}\
        t 651/653 [001] 12345.678905: highwater:malloc__return: (7f0012 <- 55d0) ret=0x1010\n{stack}\
        t     0/0 [001] 12345.700000: PERF_RECORD_LOST lost 17\n",
    ));
    assert_eq!(calls(&held), [("malloc", 100)]);
    let said = held.losses.to_string();
    assert!(
        said.contains("; 17 events that the tool dropped; "),
        "{said}"
    );
}
