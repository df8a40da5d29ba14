//! The playhead: the moment that is shown, how it moves, and the part of the time around it.

use highwater_simulator::{Micros, Moment};

use super::{Effect, zoom};
use crate::view::RunView;

/// The speeds that there are.
pub const SPEEDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 4.0, 16.0, 64.0, 256.0];

/// How long a run should take to be played, in seconds.
const PLAYED_IN_S: f64 = 12.0;

/// The playhead.
pub struct Playhead {
    /// The moment that is shown.
    pub time: Micros,
    /// The very event of the run that is looked into, where it was stepped to: many share a microsecond.
    pub(super) event: Option<u64>,
    /// The part of the time that the chart shows; all of it if none is said.
    pub zoom: Option<(Micros, Micros)>,
    /// Whether it moves.
    pub playing: bool,
    /// How fast, as a multiple of the program's own time.
    pub speed: f64,
    /// Whether nobody put it where it is: it goes where a new run should be looked at first.
    pub(super) is_unmoved: bool,
}

/// Something happened to the playhead.
#[derive(Debug, Clone)]
pub enum PlayheadAction {
    /// The chart shows a part of the time, or all of it.
    Zoom(Option<(Micros, Micros)>),
    /// The chart shows a part that is so many times as long, around a share of what it shows now; around the playhead where none
    /// is said.
    Scale(f64, Option<f64>),
    /// The part moves by a share of its length.
    Pan(f64),
    /// It was moved.
    Seek(Micros),
    /// It was moved to where a run is looked at first.
    Rest,
    /// It was moved by samples.
    Step(i64),
    /// It was moved by events.
    StepEvent(i64),
    /// It was moved to the next mark, or the one before.
    StepMark(i64),
    /// The part that is shown moves, so many quarters of its length; where all is shown, the playhead goes to a mark.
    PanOrMark(i64),
    /// Play, or do not.
    Play(bool),
    /// Play or pause.
    TogglePlay,
    /// Play goes on: so many milliseconds have passed.
    Tick(f64),
    /// How fast to play, as a multiple of the program's own time.
    Speed(f64),
}

impl Default for Playhead {
    fn default() -> Self {
        Self {
            time: Micros(0),
            event: None,
            zoom: None,
            playing: false,
            speed: 1.0,
            is_unmoved: true,
        }
    }
}

impl Playhead {
    /// The moment that is shown, in a run.
    pub fn moment(&self, run: &RunView, is_selected: bool) -> Moment {
        let mut moment = run.at(self.time);
        if let Some(event) = self.event.filter(|_| is_selected) {
            moment.event = event;
        }
        moment
    }

    /// The part of the time that is shown, of runs that end then.
    pub fn shown(&self, ends: Micros) -> (Micros, Micros) {
        self.zoom.unwrap_or((Micros(0), ends.max(Micros(1))))
    }

    /// Moves or plays through the run that is looked into. Also returns whether another moment may be shown.
    pub(super) fn update(
        &mut self,
        action: PlayheadAction,
        run: Option<&RunView>,
        ends: Micros,
    ) -> (Vec<Effect>, bool) {
        use PlayheadAction::*;
        let (time, event) = match (action, run) {
            (Zoom(zoom), _) => {
                self.zoom = zoom;
                return (vec![], false);
            }
            (Scale(factor, around), _) => {
                self.scale(factor, around, ends);
                return (vec![], false);
            }
            (Pan(by), _) => {
                self.pan(by, ends);
                return (vec![], false);
            }
            (PanOrMark(quarters), _) if self.zoom.is_some() => {
                self.pan(quarters as f64 / 4.0, ends);
                return (vec![], false);
            }
            (Speed(speed), _) => {
                self.speed = speed;
                return (vec![], false);
            }
            (Tick(ms), _) => return self.tick(ms, ends),
            (Seek(time), _) => (time, None),
            (Play(playing), _) if playing == self.playing => return (vec![], false),
            (_, None) => return (vec![], false),
            (Play(_) | TogglePlay, Some(_)) => return self.toggle_play(ends),
            (Rest, Some(run)) => {
                let first = run.first_look();
                (first.time, Some(first.event))
            }
            (Step(steps), Some(run)) => (run.step(run.at(self.time), steps).time, None),
            (StepMark(marks) | PanOrMark(marks), Some(run)) => (self.mark(run, marks), None),
            (StepEvent(events), Some(run)) => {
                let event = self.moment(run, true).event.saturating_add_signed(events);
                let event = event.min(run.last().event);
                (run.time_of(event), Some(event))
            }
        };
        self.is_unmoved = false;
        self.move_to(time, ends);
        self.event = event;
        (vec![], true)
    }

