//! What is handed on for machines without Rust: the command as one file, the recorder's library, and a Python wheel with the
//! command, which carries the library.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, Crc, write::DeflateEncoder};
use sha2::{Digest, Sha256};

use crate::{process, workspace};

/// The processor that this machine builds the command for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The other processor that has a recorder.
const OTHER: &str = "aarch64-unknown-linux-gnu";

/// Builds everything into a folder.
pub(crate) fn write(dist: &Path) -> Result<()> {
    fs::create_dir_all(dist)?;
    let command = dist.join("highwater");
    fs::copy(build()?, &command).with_context(|| command.display().to_string())?;
    let library = dist.join("libhighwater_record.so");
    let mut record = Command::new(&command);
    process::run(record.args(["record", "--library"]).arg(&library))?;
    match library_for_other(dist)? {
        Some(path) => println!("built: {}", path.display()),
        None => println!(
            "not built: the recorder's library for {OTHER}, whose standard library is not installed"
        ),
    }
    let wheel = dist.join(wheel_name());
    fs::write(&wheel, wheel_of(&fs::read(&command)?)?)?;
    println!(
        "built: {}, {}, {}",
        command.display(),
        library.display(),
        wheel.display()
    );
    Ok(())
}

/// Builds the command with the C library in it, so that it starts on any Linux, whichever C library that has.
fn build() -> Result<PathBuf> {
    let mut cargo = process::cargo();
    cargo
        .args(["build", "--package", "highwater", "--profile", profile()])
        .args(["--target", TARGET])
        .env(
            "RUSTFLAGS",
            "-C target-feature=+crt-static -C strip=symbols",
        );
    process::run(&mut cargo)?;
    let folder = match profile() {
        "dev" => "debug",
        other => other,
    };
    Ok(workspace::target_dir()
        .join(TARGET)
        .join(folder)
        .join("highwater"))
}

/// Returns the profile of the command: a test builds a faster one to compile.
fn profile() -> &'static str {
    match std::env::var_os("HIGHWATER_DIST_PROFILE") {
        Some(profile) if profile == "dev" => "dev",
        _ => "release",
    }
}

/// Builds the recorder's library for the other processor, where the compiler has what it takes. `None` where it has not.
fn library_for_other(dist: &Path) -> Result<Option<PathBuf>> {
    let root = process::command("rustc")
        .args(["--print", "target-libdir", "--target", OTHER])
        .output()?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&root.stdout).trim());
    let linker = libraries
        .ancestors()
        .nth(2)
        .map(|folder| folder.join(TARGET).join("bin/rust-lld"));
    let Some(linker) = linker.filter(|linker| libraries.exists() && linker.exists()) else {
        return Ok(None);
    };
    let mut cargo = process::cargo();
    let flags = format!("-C linker={} -C linker-flavor=ld.lld", linker.display());
    // The crate's own build links nothing for the target; `RUSTC_LINKER` is for the library that its build script makes.
    cargo
        .args([
            "build",
            "--package",
            "highwater-record",
            "--release",
            "--target",
            OTHER,
        ])
        .args(["--message-format", "json"])
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", &linker)
        .env("RUSTFLAGS", flags);
    let output = cargo.output().context("cargo cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(
        output.status.success(),
        "the library for {OTHER}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The build script's own folder is in its message.
    let folder = text.lines().rev().find_map(|line| {
        let line = line.contains("highwater-record").then_some(line)?;
        let (_, rest) = line.split_once("\"out_dir\":\"")?;
        Some(PathBuf::from(rest.split('"').next()?))
    });
    let built = folder
        .context("cargo names no folder of the build script")?
        .join("libhighwater_record.so");
    let path = dist.join("libhighwater_record-aarch64.so");
    fs::copy(&built, &path).with_context(|| built.display().to_string())?;
    Ok(Some(path))
}

/// Returns the wheel's name: any Python 3, and any C library, since the command has its own.
fn wheel_name() -> String {
    format!(
        "highwater-{}-py3-none-linux_x86_64.whl",
        env!("CARGO_PKG_VERSION")
    )
}

