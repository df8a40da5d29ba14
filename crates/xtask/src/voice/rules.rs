//! The expressions, each with what to write instead.

use anyhow::Result;
use regex::{Regex, RegexBuilder};

use super::{Found, Text};

/// Where an expression counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Heading,
}

/// An expression that a native engineer would not write.
struct Rule {
    pattern: Regex,
    /// What may follow it: then it is another expression.
    unless: Option<Regex>,
    place: Place,
    better: &'static str,
}

/// All rules.
pub(super) struct Rules(Vec<Rule>);

/// Pattern, what may follow, and what to write instead.
type Entry = (&'static str, &'static str, &'static str);

/// In any text.
const ANYWHERE: &[Entry] = &[
    // Riddles and clauses without a subject.
    (
        r"\bwhat there (is|are|was)\b",
        "",
        "name it: \"the scenarios\", \"shows\"",
    ),
    (
        r"\bthere (is|are|was|were) to\b",
        "",
        "use a subject and a verb",
    ),
    (
        r"\bthere must be\b",
        "",
        "\"at least one … is required\", \"must be between\"",
    ),
    (r"\bto be had\b", "", "\"available\""),
    (
        r"\b(is|are|was|were) to be\b",
        "",
        "\"must be\", \"will be\" or an active verb",
    ),
    (r"\b(is|are) none of\b", "", "\"… is not a … setting\""),
    (r"\bcannot be what (it|they)\b", "", "\"invalid …\""),
    // "To say" as a passive.
    (
        r"\b(if|unless) (not|nothing|none|they are not|it is not)( is| are)? said\b",
        "",
        "\"default: …\"",
    ),
    (
        r"\b(is|are|was|were|be|being|has been) (not )?said\b",
        "",
        "name who says it, or use \"shows\", \"reports\", \"names\"",
    ),
    (
        r"\btells? (all |everything )?of (?:the|a|all|what|that)\b",
        "",
        "\"describes\", \"explains\"",
    ),
    // Numbers.
    (r"\bso many\b", "", "write the number or `N`"),
    (r"\bthrice\b", "", "\"three times\""),
    (
        r"\ba heap (more|less)\b",
        "",
        "\"another heap\", \"one heap more\"",
    ),
    (r"\bby far (more|less)\b", "", "\"far more\", \"far less\""),
    (
        r"\bno more than is\b|\bwould get no more than\b",
        "",
        "say what it gets: \"at most\"",
    ),
    (r"\b(some|a few) dozens\b", "", "\"dozens\""),
    (
        r"\b(one|two|each|\d+) to (a|an|one|each) (core|curve|dot|page|pixel|letter|variant|line|thread|file|type)\b",
        "",
        "\"per\"",
    ),
    // Inversions.
    (
        r"(^|[.;:!?] )of (\w|\{)",
        "^ourse",
        "begin with the subject: \"of X the Y\" is \"the Y of X\"",
    ),
    (
        r"\ban? [\w-]+ so (large|small|long|short|old|new|many)\b",
        "",
        "\"too large\", \"this large\"",
    ),
    (
        r"\bonly the \w+ of [\w ]+ (it|they) \w+",
        "",
        "begin with the subject",
    ),
    // Words in another sense than the reader's.
    (
        r"\b(stands|stood)\b",
        "^ (for|in for|out|alone|still)\\b",
        "\"is\", \"lies\", \"appears\"",
    ),
    (
        r"\b(can|may|must|could|to|it|they|that|who|which|not|files?|views?|lines?|maps|settings|names?) stand (in|at|on|here|there|beside|behind|above|below|under|before|within|near|over|between|by)\b",
        "^ for\\b",
        "\"is\", \"lies\", \"appears\"",
    ),
    (
        r"\b(lies?|lay|is|are|looks?|be) otherwise\b|\botherwise than\b",
        "",
        "\"differently\", \"unlike\"",
    ),
    (
        r"\bbehind\b",
        "^ (a socket|the scenes)\\b",
        "free memory lies \"below\" a pin; text comes \"after\"",
    ),
    (
        r"\b(nobody|somebody)\b",
        "",
        "name it: \"no other thread\", \"nothing\", \"the program\"",
    ),
    (
        r"\bh[au]ng(s|ing)? on (?:the|what|how|whether|a|such|it)\b",
        "",
        "\"depends on\"",
    ),
    (
        r"\b(held|holds?|holding|measured) (\w+ ){0,3}against\b",
        "",
        "\"compared with\", \"compares … with\"",
    ),
    (r"\breckon(s|ed|ing)?\b", "", "\"calculated\", \"computed\""),
    (r"\banew\b", "", "\"again\", \"fresh\""),
    (r"\bbut for\b", "", "\"except\", \"except for\""),
    (
        r"\btaken (to be|to have|to do|for)\b",
        "^ granted",
        "\"assumed to be\", \"treated as\"",
    ),
    (r"\bin place of\b", "", "\"instead of\""),
    (r"\bat one time\b", "", "\"at the same time\""),
    (r"\bhanded (over|on)\b", "", "\"passed\", \"given\""),
    (r"\b(is|are) looked into\b", "", "\"selected\""),
    (
        r"\b(is|are|was|were|been) asked for\b",
        "",
        "\"requested\", \"required\"",
    ),
    (
        r"\b(passed over|left aside)\b",
        "",
        "\"skipped\", \"ignored\"",
    ),
    (r"\b(not|never) forgiven\b", "", "\"not allowed\""),
    (r"\bput in for\b", "", "\"expanded\", \"substituted\""),
    (r"\btaken down\b", "", "\"recorded\""),
    (
        r"\bthe one or the other\b|\bthe one and the other\b",
        "",
        "\"either\", \"both\"",
    ),
    (
        r"\bbesides?$|\bbesides?[.,;]",
        "",
        "\"also\", \"in addition\"",
    ),
    (
        r"\b(thereof|therein|whence|thence|hither|thither|wherein|whereof|heretofore|lest)\b",
        "",
        "the plain modern word",
    ),
    // Phrases of a translation.
    (
        r"\bwhat (comes|came) (of|out)\b",
        "",
        "\"the result\", \"the outcome\"",
    ),
    (
        r"\bwhat is shown\b",
        "",
        "\"this view\", \"the current state\"",
    ),
    (r"\b(begin|begins) so\b", "", "\"matching …\""),
    (r"\bas many as can be\b", "", "\"at most …\""),
    (r"\bon (or|and) back\b", "", "\"forward and back\""),
    (
        r"\bkeeps? what (is|was|were) freed\b",
        "",
        "name what it blocks",
    ),
    (
        r"\bof (malloc|glibc|jemalloc|c?python|the allocator|the arena)'s(?:$|[.,;:])",
        "",
        "name what it is: \"of malloc memory\"",
    ),
    (
        r"\blooks? at the clock\b",
        "",
        "\"checks the clock\", \"purges\"",
    ),
    (r"\bhowever long\b", "", "\"while …\", \"for as long as …\""),
    (r", more or less\b", "", "\"about …\", \"mean …\""),
    (r"\bsa(y|ys|id) of\b", "", "\"describes\""),
    (
        r"\bwhere there (is|are) (none|one|no)\b",
        "",
        "\"without …\", \"if there is …\"",
    ),
    (
        r"\bno model of (it|this)\b",
        "",
        "\"unknown …; supported: …\"",
    ),
    (
        r"\bit is for (one|several|a|the)\b",
        "",
        "\"cannot be used with …\"",
    ),
    (r"\bmore than the \w+ that are\b", "", "\"the limit is …\""),
    (r"\bhere is what\b", "", "name what is shown instead"),
    (
        r", for (an?|the|it|its|there|no|only) ([\w-]+ )?(is|are|has|was|lies|goes)\b",
        "",
        "\"because\"",
    ),
    (r"\bresident or not\b", "", "\"resident and non-resident\""),
    (r"\bwhat holds (it|them)\b", "", "\"the pins\""),
    (r"\bno (less|fewer) than\b", "", "\"at least\", \"above\""),
    (r"\bif none (is|are)\b", "", "\"without further …\""),
    (r"\b(is|are) told\b", "", "\"gets\", \"given\""),
    (
        r"\b(can|could|cannot) be told (from|apart)\b",
        "",
        "\"distinguished\", \"measurable\"",
    ),
    (r"\bfirst whole\b", "", "\"first release\""),
    (
        r"\b(to|over|of|from) (it|them) otherwise\b",
        "",
        "\"by default …\"",
    ),
    // Word order at the end of a sentence.
    (r"\btoo(?:$|[.,;:!?)])", "", "\"also\", before the verb"),
    // British spelling.
    (
        r"\b(behaviors?|analyze[sd]?|neighbors?|neighboring|canceled|canceling|modeled|modeling|labeled|favorites?)\b",
        "",
        "the British spelling",
    ),
];

/// In headings only.
const HEADINGS: &[Entry] = &[(
    r"^(what|where|whether|which|who)\b[^?]*$",
    "^ to \\w+",
    "a noun or a verb, not a clause: \"Limits\", \"Read why\"",
)];

impl Rules {
    pub(super) fn new() -> Result<Self> {
        let places = [(ANYWHERE, Place::Anywhere), (HEADINGS, Place::Heading)];
        let entries = places
            .into_iter()
            .flat_map(|(entries, place)| entries.iter().map(move |entry| (entry, place)));
        let rules = entries.map(|(&(pattern, unless, better), place)| {
            Ok(Rule {
                pattern: insensitive(pattern)?,
                unless: (!unless.is_empty())
                    .then(|| insensitive(unless))
                    .transpose()?,
                place,
                better,
            })
        });
        Ok(Self(rules.collect::<Result<_>>()?))
    }

    /// The expressions in a text; one place counts once, by the first rule that finds it.
    pub(super) fn find(&self, text: &Text) -> Vec<Found> {
        let words = &text.words;
        let mut taken: Vec<std::ops::Range<usize>> = Vec::new();
        let mut found = Vec::new();
        let rules = self
            .0
            .iter()
            .filter(|rule| rule.place == Place::Anywhere || text.is_heading);
        for rule in rules {
            for at in rule.pattern.find_iter(words) {
                let begins = rule.place == Place::Heading;
                let end = if begins { first_word(words) } else { at.end() };
                let after = &words[end..];
                let is_other = rule
                    .unless
                    .as_ref()
                    .is_some_and(|unless| unless.is_match(after));
                let range = at.range();
                if is_other
                    || taken
                        .iter()
                        .any(|one| one.start < range.end && range.start < one.end)
                {
                    continue;
                }
                taken.push(range);
                found.push(Found {
                    text: text.clone(),
                    expression: bare(at.as_str()).to_owned(),
                    better: rule.better,
                });
            }
        }
        found
    }
}

fn insensitive(pattern: &str) -> Result<Regex> {
    Ok(RegexBuilder::new(pattern).case_insensitive(true).build()?)
}

fn first_word(words: &str) -> usize {
    words.find(' ').unwrap_or(words.len())
}

/// An expression without the punctuation by which it was found.
fn bare(expression: &str) -> &str {
    expression.trim_matches(|c: char| c.is_whitespace() || ".,;:!?)".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expressions(words: &str, is_heading: bool) -> Result<Vec<String>> {
        let text = Text {
            is_heading,
            ..Text::new("a", 1, words)
        };
        Ok(Rules::new()?
            .find(&text)
            .into_iter()
            .map(|found| found.expression)
            .collect())
    }

    #[test]
    fn sentences_that_were_rewritten_are_found() -> Result<()> {
        for (words, expression) in [
            ("all if not said", "if not said"),
            ("it must be said somewhere", "be said"),
            ("no pattern is said", "is said"),
            ("as many as so many variants", "so many"),
            ("two bursts, thrice", "thrice"),
            ("It is none of malloc's", "is none of"),
            ("The page works, too.", "too"),
            ("nobody else moves the break", "nobody"),
            ("Free pages lie behind it", "behind"),
            ("Of jemalloc the map shows pages", "Of j"),
            ("it ends; of several one is named", "of s"),
            ("jemalloc stands above glibc", "stands"),
            ("Where no live view can stand here", "can stand here"),
            (
                "Resident memory is higher, and lies otherwise",
                "lies otherwise",
            ),
            ("an extent so large is not kept", "an extent so large"),
            ("what stays hangs on what is held", "hangs on what"),
            ("models are held against real libraries", "held against"),
            ("equal but for one page", "but for"),
        ] {
            assert_eq!(expressions(words, false)?, [expression], "{words}");
        }
        Ok(())
    }

    #[test]
    fn plain_sentences_are_left_alone() -> Result<()> {
        for words in [
            "Free memory lies below the pin.",
            "MiB stands for 1024 KiB.",
            "The block is too large for tcache.",
            "Of course it fits.",
            "There is no Node here.",
            "the size of the top",
            "a store behind a socket",
            "It said nothing.",
        ] {
            assert_eq!(expressions(words, false)?, [""; 0], "{words}");
        }
        Ok(())
    }

    #[test]
    fn a_clause_is_no_heading_but_a_question_is() -> Result<()> {
        assert_eq!(expressions("What helps", true)?, ["What helps"]);
        for words in ["What helps?", "What to do on Monday", "Limits"] {
            assert_eq!(expressions(words, true)?, [""; 0], "{words}");
        }
        assert_eq!(expressions("What helps", false)?, [""; 0]);
        Ok(())
    }
}