    fn scale(&mut self, factor: f64, around: Option<f64>, ends: Micros) {
        let shown @ (from, to) = self.shown(ends);
        let at = (self.time.0 as f64 - from.0 as f64) / to.0.saturating_sub(from.0).max(1) as f64;
        let at = Some(at).filter(|at| (0.0..=1.0).contains(at));
        self.zoom = zoom::scaled(shown, factor, around.or(at).unwrap_or(0.5), ends);
    }

    fn pan(&mut self, by: f64, ends: Micros) {
        if let Some(part) = self.zoom {
            self.zoom = zoom::moved(part, by, ends);
        }
    }

    pub(super) fn move_to(&mut self, time: Micros, ends: Micros) {
        self.time = time.min(ends);
        self.event = None;
    }

    /// The mark after the playhead, or before it: else the end that lies there.
    fn mark(&self, run: &RunView, marks: i64) -> Micros {
        let mut times = run.ran.marks.iter().map(|mark| mark.time);
        match marks > 0 {
            true => times.find(|time| *time > self.time).unwrap_or(run.ends()),
            false => times.rfind(|time| *time < self.time).unwrap_or_default(),
        }
    }

    fn toggle_play(&mut self, ends: Micros) -> (Vec<Effect>, bool) {
        self.playing = !self.playing;
        self.is_unmoved = false;
        if !self.playing {
            return (vec![Effect::StopClock], false);
        }
        let is_over = self.time >= ends;
        if is_over {
            self.move_to(Micros(0), ends);
        }
        (vec![Effect::StartClock], is_over)
    }

    fn tick(&mut self, ms: f64, ends: Micros) -> (Vec<Effect>, bool) {
        let was_playing = self.playing;
        if was_playing {
            let on = Micros((ms * 1000.0 * self.speed) as u64);
            self.move_to(self.time + on, ends);
            self.playing = self.time < ends;
        }
        let stop = (!self.playing).then_some(Effect::StopClock);
        (stop.into_iter().collect(), was_playing)
    }

    /// Goes where a run that arrives is to be looked at: the moment that a link says, or, where nobody chose one, the first that
    /// is worth a look.
    pub(super) fn arrive(
        &mut self,
        run: &RunView,
        is_selected: bool,
        linked: Option<Micros>,
        ends: Micros,
    ) {
        // Another variant's run moves nothing: the event that is shown stays the very one.
        if !is_selected && linked.is_none() && self.time <= ends {
            return;
        }
        let first = (is_selected && self.is_unmoved).then(|| run.first_look());
        if linked.is_some() || first.is_some() {
            self.speed = fitting_speed(run.ends());
        }
        let time = linked.or(first.map(|first| first.time));
        self.move_to(time.unwrap_or(self.time), ends);
        self.event = first.filter(|_| linked.is_none()).map(|first| first.event);
    }
}

