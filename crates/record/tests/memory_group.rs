//! A process that the kernel kills because its memory group is full loses no completed call.

mod common;

use common::{Owned, check_blocks, compile, folder, library, record, recordings};
use highwater_hwr::layout::Stop;
use std::collections::HashSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes that the group may have.
const LIMIT: u64 = 48 << 20;

/// A memory group below this process's own, removed at the end.
struct Group(PathBuf);

impl Group {
    /// Makes one with a limit, or says why there is none.
    fn new() -> Result<Self, String> {
        let own = fs::read_to_string("/proc/self/cgroup").map_err(|error| error.to_string())?;
        let below = |root: &str, mark: &str| {
            let path = own.lines().find_map(|line| line.split_once(mark))?.1;
            let group = format!("{root}{path}/highwater-{}", std::process::id());
            Some(PathBuf::from(group))
        };
        // The older interface has a hierarchy for memory alone, the newer one for everything.
        let older =
            below("/sys/fs/cgroup/memory", ":memory:").map(|path| (path, "memory.limit_in_bytes"));
        let newer = below("/sys/fs/cgroup", "0::").map(|path| (path, "memory.max"));
        let mut reasons = String::new();
        for (path, limit) in older.into_iter().chain(newer) {
            let made = fs::create_dir(&path).and_then(|()| {
                let group = Self(path.clone());
                // A group without this control has no file of that name, and none can be made.
                let file = fs::OpenOptions::new().write(true).open(path.join(limit))?;
                std::io::Write::write_all(&mut &file, LIMIT.to_string().as_bytes())?;
                // Where memory may be swapped out, that counts as well.
                for swap in ["memory.memsw.limit_in_bytes", "memory.swap.max"] {
                    let _ = fs::OpenOptions::new()
                        .write(true)
                        .open(path.join(swap))
                        .and_then(|file| {
                            std::io::Write::write_all(&mut &file, LIMIT.to_string().as_bytes())
                        });
                }
                Ok(group)
            });
            match made {
                Ok(group) => return Ok(group),
                Err(error) => reasons += &format!(" {}: {error}.", path.display()),
            }
        }
        Err(reasons)
    }

    /// Has a program started inside it.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        let processes = self.0.join("cgroup.procs");
        command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]);
        command.arg(processes).arg(program);
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn no_completed_call_is_lost_when_the_memory_group_is_full() {
    let folder = folder("memory-group");
    let Some(program) = compile("counter", &folder) else {
        return;
    };
    let group = match Group::new() {
        Ok(group) => group,
        Err(reason) => {
            eprintln!(
                "NOT TESTED: no memory group can be made here, so no process is killed for want of memory.{reason}"
            );
            return;
        }
    };
    let library = library(&folder);
    for (round, variables) in [
        &[][..],
        &[("HIGHWATER_RECORD_SITES", "8")],
        &[("HIGHWATER_RECORD_LAST", "2097152")],
    ]
    .into_iter()
    .enumerate()
    {
        let counter = folder.join(format!("calls-{round}"));
        let into = folder.join(format!("recorded-{round}"));
        let mut command = group.command(&program);
        command
            .arg(&counter)
            .arg("grow")
            .envs(variables.iter().copied());
        let status = record(&mut command, &library, &into).status();
        let status = status.expect("there is a shell");
        assert_eq!(status.signal(), Some(9), "{status}: the kernel kills it");
        let mut parts = recordings(&into);
        parts.retain(|part| part.header.contains("grow\n"));
        parts.sort_by_key(|part| part.control.monotonic_time);
        let newest = parts.last().expect("a recording");
        assert_eq!(newest.ending.stop, Stop::Running);
        assert!(!newest.ending.is_cut);
        check_blocks(&mut HashSet::new(), &newest.events);
        if !variables.iter().any(|(name, _)| name.ends_with("LAST")) {
            let mark = Owned::Mark("begin answer=42".into());
            let begin = newest.events.iter().position(|event| *event == mark);
            let events = &newest.events[begin.expect("the mark")..];
            let is_call = |event: &&Owned| matches!(event, Owned::Call { .. });
            let calls = events.iter().filter(is_call).count() as u64;
            let bytes = fs::read(&counter).expect("the counter");
            let counted = u64::from_le_bytes(*bytes.first_chunk().expect("a number"));
            // It may have been killed between a call's end and its counting.
            assert!(
                (counted..=counted + 1).contains(&calls),
                "{calls} of {counted}"
            );
            assert!(calls > 10_000);
        }
    }
}
