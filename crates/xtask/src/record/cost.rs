//! What recording costs: nanoseconds a call, processor time of whole programs, throughput of a service, bytes a call.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::measure::{Before, Place, by_turns, is_there, printed, processor_time};

/// Programs of which the processor time is measured, beside the asyncio program.
const PERL: &str = "my %h; for my $r (1..8) { for my $i (1..60000) { $h{\"key$i\"} = 'v' x ($i % 300); delete $h{'key' . int($i/2)} } }";

/// Measures a call in a loop, and a large block.
pub(super) fn calls(place: &Place, rounds: usize) -> Result<String> {
    let mut ways = vec![Before::Nothing, Before::Recorder, Before::Sites];
    if is_there("heaptrack", &["--version"]) {
        ways.push(Before::Heaptrack);
    }
    let program = |name: &str| place.folder.join(name).display().to_string();
    let mut text = String::from(
        "| a call | nanoseconds | added by recording | with sites | added by heaptrack |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, what, arguments) in [
        ("loop", "malloc or free of 64 B", &["2000000"][..]),
        (
            "large",
            "128 KiB, written, malloc to free",
            &["20000", "131072"],
        ),
        (
            "large",
            "16 MiB, written, malloc to free",
            &["100", "16777216"],
        ),
    ] {
        let path = program(name);
        let words: Vec<&str> = [path.as_str()]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        let figures = by_turns(rounds, &ways, |way| {
            place.clear();
            printed(&mut place.command(way, &words))
        })?;
        let added = |way: usize| {
            let figures_of = figures.get(way);
            figures_of.map_or("not installed".to_owned(), |added| {
                added.without(&figures[0]).shown(1)
            })
        };
        text += &format!(
            "| {what} | {} | {} | {} | {} |\n",
            figures[0].shown(1),
            added(1),
            added(2),
            added(3)
        );
    }
    Ok(text)
}

/// Returns the programs that are measured and recorded, with their commands.
pub(super) fn programs(place: &Place, python: &str) -> Result<Vec<(&'static str, Vec<String>)>> {
    let repository = place.folder.join("repository");
    if !repository.exists() {
        let source = crate::workspace::root();
        let mut git = Command::new("git");
        git.args(["clone", "--quiet", "--bare"]).arg(&source);
        crate::process::run(git.arg(&repository))?;
    }
    let repository = repository.display().to_string();
    let script = place
        .folder
        .join("asyncio_service.py")
        .display()
        .to_string();
    let git = |threads: &str| {
        let threads = format!("pack.threads={threads}");
        let pack = [
            "pack-objects",
            "--all",
            "--no-reuse-delta",
            "--no-use-bitmap-index",
            "--stdout",
            "-q",
        ];
        let words = ["git", "-C", &repository, "-c", &threads].into_iter();
        words.chain(pack).map(str::to_owned).collect()
    };
    Ok(vec![
        (
            "Python, asyncio",
            vec![python.to_owned(), script, "12".into()],
        ),
        ("git pack-objects, 1 thread", git("1")),
        ("git pack-objects, 4 threads", git("4")),
        (
            "perl, a hash",
            vec!["perl".into(), "-e".into(), PERL.into()],
        ),
    ])
}

