//! Shows: the documents say nothing that the code does not hold. Requirements are listed once, cited where they are met, and
//! every path and every symbol that a document names exists.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What marks a citation in a comment. In two pieces, so that this file cites nothing.
const MARK: &str = concat!("// RE", "Q:");

/// How many requirements there are. A changed number is a changed promise.
const REQUIREMENTS: usize = 235;

/// Beginnings of names with a slash that are no files: AWS's own names, and what a build writes.
const FOREIGN_PATHS: [&str; 5] = ["alias/", "key/", "mutants.out", "role/", "target/"];

/// Words that stand for a name of the reader's choice.
const PLACEHOLDERS: [&str; 2] = ["FLAG", "NAME"];

/// Words in the style of a symbol that README and ARCHITECTURE use and our sources need not have.
const FOREIGN_WORDS: [&str; 10] = [
    "CloudFormation",
    "CloudTrail",
    "DynamoDB",
    "EventBridge",
    "FileJournal",
    "GuardDuty",
    "IAM",
    "OpenTofu",
    "PATH",
    "SdkConfig",
];

#[test]
fn every_requirement_is_listed_once() {
    let (rows, faults) = rows(&read("docs/coverage.md"));
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(rows.len(), REQUIREMENTS);
    let of = |state| rows.values().filter(|row| row.state == state).count();
    println!(
        "shown: requirements {} met {} part {} open {}",
        rows.len(),
        of(State::Met),
        of(State::Part),
        of(State::Open)
    );
}

#[test]
fn every_citation_names_a_known_requirement() {
    let (rows, _) = rows(&read("docs/coverage.md"));
    let (cited, faults) = all_citations(&sources());
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(unknown(&rows, &cited), Vec::<String>::new());
    println!("shown: citations {}", cited.len());
}

#[test]
fn what_is_met_is_cited_by_code_and_by_a_test() {
    let (rows, _) = rows(&read("docs/coverage.md"));
    let (cited, _) = all_citations(&sources());
    assert_eq!(unsupported(&rows, &cited), Vec::<String>::new());
}

#[test]
fn every_path_in_a_document_exists() {
    let files = files();
    let mut faults = Vec::new();
    let mut checked = 0;
    for document in files.iter().filter(|file| has_extension(file, "md")) {
        let text = read(document);
        let named = paths(&text);
        checked += named.len();
        faults.extend(missing_paths(document, &named, &files));
    }
    assert_eq!(faults, Vec::<String>::new());
    println!("shown: paths_in_documents {checked}");
}

#[test]
fn every_symbol_in_the_front_documents_exists() {
    let words = words(&sources());
    let mut checked = 0;
    for document in ["README.md", "ARCHITECTURE.md"] {
        let text = read(document);
        let named = symbols(&text);
        checked += named.len();
        assert_eq!(missing_words(document, &named, &words), Vec::<String>::new());
    }
    println!("shown: symbols_in_documents {checked}");
}

/// How far a requirement is met.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Met,
    Open,
    Part,
}

/// One row of the coverage table.
#[derive(Debug)]
struct Row {
    state: State,
    places: Vec<String>,
}

/// One requirement cited at one place.
#[derive(Clone, Debug, PartialEq)]
struct Citation {
    id: String,
    file: String,
    line: usize,
    is_test: bool,
}

/// The rows of the coverage tables by id, and what is wrong with them.
fn rows(text: &str) -> (BTreeMap<String, Row>, Vec<String>) {
    let mut rows = BTreeMap::new();
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if !line.starts_with('|') || matches!(cells[0], "id" | "---") {
            continue;
        }
        match row(&cells) {
            Err(fault) => faults.push(format!("line {number}: {fault}")),
            Ok((id, row)) => {
                if rows.insert(id.clone(), row).is_some() {
                    faults.push(format!("line {number}: {id} is listed twice"));
                }
            }
        }
    }
    (rows, faults)
}

/// One row from its cells.
fn row(cells: &[&str]) -> Result<(String, Row), String> {
    let &[id, text, state, places] = cells else { return Err(format!("{} columns instead of 4", cells.len())) };
    if !is_id(id) {
        return Err(format!("`{id}` is no id"));
    }
    if text.is_empty() || !text.ends_with('.') {
        return Err(format!("{id}: not a sentence"));
    }
    let state = match state {
        "met" => State::Met,
        "open" => State::Open,
        "part" => State::Part,
        other => return Err(format!("{id}: `{other}` is no state")),
    };
    let places: Vec<String> = spans(places).into_iter().map(str::to_owned).collect();
    if places.is_empty() != (state == State::Open) {
        return Err(format!("{id}: what is met says where, and nothing else does"));
    }
    Ok((id.to_owned(), Row { state, places }))
}

