//! A pattern under way: its program, run burst by burst.

use super::jobs::Jobs;
use super::pool::Pool;
use super::process::Process;
use super::service::Service;
use super::table::ProgramParameters;
use super::tasks::Tasks;
use super::{ParameterError, Parameters, Pattern, PatternError};
use crate::{Bytes, Watch, Workload};
use std::ops::ControlFlow;

/// A program between two bursts.
#[derive(Clone)]
enum Running {
    Service(Box<Service>),
    Pool(Pool),
    Jobs(Jobs),
    Tasks(Box<Tasks>),
}

/// Makes a pattern's calls, one burst with its rest after another. What it has made so far depends on nothing but the
/// pattern and its parameters.
#[derive(Clone)]
pub struct Generator {
    process: Process,
    running: Running,
    bursts: u32,
    /// Bursts that were made.
    made: u32,
    program: String,
}

impl Generator {
    /// Starts the program, up to its first burst.
    ///
    /// # Errors
    /// Too much is asked for.
    pub fn new(pattern: Pattern, parameters: &Parameters) -> Result<Self, ParameterError> {
        parameters.check(pattern.program())?;
        let typed = parameters.of_program(pattern.program());
        let most = typed.bounds();
        let bursts = *most.bursts();
        let mut process = Process::new(bursts.seed, most.calls());
        let running = match &typed {
            ProgramParameters::Service(own) => {
                let service = Service::new(&mut process, pattern.schedule(), own);
                Running::Service(Box::new(service))
            }
            ProgramParameters::Pool(own) => Running::Pool(Pool::new(&mut process, own)),
            ProgramParameters::Jobs(own) => Running::Jobs(Jobs::new(&mut process, own)),
            ProgramParameters::Tasks(own) => {
                Running::Tasks(Box::new(Tasks::new(&mut process, own)))
            }
        };
        Ok(Self {
            process,
            running,
            bursts: bursts.cycles,
            made: 0,
            program: pattern.described(parameters),
        })
    }

    /// Bursts in all.
    pub fn bursts(&self) -> u32 {
        self.bursts
    }

    /// Returns about how many bytes the program takes between two bursts.
    pub(crate) fn footprint(&self) -> Bytes {
        self.process.footprint()
    }

    /// Whether the last burst was made.
    pub fn is_done(&self) -> bool {
        self.made == self.bursts
    }

    /// The calls up to the end of the next burst with its rest, those of the start before the first; `None` after the last
    /// burst.
    ///
    /// # Errors
    /// `watch` broke off.
    pub fn next(&mut self, watch: &mut Watch) -> Result<Option<Workload>, PatternError> {
        if self.made == self.bursts {
            return Ok(None);
        }
        self.go_on(watch)?;
        let mut part = self.process.take_calls();
        part.header.program = Some(self.program.clone());
        Ok(Some(part))
    }

    /// All calls that are left to make.
    pub(super) fn whole(mut self, watch: &mut Watch) -> Result<Workload, PatternError> {
        while self.made < self.bursts {
            self.go_on(watch)?;
        }
        let mut whole = self.process.take_calls();
        whole.header.program = Some(self.program);
        Ok(whole)
    }

    fn go_on(&mut self, watch: &mut Watch) -> Result<(), PatternError> {
        let process = &mut self.process;
        let went = match &mut self.running {
            Running::Service(service) => service.go_on(process, watch),
            Running::Pool(pool) => pool.go_on(process, watch),
            Running::Jobs(jobs) => jobs.go_on(process, watch),
            Running::Tasks(tasks) => tasks.go_on(process, watch),
        };
        self.made += 1;
        match went {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(PatternError::Cancelled),
        }
    }
}
