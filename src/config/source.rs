//! The files: finding them, reading them, and pointing into them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::decode::{self, LITERAL_SECRET};
use super::problem::Problem;
use super::tree::{Kind, Node, Segment, SyntaxFault};
use crate::domain::hex;

/// A larger file is not a configuration of people.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Sections that a broken file is taken apart into; each costs a pass over the file.
const MAX_SECTIONS: usize = 40;

/// A file that has been read.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    /// As messages show it: secrets that stand in it are made unreadable.
    text: String,
    tree: Node,
}

/// A node of a file, or a place where one could be.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub source: &'a Source,
    path: Vec<Segment>,
}

/// All files that `paths` name: a file itself, and of a folder every `*.yaml` and `*.yml` below it, sorted by name.
/// Names that begin with a dot are left out: Kubernetes keeps older versions of a mounted folder there.
pub(super) fn list_files(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                list_folder(path, 0, &mut files, problems);
                if files.len() == before {
                    let hint = Some("put *.yaml files into it");
                    problems.push(Problem::of_file(path, "there is no configuration file in this folder", hint));
                }
            }
            Ok(_) => files.push(path.clone()),
            Err(error) => problems.push(Problem::of_file(path, format!("cannot be read: {error}"), None)),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    files
}

fn list_folder(folder: &Path, depth: u32, files: &mut Vec<PathBuf>, problems: &mut Vec<Problem>) {
    let entries = std::fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Problem::of_file(folder, format!("cannot be read: {error}"), None));
            return;
        }
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link may lead in a circle: the depth bounds it.
        if path.is_dir() && depth < 8 {
            list_folder(&path, depth + 1, files, problems);
        } else if path.is_file() && path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
        }
    }
}

/// The names and contents of all files below `paths`, hashed: another value means that something has changed.
///
/// A file that cannot be read counts as well; reading it will say why.
pub fn fingerprint(paths: &[PathBuf]) -> String {
    fingerprint_with(paths, &BTreeMap::new())
}

/// [`fingerprint`], with what `read` knows of files at the time when they were read.
pub(super) fn fingerprint_with(paths: &[PathBuf], read: &BTreeMap<PathBuf, Vec<u8>>) -> String {
    let mut unreadable = Vec::new();
    let mut hash = Sha256::new();
    for file in list_files(paths, &mut unreadable) {
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update([0]);
        match read.get(&file) {
            Some(digest) => hash.update(digest),
            None => hash.update(digest(&std::fs::read(&file))),
        }
    }
    for problem in unreadable {
        hash.update(problem.file.as_os_str().as_encoded_bytes());
        hash.update(problem.message);
    }
    hex::encode(&hash.finalize())
}

/// What a fingerprint keeps of one file.
pub(super) fn digest(content: &std::io::Result<Vec<u8>>) -> Vec<u8> {
    match content {
        Ok(content) => Sha256::digest(content).to_vec(),
        Err(error) => error.to_string().into_bytes(),
    }
}

impl Source {
    /// Reads a file into its tree. What is not YAML is reported, and the sections around it are read all the same.
    pub fn read(path: &Path, problems: &mut Vec<Problem>) -> Option<Self> {
        let length = path.metadata().map(|metadata| metadata.len()).unwrap_or(0);
        if length > MAX_FILE_BYTES {
            problems.push(Problem::of_file(path, format!("is too large: {length} bytes"), None));
            return None;
        }
        match std::fs::read(path).map(String::from_utf8) {
            Ok(Ok(text)) => Some(Self::parse(path, text, problems)),
            Ok(Err(error)) => {
                let at = error.utf8_error().valid_up_to();
                problems.push(Problem::of_file(path, format!("is not UTF-8 text: see byte {at}"), None));
                None
            }
            Err(error) => {
                problems.push(Problem::of_file(path, format!("cannot be read: {error}"), None));
                None
            }
        }
    }

    pub fn parse(path: &Path, text: String, problems: &mut Vec<Problem>) -> Self {
        // An editor's byte order mark is not part of the text.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let mut faults = Vec::new();
        let tree = match Node::parse(&text, &mut faults) {
            Ok(tree) => tree,
            Err(fault) => parse_by_section(&text, fault, &mut faults),
        };
        for fault in faults {
            problems.push(Problem::at(path, &text, fault.at, fault.message));
        }
        Self { path: path.to_owned(), text, tree }
    }

    /// A file that another reader made a tree of.
    pub fn of_tree(path: &Path, text: &str, tree: Node) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), tree }
    }

    pub fn tree(&self) -> &Node {
        &self.tree
    }

    /// At a glance, and also if it has faults: is this an object for Kubernetes and no configuration?
    pub fn is_kubernetes_object(&self) -> bool {
        self.text.lines().any(|line| line.starts_with("apiVersion:") || line.starts_with("kind:"))
    }

    /// Reads all of the file that can be read and reports the rest.
    pub fn decode<T: DeserializeOwned + Default>(&mut self, problems: &mut Vec<Problem>) -> T {
        let (value, faults) = decode::decode(&mut self.tree);
        for fault in faults.iter().filter(|fault| fault.message == LITERAL_SECRET) {
            if let Some(node) = self.tree.find(&fault.path) {
                self.text = redacted(&self.text, node);
            }
        }
        for fault in faults {
            let place = Place { source: self, path: fault.path };
            problems.push(Problem { hint: fault.hint, ..place.problem_on(fault.on_key, fault.message) });
        }
        value
    }

    pub fn place(&self) -> Place<'_> {
        Place { source: self, path: Vec::new() }
    }

    /// The folder that relative paths in this file start from.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

