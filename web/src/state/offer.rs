//! A recording that lies at an address, which whoever made a link names in it (`?trace=ADDRESS`). It is fetched once the user wants it.

use super::Effect;

/// A recording at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The whole address.
    pub address: String,
    /// The server that has it; none where that is the page's own.
    pub host: Option<String>,
    /// The name that it is opened by.
    pub name: String,
}

/// What has come of what was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offered {
    /// The user has not decided.
    Asked,
    /// So many bytes of it are there.
    Fetching(u64),
    /// It could not be fetched; why, as a sentence without its end.
    Failed(String),
}

/// The recording that is offered, until it is open or not wanted, and the one that was opened so.
#[derive(Debug, Default)]
pub struct Offer {
    /// What is offered.
    pub at_hand: Option<(Remote, Offered)>,
    /// What was opened last. A link to it names its address.
    pub opened: Option<Remote>,
}

/// What the user does about it.
#[derive(Debug, Clone, Copy)]
pub enum OfferAction {
    /// Fetches it, perhaps once more.
    Fetch,
    /// Goes on without it.
    Decline,
}

impl Offer {
    pub(super) fn update(&mut self, action: OfferAction) -> Vec<Effect> {
        match (action, &mut self.at_hand) {
            (OfferAction::Fetch, Some((remote, offered))) => {
                *offered = Offered::Fetching(0);
                vec![Effect::Fetch(remote.clone())]
            }
            (OfferAction::Decline, Some(_)) => {
                self.at_hand = None;
                vec![Effect::EndFetch]
            }
            (_, None) => vec![],
        }
    }

    /// So much of it is there.
    pub fn goes_on(&mut self, bytes: u64) {
        if let Some((_, Offered::Fetching(known))) = &mut self.at_hand {
            *known = bytes;
        }
    }

    /// It is there, or why it is not; returns it where it is still wanted.
    pub fn ends(&mut self, end: Result<(), String>) -> Option<Remote> {
        let (_, offered) = self.at_hand.as_mut()?;
        if !matches!(offered, Offered::Fetching(_)) {
            return None;
        }
        match end {
            Ok(()) => {
                self.opened = self.at_hand.take().map(|(remote, _)| remote);
                self.opened.clone()
            }
            Err(why) => {
                *offered = Offered::Failed(why);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> (Remote, Offer) {
        let remote = Remote {
            address: "https://traces.example/a.hwr".to_owned(),
            host: Some("traces.example".to_owned()),
            name: "a.hwr".to_owned(),
        };
        let offer = Offer {
            at_hand: Some((remote.clone(), Offered::Asked)),
            opened: None,
        };
        (remote, offer)
    }

    #[test]
    fn it_is_fetched_once_the_user_wants_it() {
        let (remote, mut offer) = offer();
        assert_eq!(offer.ends(Ok(())), None, "nobody asked for it");
        let fetches = offer.update(OfferAction::Fetch);
        assert_eq!(fetches, [Effect::Fetch(remote.clone())]);
        offer.goes_on(7);
        assert_eq!(offer.at_hand, Some((remote.clone(), Offered::Fetching(7))));
        assert_eq!(offer.ends(Ok(())), Some(remote.clone()));
        assert_eq!((offer.at_hand, offer.opened), (None, Some(remote)));
    }

    #[test]
    fn what_failed_can_be_tried_again_and_what_is_not_wanted_is_dropped() {
        let (remote, mut offer) = offer();
        offer.update(OfferAction::Fetch);
        assert_eq!(offer.ends(Err("gone".to_owned())), None);
        let failed = Offered::Failed("gone".to_owned());
        assert_eq!(offer.at_hand, Some((remote, failed)));
        assert_eq!(offer.update(OfferAction::Fetch).len(), 1);
        assert_eq!(offer.update(OfferAction::Decline), [Effect::EndFetch]);
        assert_eq!(offer.ends(Ok(())), None, "it comes too late");
        assert_eq!(offer.update(OfferAction::Fetch), []);
    }
}
