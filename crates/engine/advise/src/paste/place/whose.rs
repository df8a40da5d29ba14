//! The service or container of a file that a change is for.

use super::Json;
use highwater_settings::{Node, is_read};

/// The service of a Compose file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::paste) struct Service {
    pub(in crate::paste) name: String,
    /// Whether its variables are a list.
    pub(in crate::paste) is_list: bool,
}

/// The container of a Kubernetes manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::paste) struct Container {
    pub(in crate::paste) name: String,
    /// The keys that lead from the object to its list of containers.
    pub(in crate::paste) path: Vec<String>,
}

/// A service or a container that may be meant.
struct Part<'a> {
    name: &'a str,
    node: &'a Node,
    path: Vec<&'a str>,
}

/// Finds the service of a Compose file that has the allocator's settings, or variables, or is the only one. Where that is not
/// sure, says whether the variables of all are lists.
pub(super) fn service(documents: &[Node]) -> Result<Service, bool> {
    let services = documents.iter().filter_map(|file| file.get("services"));
    let pairs = services.filter_map(|services| match services {
        Node::Map(pairs) => Some(pairs),
        _ => None,
    });
    let parts = pairs.flatten().map(|(name, node)| Part {
        name: &name.text,
        node,
        path: Vec::new(),
    });
    let parts: Vec<Part<'_>> = parts.filter(|part| part.name != "<<").collect();
    match chosen(&parts, "environment") {
        Some(part) => Ok(Service {
            name: part.name.to_owned(),
            is_list: is_list(part.node).unwrap_or(false),
        }),
        None => {
            let mut lists = parts
                .iter()
                .filter_map(|part| is_list(part.node))
                .peekable();
            Err(lists.peek().is_some() && lists.all(|is_list| is_list))
        }
    }
}

/// Whether a service's variables are a list; `None` where it has none.
fn is_list(service: &Node) -> Option<bool> {
    let environment = service.get("environment")?;
    Some(matches!(environment, Node::List(_)))
}

/// Finds the container of a manifest that has the allocator's settings, or variables, or is the only one. Those that only prepare
/// the others' start are none. Where that is not sure, returns the path to those of the last object.
pub(super) fn container(documents: &[Node], keys: Json) -> Result<Container, Option<Vec<String>>> {
    let mut parts = Vec::new();
    for document in documents {
        match document {
            Node::List(items) if keys.containers.is_empty() => {
                parts.extend(items.iter().map(|node| container_part(node, &[])));
            }
            _ => objects(document, keys.containers, &mut Vec::new(), &mut parts),
        }
    }
    let owned = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect();
    match chosen(&parts, keys.variables).filter(|part| !part.name.is_empty()) {
        Some(part) => Ok(Container {
            name: part.name.to_owned(),
            path: owned(&part.path),
        }),
        None => Err(parts.last().map(|part| owned(&part.path))),
    }
}

/// Adds the containers of a part of a document that lies at a path in its object.
fn objects<'a>(
    node: &'a Node,
    containers: &str,
    path: &mut Vec<&'a str>,
    parts: &mut Vec<Part<'a>>,
) {
    match node {
        Node::Scalar(_) => {}
        // The items of a list of objects are objects themselves.
        Node::List(items) => items
            .iter()
            .for_each(|item| objects(item, containers, &mut Vec::new(), parts)),
        Node::Map(pairs) => {
            for (key, value) in pairs {
                match value {
                    Node::List(items) if key.text == containers => {
                        parts.extend(items.iter().map(|node| container_part(node, path)));
                    }
                    _ => {
                        path.push(&key.text);
                        objects(value, containers, path, parts);
                        path.pop();
                    }
                }
            }
        }
    }
}

fn container_part<'a>(node: &'a Node, path: &[&'a str]) -> Part<'a> {
    Part {
        name: node.get("name").and_then(Node::text).unwrap_or_default(),
        node,
        path: path.to_vec(),
    }
}

/// The one that is meant, where that is sure.
fn chosen<'p, 'a>(parts: &'p [Part<'a>], variables: &str) -> Option<&'p Part<'a>> {
    let only = |is: &dyn Fn(&Node) -> bool| {
        let mut fit = parts.iter().filter(|part| is(part.node));
        let first = fit.next()?;
        fit.next().is_none().then_some(first)
    };
    if let [part] = parts {
        return Some(part);
    }
    // What comes from elsewhere in the file, or from another, may be variables.
    let may_have_variables = |node: &Node| match node {
        Node::Map(pairs) => {
            let keys = [
                variables,
                "<<",
                "env_file",
                "envFrom",
                "environmentFiles",
                "extends",
            ];
            let mut named = pairs.iter().map(|(key, _)| key.text.as_str());
            // An alias of what sets nothing has no keys here.
            pairs.is_empty() || named.any(|key| keys.contains(&key))
        }
        _ => true,
    };
    only(&sets).or_else(|| only(&may_have_variables))
}

/// Whether anything in a part of a document names a setting of an allocator.
fn sets(node: &Node) -> bool {
    let names = |text: &str| {
        let mut words =
            text.split(|letter: char| !(letter == '_' || letter.is_ascii_alphanumeric()));
        words.any(is_read)
    };
    match node {
        Node::Scalar(scalar) => names(&scalar.text),
        Node::List(items) => items.iter().any(sets),
        Node::Map(pairs) => pairs
            .iter()
            .any(|(key, value)| names(&key.text) || sets(value)),
    }
}