/// Whether a word has the form of a requirement's id: capitals, a hyphen, a number.
fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(group, number)| {
        let capitals = !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_uppercase());
        capitals && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The citations of one source file, and marks that are followed by no id.
fn citations(file: &str, text: &str) -> (Vec<Citation>, Vec<String>) {
    let mut cited = Vec::new();
    let mut faults = Vec::new();
    let mut is_test = file.split('/').any(|part| matches!(part, "tests" | "tests.rs"));
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        is_test |= line.trim_start().starts_with("#[cfg(test)]");
        let Some((_, after)) = line.split_once(MARK) else { continue };
        let ids: Vec<&str> = after
            .split([' ', ','])
            .map(|word| word.trim_matches(['.', ':', ';', ')', '(']))
            .filter(|word| !word.is_empty())
            .take_while(|word| is_id(word))
            .collect();
        if ids.is_empty() {
            faults.push(format!("{file}:{number}: a citation without an id"));
        }
        cited.extend(ids.into_iter().map(|id| Citation {
            id: id.to_owned(),
            file: file.to_owned(),
            line: number,
            is_test,
        }));
    }
    (cited, faults)
}

/// The citations of all sources.
fn all_citations(sources: &BTreeMap<String, String>) -> (Vec<Citation>, Vec<String>) {
    let (cited, faults): (Vec<_>, Vec<_>) = sources.iter().map(|(file, text)| citations(file, text)).unzip();
    (cited.concat(), faults.concat())
}

/// Citations of requirements that the table does not have.
fn unknown(rows: &BTreeMap<String, Row>, cited: &[Citation]) -> Vec<String> {
    let strange = cited.iter().filter(|citation| !rows.contains_key(&citation.id));
    strange.map(|citation| format!("{}:{}: {} is not listed", citation.file, citation.line, citation.id)).collect()
}

/// Requirements said to be met that no code or no test cites, or that name a place which does not cite them.
fn unsupported(rows: &BTreeMap<String, Row>, cited: &[Citation]) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, row) in rows.iter().filter(|(_, row)| row.state != State::Open) {
        let of_it: Vec<&Citation> = cited.iter().filter(|citation| citation.id == *id).collect();
        if !of_it.iter().any(|citation| !citation.is_test) {
            faults.push(format!("{id}: cited by no code"));
        }
        if !of_it.iter().any(|citation| citation.is_test) {
            faults.push(format!("{id}: cited by no test"));
        }
        let silent = |place: &&String| place.ends_with(".rs") && !of_it.iter().any(|citation| citation.file == **place);
        faults.extend(row.places.iter().filter(silent).map(|place| format!("{id}: {place} does not cite it")));
    }
    faults
}

/// What stands in backticks in a line.
fn spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The lines of a document outside its fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// What a document names as a file: in backticks, or as the target of a link.
fn paths(text: &str) -> BTreeSet<&str> {
    let mut named = BTreeSet::new();
    for line in prose(text) {
        named.extend(spans(line).into_iter().filter(|span| is_path(span)));
        let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        named.extend(links.filter(|link| !link.is_empty() && !link.contains(':')));
    }
    named
}

/// Whether a span in backticks looks like a file or folder of this repository.
fn is_path(span: &str) -> bool {
    let plain = span.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    let named = [".rs", ".md", ".toml", ".txt"].iter().any(|end| span.ends_with(end) && span.len() > end.len());
    let account = span.bytes().take_while(u8::is_ascii_digit).count() == 12;
    let foreign = FOREIGN_PATHS.iter().any(|start| span.starts_with(start)) || span.starts_with('/');
    let open = span.split(['/', '.', '-']).any(|part| PLACEHOLDERS.contains(&part));
    plain && !foreign && !open && !account && (span.contains('/') || named)
}

