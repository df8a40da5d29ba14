//! [`Work::Read`](crate::protocol::Work::Read): from a text to the settings in it.

use highwater_simulator::{Environment, Image, Remark, Tone, choose};

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
        let (mut environment, image) = Environment::parse_with_image(&self.text);
        environment
            .remarks
            .extend(image.and_then(|image| remark(&image, &environment)));
        Step::Done(Outcome::Read(environment))
    }
}

/// What an image that the text names says of the release: the box changes none, as a recording's is known.
fn remark(image: &str, environment: &Environment) -> Option<Remark> {
    let is_chosen = choose(&environment.variables, environment.linked).is_some();
    let image: Image = image.parse().ok().filter(|_| !is_chosen)?;
    let text =
        image.in_words() + " The text does not change the variant's allocator: choose one above.";
    Some(Remark::new("image", Tone::Surprise, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_of_a_text_is_told_and_changes_nothing() {
        let read = |text: &str| match (Read {
            text: text.to_owned(),
        })
        .advance(&mut Engine::default(), &Slice::unlimited())
        {
            Step::Done(Outcome::Read(read)) => read.remarks,
            other => panic!("{other:?}"),
        };
        let compose =
            "services:\n  app:\n    image: ubuntu:22.04\n    environment: {MALLOC_ARENA_MAX: 2}\n";
        for text in [compose, "FROM ubuntu:22.04\nENV MALLOC_ARENA_MAX=2\n"] {
            let remarks = read(text);
            let remark = remarks.iter().find(|remark| remark.variable == "image");
            let text = remark.map(|remark| &*remark.text).unwrap_or_default();
            assert!(
                text.starts_with("ubuntu:22.04 has Ubuntu 22.04 with glibc 2.35."),
                "{text}"
            );
        }
        for text in [
            "FROM own:1\nENV MALLOC_ARENA_MAX=2\n",
            "FROM ubuntu:22.04\nENV LD_PRELOAD=libjemalloc.so.2\n",
        ] {
            assert_eq!(read(text), Environment::parse(text).remarks, "{text}");
        }
    }

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
