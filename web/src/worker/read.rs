//! [`Work::Read`](crate::protocol::Work::Read): from a text to the settings in it.

use highwater_simulator::Environment;

use crate::{
    protocol::Outcome,
    worker::{Engine, Job, Slice, Step},
};

/// A text that was pasted into the environment box.
pub(crate) struct Read {
    pub(crate) text: String,
}

impl Job for Read {
    fn advance(&mut self, _: &mut Engine, _: &Slice) -> Step {
        let environment = Environment::parse(&self.text);
        Step::Done(Outcome::Read(environment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_one_step() {
        let text = "ENV MALLOC_ARENA_MAX=2\nRUN make\n".to_owned();
        let step = Read { text: text.clone() }.advance(&mut Engine::default(), &Slice::unlimited());
        match step {
            Step::Done(Outcome::Read(read)) => assert_eq!(read, Environment::parse(&text)),
            other => panic!("{other:?}"),
        }
    }
}