/// Measures whole programs.
pub(super) fn whole(place: &Place, python: &str, rounds: usize) -> Result<String> {
    let mut text = String::from(
        "| program | seconds without | with the recorder, times | with sites, times | heaptrack, times | memray, times |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    let has_heaptrack = is_there("heaptrack", &["--version"]);
    for (name, words) in programs(place, python)? {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut ways = vec![Before::Nothing, Before::Recorder, Before::Sites];
        if has_heaptrack {
            ways.push(Before::Heaptrack);
        }
        if words[0] == python && is_there(python, &["-m", "memray", "--version"]) {
            ways.push(Before::Memray);
        }
        let figures = by_turns(rounds, &ways, |way| {
            place.clear();
            processor_time(&place.command(way, &words))
        })?;
        let of = |way: Before| {
            let at = ways.iter().position(|&other| other == way);
            at.map_or("–".to_owned(), |at| figures[at].by(&figures[0]).shown(2))
        };
        text += &format!(
            "| {name} | {} | {} | {} | {} | {} |\n",
            figures[0].shown(3),
            of(Before::Recorder),
            of(Before::Sites),
            of(Before::Heaptrack),
            of(Before::Memray)
        );
    }
    Ok(text)
}

/// A process that is ended when it is no longer needed.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The Python of the service in a folder, and the Redis that it needs, which is started.
pub(crate) fn python_beside_redis(folder: &Path) -> Result<(PathBuf, Running)> {
    let python = folder.join("venv/bin/python");
    ensure!(
        python.exists(),
        "{}: there is no venv/bin/python",
        folder.display()
    );
    let mut redis = Command::new("redis-server");
    redis.args(["--port", "6399", "--save", "", "--appendonly", "no"]);
    let redis = redis.stdout(Stdio::null()).spawn();
    let redis = Running(redis.context("redis-server cannot be started")?);
    Ok((python, redis))
}

/// Measures a FastAPI service with Redis: the seconds that the same requests take.
pub(super) fn service(place: &Place, folder: &Path, rounds: usize) -> Result<String> {
    let (python, _redis) = python_beside_redis(folder)?;
    let ways = [Before::Nothing, Before::Recorder];
    let figures = by_turns(rounds, &ways, |way| {
        place.clear();
        let python = python.display().to_string();
        let words = [
            &python,
            "-m",
            "uvicorn",
            "app:app",
            "--port",
            "8077",
            "--log-level",
            "warning",
        ];
        let mut service = place.command(way, &words);
        let service = service
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _service = Running(service.spawn()?);
        wait_until_it_answers()?;
        let mut load = Command::new(&python);
        load.current_dir(folder).arg("load.py");
        load.args(["--cycles", "4", "--rest", "0", "--events", "200"]);
        let begun = Instant::now();
        crate::process::run(load.stdout(Stdio::null()))?;
        Ok(begun.elapsed().as_secs_f64())
    })?;
    let throughput = figures[0].by(&figures[1]);
    Ok(format!(
        "| seconds without | with the recorder | throughput with it, times |\n| --- | --- | --- |\n| {} | {} | {} |\n",
        figures[0].shown(2),
        figures[1].shown(2),
        throughput.shown(3)
    ))
}

/// Waits for the service.
pub(crate) fn wait_until_it_answers() -> Result<()> {
    for _ in 0..300 {
        if std::net::TcpStream::connect(("127.0.0.1", 8077)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    anyhow::bail!("the service does not answer on port 8077")
}

/// Measures the bytes of a call, without sites and with them, and checks each recording's addresses.
pub(super) fn sizes(place: &Place, python: &str) -> Result<String> {
    let mut text = String::from(
        "| program | calls | bytes a call | gzip -1 | with sites | gzip -1 | addresses equal |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (name, words) in programs(place, python)? {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let plain = recorded(place, Before::Recorder, &words)?;
        let sites = recorded(place, Before::Sites, &words)?;
        text += &format!(
            "| {name} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {} of {} |\n",
            plain.checked.calls,
            plain.bytes,
            plain.packed,
            sites.bytes,
            sites.packed,
            plain.checked.equal + sites.checked.equal,
            plain.checked.compared + sites.checked.compared,
        );
    }
    Ok(text)
}

/// A recording's bytes for each call, as they are and after gzip.
struct Recorded {
    bytes: f64,
    packed: f64,
    checked: super::checks::Checked,
}

fn recorded(place: &Place, before: Before, words: &[&str]) -> Result<Recorded> {
    place.clear();
    crate::process::run(place.command(before, words).stdout(Stdio::null()))?;
    let recording = super::checks::longest(&place.recorded())?;
    let mut bytes = fs::read(&recording)?;
    let used = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    bytes.truncate(used);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &bytes)?;
    let packed = packed.finish()?.len();
    let checked = super::checks::addresses(place, &recording)?;
    let each = |bytes: usize| bytes as f64 / checked.calls as f64;
    Ok(Recorded {
        bytes: each(used),
        packed: each(packed),
        checked,
    })
}
