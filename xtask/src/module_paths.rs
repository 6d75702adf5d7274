//! The module paths used by a source file, absolute within its crate.

/// Returns every path below `crate` or `super` in the text of the module called `own`. Comments, tests, and items
/// declared by the module itself are ignored.
pub(crate) fn used(text: &str, own: &[String]) -> Vec<Vec<String>> {
    let code: Vec<_> = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).map(without_comment).collect();
    let code = code.join("\n");
    let (mut paths, mut left) = (Vec::new(), code.as_str());
    while let Some((at, root)) =
        ["crate::", "super::"].into_iter().filter_map(|root| Some((left.find(root)?, root))).min()
    {
        let (before, rest) = (left[..at].chars().next_back(), &left[at + root.len()..]);
        // `$crate::` in a macro may refer to another crate.
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            left = rest;
            continue;
        }
        let parent = &own[..own.len().saturating_sub(1)];
        left = expand(rest, if root == "crate::" { Vec::new() } else { parent.to_vec() }, &mut paths);
    }
    paths
}

fn without_comment(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

/// Parses one import tree or path. Returns the rest of the text.
fn expand<'a>(mut text: &'a str, mut path: Vec<String>, paths: &mut Vec<Vec<String>>) -> &'a str {
    loop {
        text = text.trim_start();
        if let Some(mut inside) = text.strip_prefix('{') {
            loop {
                inside = expand(inside, path.clone(), paths).trim_start().trim_start_matches(',').trim_start();
                if inside.is_empty() || inside.starts_with('}') {
                    return inside.strip_prefix('}').unwrap_or_default();
                }
            }
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        match name {
            "super" => _ = path.pop(),
            "" | "self" => {}
            name => path.push(name.to_owned()),
        }
        match rest.strip_prefix("::") {
            Some(rest) => text = rest,
            None => {
                paths.push(path);
                return rest.find([',', '}', ';', '\n']).map_or("", |at| &rest[at..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::used;

    #[test]
    fn trees_are_read_to_their_leaves() {
        let text = "use crate::{\n    a::{self, B as C, d::E},\n    f,\n};\nuse super::{g::H, super::i};\n\
                    fn j(k: crate::l::M) {}\n// crate::n\n#[cfg(test)]\nuse crate::o;\n";
        let own = ["p", "q", "r"].map(String::from);
        let paths: Vec<_> = used(text, &own).into_iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["a", "a::B", "a::d::E", "f", "p::q::g::H", "p::i", "l::M"]);
    }
}
