//! A diagnosis in words: what there is to say, in the order in which one would ask.

use crate::arenas::ArenaShare;
use crate::diagnosis::Diagnosis;
use crate::object_sentences::about_objects;
use crate::pins::{Pin, PinState};
use highwater_allocator::{Bytes, Cache};

/// Below this nothing is worth a sentence.
const WORTH_SAYING: Bytes = Bytes::mib(1);

/// Arenas named one by one.
const MOST_NAMED: usize = 3;

impl Diagnosis {
    /// All there is to say.
    pub(crate) fn in_words(&self) -> Vec<String> {
        let mut said = vec![format!(
            "{} are resident. The program holds {}; {} are free in the allocator and still resident.",
            self.rss, self.live, self.free_resident
        )];
        if self.free_resident < WORTH_SAYING {
            return said;
        }
        if let Some(objects) = &self.objects {
            said.extend(about_objects(objects));
        }
        if let Some(figures) = &self.figures {
            said.extend(self.about_pages(figures));
            return said;
        }
        if self.has_others() {
            said.push(self.about_arenas());
        }
        if !self.has_others() || self.main().free_resident >= WORTH_SAYING {
            said.push(self.about_top());
        }
        said.extend(self.about_other_tops());
        said.extend(self.about_highest_live());
        said.extend(self.about_largest());
        said.push(self.about_malloc_trim());
        said
    }

    fn others(&self) -> impl Iterator<Item = &ArenaShare> {
        self.arenas.iter().filter(|share| share.arena > 0)
    }

    fn has_others(&self) -> bool {
        self.others().next().is_some()
    }

    fn main(&self) -> ArenaShare {
        let main = self.arenas.iter().find(|share| share.arena == 0);
        main.copied().unwrap_or_default()
    }

    /// How free memory is spread over the arenas.
    fn about_arenas(&self) -> String {
        let mut rest = self.arenas.clone();
        let mut parts: Vec<String> = Vec::new();
        while parts.len() < MOST_NAMED
            && let Some(most) = (0..rest.len()).max_by_key(|index| rest[*index].free_resident)
        {
            let share = rest.remove(most);
            parts.push(format!("{} in {}", share.free_resident, arena(share.arena)));
        }
        if !rest.is_empty() {
            let sum = rest
                .iter()
                .fold(Bytes::ZERO, |sum, share| sum + share.free_resident);
            parts.push(format!("{sum} in {} more", rest.len()));
        }
        let last = parts.pop().unwrap_or_default();
        format!(
            "Free memory lies in {} arenas: {} and {last}. A thread does not use what is free in another's arena; \
             MALLOC_ARENA_MAX bounds how many there are.",
            self.arenas.len(),
            parts.join(", ")
        )
    }

    fn about_top(&self) -> String {
        let rule = if self.has_others() {
            "free() gives memory of the main arena back only from the top"
        } else {
            "free() gives heap memory back only from the top"
        };
        if self.top < self.trim_threshold {
            format!(
                "{rule}: {} lie there, less than the trim threshold of {}. Even a threshold of 0 would get no more \
                 than that.",
                self.top, self.trim_threshold
            )
        } else {
            format!(
                "{rule}: {} lie there, no less than the trim threshold of {}, but it looks only after a merge of 64 KiB \
                 or more, and leaves the padding.",
                self.top, self.trim_threshold
            )
        }
    }

    /// Other arenas' heaps shrink by the same rule, each from its own top.
    fn about_other_tops(&self) -> Option<String> {
        let most = self.others().max_by_key(|share| share.top)?;
        let free = self
            .others()
            .fold(Bytes::ZERO, |sum, share| sum + share.free_resident);
        (free >= WORTH_SAYING).then(|| {
            format!(
                "Of another arena free() gives back the top of its last heap, or that heap whole once it is empty: the \
                 largest such top, of {}, has {}; the trim threshold there is {}.",
                arena(most.arena),
                most.top,
                self.trim_threshold
            )
        })
    }

    fn about_highest_live(&self) -> Option<String> {
        if self.above_highest_live < WORTH_SAYING || self.parked_above_highest_live == 0 {
            return None;
        }
        let blocks = match self.parked_above_highest_live {
            1 => "one block that was freed".to_owned(),
            n => format!("{n} blocks that were freed"),
        };
        let there = if self.has_others() { " there" } else { "" };
        Some(format!(
            "{} lie above the highest block the program still holds{there}. What keeps them from the top is {blocks}: \
             parked in a cache, which free() counts as in use.",
            self.above_highest_live
        ))
    }

    /// The one chunk that holds most.
    fn about_largest(&self) -> Option<String> {
        let pin = self.pins.iter().max_by_key(|pin| pin.behind_resident)?;
        if pin.behind_resident < WORTH_SAYING {
            return None;
        }
        let place = if self.has_others() {
            format!(" in {}", arena(pin.arena))
        } else {
            String::new()
        };
        Some(format!(
            "The largest piece, {}, lies behind {} at {}{place} that {}.",
            pin.behind_resident,
            pin.size,
            pin.address,
            self.keeper(pin)
        ))
    }

    /// Who keeps a pin.
    fn keeper(&self, pin: &Pin) -> String {
        match (pin.state, pin.cache, pin.allocated) {
            (PinState::Metadata, ..) => "the allocator needs for itself".to_owned(),
            (PinState::Parked, cache, origin) => {
                // What is left of a full heap's top is freed by the allocator itself, and may be parked like any block.
                let who = match origin {
                    Some(_) => "the program",
                    None => "the allocator itself",
                };
                match cache {
                    Some(Cache::Tcache { thread, .. }) if self.has_others() => {
                        format!("{who} has freed and the cache of thread {thread} keeps")
                    }
                    _ => format!("{who} has freed and a cache keeps"),
                }
            }
            (PinState::Live, _, Some(origin)) if self.has_others() => {
                format!("thread {} allocated and the program holds", origin.thread)
            }
            (PinState::Live, ..) => "the program holds".to_owned(),
        }
    }

    fn about_malloc_trim(&self) -> String {
        let mut said = if self.reclaimable >= WORTH_SAYING {
            format!(
                "malloc_trim(0) would give back {} now: it takes whole free pages wherever they lie.",
                self.reclaimable
            )
        } else {
            "malloc_trim(0) would give back next to nothing now: hardly a whole page is free."
                .to_owned()
        };
        let tops = self
            .others()
            .fold(Bytes::ZERO, |sum, share| sum + share.top_resident);
        if tops >= WORTH_SAYING {
            said +=
                &format!(" Only the tops of other arenas it leaves as they are, {tops} resident.");
        }
        said
    }
}

fn arena(number: u16) -> String {
    match number {
        0 => "the main arena".to_owned(),
        n => format!("arena {n}"),
    }
}
