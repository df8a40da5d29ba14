//! The entries of a link's tables, taken one by one and checked.

use highwater_workload::spec::Tree;

/// The entries of one table of a link.
pub(super) struct Entries(Vec<(String, Tree)>);

impl Entries {
    pub(super) fn of(tree: Option<Tree>) -> Result<Self, String> {
        match tree {
            None => Ok(Self(Vec::new())),
            Some(Tree::Table(pairs)) => Ok(Self(pairs)),
            // Not what stands there: that may be anything.
            Some(_) => Err("it needs a table".to_owned()),
        }
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Tree> {
        let at = self.0.iter().position(|(of, _)| of == key)?;
        Some(self.0.swap_remove(at).1)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &str, most: u64) -> Result<Option<u64>, String> {
        let Some(tree) = self.take(key) else {
            return Ok(None);
        };
        let number = match &tree {
            Tree::Text(text) => text.parse().ok().filter(|number| *number <= most),
            _ => None,
        };
        let wrong = || format!("`{key}` must be a whole number between 0 and {most}");
        number.map(Some).ok_or_else(wrong)
    }

    /// Of some values the one that is named.
    pub(super) fn named<T: Copy>(
        &mut self,
        key: &str,
        known: &[(T, &str)],
    ) -> Result<Option<T>, String> {
        let Some(words) = self.text(key) else {
            return Ok(None);
        };
        let found = known.iter().find(|(_, name)| *name == words);
        let found = found.map(|(value, _)| *value);
        found.map(Some).ok_or_else(|| not_one(key))
    }

    /// Whether all was taken: a key that is left is that of a later release.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err("it says something that this release does not know".to_owned()),
        }
    }
}

pub(super) fn not_one(key: &str) -> String {
    format!("`{key}` is not one of its values")
}
