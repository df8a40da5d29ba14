//! [`Work::Advise`](crate::protocol::Work::Advise): what a search for what would help does next, and what it comes to.
//!
//! The search is deterministic, so it is gone through anew from what was tried before, and nothing is kept between two questions.

use highwater_advise::{
    Advice, Advised, Candidate, Doer, Form, HALVES, Image, Load, Place, Scope, Search, Subject,
    Survey, Trial, cells, paste, seeds,
};
use highwater_simulator::{Bytes, Choice, Plan, Stage, Variable};
use highwater_workload::{pattern::Parameters, spec::MAX_CAP};

use crate::{
    protocol::{self, Asked, Calls, Found, Order, Outcome, Piece, Tried},
    wire::bytes,
    worker::{Engine, Job, Slice, Step},
};

/// A question of a search.
pub(crate) struct Advise {
    pub(crate) asked: Vec<u8>,
    pub(crate) survey: Vec<u8>,
    pub(crate) done: Vec<Vec<Tried>>,
}

impl Job for Advise {
    fn advance(&mut self, _: &mut Engine, _: &Slice) -> Step {
        let done = std::mem::take(&mut self.done);
        match self.answer(done) {
            Ok(outcome) => Step::Done(outcome),
            Err(message) => Step::Failed(message),
        }
    }
}

impl Advise {
    fn answer(&self, done: Vec<Vec<Tried>>) -> Result<Outcome, String> {
        let asked: Asked = borsh::from_slice(&self.asked).map_err(shown)?;
        let survey = borsh::from_slice(&self.survey).map_err(shown)?;
        Ground::new(&asked, survey)?.next(done)
    }
}

/// What a search is about.
struct Ground<'a> {
    asked: &'a Asked,
    survey: Survey,
    image: Option<Image>,
    /// The run as it is, with what the user wants of it.
    order: Order,
    /// How far the seeds of other loads are from those of the order.
    seeds: Vec<u32>,
    /// What is said of the allocator.
    said: Vec<String>,
}

impl<'a> Ground<'a> {
    fn new(asked: &'a Asked, survey: Survey) -> Result<Self, String> {
        let mut ground = Self {
            asked,
            survey,
            image: None,
            order: asked.order.clone(),
            seeds: Vec::new(),
            said: Vec::new(),
        };
        if !asked.image.trim().is_empty() {
            ground.take_image()?;
        }
        let cap = asked.cap.trim();
        if !cap.is_empty() {
            let mib = cap.parse().ok().filter(|mib| (1..=MAX_CAP).contains(mib));
            let mib = mib.ok_or_else(|| format!("the cap is in whole MiB, from 1 to {MAX_CAP}"))?;
            for stage in &mut ground.order.stages {
                stage.variant.cap = Some(Bytes::mib(mib));
            }
        }
        Ok(ground)
    }

    /// Has the run use the C library of the image, where it uses one.
    fn take_image(&mut self) -> Result<(), String> {
        let image: Image = self.asked.image.parse().map_err(shown)?;
        let glibc = Choice::nearest(&image.allocator()).map_err(shown)?;
        self.said.push(image.in_words());
        self.said.extend(glibc.instead.clone());
        for stage in &mut self.order.stages {
            if matches!(stage.variant.allocator, Choice::Glibc(_)) {
                stage.variant.allocator = glibc.choice;
            }
        }
        self.image = Some(image);
        Ok(())
    }

    /// The order as a plan without calls.
    fn plan(&self) -> Plan {
        let stages = self.order.stages.iter().map(|stage| Stage {
            name: stage.name.clone(),
            sources: Vec::new(),
            variant: stage.variant.clone(),
            said: Vec::new(),
        });
        Plan {
            name: String::new(),
            stages: stages.collect(),
        }
    }

    fn is_trace(&self) -> bool {
        let mut stages = self.order.stages.iter();
        stages.any(|stage| matches!(stage.calls, Calls::Trace(_)))
    }

    fn subject(&mut self) -> Result<Subject, String> {
        let mut subject = Subject::new(self.plan());
        subject.survey = self.survey;
        let names = ["settings", "jemalloc", "malloc_trim"];
        let left_out = names.iter().zip(self.asked.who).filter(|(_, may)| !may);
        let not: Vec<String> = left_out.map(|(name, _)| (*name).to_owned()).collect();
        subject.scope = Scope::new(&[], &not).map_err(shown)?;
        if let Some(image) = &self.image {
            subject.take_image(image).map_err(shown)?;
        }
        if !self.asked.weigh.is_empty() {
            subject.weights = Some(self.asked.weigh.parse().map_err(shown)?);
        }
        let names: Vec<String> = match self.is_trace() {
            true if self.survey.has_halves => HALVES.map(str::to_owned).into(),
            true => Vec::new(),
            false => {
                self.seeds = seeds().map(|(number, _)| number).collect();
                seeds().map(|(_, name)| name).collect()
            }
        };
        let load = |name| Load {
            name,
            plan: self.plan(),
        };
        subject.loads = names.into_iter().map(load).collect();
        Ok(subject)
    }

