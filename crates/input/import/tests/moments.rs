//! Statistics and snapshots of one moment, as people have them at hand, are told and refused.

use highwater_import::{ImportError, Recording};

/// What a file is said to be, if it is refused.
fn refused(bytes: &[u8]) -> Option<String> {
    match Recording::open(bytes) {
        Err(error @ ImportError::Refused(_)) => Some(error.to_string()),
        _ => None,
    }
}

#[test]
fn what_holds_sums_of_one_moment_says_what_it_is_and_what_to_record() {
    let smaps = "55d0c0de1000-55d0c0de3000 rw-p 00000000 00:00 0 [heap]\nSize: 8 kB\nRss: 8 kB\n";
    let files: [(&str, &str); 10] = [
        ("<malloc version=\"1\">\n<heap nr=\"0\">\n", "glibc"),
        (
            "Arena 0:\nsystem bytes     =     135168\nin use bytes     =       1024\n",
            "glibc",
        ),
        (
            "___ Begin jemalloc statistics ___\nVersion: \"5.3.0-0-g54ea\"\n",
            "jemalloc",
        ),
        (
            "{\n\t\"jemalloc\": {\n\t\t\"version\": \"5.3.0\",\n",
            "jemalloc",
        ),
        ("JAVA PROFILE 1.0.2\0\0\0\0\u{8}", "Java"),
        (
            "{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\",\"name\"]",
            "V8",
        ),
        (
            "Name:\tpython3\nUmask:\t0022\nVmPeak:\t 12 kB\nVmRSS:\t 8 kB\n",
            "/proc",
        ),
        (smaps, "/proc"),
        (
            "00400000-7ffd12345000 ---p 00000000 00:00 0          [rollup]\nRss: 9 kB\n",
            "/proc",
        ),
        (
            "7f0000000000-7f0000021000 r-xp 00000000 fe:01 77 /usr/lib/libc.so.6\n",
            "/proc",
        ),
    ];
    for (text, what) in files {
        let said = refused(text.as_bytes()).unwrap_or_else(|| panic!("{text} is not refused"));
        assert!(said.contains(what), "{said}");
        assert!(
            said.contains("cannot be replayed") && said.contains("record with `highwater record`"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_trace_of_other_events_names_the_script_that_has_the_arguments() {
    for text in [
        "python3 1234 [001] 100.000001: probe_libc:malloc: (7f0000001000)\n",
        "python3  1234 100.000001:      10000 cycles:\n\t55d000001000 foo+0x10 (/usr/bin/python3)\n",
        "# tracer: nop\n#\n   bash-1234  [001] d..3. 12.345678: sched_switch: prev_comm=bash\n",
        ":-1    -1 [000] 5.000001:          1 page-faults:u:  7f00 [unknown] ([unknown])\n",
    ] {
        let said = refused(text.as_bytes()).unwrap_or_else(|| panic!("{text} is not refused"));
        assert!(said.contains("highwater script perf"), "{said}");
    }
    for text in [
        "12:30:01.5: a note: none\n".replace("note:", "note"),
        "1234 1700000.123456 brk(NULL) = 0\n".to_owned(),
        "[  100.000001] usb 1-1: new device\n".to_owned(),
        "2026-11-30 12:30:01.123456: INFO: started\n".to_owned(),
        "1764500000.123456: INFO: started\n".to_owned(),
        "line 7 ratio 1.5: better: yes\n".to_owned(),
        "at 10.5: 300 4 5\n".to_owned(),
    ] {
        assert_eq!(refused(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn texts_that_only_resemble_one_are_not_taken_for_it() {
    for text in [
        "",
        "-",
        "Name:\tsomebody\nStreet:\tnowhere\n",
        "12-34 rw-p 0\n",
        "deadbeef rw-p 00000000\n",
        "deadbeef0-deadbeef1 rwx 0\n",
        "deadbeef0-deadbeef1 call 0\n",
        "Arena 0:\n",
        "{\"snapshot\": 1}",
        "<malloc>",
    ] {
        assert_eq!(refused(text.as_bytes()), None, "{text}");
    }
}