impl<'a> Place<'a> {
    pub fn key(&self, name: impl Into<String>) -> Self {
        self.step(Segment::Key(name.into()))
    }

    /// The element of a list that was the `index`-th to be read: those with faults were left out.
    pub fn item(&self, index: usize) -> Self {
        let position = match self.source.tree.find(&self.path).map(|node| &node.kind) {
            Some(Kind::List(items)) => {
                items.iter().enumerate().filter(|(_, item)| !item.hidden).map(|(i, _)| i).nth(index)
            }
            _ => None,
        };
        self.step(Segment::Index(position.unwrap_or(index)))
    }

    fn step(&self, segment: Segment) -> Self {
        let mut path = self.path.clone();
        path.push(segment);
        Self { source: self.source, path }
    }

    /// The text that is written here, if it is text.
    pub fn text(&self) -> Option<&'a str> {
        match self.source.tree.find(&self.path).map(|node| &node.kind) {
            Some(Kind::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Something is written here, and it is not null.
    pub fn is_filled(&self) -> bool {
        self.source.tree.find(&self.path).is_some_and(|node| !matches!(node.kind, Kind::Null))
    }

    pub fn is_mapping(&self) -> bool {
        matches!(self.source.tree.find(&self.path).map(|node| &node.kind), Some(Kind::Map(_)))
    }

    /// Something is written here, right or wrong.
    pub fn is_there(&self) -> bool {
        self.source.tree.find(&self.path).is_some()
    }

    /// Keys written here, also those whose values had faults.
    pub fn keys(&self) -> Vec<&'a str> {
        match self.source.tree.find(&self.path).map(|node| &node.kind) {
            Some(Kind::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// Elements of the list that is written here, also those with faults.
    pub fn item_count(&self) -> usize {
        match self.source.tree.find(&self.path).map(|node| &node.kind) {
            Some(Kind::List(items)) => items.len(),
            _ => 0,
        }
    }

    /// `file:line`, for a message about another place.
    pub fn line(&self) -> String {
        let at = self.source.tree.position(&self.path, true);
        format!("{}:{}", self.source.path.display(), at.line)
    }

    /// The text as it stands in the file.
    pub fn written(&self) -> Option<&'a str> {
        let at = self.source.tree.find(&self.path)?.at;
        self.source.text.get(at.offset..at.offset + at.length)
    }

    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.problem_on(false, message)
    }

    pub fn problem_on(&self, on_key: bool, message: impl Into<String>) -> Problem {
        let at = self.source.tree.position(&self.path, on_key);
        let problem = Problem::at(&self.source.path, &self.source.text, at, message);
        Problem { path: path_text(&self.path), ..problem }
    }
}

impl Problem {
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

fn path_text(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Key(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// Reads each top-level section for itself, with the others blanked out so that lines keep their numbers.
fn parse_by_section(text: &str, whole: SyntaxFault, faults: &mut Vec<SyntaxFault>) -> Node {
    let begins_section = |line: &str| line.starts_with(|c: char| c.is_ascii_alphabetic()) && line.contains(':');
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|&i| begins_section(lines[i])).collect();
    if starts.len() > MAX_SECTIONS {
        faults.push(whole);
        return Node::empty();
    }
    let mut root = Node::empty();
    let faults_before = faults.len();
    // An alias may lead into another section: then only the first fault is sure.
    let has_aliases = text.contains('*');
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(lines.len());
        let mut section = String::with_capacity(text.len());
        for (number, line) in lines.iter().enumerate() {
            if (start..end).contains(&number) {
                section.push_str(line);
            } else {
                // Spaces keep the byte offsets as well.
                section.push_str(&" ".repeat(line.trim_end_matches(['\r', '\n']).len()));
                section.push_str(&line[line.trim_end_matches(['\r', '\n']).len()..]);
            }
        }
        match (Node::parse(&section, faults), &mut root.kind) {
            (Ok(Node { kind: Kind::Map(found), .. }), Kind::Map(entries)) => entries.extend(found),
            (Err(fault), _) if !has_aliases => faults.push(fault),
            _ => {}
        }
    }
    if faults.len() == faults_before {
        faults.push(whole);
    }
    root
}

/// `text` with every word below `node` made unreadable.
fn redacted(text: &str, node: &Node) -> String {
    match &node.kind {
        Kind::Map(entries) => entries.iter().fold(text.to_owned(), |text, entry| redacted(&text, &entry.value)),
        Kind::List(items) => items.iter().fold(text.to_owned(), |text, item| redacted(&text, item)),
        Kind::Null => text.to_owned(),
        _ => {
            let (start, end) = (node.at.offset, node.at.offset + node.at.length);
            let (Some(before), Some(secret), Some(after)) = (text.get(..start), text.get(start..end), text.get(end..))
            else {
                return text.to_owned();
            };
            // As many bytes as before, so that later places stay right; a place in it counts characters.
            let hidden: String = secret.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
            format!("{before}{hidden}{after}")
        }
    }
}
