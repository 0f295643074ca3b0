//! Shell scripts of pipelines, as far as they say under which names images are built and pushed.

use std::ops::Range;

use super::name;

/// The longest name, in bytes.
const LONGEST: usize = 512;

/// The names that a script gives to images, and where they stand in it. A variable that has no `value` ends a name:
/// what is known is its repository, or nothing.
pub(super) fn built(script: &str, value: &dyn Fn(&str) -> Option<String>) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    if !["docker", "podman", "buildah", "nerdctl", "executor"].iter().any(|tool| script.contains(tool)) {
        return found;
    }
    for command in commands(script) {
        for word in named(script, &command) {
            let name = filled(script[word.clone()].trim_matches(['"', '\'']), value);
            found.extend(name.map(|name| (name, word)));
        }
    }
    found
}

/// The words of each command. Quotes keep white space together and stay; `${{ … }}` is a part of its word.
fn commands(script: &str) -> Vec<Vec<Range<usize>>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<usize> = None;
    let mut quote = None;
    let (mut escaped, mut expression, mut comment) = (false, false, false);
    for (i, c) in script.char_indices().chain([(script.len(), '\n')]) {
        expression = match c {
            '{' if script[..i].ends_with("${") => true,
            '}' if script[..i].ends_with('}') => false,
            c => expression && c != '\n',
        };
        comment = c != '\n' && (comment || (c == '#' && word.is_none() && quote.is_none()));
        let separates = matches!(c, '\n' | ';' | '&' | '|' | '(' | ')');
        let joined = quote.is_some() || escaped || expression;
        if i == script.len() || comment || (!joined && (separates || c.is_whitespace())) {
            let last = word.take().map(|start| start..i);
            commands.last_mut().into_iter().for_each(|command| command.extend(last.clone()));
            if separates {
                commands.push(Vec::new());
            }
            continue;
        }
        // An escaped line end joins two lines.
        let dropped = (escaped && c.is_whitespace()) || (c == '\\' && quote.is_none());
        if !dropped {
            word.get_or_insert(i);
        }
        escaped = !escaped && c == '\\' && quote != Some('\'');
        match quote {
            Some(open) if c == open && !escaped => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
    }
    commands
}

/// The words of a command that name what it builds or pushes.
fn named(script: &str, command: &[Range<usize>]) -> Vec<Range<usize>> {
    let text = |at: usize| command.get(at).map_or("", |word| &script[word.clone()]);
    let tool = |word: &str| matches!(word, "docker" | "podman" | "buildah" | "nerdctl");
    let Some(start) =
        (0..command.len().min(16)).find(|at| tool(text(*at)) || text(*at).ends_with("executor"))
    else {
        return Vec::new();
    };
    if text(start).ends_with("executor") {
        return values(script, &command[start + 1..], &["--destination"]);
    }
    let skipped =
        (start + 1..command.len()).take_while(|at| matches!(text(*at), "buildx" | "image" | "builder"));
    let verb = start + 1 + skipped.count();
    let rest = command.get(verb + 1..).unwrap_or_default();
    match text(verb) {
        "push" => {
            let plain = |word: &&Range<usize>| !script[(*word).clone()].starts_with('-');
            rest.iter().rfind(plain).cloned().into_iter().collect()
        }
        "build" | "bud" | "b" => values(script, rest, &["--tag", "-t"]),
        _ => Vec::new(),
    }
}

/// The values of options: `--tag NAME`, `--tag=NAME`, `-tNAME`.
fn values(script: &str, words: &[Range<usize>], options: &[&str]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let text = &script[word.clone()];
        for option in options {
            match text.strip_prefix(option) {
                Some("") => found.extend(words.get(i + 1).cloned()),
                Some(rest) if rest.starts_with('=') => found.push(word.end - rest.len() + 1..word.end),
                Some(rest) if !option.starts_with("--") => found.push(word.end - rest.len()..word.end),
                _ => {}
            }
        }
    }
    found
}

/// A name with its variables, or its repository where its tag is not known.
fn filled(written: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut rest = written.strip_prefix("docker://").unwrap_or(written);
    let mut name = String::new();
    while let Some((before, behind)) = rest.split_once('$') {
        name.push_str(before);
        let (variable, after) = variable(behind);
        match value(variable).filter(|value| !value.contains('$') && name.len() + value.len() < LONGEST) {
            Some(value) => name.push_str(&value),
            None => return name::begun(&name).map(str::to_owned),
        }
        rest = after;
    }
    name.push_str(rest);
    let is_name = |c: u8| c.is_ascii_alphanumeric() || b"._-/:@[]".contains(&c);
    (name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(is_name)).then_some(name)
}

/// The variable behind a `$`, and what follows it.
fn variable(text: &str) -> (&str, &str) {
    if let Some((name, after)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return (name, after);
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_built_and_pushed() {
        let value = |name: &str| (name == "REG").then(|| "ghcr.io/acme".to_owned());
        for (script, expected) in [
            ("docker push ghcr.io/acme/app:1", vec!["ghcr.io/acme/app:1"]),
            ("docker push -q a/b && echo x", vec!["a/b"]),
            ("set -e\nsudo docker build -t a/b:1 --tag=c/d:2 -tx .", vec!["a/b:1", "c/d:2", "x"]),
            ("docker buildx build --push \\\n  --tag \"a/b:$V\" \\\n  .", vec!["a/b"]),
            ("docker image push ${REG}/app:1", vec!["ghcr.io/acme/app:1"]),
            ("docker push $REG/app:${{ github.sha }}", vec!["ghcr.io/acme/app"]),
            ("docker push $UNKNOWN/app:1", vec![]),
            ("podman push --creds u:p a/b:1", vec!["a/b:1"]),
            ("buildah bud -t a/b . ; buildah push a/b docker://c/d:1", vec!["a/b", "c/d:1"]),
            ("/kaniko/executor --context . --destination a/b:1", vec!["a/b:1"]),
            ("docker run a/b:1", vec![]),
            ("# docker push a/b; docker push c/d\ndocker push e", vec!["e"]),
            ("docker pull a/b:1", vec![]),
            ("docker push", vec![]),
            ("docker build -t", vec![]),
            ("docker build -t 'a b'", vec![]),
            ("docker push \"", vec![]),
            ("docker push é$", vec![]),
        ] {
            let found: Vec<String> = built(script, &value).into_iter().map(|(name, _)| name).collect();
            assert_eq!(found, expected, "{script}");
        }
        let script = "docker push a/b:1";
        assert_eq!(&script[built(script, &value)[0].1.clone()], "a/b:1");
    }
}
