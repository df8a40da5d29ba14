//! What is recorded and run again: a program of ours, or a service. Each is measured from outside, in its last rest.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::record::{Running, python_beside_redis, wait_until_it_answers};

/// How long a program rests.
const RESTS: Duration = Duration::from_secs(3);

/// A change as the environment has it, which a program reads or its allocator does.
pub(super) type Variables = Vec<(String, String)>;

/// What is measured.
pub(super) enum Subject {
    /// A program that says when it rests, and goes on when it is told to.
    Program(PathBuf),
    /// The folder of a service, and that of the module that makes it trim.
    Service { folder: PathBuf, ours: PathBuf },
}

impl Subject {
    /// Runs it behind a command, if there is one, and returns its resident bytes in its last rest.
    pub(super) fn run(&self, before: &[&Path], variables: &Variables) -> Result<u64> {
        match self {
            Self::Program(program) => {
                let mut command = behind(before, program);
                run_program(command.envs(variables.iter().cloned()))
            }
            Self::Service { folder, ours } => run_service(folder, ours, before, variables),
        }
    }
}

fn behind(before: &[&Path], program: &Path) -> Command {
    let mut words = before.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    command
}

fn run_program(command: &mut Command) -> Result<u64> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let started = piped.stderr(Stdio::null()).spawn();
    let mut running = Running(started.with_context(|| format!("{command:?}"))?);
    let mut input = running.0.stdin.take().context("its input is a pipe")?;
    let output = running.0.stdout.take().context("its output is a pipe")?;
    let mut resident = 0;
    for line in BufReader::new(output).lines() {
        line?;
        sleep(RESTS);
        resident = resident_of(running.0.id())?;
        input.write_all(b"\n")?;
    }
    let status = running.0.wait()?;
    ensure!(status.success(), "{command:?} ends with {status}");
    Ok(resident)
}

fn resident_of(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: u64 = number.with_context(|| path)?.trim().parse()?;
    Ok(kibibytes * 1024)
}

fn run_service(folder: &Path, ours: &Path, before: &[&Path], variables: &Variables) -> Result<u64> {
    let (python, _redis) = python_beside_redis(folder)?;
    let trims = variables.iter().any(|(name, _)| name == "TRIM_IDLE_MS");
    let app = if trims {
        "service_trims:app"
    } else {
        "app:app"
    };
    let mut service = behind(before, &python);
    service.args([
        "-m",
        "uvicorn",
        app,
        "--port",
        "8077",
        "--log-level",
        "warning",
    ]);
    service
        .envs(variables.iter().cloned())
        .env("PYTHONPATH", ours);
    let service = service
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut service = Running(service.spawn()?);
    wait_until_it_answers()?;
    let mut load = Command::new(&python);
    load.current_dir(folder)
        .args(["load.py", "--cycles", "2", "--rest", "4"]);
    let output = load.output()?;
    ensure!(
        output.status.success(),
        "{load:?} ends with {}",
        output.status
    );
    // The recorder's command hands it on, and writes its last line.
    let id = service.0.id().to_string();
    crate::process::run(Command::new("kill").args(["-TERM", &id]))?;
    service.0.wait()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let last = lines
        .rfind(|line| line.starts_with("rest "))
        .context("load.py prints a line for each rest")?;
    let mut words = last.split_whitespace().skip_while(|word| *word != "rss");
    let mebibytes: f64 = words
        .nth(1)
        .context("load.py prints the resident MiB")?
        .parse()?;
    Ok((mebibytes * f64::from(1 << 20)) as u64)
}
