//! Names for places in code that a recording gives as offsets in files: by the files themselves, where they are the ones that were
//! recorded.

mod files;

use files::CodeFile;
use highwater_workload::Workload;
use highwater_workload::trace::Naming;
use std::collections::HashMap;

/// Bytes of a function's name that are kept.
const NAME: usize = 160;
/// Bytes of a site's places.
const FRAMES: usize = 4096;

/// Finds names. A file is opened when a place in it is first named.
#[derive(Default)]
pub(crate) struct Names {
    modules: HashMap<String, Module>,
    /// Places that were named, and what they are called; `None` if they keep their offsets.
    known: HashMap<String, Option<String>>,
}

enum Module {
    /// Its build id, where it has one, and its path.
    Told(Option<String>, String),
    /// It is not there, or is another.
    Missing,
    Open(Box<CodeFile>),
}

/// Names the sites of a recording.
pub(crate) fn name(workload: &mut Workload) {
    if workload.modules.is_empty() {
        return;
    }
    let mut names = Names::default();
    for module in &workload.modules {
        names.module(module);
    }
    for site in &mut workload.sites {
        if let Some(named) = names.frames(site) {
            *site = named.into();
        }
    }
}

impl Naming for Names {
    fn module(&mut self, text: &str) {
        let mut words = text.splitn(3, ' ');
        if let (Some(name), Some(id), Some(path)) = (words.next(), words.next(), words.next()) {
            let id = (id != "-").then(|| id.to_owned());
            let path = path.replace("%20", " ").replace("%25", "%");
            self.modules.insert(name.to_owned(), Module::Told(id, path));
        }
    }

    fn frames(&mut self, frames: &str) -> Option<String> {
        let mut is_named = false;
        let mut text = String::new();
        for frame in frames.split(' ') {
            let name = self.frame(frame);
            is_named |= name.is_some();
            let name = name.unwrap_or(frame);
            if text.len() + name.len() >= FRAMES {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text += name;
        }
        is_named.then_some(text)
    }
}

impl Names {
    /// Returns what a place is called; `None` if it keeps its offset.
    fn frame(&mut self, frame: &str) -> Option<&str> {
        if !self.known.contains_key(frame) {
            let name = self.look_up(frame);
            self.known.insert(frame.to_owned(), name);
        }
        self.known.get(frame)?.as_deref()
    }

    fn look_up(&mut self, frame: &str) -> Option<String> {
        let (name, offset) = frame.rsplit_once("+0x")?;
        let offset = u64::from_str_radix(offset, 16).ok()?;
        let module = self.modules.get_mut(name)?;
        if let Module::Told(id, path) = module {
            let file = CodeFile::open(path, id.as_deref());
            *module = file.map_or(Module::Missing, |file| Module::Open(Box::new(file)));
        }
        match module {
            Module::Open(file) => file.name(name, offset),
            _ => None,
        }
    }
}

/// Returns a name as one word of a bounded length.
fn word(name: &str) -> String {
    let plain = |character: char| match character {
        character if character.is_whitespace() || character.is_control() => '_',
        character => character,
    };
    let mut word: String = name.chars().map(plain).collect();
    if let Some((end, _)) = word.char_indices().find(|(at, _)| *at >= NAME) {
        word.truncate(end);
        word.push('…');
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn named() -> u64 {
        std::hint::black_box(named as *const () as u64)
    }

    /// The place of a function of this program, as a recorder tells it, and the line that tells of the program.
    fn own_place() -> (String, String) {
        let path = std::env::current_exe().expect("this program");
        let path = path.display().to_string().replace(' ', "%20");
        let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
        let begin = maps
            .lines()
            .find(|line| line.ends_with(&path.replace("%20", " ")));
        let begin = begin
            .and_then(|line| line.split('-').next())
            .expect("its first mapping");
        let begin = u64::from_str_radix(begin, 16).expect("an address");
        let id = files::build_id(path.replace("%20", " ")).unwrap_or("-".into());
        let frame = format!("test+{:#x}", named() - begin + 1);
        (frame, format!("test {id} {path}"))
    }

    #[test]
    fn a_place_in_this_program_is_named() {
        let (frame, module) = own_place();
        let mut names = Names::default();
        assert_eq!(names.frames(&frame), None, "nothing is known of the file");
        let mut names = Names::default();
        names.module(&module);
        let told = format!("{frame} 0x1234 test+0xffffffffffff {frame}");
        let text = names.frames(&told).expect("it has symbols");
        // Functions that were compiled into this one come first.
        let (one, other) = text
            .split_once(" 0x1234 test+0xffffffffffff ")
            .expect(&text);
        assert!(one.contains("names::tests::named("), "{text}");
        assert_eq!(one, other);
        // What has a name keeps it.
        assert_eq!(
            names.frames(&text.replace(" test+0xffffffffffff", "")),
            None
        );
    }

    #[test]
    fn another_file_at_the_same_path_names_nothing() {
        let (frame, module) = own_place();
        let path = module.rsplit(' ').next().expect("a path");
        for module in [
            format!("test 00ff {path}"),
            "test - /dev/zero".into(),
            "test - /proc/self/maps".into(),
            "test - /".into(),
            "test - /no/such/file".into(),
            "test -".into(),
            "test ../../../../etc/passwd -".into(),
            format!("test {} -", "é".repeat(8)),
            String::new(),
        ] {
            let mut names = Names::default();
            names.module(&module);
            assert_eq!(names.frames(&frame), None, "{module}");
        }
    }

    #[test]
    fn a_name_is_a_word_of_a_bounded_length() {
        assert_eq!(word("a b\tc"), "a_b_c");
        let long = word(&"é".repeat(500));
        assert!(long.len() < NAME + 8 && long.ends_with('…'));
    }
}
