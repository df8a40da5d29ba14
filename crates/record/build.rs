//! Builds the preload library and tells the crate where it is.
//!
//! It is no ordinary library of this package: it must not contain the standard library, need any other library, or unwind,
//! and Cargo builds every crate with the profile's way of panicking. So the compiler is called here: first for the format's
//! encoder, then for this crate's own source with `--cfg preload`, which gives its functions their names in C.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=../input/hwr/src");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    println!("cargo::rustc-check-cfg=cfg(recorder)");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_known = matches!(&*target("ARCH"), "x86_64" | "aarch64");
    if target("OS") != "linux" || !is_known {
        return; // The crate has no library then, and says so when it is asked for one.
    }
    let folder = PathBuf::from(variable("OUT_DIR"));
    let encoder = folder.join("libhighwater_hwr.rlib");
    let mut rustc = compiler("../input/hwr/src/lib.rs", "highwater_hwr", "rlib");
    run(rustc.arg("-o").arg(&encoder));
    let library = folder.join("libhighwater_record.so");
    let mut rustc = compiler("src/lib.rs", "highwater_record", "cdylib");
    rustc
        .args(["--cfg", "preload", "--extern"])
        .arg(format!("highwater_hwr={}", encoder.display()))
        .args(["-C", "link-arg=-nostdlib", "-o"])
        .arg(&library);
    let linker = env::var("RUSTC_LINKER").ok();
    if let Some(linker) = &linker {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    // A compiler takes the linker's options behind a comma; the linker itself does not.
    let is_plain = linker.is_some_and(|linker| linker.ends_with("lld"));
    let prefix = if is_plain { "" } else { "-Wl," };
    for option in [
        "-znow",
        "--gc-sections",
        "--hash-style=both",
        "-soname=libhighwater_record.so",
    ] {
        rustc.arg("-C").arg(format!("link-arg={prefix}{option}"));
    }
    run(&mut rustc);
    println!("cargo::rustc-cfg=recorder");
    println!(
        "cargo::rustc-env=HIGHWATER_RECORD_LIBRARY={}",
        Path::new(&library).display()
    );
}

/// Returns a call of the compiler for a crate without the standard library.
fn compiler(source: &str, name: &str, kind: &str) -> Command {
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .args([source, "--crate-name", name, "--crate-type", kind])
        .args(["--edition", "2024", "--target"])
        .arg(variable("TARGET"))
        .args(["-C", "panic=abort", "-C", "opt-level=3"])
        .args(["-C", "codegen-units=1", "-C", "overflow-checks=off"])
        .args(["-C", "strip=symbols", "-A", "warnings"])
        .args(["-C", "relocation-model=pic"]);
    rustc
}

fn run(rustc: &mut Command) {
    let status = rustc
        .status()
        .unwrap_or_else(|error| panic!("the compiler cannot be started: {error}"));
    assert!(status.success(), "the recorder does not compile: {status}");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
