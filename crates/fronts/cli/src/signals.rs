//! Signals, and what is left of unfinished files after them.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

/// A file that is being written.
pub(crate) struct Part {
    pub(crate) file: PathBuf,
    /// The name of the file that it becomes, as the user wrote it.
    pub(crate) name: PathBuf,
}

/// Files that are being written, to be removed where a signal ends the command.
static PARTS: Mutex<Vec<Part>> = Mutex::new(Vec::new());

pub(crate) fn parts() -> MutexGuard<'static, Vec<Part>> {
    PARTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Turns two signals that would end the command into errors with its own exit status: a write past the limit of a file's
/// size fails like one to a full disk, and where no memory is left the standard library says so and aborts.
pub(crate) fn as_errors() {
    use signal_hook::consts::{SIGABRT, SIGXFSZ};
    use signal_hook::flag;
    // Where they cannot be caught they end the command, and the old files are there all the same.
    let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let always = Arc::new(AtomicBool::new(true));
    let _ = flag::register_conditional_shutdown(SIGABRT, crate::console::FAILED.into(), always);
}

/// Removes unfinished files on Ctrl-C and its kin, says so, and then ends as the signal says.
pub(crate) fn clean_up() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    const ENDING: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler unfinished files stay behind under names of their own; nothing else is lost by it.
        let Ok(mut signals) = signal_hook::iterator::Signals::new(ENDING) else {
            return;
        };
        let removes = move || {
            if let Some(signal) = signals.forever().next() {
                // Kept to the end, so that nothing is begun or renamed any more.
                let parts = parts();
                for part in &*parts {
                    // One that cannot be removed stays under its own name.
                    let _ = fs::remove_file(&part.file);
                }
                if let Some(line) = interrupted(&parts) {
                    crate::console::say(&line);
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        };
        if std::thread::Builder::new().spawn(removes).is_err() {
            let always = Arc::new(AtomicBool::new(true));
            for signal in ENDING {
                let _ = signal_hook::flag::register_conditional_default(signal, always.clone());
            }
        }
    });
}

/// Names the files that an interrupted command does not write.
fn interrupted(parts: &[Part]) -> Option<String> {
    let names: Vec<_> = parts
        .iter()
        .map(|part| part.name.display().to_string())
        .collect();
    (!names.is_empty()).then(|| format!("interrupted; not written: {}", names.join(", ")))
}
