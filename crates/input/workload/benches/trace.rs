//! Reading and writing of traces, in bytes of text a second, on a trace generated here:
//! `cargo bench -p highwater-workload`.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use highwater_workload::pattern::Parameters;
use highwater_workload::trace::{read, write, write_gzip};
use highwater_workload::{Address, Pattern, Workload, unwatched};

fn main() {
    divan::main();
}

/// The default fan-out. Its blocks get addresses like those of a heap: reused, and not in order.
fn workload() -> Workload {
    let mut workload = Pattern::AsyncFanOut
        .build(&Parameters::default(), &mut unwatched)
        .expect("the defaults are in range");
    let allocated = workload
        .events
        .iter()
        .filter_map(|event| event.call.allocated());
    workload.recorded = (0..allocated.count() as u64)
        .map(|block| Address(0x5555_5555_5000 + (block.wrapping_mul(0x9e37_79b9) & 0xffff_fff0)))
        .collect();
    workload
}

fn text() -> Vec<u8> {
    let mut text = Vec::new();
    write(&workload(), None, &mut text).expect("written to memory");
    text
}

#[divan::bench]
fn read_text(bencher: Bencher) {
    let text = text();
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench_local(|| read(black_box(&text)).expect("a good trace"));
}

#[divan::bench]
fn read_gzip(bencher: Bencher) {
    let mut packed = Vec::new();
    write_gzip(&workload(), None, &mut packed).expect("written to memory");
    bencher
        .counter(BytesCount::of_slice(&text()))
        .bench_local(|| read(black_box(&packed)).expect("a good trace"));
}

#[divan::bench]
fn write_text(bencher: Bencher) {
    let workload = workload();
    let length = text().len();
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        let mut out = Vec::with_capacity(length);
        write(black_box(&workload), None, &mut out).expect("written to memory");
        out
    });
}

#[divan::bench]
fn write_packed(bencher: Bencher) {
    let workload = workload();
    bencher
        .counter(BytesCount::of_slice(&text()))
        .bench_local(|| {
            let mut out = Vec::new();
            write_gzip(black_box(&workload), None, &mut out).expect("written to memory");
            out
        });
}

#[divan::bench]
fn build_fan_out() -> Workload {
    Pattern::AsyncFanOut
        .build(&Parameters::default(), &mut unwatched)
        .expect("the defaults are in range")
}
