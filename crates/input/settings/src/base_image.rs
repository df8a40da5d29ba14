//! The image that a program runs in: the one that a Dockerfile is built from, and the one of a part of a document.

use crate::node::{Node, Scalar};

/// Whether a line of a Dockerfile begins a stage, in whatever case. `from x import y` is Python.
pub fn begins_stage(line: &str) -> bool {
    stage(line).is_some()
}

/// The image of the stage that a line begins, and the stage's own name.
fn stage(line: &str) -> Option<(&str, Option<&str>)> {
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let words = line.split_whitespace();
    let mut words = words.filter(|word| !word.starts_with("--"));
    let first = words.next()?;
    let rest: Vec<&str> = words.collect();
    match rest[..] {
        _ if !first.eq_ignore_ascii_case("from") => None,
        [image] => Some((image, None)),
        [image, "as" | "AS" | "As", name] => Some((image, Some(name))),
        _ => None,
    }
}

/// Returns the image that the last stage of a Dockerfile is built from, through the stages that it starts from. Arguments stand
/// for their defaults; one without a default stays as it is written. None where the text begins no stage.
pub fn base_image(text: &str) -> Option<String> {
    let whole = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut arguments: Vec<(&str, &str)> = Vec::new();
    let mut stages: Vec<(String, Option<&str>)> = Vec::new();
    for line in whole.lines() {
        if let Some((image, name)) = stage(line) {
            stages.push((filled(image, &arguments), name));
        } else if stages.is_empty()
            && let Some((_, given)) = line.split_once(char::is_whitespace)
            && line
                .get(..3)
                .is_some_and(|word| word.eq_ignore_ascii_case("arg"))
        {
            let pairs = given
                .split_whitespace()
                .filter_map(|pair| pair.split_once('='));
            arguments.extend(pairs.map(|(name, value)| (name, value.trim_matches(['"', '\'']))));
        }
    }
    let (mut image, _) = stages.pop()?;
    // A stage starts from an earlier one only.
    while let Some((from, name)) = stages.pop() {
        if name.is_some_and(|name| name.eq_ignore_ascii_case(&image)) {
            image = from;
        }
    }
    Some(image)
}

/// Keys of a Compose service's `build`.
const BUILD_KEYS: [&str; 4] = ["context", "dockerfile", "dockerfile_inline", "target"];

/// Returns the image of a container, a service or what else has one, by its keys: `image: NAME`, or a repository and a tag as
/// charts of Helm have them. It is empty where an image is built that the text does not tell, and none where these keys are no
/// such part.
pub(crate) fn image_of_part(pairs: &[(Scalar, Node)]) -> Option<String> {
    let value = |wanted: &str| {
        let pair = |(key, _): &&(Scalar, Node)| key.text.eq_ignore_ascii_case(wanted);
        pairs.iter().find(pair).map(|(_, node)| node)
    };
    let is_build = |node: &&Node| match node {
        Node::Scalar(_) => true,
        Node::List(_) => false,
        build => BUILD_KEYS.iter().any(|key| build.get(key).is_some()),
    };
    match (value("image"), value("build").filter(is_build)) {
        // Its image's name is the one that the build gives it.
        (_, Some(_)) => Some(String::new()),
        (Some(Node::Scalar(name)), _) => Some(filled(name.text.trim(), &[])),
        (Some(image @ Node::Map(_)), _) => {
            let text = |key| image.get(key).and_then(Node::text).unwrap_or_default();
            let tag = match text("tag") {
                "" => String::new(),
                tag => format!(":{tag}"),
            };
            Some(filled(&(text("repository").to_owned() + &tag), &[]))
        }
        // What has steps is a job of a pipeline: without a container it runs on the machine.
        _ => {
            let container = match value("docker") {
                Some(Node::List(containers)) => containers.first(),
                _ => value("container"),
            };
            let image = container.map(|part| part.get("image").unwrap_or(part));
            let is_job = matches!(value("steps"), Some(Node::List(_)));
            is_job.then(|| image.and_then(Node::text).unwrap_or_default().to_owned())
        }
    }
}

/// A text with each argument that has a value in place of its name: `$A`, `${A}`, `${A:-default}` and `${A-default}`.
fn filled(text: &str, arguments: &[(&str, &str)]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        out += before;
        let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
        let braced = after
            .strip_prefix('{')
            .and_then(|after| after.split_once('}'));
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (inside, behind) = braced.unwrap_or_else(|| after.split_at(end));
        let (name, default) = match inside.split_once('-') {
            Some((name, default)) => (name.trim_end_matches(':'), Some(default)),
            None => (inside, None),
        };
        let mut given = arguments.iter().rev();
        let given = given.find(|(known, value)| *known == name && !value.is_empty());
        match given.map(|(_, value)| *value).or(default) {
            Some(value) => out += value,
            None => out += &rest[before.len()..rest.len() - behind.len()],
        }
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_is_followed_to_its_image() {
        for (text, image) in [
            (
                "FROM python:3.12-slim-bookworm\nENV A=1\n",
                "python:3.12-slim-bookworm",
            ),
            (
                "FROM --platform=$BUILDPLATFORM golang:1.23 AS build\nRUN x\nFROM debian:12\n",
                "debian:12",
            ),
            (
                "FROM ubi9 AS base\nFROM node:22 AS build\nfrom Base as final\n",
                "ubi9",
            ),
            (
                "ARG V=3.12\nARG BASE=\"python:${V}\"\nFROM python:${V}-slim-$CODE\nARG CODE=x\n",
                "python:3.12-slim-$CODE",
            ),
            ("FROM ubuntu:${V:-24.04}\n", "ubuntu:24.04"),
            ("FROM ubuntu:${V-24.04}\n", "ubuntu:24.04"),
            ("ARG V\nFROM ubuntu:${V}\n", "ubuntu:${V}"),
            (
                "FROM --platform=linux/amd64 \\\n  ubuntu:22.04\r\n",
                "ubuntu:22.04",
            ),
            ("FROM a AS a\nFROM a\n", "a"),
            ("FROM $\n", "$"),
        ] {
            assert_eq!(base_image(text).as_deref(), Some(image), "{text}");
        }
    }

    #[test]
    fn a_text_of_another_kind_has_none() {
        for text in [
            "",
            "from os import environ\n",
            "From the page of the team\n",
            "SELECT a\n  FROM b\n",
            "A=1\n",
        ] {
            assert_eq!(base_image(text), None, "{text}");
        }
    }
}
