//! Asks the recorder in a running process for something, through the control block of its file.

use super::living;
use crate::arguments::{Mark, Stop};
use anyhow::{Context, Result, bail, ensure};
use highwater_hwr::layout::{MAGIC, REQUEST_BYTES, control};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Has a mark written.
pub(crate) fn mark(asked: &Mark) -> Result<String> {
    let name = asked.name.as_bytes();
    ensure!(
        name.len() <= REQUEST_BYTES && !asked.name.contains(|c: char| c == ' ' || c.is_control()),
        "{}: a mark's name has no spaces and at most {REQUEST_BYTES} bytes",
        asked.name
    );
    let (path, file) = recording(asked.process)?;
    let write = || {
        file.write_all_at(name, control::MARK_TEXT as u64)?;
        set(&file, control::MARK_LENGTH, name.len() as u32)?;
        let before = get(&file, control::MARK_REQUEST)?;
        set(&file, control::MARK_REQUEST, before.wrapping_add(1))
    };
    write().with_context(|| format!("{}", path.display()))?;
    Ok(format!(
        "The mark {} is written at the next allocator call of process {}.\n",
        asked.name, asked.process
    ))
}

/// Has the recording end.
pub(crate) fn stop(asked: &Stop) -> Result<String> {
    let (path, file) = recording(asked.process)?;
    set(&file, control::STOP_REQUEST, 1).with_context(|| format!("{}", path.display()))?;
    Ok(format!(
        "The recording {} ends at the next allocator call of process {}.\n",
        path.display(),
        asked.process
    ))
}

/// Reads a number of a control block.
pub(super) fn get(file: &File, field: usize) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, field as u64)?;
    Ok(u32::from_le_bytes(bytes))
}

fn set(file: &File, field: usize, value: u32) -> std::io::Result<()> {
    file.write_all_at(&value.to_le_bytes(), field as u64)
}

/// Finds the file that a process is recorded into: it has the control block mapped.
fn recording(process: u32) -> Result<(PathBuf, File)> {
    let (folder, text) = living::read(process, "maps")
        .with_context(|| format!("process {process} does not run, or is another user's"))?;
    for line in text.lines() {
        let Some(path) = line.find('/').map(|at| &line[at..]) else {
            continue;
        };
        if !path.ends_with(".hwr") {
            continue;
        }
        // The process may see other folders than this one.
        let inside = folder.join(format!("root{path}"));
        let opened = OpenOptions::new().read(true).write(true).open(inside);
        let file = opened.with_context(|| path.to_owned())?;
        let mut magic = [0; MAGIC.len()];
        if file.read_exact_at(&mut magic, 0).is_ok() && magic == MAGIC {
            return Ok((PathBuf::from(path), file));
        }
    }
    bail!("process {process} is not recorded; start it with `highwater record -- PROGRAM`")
}
