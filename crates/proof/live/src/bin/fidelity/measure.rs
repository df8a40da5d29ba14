//! Runs everything on everything, as many at a time as there are cores.

use crate::Subject;
use crate::workloads::{Source, Workload};
use highwater_live::{
    Answers, Environment, FidelityCounts, Oracle, OracleError, Sequence, execute,
};
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One workload under one setting on one library.
pub(crate) struct Row {
    pub(crate) subject: usize,
    pub(crate) workload: usize,
    pub(crate) setting: usize,
    pub(crate) counts: FidelityCounts,
    /// Sequences that the library itself did not survive.
    pub(crate) unanswered: u64,
    /// Sequences that the model did not survive.
    pub(crate) failed_models: u64,
}

impl Row {
    pub(crate) fn is_equal(&self) -> bool {
        self.counts.is_equal() && self.failed_models == 0 && self.unanswered == 0
    }
}

/// The rows in the order of libraries, workloads and settings.
pub(crate) fn all(subjects: &[&Subject], workloads: &[Workload]) -> Result<Vec<Row>, OracleError> {
    let mut jobs = Vec::new();
    for subject in 0..subjects.len() {
        for (workload, of) in workloads.iter().enumerate() {
            jobs.extend((0..of.settings.len()).map(|setting| (subject, workload, setting)));
        }
    }
    let watched = std::io::stderr().is_terminal();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = measure(subjects, workloads, *job);
                    let mut done = done.lock().unwrap_or_else(|broken| broken.into_inner());
                    done.push(row);
                    let name = &workloads[job.1].name;
                    if watched {
                        eprint!("\r\x1b[K{} of {}: {name}", done.len(), jobs.len());
                        // Progress that nobody sees is no loss.
                        let _ = std::io::stderr().flush();
                    }
                }
            });
        }
    });
    if watched {
        eprintln!();
    }
    let done = done
        .into_inner()
        .unwrap_or_else(|broken| broken.into_inner());
    let mut rows = done
        .into_iter()
        .collect::<Result<Vec<Row>, OracleError>>()?;
    rows.sort_by_key(|row| (row.subject, row.workload, row.setting));
    Ok(rows)
}

fn measure(
    subjects: &[&Subject],
    workloads: &[Workload],
    (subject, workload, setting): (usize, usize, usize),
) -> Result<Row, OracleError> {
    let of = &workloads[workload];
    let environment = &of.settings[setting];
    let mut row = Row {
        subject,
        workload,
        setting,
        counts: FidelityCounts::default(),
        unanswered: 0,
        failed_models: 0,
    };
    let mut oracle = Oracle::start(&subjects[subject].library, environment)?;
    match &of.source {
        Source::Program { calls, questions } => {
            row.add(&mut oracle, environment, calls)?;
            if let Some(questions) = questions {
                // The calls are the same once more: only the figures are new.
                let once = row.counts;
                row.add(&mut oracle, environment, questions)?;
                row.counts = once.with_figures_of(&row.counts);
            }
        }
        Source::Random { make, operations } => {
            let others = of.settings.len() as u64 - 1;
            let share = match setting {
                0 => operations / 4,
                _ => operations * 3 / 4 / others.max(1),
            };
            // Other sequences for each library and setting, the same in each run.
            let mut seed = (subject as u64) << 48 | (setting as u64) << 32;
            while row.counts.operations < share && row.unanswered + row.failed_models < 10 {
                row.add(&mut oracle, environment, &make(seed))?;
                seed += 1;
            }
        }
    }
    Ok(row)
}

impl Row {
    fn add(
        &mut self,
        oracle: &mut Oracle,
        environment: &Environment,
        sequence: &Sequence,
    ) -> Result<(), OracleError> {
        let real = match oracle.answer(sequence) {
            Ok(real) => real,
            Err(OracleError::Died(_)) => {
                self.unanswered += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let executed = catch_unwind(AssertUnwindSafe(|| {
            execute(oracle.release(), environment, real.layout, sequence)
        }));
        let model = match executed {
            Ok(Ok(model)) => model,
            _ => {
                self.failed_models += 1;
                Answers {
                    answers: Vec::new(),
                    ..real.clone()
                }
            }
        };
        self.counts += FidelityCounts::of(sequence, &real, &model);
        Ok(())
    }
}