/// The speed at which a run is played in about a dozen seconds.
fn fitting_speed(ends: Micros) -> f64 {
    let ideal = (ends.as_seconds() / PLAYED_IN_S).max(f64::MIN_POSITIVE);
    let away = |speed: &f64| (speed / ideal).ln().abs();
    SPEEDS
        .into_iter()
        .min_by(|a, b| away(a).total_cmp(&away(b)))
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{MarkAt, Order};
    use highwater_simulator::Sample;
    use std::rc::Rc;

    /// A run of 30 events in two seconds, with a mark in the middle.
    fn run() -> RunView {
        let mut run = RunView::empty(Rc::new(Order { stages: vec![] }));
        let sample = |event, time| Sample {
            event,
            time: Micros(time),
            ..Sample::default()
        };
        run.samples = vec![sample(0, 0), sample(10, 1_000_000), sample(30, 2_000_000)];
        run.ran.marks = vec![MarkAt {
            name: "half".to_owned(),
            event: 10,
            time: Micros(1_000_000),
        }];
        run
    }

    fn moved(playhead: &mut Playhead, run: &RunView, action: PlayheadAction) -> (u64, u64) {
        let (_, is_moved) = playhead.update(action, Some(run), run.ends());
        assert!(is_moved);
        let moment = playhead.moment(run, true);
        (moment.time.0, moment.event)
    }

    #[test]
    fn play_without_a_run_does_nothing() {
        let mut playhead = Playhead::default();
        let mut done = |action| playhead.update(action, None, Micros(0));
        assert_eq!(done(PlayheadAction::TogglePlay), (vec![], false));
        let stopped = (vec![Effect::StopClock], false);
        assert_eq!(done(PlayheadAction::Tick(10.0)), stopped);
        assert_eq!(done(PlayheadAction::Step(1)), (vec![], false));
        done(PlayheadAction::Seek(Micros(u64::MAX)));
        assert_eq!(playhead.time, Micros(0));
    }

    #[test]
    fn steps_go_by_sample_by_mark_and_by_event() {
        let (run, mut playhead) = (run(), Playhead::default());
        let mut at = |action| moved(&mut playhead, &run, action);
        assert_eq!(at(PlayheadAction::Step(2)), (2_000_000, 30));
        assert_eq!(at(PlayheadAction::StepMark(-1)), (1_000_000, 10));
        assert_eq!(at(PlayheadAction::StepEvent(1)).1, 11);
        assert_eq!(at(PlayheadAction::StepEvent(-2)).1, 9);
        assert_eq!(at(PlayheadAction::StepEvent(i64::MAX)), (2_000_000, 30));
        assert_eq!(at(PlayheadAction::StepMark(1)), (2_000_000, 30));
        assert_eq!(at(PlayheadAction::Seek(Micros(0))), (0, 0));
        assert_eq!(at(PlayheadAction::StepMark(-1)), (0, 0));
    }

    #[test]
    fn the_chart_goes_nearer_around_the_playhead_and_moves() {
        let (run, mut playhead) = (run(), Playhead::default());
        let ends = run.ends();
        playhead.move_to(Micros(500_000), ends);
        let mut shown = |action| {
            let (_, is_moved) = playhead.update(action, Some(&run), ends);
            let (from, to) = playhead.shown(ends);
            (from.0, to.0, is_moved)
        };
        let nearer = PlayheadAction::Scale(0.5, None);
        assert_eq!(shown(nearer), (250_000, 1_250_000, false));
        assert_eq!(
            shown(PlayheadAction::PanOrMark(2)),
            (750_000, 1_750_000, false)
        );
        // The playhead is not in it: around its middle.
        let nearer = PlayheadAction::Scale(0.5, None);
        assert_eq!(shown(nearer), (1_000_000, 1_500_000, false));
        assert_eq!(
            shown(PlayheadAction::Scale(8.0, None)),
            (0, 2_000_000, false)
        );
        assert_eq!(shown(PlayheadAction::Pan(1.0)), (0, 2_000_000, false));
        assert_eq!(shown(PlayheadAction::PanOrMark(1)), (0, 2_000_000, true));
        assert_eq!(playhead.time, Micros(1_000_000), "the mark");
    }

    #[test]
    fn play_goes_on_to_the_end_and_begins_anew_from_there() {
        let (run, mut playhead) = (run(), Playhead::default());
        let ends = run.ends();
        let mut done = |action| playhead.update(action, Some(&run), ends).0;
        assert_eq!(done(PlayheadAction::Play(true)), [Effect::StartClock]);
        assert_eq!(done(PlayheadAction::Play(true)), []);
        assert_eq!(done(PlayheadAction::Speed(4.0)), []);
        assert_eq!(done(PlayheadAction::Tick(250.0)), []);
        assert_eq!(done(PlayheadAction::Tick(250.0)), [Effect::StopClock]);
        assert_eq!((playhead.time, playhead.playing), (ends, false));
        playhead.update(PlayheadAction::TogglePlay, Some(&run), ends);
        assert_eq!((playhead.time, playhead.playing), (Micros(0), true));
    }

    #[test]
    fn a_run_that_arrives_moves_only_what_nobody_put_somewhere() {
        let (run, mut playhead) = (run(), Playhead::default());
        let ends = run.ends();
        playhead.arrive(&run, false, None, ends);
        assert_eq!(playhead.time, Micros(0), "it is not looked into");
        playhead.arrive(&run, true, None, ends);
        assert_eq!(playhead.time, ends);
        playhead.update(PlayheadAction::Seek(Micros(5)), Some(&run), ends);
        playhead.arrive(&run, true, None, ends);
        assert_eq!(playhead.time, Micros(5));
        playhead.update(PlayheadAction::StepEvent(1), Some(&run), ends);
        let stepped = playhead.event.expect("it was stepped to");
        playhead.arrive(&run, false, None, ends);
        assert_eq!(playhead.event, Some(stepped), "the very event stays");
        playhead.arrive(&run, false, Some(Micros(7)), ends);
        assert_eq!(playhead.time, Micros(7), "a link's moment is everyone's");
    }

    #[test]
    fn a_run_is_played_in_about_a_dozen_seconds() {
        assert_eq!(fitting_speed(Micros(10_136_196)), 1.0);
        assert_eq!(fitting_speed(Micros(600_000_000)), 64.0);
        assert_eq!(fitting_speed(Micros(1)), SPEEDS[0]);
    }
}
