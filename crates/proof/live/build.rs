//! Builds `highwater-oracle` and `highwater-python-oracle`, the programs that make the real calls.
//!
//! They are no ordinary binaries of this package, because they must not contain the standard library: that would ask for
//! functions in the version that the machine's C library has, and the oracle also runs on older ones. Cargo builds every
//! binary with the profile's way of panicking, which without the standard library is only possible if it is "abort"; so
//! the compiler is called here, with that and with its own start-up code. See `oracle/main.rs`.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=oracle");
    println!("cargo::rerun-if-changed=python");
    println!("cargo::rerun-if-changed=src/python/talk.rs");
    println!("cargo::rerun-if-changed=src/wire.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    println!("cargo::rustc-check-cfg=cfg(oracle)");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if (target("OS"), target("ENV"), target("ARCH"))
        != ("linux".into(), "gnu".into(), "x86_64".into())
    {
        return; // The crate says so when it is asked for an oracle.
    }
    build("oracle/main.rs", "highwater-oracle", "HIGHWATER_ORACLE");
    build(
        "python/main.rs",
        "highwater-python-oracle",
        "HIGHWATER_PYTHON_ORACLE",
    );
}

/// Builds a program and tells the crate where it is.
fn build(source: &str, name: &str, told_as: &str) {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let program = PathBuf::from(variable("OUT_DIR")).join(name);
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .args([
            source,
            "--crate-name",
            &name.replace('-', "_"),
            "--crate-type",
            "bin",
        ])
        .args(["--edition", "2024", "--cfg", "oracle", "--target"])
        .arg(variable("TARGET"))
        .args(["-C", "panic=abort", "-C", "opt-level=3"])
        // One unit: a directive that asks for an old version of a symbol holds for its own object file only.
        .args(["-C", "codegen-units=1"])
        // What interposes malloc must be visible to the C library; before 2.34 its threads, and what looks symbols up, are
        // in libraries of their own.
        .args(["-C", "link-arg=-nostartfiles"])
        .args([
            "-C",
            "link-arg=-Wl,--no-as-needed",
            "-C",
            "link-arg=-l:libpthread.so.0",
        ])
        .args(["-C", "link-arg=-l:libdl.so.2"])
        .args(["-C", "link-arg=-lc", "-o"])
        .arg(&program);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let status = rustc
        .status()
        .unwrap_or_else(|error| panic!("the compiler cannot be started: {error}"));
    assert!(status.success(), "{name} does not compile: {status}");
    println!("cargo::rustc-env={told_as}={}", program.display());
}