    /// The next round, or the advice.
    fn next(mut self, done: Vec<Vec<Tried>>) -> Result<Outcome, String> {
        if let Some(Tried::Impossible(why)) = done.first().and_then(|round| round.first()) {
            return Err(format!("the run as it is cannot be run: {why}"));
        }
        let plan = self.plan();
        let mut search = Search::new(self.subject()?);
        for round in done {
            let work = search.next_round().into_iter();
            let taken = work.zip(round).map(|(work, tried)| {
                let tried = taken(&plan, &work.candidate, tried)?;
                Ok((work, tried))
            });
            search.take(taken.collect::<Result<_, String>>()?);
        }
        let round = search.next_round();
        if !round.is_empty() {
            let pieces = round.iter().map(|work| bytes(&self.piece(work, &plan)));
            return Ok(Outcome::Round(pieces.collect()));
        }
        let advice = search.advice();
        let advice = advice
            .ok_or("the run as it is could not be finished in this time; allow the search more")?;
        Ok(Outcome::Found(bytes(&self.found(&advice, &plan))))
    }

    fn piece(&self, work: &highwater_advise::Work, plan: &Plan) -> Piece {
        let mut order = self.applied(&work.candidate, plan);
        let mut half = None;
        if let Some(load) = work.load {
            match self.seeds.get(load) {
                Some(number) => order.stages.iter_mut().for_each(|stage| {
                    if let Calls::Pattern { values, .. } = &mut stage.calls
                        && let Ok(parameters) = Parameters::of_values(values)
                    {
                        *values = parameters.of_process(number * stage.workers).values();
                    }
                }),
                None => half = Some(load == 1),
            }
        }
        Piece {
            order,
            half,
            is_explained: work.load.is_none(),
        }
    }

    /// The order with a candidate in all of its stages.
    fn applied(&self, candidate: &Candidate, plan: &Plan) -> Order {
        let mut order = self.order.clone();
        // Without calls there are none that could not be changed.
        let changed = candidate.applied(plan).map(|plan| plan.stages);
        for (stage, changed) in order.stages.iter_mut().zip(changed.unwrap_or_default()) {
            stage.variant = changed.variant;
            stage.trims = candidate.trims.or(stage.trims);
        }
        order
    }

    fn found(&self, advice: &Advice, plan: &Plan) -> Found {
        let weights = &advice.weights;
        let mut weighed = [weights.peak, weights.rest, weights.mean].into_iter();
        let first = weighed.clone().position(|weight| weight > 0);
        let is_one = weighed.by_ref().filter(|weight| *weight > 0).count() == 1;
        let mut said = self.said.clone();
        said.extend(advice.head());
        let own = self.place();
        let number = Form::ALL.iter().position(|form| *form == own.form());
        let number = number.unwrap_or_default();
        let mut places = Form::ALL.map(Place::from);
        places[number] = own;
        Found {
            run: advice.candidates.len() as u32 - 1,
            said,
            weighed: first.filter(|_| is_one).map(|column| column as u8),
            rows: advice
                .shown()
                .map(|row| self.row(advice, row, plan, &places))
                .collect(),
            forms: (places.iter().map(|place| place.title().to_owned())).collect(),
            form: number as u8,
        }
    }

    /// Where the user's settings were written; a Dockerfile where there are none.
    fn place(&self) -> Place {
        match self.asked.text.trim().is_empty() {
            true => Form::Dockerfile.into(),
            false => Place::of("", &self.asked.text),
        }
    }

    fn row(
        &self,
        advice: &Advice,
        row: &Advised,
        plan: &Plan,
        places: &[Place],
    ) -> protocol::Advised {
        let is_baseline = row.candidate.is_baseline();
        let known: &[Variable] = match &self.order.stages[..] {
            [stage, ..] => &stage.variant.environment,
            [] => &[],
        };
        let image = self.image.as_ref();
        let in_place = |place| paste(advice, row, place, &self.asked.title, known, image);
        protocol::Advised {
            mark: advice.mark(row),
            name: row.name.clone(),
            by: match is_baseline {
                true => String::new(),
                false => row.doer.in_words().to_owned(),
            },
            memory: row.memory,
            cells: cells(row).into(),
            note: Advice::note(row).to_owned(),
            said: match is_baseline {
                true => row.leaves.iter().map(|left| left.says.clone()).collect(),
                false => advice.sentences(row),
            },
            is_worth: row.is_worth,
            order: (self.order.stages.len() == 1 && !is_baseline)
                .then(|| self.applied(&row.candidate, plan)),
            pastes: match is_baseline {
                true => Vec::new(),
                false => places.iter().map(in_place).collect(),
            },
        }
    }
}

/// What was tried, as the search takes it.
fn taken(
    plan: &Plan,
    candidate: &Candidate,
    tried: Tried,
) -> Result<highwater_advise::Tried, String> {
    Ok(match tried {
        Tried::BrokenOff => highwater_advise::Tried::BrokenOff,
        Tried::Impossible(why) => highwater_advise::Tried::Impossible(why),
        Tried::Done(done) => {
            let (figures, reasons) = borsh::from_slice(&done).map_err(shown)?;
            let changed = candidate.applied(plan);
            highwater_advise::Tried::Done(Trial {
                figures,
                remarks: changed.map_or_else(|_| Vec::new(), |plan| plan.remarks()),
                reasons,
            })
        }
    })
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}

const _: () = assert!(Doer::ALL.len() == 3, "who may act has a place for each");

#[cfg(test)]
mod tests;
