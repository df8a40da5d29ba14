//! What the kernel says of a running process, also where its first thread has ended and others go on.

use std::fs;
use std::io::Result;
use std::path::PathBuf;

/// Reads a file about a process's memory, and returns the folder that it lies in.
///
/// Linux describes a process by its first thread, and one that has ended has no memory: the file is then empty, and any other
/// thread's says what is asked for. It is empty too for a process that has ended and was not waited for.
pub(super) fn read(process: u32, name: &str) -> Result<(PathBuf, String)> {
    let folder = PathBuf::from(format!("/proc/{process}"));
    let text = fs::read_to_string(folder.join(name))?;
    if !text.is_empty() {
        return Ok((folder, text));
    }
    for thread in fs::read_dir(folder.join("task"))? {
        let folder = thread?.path();
        match fs::read_to_string(folder.join(name)) {
            Ok(text) if !text.is_empty() => return Ok((folder, text)),
            // It has ended as well.
            _ => {}
        }
    }
    Ok((folder, text))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_process_is_read_by_its_first_thread() {
        let (folder, maps) = read(std::process::id(), "maps").expect("it runs");
        assert_eq!(
            folder.file_name(),
            Some(std::process::id().to_string().as_ref())
        );
        assert!(maps.contains("[stack]"));
        assert!(read(u32::MAX, "maps").is_err());
    }
}
