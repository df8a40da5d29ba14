//! Texts that a reader has not seen: known ones with a few changes, each drawn from one seed.

use crate::readers::Reader;
use fastrand::Rng;
use std::{fs, io, path::Path};

/// Longest text; most faults of a reader show in a few lines. A recording begins with 512 bytes and its header.
const LONGEST: usize = 2000;

/// The texts that a reader's new ones are made of.
pub struct Texts {
    known: Vec<Vec<u8>>,
    words: &'static [&'static str],
}

impl Texts {
    /// Takes the words of a reader, and the files of its folder in the corpus if there is one.
    ///
    /// # Errors
    /// A file of the folder cannot be read.
    pub fn of(reader: &Reader, corpus: &Path) -> io::Result<Self> {
        let mut known = vec![reader.words.concat().into_bytes()];
        let folder = corpus.join(reader.name);
        if folder.is_dir() {
            let mut files: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
            // A seed means the same text on every machine.
            files.sort_by_key(fs::DirEntry::file_name);
            for file in files {
                known.push(fs::read(file.path())?);
            }
        }
        Ok(Self {
            known,
            words: reader.words,
        })
    }

    /// Draws a text.
    pub fn draw(&self, random: &mut Rng) -> Vec<u8> {
        let mut text = match random.u8(..8) {
            // Words of the format in any order.
            0 => Vec::new(),
            _ => self.piece(random).to_vec(),
        };
        for _ in 0..=random.usize(..8) {
            self.change(&mut text, random);
        }
        text.truncate(LONGEST);
        text
    }

    fn change(&self, text: &mut Vec<u8>, random: &mut Rng) {
        let at = random.usize(..=text.len());
        let end = random.usize(at..=text.len().min(at + 32));
        match random.u8(..10) {
            0 if at < text.len() => text[at] ^= 1 << random.u8(..8),
            1 if at < text.len() => text[at] = random.u8(..),
            2 => drop(text.drain(at..end)),
            3 => {
                let part = text[at..end].to_vec();
                insert(text, at, &part);
            }
            4 => {
                let other = self.piece(random);
                insert(text, at, other);
            }
            5 => text.truncate(at),
            6 => {
                let digits = random.u64(..).to_string();
                let length = random.usize(1..=digits.len());
                text.splice(at..end, digits.bytes().take(length));
            }
            7 => {
                let noise: Vec<u8> = (0..random.usize(1..6)).map(|_| random.u8(..)).collect();
                insert(text, at, &noise);
            }
            _ => {
                let word = self.words[random.usize(..self.words.len())];
                insert(text, at, word.as_bytes());
            }
        }
    }

    /// A part of a known text.
    fn piece(&self, random: &mut Rng) -> &[u8] {
        let known = &self.known[random.usize(..self.known.len())];
        if known.len() <= LONGEST / 2 && random.bool() {
            return known;
        }
        let at = random.usize(..=known.len());
        let end = random.usize(at..=known.len().min(at + LONGEST / 2));
        &known[at..end]
    }
}

fn insert(text: &mut Vec<u8>, at: usize, part: &[u8]) {
    text.splice(at..at, part.iter().copied());
}