/// Returns a wheel that installs the command.
fn wheel_of(command: &[u8]) -> Result<Vec<u8>> {
    let version = env!("CARGO_PKG_VERSION");
    let information = format!("highwater-{version}.dist-info");
    let metadata = format!(
        "Metadata-Version: 2.1\nName: highwater\nVersion: {version}\nLicense: MIT OR Apache-2.0\n\
         Summary: Records a program's allocator calls and replays them through models of its allocator\n"
    );
    let wheel = "Wheel-Version: 1.0\nGenerator: cargo xtask dist\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n";
    let mut files = vec![
        (
            format!("highwater-{version}.data/scripts/highwater"),
            command,
        ),
        (format!("{information}/METADATA"), metadata.as_bytes()),
        (format!("{information}/WHEEL"), wheel.as_bytes()),
    ];
    let mut record = String::new();
    for (name, bytes) in &files {
        let sum = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        record += &format!("{name},sha256={sum},{}\n", bytes.len());
    }
    let own = format!("{information}/RECORD");
    record += &format!("{own},,\n");
    files.push((own, record.as_bytes()));
    zip(&files)
}

/// Packs files into a zip archive. The first is executable.
fn zip(files: &[(String, &[u8])]) -> Result<Vec<u8>> {
    const VERSION: u16 = 20;
    const DEFLATED: u16 = 8;
    /// Made on Unix, whose permissions are in the upper half of a file's attributes.
    const UNIX: u16 = 3 << 8 | VERSION;
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (number, (name, bytes)) in files.iter().enumerate() {
        let mut sum = Crc::new();
        sum.update(bytes);
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        packed.write_all(bytes)?;
        let packed = packed.finish()?;
        let place = u32::try_from(archive.len())?;
        let mut fields = Vec::new();
        // Version, flags, method, and the first day that the format knows.
        for field in [VERSION, 0, DEFLATED, 0, 1 << 5 | 1] {
            fields.extend(field.to_le_bytes());
        }
        for field in [
            sum.sum(),
            u32::try_from(packed.len())?,
            u32::try_from(bytes.len())?,
        ] {
            fields.extend(field.to_le_bytes());
        }
        fields.extend(u16::try_from(name.len())?.to_le_bytes());
        fields.extend(0_u16.to_le_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&fields);
        archive.extend(name.as_bytes());
        archive.extend(packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(UNIX.to_le_bytes());
        directory.extend(&fields);
        // No comment, the first disk, no attributes of other systems.
        directory.extend([0; 6]);
        let mode: u32 = if number == 0 { 0o100_755 } else { 0o100_644 };
        directory.extend((mode << 16).to_le_bytes());
        directory.extend(place.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (begin, length) = (
        u32::try_from(archive.len())?,
        u32::try_from(directory.len())?,
    );
    let count = u16::try_from(files.len())?.to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count);
    archive.extend(count);
    archive.extend(length.to_le_bytes());
    archive.extend(begin.to_le_bytes());
    archive.extend([0; 2]);
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Python that installs the wheel into a folder and starts what it brings.
    const INSTALLS: &str = "import subprocess, sys, venv\n\
        folder, wheel = sys.argv[1:]\n\
        venv.create(folder, with_pip=True, clear=True)\n\
        subprocess.run([folder + '/bin/python', '-m', 'pip', 'install', '-q', '--no-index', wheel], check=True)\n\
        print(subprocess.run([folder + '/bin/highwater', 'record'], check=True, capture_output=True, text=True).stdout)";

    #[test]
    fn pip_installs_the_wheel_and_its_command_runs() -> Result<()> {
        let folder = workspace::target_dir().join("wheel");
        fs::create_dir_all(&folder)?;
        let wheel = folder.join(wheel_name());
        fs::write(&wheel, wheel_of(b"#!/bin/sh\necho \"it $1s\"\n")?)?;
        let mut python = Command::new("python3");
        python
            .args(["-c", INSTALLS])
            .arg(folder.join("venv"))
            .arg(&wheel);
        let Ok(output) = python.output() else {
            eprintln!("there is no python3: the wheel is not installed");
            return Ok(());
        };
        let text = String::from_utf8_lossy(&output.stderr);
        if text.contains("ensurepip") {
            eprintln!("this Python has no pip: the wheel is not installed");
            return Ok(());
        }
        assert!(output.status.success(), "{text}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "it records\n\n");
        Ok(())
    }
}
