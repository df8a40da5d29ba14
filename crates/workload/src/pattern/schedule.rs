//! Who runs next.

use super::Parameters;
use super::process::Process;
use super::subscriber::{Step, Subscriber};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;

/// How the subscribers of a burst take turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Schedule {
    /// One after another, each from its start to its end.
    OneByOne,
    /// All at once in an event loop.
    Interleaved,
}

/// Time between the starts of two subscribers in the event loop.
const STAGGER_NS: u64 = 1_000_000;

impl Schedule {
    /// Runs one burst. `tick` is told after every step, and may break off.
    pub(super) fn burst(
        self,
        process: &mut Process,
        parameters: &Parameters,
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let subscribers = parameters.streams * parameters.subscribers;
        match self {
            Self::OneByOne => {
                for _ in 0..subscribers {
                    alone(process, parameters, tick)?;
                }
                ControlFlow::Continue(())
            }
            Self::Interleaved => event_loop(process, parameters, subscribers, tick),
        }
    }
}

fn alone(
    process: &mut Process,
    parameters: &Parameters,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut subscriber = Subscriber::new(parameters);
    loop {
        match subscriber.step(process, parameters) {
            Step::Yield => {}
            Step::Wait(time) => process.spend_ns(time),
            Step::Done => return tick(),
        }
        tick()?;
    }
}

/// As asyncio's does: those that are ready in the order in which they became so, then the timers that are due.
fn event_loop(
    process: &mut Process,
    parameters: &Parameters,
    subscribers: u32,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> ControlFlow<()> {
    let started = process.now_ns();
    let mut tasks: Vec<_> = (0..subscribers)
        .map(|_| Subscriber::new(parameters))
        .collect();
    let mut ready = VecDeque::new();
    // The number of the timer decides between two of the same moment, so that the order is always the same.
    let mut timers = BinaryHeap::new();
    let mut timer = 0u64;
    for index in 0..tasks.len() {
        timers.push(Reverse((started + STAGGER_NS * index as u64, timer, index)));
        timer += 1;
    }
    loop {
        if ready.is_empty() {
            let Some(Reverse((due, ..))) = timers.peek() else {
                return ControlFlow::Continue(());
            };
            process.wait_until_ns(*due);
        }
        while let Some(&Reverse((due, _, index))) = timers.peek() {
            if due > process.now_ns() {
                break;
            }
            timers.pop();
            ready.push_back(index);
        }
        // One turn of the loop: those that become ready meanwhile wait for the next.
        for _ in 0..ready.len() {
            let Some(index) = ready.pop_front() else {
                break;
            };
            match tasks[index].step(process, parameters) {
                Step::Yield => ready.push_back(index),
                Step::Wait(time) => {
                    timers.push(Reverse((process.now_ns() + time, timer, index)));
                    timer += 1;
                }
                Step::Done => {}
            }
            tick()?;
        }
    }
}
