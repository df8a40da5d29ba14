//! What of the state is seen: the moment, its figures, how much of a run is shown, and how far the work is.

use super::{Depth, Embed, Moment, Now, Shown, State, Status, Subject, VariantId, VariantState};

impl State {
    /// What can be looked into.
    pub fn shown(&self) -> Shown<'_> {
        Shown {
            variants: &self.variants,
            playhead: &self.playhead,
        }
    }

    /// The address of the recording that is shown, where it was fetched from one.
    pub fn remote_of_shown(&self) -> Option<&str> {
        let remote = self.offer.opened.as_ref()?;
        let is_shown = matches!(&self.source.subject, Subject::File(name) if *name == remote.name);
        is_shown.then_some(&*remote.address)
    }

    /// The moment that is shown, in the run that is looked into.
    pub fn moment(&self) -> Moment {
        let run = self.variants.run();
        run.map_or(Moment::default(), |run| self.playhead.moment(run, true))
    }

    /// Whether the explanation of a variant is that of the playhead.
    pub fn look_is_exact(&self, id: VariantId) -> bool {
        self.inspection.is_exact(id, self.shown())
    }

    /// The figures of a variant at the playhead: those of the look into it once that is there, for then they are the same
    /// everywhere on the page.
    pub fn now(&self, variant: &VariantState) -> Option<Now> {
        let run = variant.run.as_ref()?;
        let moment = self.shown().moment(variant.id, run);
        let stage = run.stage_at(moment.time).0;
        let is_alone = (run.order.stages.get(stage)).is_some_and(|stage| stage.workers == 1);
        match self.inspection.look(variant.id) {
            // A look is into one process, and the curves are of all together.
            Some(look) if is_alone && self.look_is_exact(variant.id) => Some(Now::looked(look)),
            _ => Some(run.now(moment)),
        }
    }

    /// What of the page is shown.
    pub fn shows(&self) -> Embed {
        let shows = self.tour.shows().or(self.display.embed);
        shows.unwrap_or(match self.display.depth {
            Depth::Story => Embed::STORY,
            _ => Embed::WHOLE,
        })
    }

    /// How much of a run is shown. A tour says itself what its steps are about.
    pub fn depth(&self) -> Depth {
        match self.tour.shows() {
            Some(_) => Depth::Expert,
            None => self.display.depth,
        }
    }

    /// Whether only a part of the page is shown: in a frame, or as a talk.
    pub fn is_part(&self) -> bool {
        self.tour.is_talk() || self.display.embed.is_some()
    }

    /// Whether something is being read or run.
    pub fn is_busy(&self) -> bool {
        self.source.loading.is_some() || self.variants.all.iter().any(VariantState::is_running)
    }

    /// Whether the text in a box is still being read.
    pub fn is_reading_settings(&self) -> bool {
        let mut all = self.variants.all.iter();
        all.any(|variant| variant.environment.is_reading)
    }

    /// How much of what is being done is done.
    pub fn progress(&self) -> f64 {
        if let Some(share) = self.source.loading {
            return share;
        }
        let variants = &self.variants.all;
        let shares = variants.iter().map(|variant| match variant.status {
            Status::Running(share) => share,
            _ => 1.0,
        });
        shares.sum::<f64>() / variants.len() as f64
    }

    /// Whether what is shown is for something else than what is asked for now.
    pub fn is_outdated(&self) -> bool {
        let variant = self.variants.selected();
        !self.is_busy() && variant.run.is_some() && !variant.is_fresh()
    }

    /// How long what is being done will take from now, in seconds; none while there is no telling.
    pub fn left(&self) -> Option<f64> {
        let passed = self.now_ms - self.busy_since?;
        let share = self.progress();
        (passed > 1000.0 && share > 0.02).then(|| passed * (1.0 - share) / share / 1000.0)
    }
}