/// Those of the named paths that are neither at the root nor beside the document. A bare file name may be anywhere.
fn missing_paths(document: &str, named: &BTreeSet<&str>, files: &BTreeSet<String>) -> Vec<String> {
    let folder = Path::new(document).parent().unwrap_or_else(|| Path::new(""));
    let exists = |path: &str| {
        let beside = [tidy(Path::new(path)), tidy(&folder.join(path))].into_iter().flatten();
        let known = beside.into_iter().any(|path| {
            let inside = format!("{path}/");
            files.contains(&path) || files.iter().any(|file| file.starts_with(&inside))
        });
        let end = format!("/{path}");
        known || (!path.contains('/') && files.iter().any(|file| file.ends_with(&end)))
    };
    let missing = named.iter().filter(|path| !exists(path));
    missing.map(|path| format!("{document}: `{path}` does not exist")).collect()
}

/// A relative path without `.` and `..`; none where it leaves the repository.
fn tidy(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::Prefix(_) | Component::RootDir => return None,
        }
    }
    Some(parts.join("/"))
}

/// The words of all symbols that a document names in backticks: types by their capitals, functions by their brackets.
fn symbols(text: &str) -> BTreeSet<&str> {
    let mut named = BTreeSet::new();
    for span in prose(text).flat_map(spans) {
        let call = span.find('(').map(|at| &span[..at]);
        let path = call.unwrap_or(span).trim_start_matches('.');
        let path = path.split(['<', '{', ' ']).next().unwrap_or(path);
        let segments: Vec<&str> = path.split([':', '.']).filter(|segment| !segment.is_empty()).collect();
        let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_type = |word: &&str| {
            word.starts_with(|first: char| first.is_ascii_uppercase())
                && word.bytes().any(|byte| byte.is_ascii_lowercase())
        };
        let is_file = is_path(span) || path.is_empty();
        if !is_file && segments.iter().all(is_word) && (call.is_some() || segments.iter().any(is_type)) {
            named.extend(segments);
        }
    }
    named
}

/// Those of the named words that neither our sources nor the list of foreign words have.
fn missing_words(document: &str, named: &BTreeSet<&str>, words: &BTreeSet<String>) -> Vec<String> {
    let missing = named.iter().filter(|word| !words.contains(**word) && !FOREIGN_WORDS.contains(word));
    missing.map(|word| format!("{document}: `{word}` is in no source")).collect()
}

/// Every word of the sources, and the names of their crates.
fn words(sources: &BTreeMap<String, String>) -> BTreeSet<String> {
    let not_word = |char: char| !char.is_ascii_alphanumeric() && char != '_';
    sources.values().flat_map(|text| text.split(not_word)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The Rust files of this repository with their texts, but for this one, whose samples would prove anything.
fn sources() -> BTreeMap<String, String> {
    let rust = files().into_iter().filter(|file| has_extension(file, "rs") && file != "tests/documents.rs");
    rust.map(|file| (file.clone(), read(&file))).collect()
}

/// All files of this repository, relative to its root, without what builds write.
fn files() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("folder").map(|entry| entry.expect("entry")) {
            let name = entry.file_name().to_str().expect("a name in UTF-8").to_owned();
            let path = folder.join(&name);
            if name == ".git" || name == "target" || name.starts_with("mutants.out") {
                continue;
            }
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                found.insert(path.to_str().expect("a path in UTF-8").to_owned());
            }
        }
    }
    found
}

fn has_extension(file: &str, extension: &str) -> bool {
    Path::new(file).extension().is_some_and(|found| found == extension)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect(file)
}

/// The checks themselves bite: each is shown a fault and must name it.
#[cfg(test)]
mod bites {
    use super::*;

    fn source(text: &str) -> String {
        text.replace("@", MARK)
    }

    fn table(lines: &str) -> BTreeMap<String, Row> {
        let (rows, faults) = rows(lines);
        assert_eq!(faults, Vec::<String>::new());
        rows
    }

    fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_faulty_row_is_named() {
        let check = |line: &str, fault: &str| {
            let (_, faults) = rows(line);
            assert!(faults.iter().any(|found| found.contains(fault)), "{line}: {faults:?}");
        };
        check("| E-1 | Does. | open | |\n| E-1 | Does. | open | |", "listed twice");
        check("| E-1 | Does. | open |", "3 columns");
        check("| E1 | Does. | open | |", "no id");
        check("| E-1 | Does | open | |", "not a sentence");
        check("| E-1 | Does. | done | |", "no state");
        check("| E-1 | Does. | met | |", "says where");
        check("| E-1 | Does. | open | `src/lib.rs` |", "says where");
    }

    #[test]
    fn headings_are_no_rows() {
        assert_eq!(
            table("# E\n\n| id | must | state | where |\n|---|---|---|---|\n| E-1 | Does. | open | |\n").len(),
            1
        );
    }

