//! The service or container of a file that a change is for.

/// A service or a container: its name, and the lines that describe it.
struct Part<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
}

/// The service of a Compose file that has the allocator's settings, or variables, or is the only one.
pub(super) fn service(text: &str) -> Option<&str> {
    let mut lines = meant(text).skip_while(|line| *line != "services:");
    lines.next();
    let within = lines.take_while(|line| indent(line) > 0);
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut outer = None;
    for line in within {
        // Whatever stands behind its name: a service may have an anchor, or be written in one line.
        if indent(line) <= *outer.get_or_insert(indent(line)) {
            let (name, rest) = line.split_once(':')?;
            parts.push(Part {
                name: bare(name),
                lines: vec![rest],
            });
        } else {
            parts.last_mut()?.lines.push(line);
        }
    }
    chosen(&parts, "environment:")
}

/// The container of a manifest that has the allocator's settings, or variables, or is the only one. Those that only prepare the
/// others' start are none.
pub(super) fn container(text: &str) -> Option<&str> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    // Where the list of containers lies that is read, and where its items begin.
    let mut list: Option<(usize, Option<usize>)> = None;
    for line in meant(text) {
        let at = indent(line);
        let is_item = line.trim_start().starts_with("- ");
        if list.is_some_and(|(from, _)| at < from || (at == from && !is_item)) {
            list = None;
        }
        let key = line.trim().trim_start_matches("- ");
        let Some((_, begin)) = &mut list else {
            if key == "containers:" {
                list = Some((at, None));
            }
            continue;
        };
        let begin = *begin.get_or_insert(at);
        if at == begin && is_item {
            parts.push(Part {
                name: "",
                lines: Vec::new(),
            });
        }
        let part = parts.last_mut()?;
        let is_own = at == begin && is_item || at == begin + 2 && !is_item;
        match key.strip_prefix("name:").filter(|_| is_own) {
            Some(name) => part.name = bare(name),
            None => part.lines.push(line),
        }
    }
    chosen(&parts, "env:").filter(|name| !name.is_empty())
}

/// The one that is meant, where that is sure.
fn chosen<'a>(parts: &[Part<'a>], variables: &str) -> Option<&'a str> {
    let only = |is: &dyn Fn(&str) -> bool| {
        let mut fit = parts
            .iter()
            .filter(|part| part.lines.iter().any(|line| is(line)));
        let first = fit.next()?;
        fit.next().is_none().then_some(first.name)
    };
    if let [part] = parts {
        return Some(part.name);
    }
    let sets = |line: &str| {
        let mut words =
            line.split(|letter: char| !(letter == '_' || letter.is_ascii_alphanumeric()));
        words.any(highwater_settings::is_read)
    };
    // What comes from elsewhere in the file, or from another, may be variables.
    let has_variables = |line: &str| {
        let key = line.trim().trim_start_matches("- ");
        let begins = [variables, "<<:", "*", "env_file:", "envFrom:"];
        begins.iter().any(|begin| key.starts_with(begin))
    };
    only(&sets).or_else(|| only(&has_variables))
}

/// The lines that say something, without the remarks behind it.
fn meant(text: &str) -> impl Iterator<Item = &str> {
    let said = |line: &'_ str| -> usize {
        match line.trim_start().starts_with('#') {
            true => 0,
            false => line.find(" #").unwrap_or(line.len()),
        }
    };
    let lines = text.lines().map(move |line| line[..said(line)].trim_end());
    lines.filter(|line| !line.is_empty())
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A name without quotes.
fn bare(name: &str) -> &str {
    name.trim().trim_matches(['"', '\''])
}
