//! What recording must not do: lose calls, change addresses or the program, or hang.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use super::measure::{Before, Place};

/// What `highwater replay --check` says of a recording.
pub(super) struct Checked {
    pub(super) calls: u64,
    pub(super) compared: u64,
    pub(super) equal: u64,
}

/// Returns the longest recording of a folder.
pub(crate) fn longest(folder: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(folder)
        .with_context(|| format!("{}: nothing was recorded", folder.display()))?;
    let recordings = files
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|end| end == "hwr"));
    let longest = recordings.max_by_key(|path| path.metadata().map_or(0, |data| data.len()));
    longest.context("nothing was recorded")
}

/// Converts a recording, and compares the addresses in it with the model's.
pub(super) fn addresses(place: &Place, recording: &Path) -> Result<Checked> {
    let trace = place.folder.join("converted.hwt");
    // The command refuses to overwrite.
    let _ = fs::remove_file(&trace);
    let mut convert = Command::new(&place.command);
    convert.arg("convert").arg(recording).arg(&trace);
    crate::process::run(convert.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let mut replay = Command::new(&place.command);
    replay.arg("replay").arg(&trace).args(["--check", "--json"]);
    let output = replay.stderr(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |key: &str| {
        let (_, rest) = text.split_once(&format!("\"{key}\":"))?;
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        rest[..end].parse().ok()
    };
    let numbers = [number("events"), number("compared"), number("equal")];
    let [Some(calls), Some(compared), Some(equal)] = numbers else {
        anyhow::bail!("{}: the replay says: {text}", recording.display());
    };
    Ok(Checked {
        calls,
        compared,
        equal,
    })
}

/// Kills a program at random moments and counts the recordings that hold every completed call.
pub(super) fn kills(place: &Place, count: u32) -> Result<String> {
    let counter = place.folder.join("calls");
    let program = place.folder.join("counter").display().to_string();
    let (mut state, mut whole, mut calls) = (1_u64, 0, 0);
    for _ in 0..count {
        place.clear();
        let _ = fs::remove_file(&counter);
        let mut command = place.command(Before::Recorder, &[&program]);
        let mut child = command.arg(&counter).spawn()?;
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_micros(2_000 + (state >> 33) % 60_000));
        child.kill()?;
        child.wait()?;
        let mut number = [0; 8];
        let read = fs::File::open(&counter).and_then(|mut file| file.read_exact(&mut number));
        let completed = read.map_or(0, |()| u64::from_le_bytes(number));
        if completed == 0 {
            whole += 1; // It was killed before its first call.
            continue;
        }
        let trace = trace_of(place)?;
        let begin = trace
            .find(" begin answer=42")
            .context("the mark is missing")?;
        let is_call = |line: &&str| matches!(line.as_bytes().first(), Some(b'm' | b'f'));
        let recorded = trace[begin..].lines().skip(1).filter(is_call).count() as u64;
        calls += completed;
        whole += u32::from((completed..=completed + 1).contains(&recorded));
    }
    Ok(format!(
        "{whole} of {count} recordings open and hold every completed call ({calls} calls in all)."
    ))
}

/// Returns the text of the longest recording.
fn trace_of(place: &Place) -> Result<String> {
    let trace = place.folder.join("killed.hwt");
    let _ = fs::remove_file(&trace);
    let mut convert = Command::new(&place.command);
    convert
        .arg("convert")
        .arg(longest(&place.recorded())?)
        .arg(&trace);
    crate::process::run(convert.stdout(Stdio::null()).stderr(Stdio::null()))?;
    Ok(fs::read_to_string(&trace)?)
}

/// Has a program grow until a limit of its address space ends it.
pub(super) fn limit(place: &Place) -> Result<String> {
    place.clear();
    let program = place.folder.join("grows").display().to_string();
    let words = ["bash", "-c", "ulimit -v 500000; exec \"$0\"", &program];
    let status = place
        .command(Before::Recorder, &words)
        .stderr(Stdio::null())
        .status()?;
    ensure!(!status.success(), "the program has reached no limit");
    let checked = addresses(place, &longest(&place.recorded())?)?;
    Ok(format!(
        "A program that allocates and writes until `ulimit -v 500000` ends it ({status}): the recording opens, with {} calls; {} of {} addresses are equal; the last call failed at the limit, which the model does not have.",
        checked.calls, checked.equal, checked.compared
    ))
}

/// Forks while threads allocate.
pub(super) fn forks(place: &Place, count: u32) -> Result<String> {
    place.clear();
    let program = place.folder.join("forks").display().to_string();
    let output = place
        .command(Before::Recorder, &[&program, &count.to_string(), "3"])
        .output()?;
    let right = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let files = fs::read_dir(place.recorded())?.count();
    Ok(format!(
        "{count} workers are forked beside three threads that allocate: {right} end as they should, and there are {files} recordings."
    ))
}

/// Compares what a program prints of its addresses, descriptors and errors with and without the recorder.
pub(super) fn undisturbed(place: &Place) -> Result<String> {
    place.clear();
    let program = place.folder.join("undisturbed").display().to_string();
    let run = |way| place.command(way, &["setarch", "-R", &program]).output();
    let (without, with) = (run(Before::Nothing)?, run(Before::Recorder)?);
    let same = without.stdout == with.stdout
        && without.stderr == with.stderr
        && without.status == with.status;
    let is = if same { "the same" } else { "not the same" };
    let printed = String::from_utf8_lossy(&without.stdout).trim().to_owned();
    Ok(format!(
        "Output, exit status ({}) and descriptors are {is} with the recorder: `{printed}`.",
        with.status
    ))
}

/// Records a program with threads under other releases of the C library, which are unpacked in folders of one folder.
pub(super) fn releases(place: &Place, libraries: &Path) -> Result<String> {
    let mut text = String::from("| C library | calls | addresses equal |\n| --- | --- | --- |\n");
    let program = place.folder.join("mixer_old");
    let mut folders: Vec<_> = fs::read_dir(libraries)?
        .flatten()
        .map(|file| file.path())
        .collect();
    folders.sort();
    for folder in folders {
        let library = folder.join("lib/x86_64-linux-gnu");
        let usual = folder.join("usr/lib/x86_64-linux-gnu");
        let loaders = [
            library.join("ld-linux-x86-64.so.2"),
            folder.join("lib64/ld-linux-x86-64.so.2"),
        ];
        let Some(loader) = loaders.iter().find(|loader| loader.exists()) else {
            continue;
        };
        place.clear();
        let mut command = Command::new(loader);
        command
            .arg("--library-path")
            .arg(format!("{}:{}", library.display(), usual.display()))
            .arg("--preload")
            .arg(preloaded(place, &library))
            .arg(&program)
            .args(["8", "2", "5000"])
            .env("HIGHWATER_RECORD", place.recorded())
            .stdout(Stdio::null());
        crate::process::run(&mut command)?;
        let recording = longest(&place.recorded())?;
        let header = String::from_utf8_lossy(&fs::read(&recording)?[512..4096]).into_owned();
        let allocator = header
            .lines()
            .find_map(|line| line.strip_prefix("allocator "));
        let checked = addresses(place, &recording)?;
        text += &format!(
            "| {} | {} | {} of {} |\n",
            allocator.unwrap_or("unknown"),
            checked.calls,
            checked.equal,
            checked.compared
        );
    }
    Ok(text)
}

/// Returns what the loader loads first: before glibc 2.34, threads are in a library of their own.
fn preloaded(place: &Place, library: &Path) -> String {
    let threads = library.join("libpthread.so.0");
    let recorder = place.library.display();
    match threads.exists() {
        true => format!("{recorder} {}", threads.display()),
        false => recorder.to_string(),
    }
}

/// Records a program under musl's loader.
pub(super) fn musl(place: &Place) -> Result<Option<String>> {
    let program = place.folder.join("mixer-musl");
    let mut compiler = Command::new("musl-gcc");
    let source = crate::workspace::root().join("crates/record/tests/programs/mixer.c");
    compiler
        .args(["-O1", "-w", "-pthread", "-o"])
        .arg(&program)
        .arg(source);
    if !compiler
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        return Ok(None);
    }
    place.clear();
    let program = program.display().to_string();
    let output = place
        .command(Before::Recorder, &[&program, "8", "2", "5000"])
        .output()?;
    ensure!(
        output.stdout == b"done\n",
        "musl: the program ends with {}",
        output.status
    );
    let trace = trace_of(place)?;
    let calls = trace
        .lines()
        .filter(|line| line.starts_with(['m', 'c', 'a', 'r', 'f']))
        .count();
    Ok(Some(format!(
        "Under musl a program of 16 threads runs as without the recorder, and its recording has {calls} calls."
    )))
}
