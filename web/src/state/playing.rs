//! The playhead: where it is, how it moves, and looking where it is.

use std::rc::Rc;

use highwater_simulator::{Address, Micros};

use super::{Effect, Opened, State};
use crate::{protocol::Ask, variants::VariantId, view::RunView};

/// The speeds that there are.
pub const SPEEDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 4.0, 16.0, 64.0, 256.0];

/// How long a run should take to be played, in seconds.
const PLAYED_IN_S: f64 = 12.0;

impl State {
    /// When the last of the runs ends.
    pub fn ends(&self) -> Micros {
        let runs = self
            .variants
            .iter()
            .filter_map(|variant| variant.run.as_ref());
        runs.map(|run| run.ends()).max().unwrap_or_default()
    }

    /// The part of the time that is shown.
    pub fn shown(&self) -> (Micros, Micros) {
        self.zoom.unwrap_or((Micros(0), self.ends().max(Micros(1))))
    }

    pub(super) fn move_to(&mut self, time: Micros) -> Vec<Effect> {
        let time = time.min(self.ends());
        if time != self.time {
            self.forget_asked();
        }
        self.time = time;
        self.event = None;
        self.linked_time = None;
        self.wish_to_look()
    }

    /// What was asked of another moment is of no use any more.
    pub(super) fn forget_asked(&mut self) {
        self.opened = None;
        self.without = None;
    }

    /// Forgets what was asked and not answered, since no answer comes.
    pub(super) fn forget_unanswered(&mut self) {
        self.saving = None;
        self.opened.take_if(|opened| opened.rows.is_none());
        self.without.take_if(|(_, answer)| answer.is_none());
    }

    /// What was asked of a variant's moments failed, or was lost with its worker. Only what was lost is asked again: the rest may
    /// fail each time.
    pub(super) fn look_failed(&mut self, id: VariantId, message: Option<String>) -> Vec<Effect> {
        self.looking.retain(|looking| *looking != id);
        self.figures
            .retain(|known| known.id != id || known.figures.is_some());
        if message.is_some() {
            self.trouble = message;
            self.forget_unanswered();
            return vec![];
        }
        let mut effects = self.wish_to_look();
        effects.extend(self.wish_for_figures());
        if let Some(opened) = self.opened.take_if(|opened| opened.rows.is_none()) {
            effects.extend(self.open_blocks(Some((opened.id, opened.from, opened.to))));
        }
        if let Some((pins, None)) = self.without {
            effects.extend(self.ask_without(pins));
        }
        effects
    }

    /// Looks at the blocks of a few pages.
    pub(super) fn open_blocks(
        &mut self,
        range: Option<(VariantId, Address, Address)>,
    ) -> Vec<Effect> {
        self.opened = None;
        let Some((id, from, to)) = range.filter(|_| self.loading.is_none()) else {
            return vec![];
        };
        let Some(run) = self.variant(id).and_then(|variant| variant.run.clone()) else {
            return vec![];
        };
        let rows = None;
        self.opened = Some(Opened { id, from, to, rows });
        let moment = self.moment(id, &run);
        vec![Effect::Ask(id, run, moment, Ask::Blocks { from, to })]
    }

    /// Asks what would be without the first so many pins.
    pub(super) fn ask_without(&mut self, pins: usize) -> Vec<Effect> {
        let id = self.selected().id;
        let (Some(run), Some(look), None) = (self.run().cloned(), self.look(id), self.loading)
        else {
            return vec![];
        };
        let pins_gone = look.diagnosis.pins.iter().take(pins);
        let pins_gone = pins_gone.map(|pin| pin.address).collect();
        let moment = look.asked;
        self.without = Some((pins, None));
        vec![Effect::Ask(
            id,
            run,
            moment,
            Ask::Without { pins: pins_gone },
        )]
    }

    fn moved_in(&mut self, to: impl Fn(&RunView, Micros) -> Micros) -> Vec<Effect> {
        let Some(run) = self.run().map(Rc::clone) else {
            return vec![];
        };
        self.unmoved = false;
        let time = to(&run, self.time);
        self.move_to(time)
    }

    pub(super) fn step(&mut self, steps: i64) -> Vec<Effect> {
        self.moved_in(|run, from| run.step(run.at(from), steps).time)
    }

    /// Event by event there is no telling when: the moment is taken from the samples around.
    pub(super) fn step_event(&mut self, events: i64) -> Vec<Effect> {
        let Some(run) = self.run().map(Rc::clone) else {
            return vec![];
        };
        self.unmoved = false;
        self.forget_asked();
        let last = run.samples.last().map_or(0, |sample| sample.event);
        let event = self.playhead().event.saturating_add_signed(events);
        let event = event.min(last);
        self.time = run.time_of(event);
        self.event = Some(event);
        self.wish_to_look()
    }

    pub(super) fn step_mark(&mut self, marks: i64) -> Vec<Effect> {
        self.moved_in(|run, from| {
            let times = || run.ran.marks.iter().map(|mark| mark.time);
            let next = match marks > 0 {
                true => times().find(|time| *time > from),
                false => times().rfind(|time| *time < from),
            };
            next.unwrap_or(if marks > 0 { run.ends() } else { Micros(0) })
        })
    }

    /// Asks for what is shown to be explained, where it is not and nobody is at it.
    pub(super) fn wish_to_look(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.loading.is_some() {
            // The workers may hold another recording before they come to it.
            return effects;
        }
        for id in [Some(self.selected), self.compared].into_iter().flatten() {
            if self.looking.contains(&id) || self.look_is_exact(id) {
                continue;
            }
            let run = self.variant(id).and_then(|variant| variant.run.clone());
            if let Some(run) = run {
                self.looking.push(id);
                let moment = self.moment(id, &run);
                effects.push(Effect::Look(id, run, moment));
            }
        }
        effects
    }

    pub(super) fn toggle_play(&mut self) -> Vec<Effect> {
        if self.run().is_none() {
            return vec![];
        }
        self.playing = !self.playing;
        self.unmoved = false;
        if !self.playing {
            return vec![Effect::StopClock];
        }
        let mut effects = vec![Effect::StartClock];
        if self.time >= self.ends() {
            effects.extend(self.move_to(Micros(0)));
        }
        effects
    }

    pub(super) fn tick(&mut self, ms: f64) -> Vec<Effect> {
        if !self.playing {
            return vec![Effect::StopClock];
        }
        let on = Micros((ms * 1000.0 * self.speed) as u64);
        let mut effects = self.move_to(self.time + on);
        if self.time >= self.ends() {
            self.playing = false;
            effects.push(Effect::StopClock);
        }
        effects
    }
}

/// The speed at which a run is played in about a dozen seconds.
pub(super) fn fitting_speed(ends: Micros) -> f64 {
    let ideal = (ends.as_seconds() / PLAYED_IN_S).max(f64::MIN_POSITIVE);
    let away = |speed: &f64| (speed / ideal).ln().abs();
    SPEEDS
        .into_iter()
        .min_by(|a, b| away(a).total_cmp(&away(b)))
        .unwrap_or(1.0)
}
