//! What is opened: what the address says, files, and recordings at addresses; and the address, which follows what is shown.

use yew::Context;

use super::{
    Action, App, Depth, DisplayAction, Fetched, File, Message, Offered, Remote, Subject,
    TourAction, address, embedding, plain,
};

impl App {
    /// Has the address follow what is shown, unless a link is still being read.
    pub(super) fn settle(&mut self) {
        self.settling = None;
        // What a link holds more is still being read, and until then its settings are not in the state; nor is what the address
        // names while it is asked for.
        let is_settled = !(self.state.links.holds_more && self.state.is_reading_settings())
            && self.state.offer.at_hand.is_none();
        if is_settled && (self.reading != self.opening || self.reading == 0) {
            // Places of the history would be those of the page around this one.
            let is_inside = self.state.display.embed.is_some();
            let of_recording = self.state.remote_of_shown().is_some();
            let may = !is_inside && !self.intents.goes_on();
            if self.address.keep(self.state.link(), may, of_recording) {
                self.intents.keep();
            }
        }
    }

    /// Undoes the latest change, or does it again. One that the address does not say yet is undone by what it says.
    pub(super) fn undo(&mut self, ctx: &Context<Self>, again: bool) {
        let text = self.state.link();
        if self.settling.is_some() && text.is_some_and(|text| self.address.is_other(&text)) {
            if !again {
                self.moved(ctx);
            }
        } else {
            self.address.go(again);
        }
    }

    /// Keeps a file of the user's, to be read.
    pub(super) fn open(&mut self, file: File) -> Action {
        self.state.offer.at_hand = None;
        self.fetching = None;
        let name = self.keep(file);
        self.state
            .offer
            .opened
            .take_if(|remote| remote.name == name);
        self.opening += 1;
        Action::Choose(Subject::File(name))
    }

    /// Keeps a file in place of one of its name, which is returned.
    pub(super) fn keep(&mut self, file: File) -> String {
        let name = plain(&file.name());
        self.files.retain(|known| plain(&known.name()) != name);
        self.files.push(file);
        name
    }

    /// Opens what the address says, or where it says nothing what leads on from here. A recording at an address is asked for first.
    pub(super) fn begin(&mut self, ctx: &Context<Self>) {
        if let Some(remote) = embedding::asked(false).remote {
            return self.offer(remote, None);
        }
        self.moved(ctx);
        if self.state.display.embed.is_none() && address::is_bare() {
            // Whoever comes by a link sees all of what it is about.
            self.state.display.depth = Depth::Compare;
            let first = Action::Display(DisplayAction::Landing(true));
            let effects = self.state.update(first);
            self.carry_out(ctx, effects);
        }
    }

    /// Asks for a recording at an address. `text` is the link that is opened with it, if not the address's.
    pub(super) fn offer(&mut self, remote: Remote, text: Option<String>) {
        self.fetching = None;
        self.offered = text;
        self.state.offer.at_hand = Some((remote, Offered::Asked));
    }

    /// A recording at an address comes. Once it is there, what the address says of it is opened.
    pub(super) fn fetched(&mut self, ctx: &Context<Self>, fetched: Fetched) {
        let (end, file) = match fetched {
            Fetched::More(bytes) => return self.state.offer.goes_on(bytes),
            Fetched::File(file) => (Ok(()), Some(file)),
            Fetched::Failed(why) => (Err(why), None),
        };
        if let Some((_, file)) = self.state.offer.ends(end).zip(file) {
            self.keep(file);
            match self.offered.take() {
                Some(text) => {
                    let effects = self.state.update(Action::OpenLink(Some(text)));
                    self.carry_out(ctx, effects);
                }
                None => self.moved(ctx),
            }
        }
    }

    /// Opens what the address says.
    pub(super) fn moved(&mut self, ctx: &Context<Self>) {
        self.opening += 1;
        self.address.moved();
        self.intents.forget();
        // What was about to be written is of the place before.
        self.settling = None;
        match address::link() {
            Some(link) => {
                self.state.links.notes = embedding::asked(true).notes;
                let number = self.opening;
                self.reading = number;
                let read = move |text| Message::Read(number, Action::OpenLink(text));
                address::read(&link, ctx.link().callback(read));
            }
            None => {
                let asked = embedding::asked(false);
                self.state.links.notes = asked.notes;
                let effects = match (embedding::toured(), asked.text) {
                    (Some(place), _) => self.state.update(Action::Tour(TourAction::Read(place))),
                    (_, Some(text)) => self.state.update(Action::OpenLink(Some(text))),
                    _ => self.state.open(),
                };
                self.carry_out(ctx, effects);
                self.take_address();
            }
        }
    }

    /// Takes what the address says for what is shown. Where it held more than was read of it, it holds only that from now on.
    pub(super) fn take_address(&mut self) {
        let text = self.state.link();
        let of_recording = self.state.remote_of_shown().is_some();
        let is_read = text.is_some() && !self.state.is_reading_settings();
        if is_read && std::mem::take(&mut self.state.links.holds_more) {
            self.address.replace(text, of_recording);
        } else {
            self.address.take(text);
        }
    }

    /// Shows what an address of the page says.
    pub(super) fn go(&mut self, ctx: &Context<Self>, place: &str) {
        self.opening += 1;
        let number = self.opening;
        let show = (ctx.link()).callback(move |text| Message::Read(number, Action::Show(text)));
        match place.strip_prefix('?') {
            Some(query) => {
                let asked = embedding::asked_by(query);
                self.state.links.notes = asked.notes;
                if let Some(remote) = asked.remote {
                    return self.offer(remote, asked.text);
                }
                show.emit(asked.text);
            }
            None => address::read(place, show),
        }
    }
}