    #[test]
    fn citations_are_read_in_lists_and_sentences() {
        let text = source("@ E-1, KMS-11: because E-2\ncode(); @ E-3 (why)\n#[cfg(test)]\nmod tests { @ E-4.\n");
        let (cited, faults) = citations("src/a.rs", &text);
        let brief: Vec<_> = cited.iter().map(|one| (one.id.as_str(), one.line, one.is_test)).collect();
        assert_eq!(brief, [("E-1", 1, false), ("KMS-11", 1, false), ("E-3", 2, false), ("E-4", 4, true)]);
        assert_eq!(faults, Vec::<String>::new());
        assert!(citations("crates/x/tests/a.rs", &source("@ E-1")).0[0].is_test);
        assert!(citations("src/a/tests.rs", &source("@ E-1")).0[0].is_test);
    }

    #[test]
    fn a_citation_without_an_id_is_named() {
        let (cited, faults) = citations("src/a.rs", &source("@ the first rule"));
        assert!(cited.is_empty());
        assert_eq!(faults, ["src/a.rs:1: a citation without an id"]);
    }

    #[test]
    fn an_unknown_requirement_is_named() {
        let (cited, _) = citations("src/a.rs", &source("@ E-1\n@ E-999"));
        assert_eq!(unknown(&table("| E-1 | Does. | open | |"), &cited), ["src/a.rs:2: E-999 is not listed"]);
    }

    #[test]
    fn a_requirement_met_without_code_or_test_is_named() {
        let rows = table("| E-1 | Does. | met | `src/a.rs`, `tests/b.rs` |");
        let check = |files: &[&str], faults: &[&str]| {
            let cited: Vec<_> = files.iter().map(|file| citations(file, &source("@ E-1")).0).collect();
            assert_eq!(unsupported(&rows, &cited.into_iter().flatten().collect::<Vec<_>>()), faults);
        };
        check(&["src/a.rs", "tests/b.rs"], &[]);
        check(&["src/a.rs"], &["E-1: cited by no test", "E-1: tests/b.rs does not cite it"]);
        check(&["tests/b.rs"], &["E-1: cited by no code", "E-1: src/a.rs does not cite it"]);
        check(&["src/a.rs", "tests/c.rs"], &["E-1: tests/b.rs does not cite it"]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let text = "See `docs/here.md`, `gone.rs`, `lib.rs`, [this](../README.md#top) and [that](lost.md).\n```sh\n`x/y`\n```\n";
        let named = paths(text);
        assert_eq!(named, BTreeSet::from(["../README.md", "docs/here.md", "gone.rs", "lib.rs", "lost.md"]));
        let files = set(["README.md", "docs/here.md", "src/lib.rs"]);
        let missing = missing_paths("docs/a.md", &named, &files);
        assert_eq!(missing, ["docs/a.md: `gone.rs` does not exist", "docs/a.md: `lost.md` does not exist"]);
        assert_eq!(
            missing_paths("a.md", &BTreeSet::from(["docs/", "../x.md"]), &files),
            ["a.md: `../x.md` does not exist"]
        );
    }

    #[test]
    fn names_of_aws_are_no_paths() {
        let foreign = [
            "alias/a",
            "111122223333/eu-central-1",
            "https://a.b/c",
            "a / b",
            "key/mrk-1",
            "/etc/x",
            "target/doc",
            "kms:X",
        ];
        assert!(foreign.iter().all(|span| !is_path(span)));
        assert!(["src/lib.rs", "crates/", ".ci/run", "deny.toml"].iter().all(|span| is_path(span)));
    }

    #[test]
    fn a_missing_symbol_is_named() {
        let text =
            "A `Plan` with `Kms::new(&access)`, `fill_gaps()`, `Vec<Lost>`, `plain`, `src/Gone.rs` and `cargo test`.";
        let named = symbols(text);
        assert_eq!(named, BTreeSet::from(["Kms", "Plan", "Vec", "fill_gaps", "new"]));
        let words =
            words(&BTreeMap::from([("a.rs".to_owned(), "trait Plan {} struct Kms; fn new() -> Vec<Plan>".to_owned())]));
        assert_eq!(missing_words("R.md", &named, &words), ["R.md: `fill_gaps` is in no source"]);
        assert_eq!(missing_words("R.md", &BTreeSet::from(["CloudTrail"]), &words), Vec::<String>::new());
    }
}
