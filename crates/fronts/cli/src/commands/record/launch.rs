//! Starts a program with the recorder in front of its allocator, and waits until it ends.

use super::sampler::Sampler;
use super::{sight, summary};
use crate::arguments::Record;
use anyhow::{Context, Result, bail, ensure};
use highwater_record::LIBRARY;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};

/// The library's name, by which the recorder leaves itself out of the recorded settings.
const LIBRARY_NAME: &str = "libhighwater_record.so";

/// Records a program. The command ends as the program does.
pub(crate) fn record(asked: &Record) -> Result<ExitCode> {
    ensure!(
        !LIBRARY.is_empty(),
        "recording works on Linux on x86-64 and aarch64 only"
    );
    if let Some(file) = &asked.library {
        fs::write(file, LIBRARY).with_context(|| format!("{}", file.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let program = Path::new(&asked.command[0]);
    let arguments = asked.command[1..].iter();
    let arguments: Vec<_> = arguments.map(|word| word.to_string_lossy()).collect();
    sight::check(program, &arguments)?;
    let folder = folder(asked, program)?;
    let library = folder.join(LIBRARY_NAME);
    fs::write(&library, LIBRARY).with_context(|| format!("{}", library.display()))?;
    let mut command = Command::new(program);
    command
        .args(&asked.command[1..])
        .env("LD_PRELOAD", preloaded(&library)?)
        .env("HIGHWATER_RECORD", &folder);
    if let Some(mebibytes) = asked.max {
        let bytes = mebibytes.saturating_mul(1 << 20);
        command.env("HIGHWATER_RECORD_MAX", bytes.to_string());
    }
    if let Some(mebibytes) = asked.last {
        let bytes = mebibytes.saturating_mul(1 << 20);
        command.env("HIGHWATER_RECORD_LAST", bytes.to_string());
    }
    if let Some(places) = asked.sites {
        command.env("HIGHWATER_RECORD_SITES", places.to_string());
    }
    if asked.no_python {
        command.env("HIGHWATER_RECORD_PYTHON", "no");
    }
    if asked.no_args {
        command.env("HIGHWATER_RECORD_ARGUMENTS", "no");
    }
    let signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])
        .context("the signals for the program cannot be passed on")?;
    let child = command.spawn().map_err(|error| {
        // The folder is new or was empty.
        let _ = fs::remove_file(&library).and_then(|()| fs::remove_dir(&folder));
        let context = format!("{}: the program cannot be started", program.display());
        anyhow::Error::new(error).context(context)
    })?;
    let started = summary::Started {
        program,
        process: child.id(),
    };
    let sampler = Sampler::start(folder.clone());
    let status = wait(child, signals);
    let in_background = sampler.stop();
    let status = status?;
    if !summary::say(&folder, &started, status, &in_background) {
        // Nothing loads it any more.
        let _ = fs::remove_file(&library);
    }
    Ok(as_exit_code(status))
}

/// Makes the folder, or finds it empty.
fn folder(asked: &Record, program: &Path) -> Result<PathBuf> {
    let folder = asked.output.clone().unwrap_or_else(|| {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        PathBuf::from(format!("recorded-{name}"))
    });
    let shown = folder.display();
    fs::create_dir_all(&folder).with_context(|| format!("{shown}"))?;
    let mut files = fs::read_dir(&folder).with_context(|| format!("{shown}"))?;
    ensure!(
        files.next().is_none(),
        "{shown}: the folder is not empty; choose another with -o, or remove it"
    );
    folder.canonicalize().with_context(|| format!("{shown}"))
}

/// Returns the value of `LD_PRELOAD`: the recorder first, so that it is in front of any other allocator.
fn preloaded(library: &Path) -> Result<String> {
    let Some(path) = library.to_str().filter(|path| !path.contains([' ', ':'])) else {
        bail!(
            "{}: the loader cannot take a library from a folder with a space or a colon in its name; choose another with -o",
            library.display()
        );
    };
    Ok(match std::env::var("LD_PRELOAD") {
        Ok(others) if !others.trim().is_empty() => format!("{path}:{others}"),
        _ => path.to_owned(),
    })
}

/// Waits for the program, and passes signals on to it. Those of a terminal reach it directly.
fn wait(mut child: Child, mut signals: Signals) -> Result<ExitStatus> {
    let process = Pid::from_child(&child);
    let handle = signals.handle();
    let passed = std::thread::spawn(move || {
        for signal in signals.forever() {
            let signal = match signal {
                SIGTERM => Signal::TERM,
                SIGHUP => Signal::HUP,
                _ => continue,
            };
            // A program that has just ended needs no signal.
            let _ = kill_process(process, signal);
        }
    });
    let status = child.wait().context("the program cannot be waited for");
    handle.close();
    let _ = passed.join();
    status
}

/// The exit status that a shell would give.
fn as_exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.map_or(crate::console::FAILED, |code| code as u8))
}
