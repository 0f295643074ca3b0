//! A file of the corpus with the claim about it, as it stands among others in one text.
//!
//! ```text
//! === PATH: what it is about (how its bytes differ from the text below)
//! the file
//! --- found
//! the claim, in sections
//! ```

use solera_pin::document::SourceFile;

/// A file and what is claimed about it.
pub struct Case {
    pub path: String,
    pub about: String,
    /// `crlf`, `cr`, `bom`, `no newline`, `escapes`
    flags: Vec<String>,
    body: String,
    sections: Vec<(String, String)>,
}

const HEADING: &str = "=== ";
const SECTION: &str = "--- ";

/// The sections that a claim has, in their order.
const SECTIONS: [&str; 4] = ["found", "pinned", "moved", "stuck"];

/// The cases of a text; what stands before the first is for people.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(heading) = line.strip_prefix(HEADING) {
            cases.push(Case::headed(heading.trim_end())?);
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        let section = line.trim_end().strip_prefix(SECTION).filter(|name| SECTIONS.contains(name));
        match (section, case.sections.last_mut()) {
            (Some(name), _) => case.sections.push((name.to_owned(), String::new())),
            (None, Some((_, content))) => content.push_str(line),
            (None, None) => case.body.push_str(line),
        }
    }
    // Of a case without a claim, which a person has just written, the blank line before the next one is no part.
    for case in cases.iter_mut().filter(|case| case.sections.is_empty()) {
        if case.body == "\n" || case.body.ends_with("\n\n") {
            case.body.pop();
        }
    }
    Ok(cases)
}

/// The text of the cases; what stood before the first stays.
pub fn write(before: &str, cases: &[Case]) -> String {
    let start = if before.starts_with(HEADING) { 0 } else { before.find("\n=== ").map_or(0, |at| at + 1) };
    let mut text = before[..start].to_owned();
    for case in cases {
        let flags =
            if case.flags.is_empty() { String::new() } else { format!(" ({})", case.flags.join(", ")) };
        text += &format!("{HEADING}{}: {}{flags}\n{}{}\n", case.path, case.about, case.body, case.claimed());
    }
    text.trim_end().to_owned() + "\n"
}

impl Case {
    fn headed(heading: &str) -> Result<Self, String> {
        let (path, about) =
            heading.split_once(": ").ok_or_else(|| format!("`{heading}` says not what it is"))?;
        let (about, flags) = match about.strip_suffix(')').and_then(|about| about.rsplit_once(" (")) {
            Some((about, flags)) => (about, flags.split(", ").map(str::to_owned).collect()),
            None => (about, Vec::new()),
        };
        let known = ["crlf", "cr", "bom", "no newline", "escapes"];
        if let Some(unknown) = flags.iter().find(|flag| !known.contains(&flag.as_str())) {
            return Err(format!("`{unknown}` is no way to write a file"));
        }
        let (path, about) = (path.to_owned(), about.to_owned());
        Ok(Self { path, about, flags, body: String::new(), sections: Vec::new() })
    }

    fn is(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// The file's text as the gate has it.
    pub fn text(&self) -> String {
        let mut text = self.body.clone();
        if self.is("no newline") {
            text.pop();
        }
        for (flag, end) in [("crlf", "\r\n"), ("cr", "\r")] {
            if self.is(flag) {
                text = text.replace('\n', end);
            }
        }
        let mut bytes = if self.is("escapes") { unescaped(&text) } else { text.into_bytes() };
        if self.is("bom") {
            bytes.splice(0..0, *b"\xef\xbb\xbf");
        }
        match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => SourceFile::from_bytes(self.path.as_str(), error.into_bytes()).text.clone(),
        }
    }

    /// The claim as it stands in the text.
    pub fn claimed(&self) -> String {
        let section = |(name, content): &(String, String)| format!("{SECTION}{name}\n{}", ended(content));
        self.sections.iter().map(section).collect()
    }

    /// Replaces the claim.
    pub fn claim(&mut self, sections: Vec<(&str, String)>) {
        self.sections = sections.into_iter().map(|(name, content)| (name.to_owned(), content)).collect();
    }
}

/// Without the blank lines at its end.
fn ended(content: &str) -> String {
    let content = content.trim_end();
    if content.is_empty() { String::new() } else { format!("{content}\n") }
}

/// `\r`, `\t`, `\n`, `\0`, `\\`, `\xNN` for a byte, `\u{…}` for a character.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let kind = behind.chars().next().unwrap();
        let mut length = kind.len_utf8();
        match kind {
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'n' => bytes.push(b'\n'),
            '0' => bytes.push(0),
            'x' => {
                bytes.push(u8::from_str_radix(&behind[1..3], 16).unwrap());
                length = 3;
            }
            'u' => {
                let end = behind.find('}').unwrap();
                let code = u32::from_str_radix(&behind[2..end], 16).unwrap();
                bytes.extend_from_slice(char::from_u32(code).unwrap().to_string().as_bytes());
                length = end + 1;
            }
            other => bytes.extend_from_slice(other.to_string().as_bytes()),
        }
        rest = &behind[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The fuzz targets that a file is a seed of.
pub fn targets(path: &str) -> &'static [&'static str] {
    use solera_pin::scan::Format;
    match solera_pin::scan::format(path) {
        Some(Format::Dockerfile) => &["dockerfile", "shell", "expansion"],
        Some(Format::Compose) => &["compose"],
        Some(Format::Kustomization) => &["kustomize"],
        Some(Format::Chart) => &["helm_chart"],
        Some(Format::Values) => &["helm_values"],
        Some(Format::Template) => &["helm_template"],
        Some(Format::BakeHcl) => &["bake_hcl"],
        Some(Format::BakeJson) => &["bake_json"],
        Some(Format::Workflow | Format::Action) => &["actions"],
        Some(Format::Gitlab) => &["gitlab"],
        Some(Format::Yaml | Format::Json) => &["kubernetes"],
        None => &["comments"],
    }
}

/// The bytes of a seed: of a Dockerfile its commands or its names, where a target takes only those.
pub fn seed(target: &str, text: &str) -> String {
    let behind = |line: &str, word: &str| line.trim_start().strip_prefix(word).map(str::to_owned);
    match target {
        "shell" => text.lines().filter_map(|line| behind(line, "RUN ")).collect::<Vec<_>>().join("\n"),
        "expansion" => {
            let value = |line| behind(line, "ARG ")?.split_once('=').map(|(_, value)| value.to_owned());
            let name = |line| behind(line, "FROM ");
            let mut lines: Vec<String> = text.lines().filter_map(value).take(2).collect();
            lines.resize(2, String::new());
            lines.extend(text.lines().filter_map(name).take(1));
            lines.join("\n")
        }
        _ => text.to_owned(),
    }
}
