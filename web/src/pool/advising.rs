//! The search for what would help: its questions to the workers, and the runs that it wants to try.

use super::{AdviceWork, Advising, Arrival, JobEvent, Outcome, Pool, PoolEvent, Tried, Work};

impl Pool {
    /// Does something for the search with this number.
    pub fn advise(&mut self, search: u32, work: AdviceWork) {
        let (client, work) = match work {
            AdviceWork::Try(place, piece) => {
                self.trials.push((search, place, piece));
                return self.go_on();
            }
            AdviceWork::Survey(order) => {
                self.revive();
                let order = (*order).clone();
                (self.usable(0).client.clone(), Work::Survey { order })
            }
            AdviceWork::Next {
                asked,
                survey,
                done,
            } => {
                let work = Work::Advise {
                    asked,
                    survey,
                    done,
                };
                (self.reader(), work)
            }
        };
        let tell = self.tell.clone();
        let handle = client.run(work, None, move |event| {
            let news = match event {
                JobEvent::Progress(..) => return,
                JobEvent::Finished(Outcome::Surveyed(survey)) => Advising::Surveyed(survey),
                JobEvent::Finished(Outcome::Round(pieces)) => Advising::Round(pieces),
                JobEvent::Finished(Outcome::Found(found)) => match borsh::from_slice(&found) {
                    Ok(found) => Advising::Found(found),
                    Err(error) => Advising::Failed(error.to_string()),
                },
                JobEvent::Failed(message) => Advising::Failed(message),
                JobEvent::Finished(..) | JobEvent::FinishedWith(..) | JobEvent::Lost => {
                    Advising::Failed("a worker stopped; try again".to_owned())
                }
            };
            tell.emit(PoolEvent::Arrived(Arrival::Advice(search, news)));
        });
        self.advising = Some(handle);
    }

    /// Drops what is done for a search.
    pub fn end_advice(&mut self) {
        self.trials.clear();
        self.advising = None;
        for worker in &mut self.workers {
            worker.trying = None;
        }
    }

    /// Runs a piece of a search on a worker.
    pub(super) fn try_on(&mut self, number: usize, (search, place, piece): (u32, usize, Vec<u8>)) {
        let tell = self.tell.clone();
        let run_number = self.next_run;
        self.next_run += 1;
        let client = &self.workers[number].client;
        let handle = client.run(Work::Try(piece), None, move |event| {
            let news = match event {
                JobEvent::Progress(..) => return,
                JobEvent::Finished(Outcome::Tried(tried)) => Advising::Tried(place, tried),
                JobEvent::Failed(why) => Advising::Tried(place, Tried::Impossible(why)),
                JobEvent::Finished(..) | JobEvent::FinishedWith(..) | JobEvent::Lost => {
                    Advising::Lost(place)
                }
            };
            tell.emit(PoolEvent::Free(number, run_number));
            tell.emit(PoolEvent::Arrived(Arrival::Advice(search, news)));
        });
        self.workers[number].trying = Some((run_number, handle));
    }
}
