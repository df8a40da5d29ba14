//! The jobs of the reader: a worker with a program of its own, which is transferred for the first who asks.

use super::{
    Arrival, Beside, Cell, File, Health, IMPORTING, JobEvent, Outcome, Pool, PoolEvent, Program,
    Rc, VariantId, Work, WorkerClient,
};

impl Pool {
    /// Reads a file of another tool, or several files in one, as a recording.
    pub fn import(&mut self, number: u32, file: File) {
        let tell = self.tell.clone();
        let worker = self.reader();
        let handle = worker.run(Work::Import, Some(Beside::File(file)), move |event| {
            let told = match event {
                JobEvent::Progress(share, _) => {
                    PoolEvent::Arrived(Arrival::LoadProgress(share * IMPORTING))
                }
                JobEvent::FinishedWith(Outcome::Imported { origin }, recording) => {
                    PoolEvent::Imported(number, origin, recording)
                }
                JobEvent::Finished(Outcome::Unknown) => PoolEvent::Foreign(number, None),
                JobEvent::Failed(message) => {
                    PoolEvent::Arrived(Arrival::LoadFailed(number, message))
                }
                _ => return,
            };
            tell.emit(told);
        });
        self.importing = Some(handle);
    }

    /// Takes the recording that was made of a file of another tool, and gives it to all of them.
    pub fn take_import(&mut self, number: u32, origin: String, recording: Beside) {
        self.importing = None;
        self.imported = Some((number, origin));
        self.load(number, recording);
    }

    /// The worker that reads, which is started for the first who needs it, and again for who needs it after it broke.
    pub(super) fn reader(&mut self) -> WorkerClient {
        let (worker, is_broken) = self.reader.get_or_insert_with(|| {
            let is_broken = Rc::new(Cell::new(false));
            let told = Rc::clone(&is_broken);
            let on_health = move |health| told.set(matches!(health, Health::Broken(_)));
            (WorkerClient::start(Program::Reader, on_health), is_broken)
        });
        if is_broken.get() {
            worker.restart();
        }
        worker.clone()
    }

    /// Reads the settings in a variant's text, in place of one that is being read for it.
    pub fn read(&mut self, id: VariantId, text: Rc<str>) {
        let worker = self.reader();
        let work = Work::Read {
            text: text.to_string(),
        };
        let tell = self.tell.clone();
        let handle = worker.run(work, None, move |event| {
            let read = match event {
                JobEvent::Progress(..) => return,
                JobEvent::Finished(Outcome::Read(read)) => Some(read),
                _ => None,
            };
            let arrival = Arrival::Read(id, Rc::clone(&text), read);
            tell.emit(PoolEvent::Arrived(arrival));
        });
        self.reads.retain(|(of, _)| *of != id);
        self.reads.push((id, handle));
    }

    /// Draws a picture, in place of one that is being drawn. `done` is told its text, or none where it failed.
    pub fn draw(&mut self, drawing: Vec<u8>, done: impl Fn(Option<String>) + 'static) {
        let handle = self
            .reader()
            .run(Work::Draw(drawing), None, move |event| match event {
                JobEvent::Progress(..) => {}
                JobEvent::Finished(Outcome::Drawn(svg)) => done(Some(svg)),
                _ => done(None),
            });
        self.drawing = Some(handle);
    }
}
