//! Real documents that nobody here wrote: every one is read and written back as it was, and what is not ours stays.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use regionmig_core::rewrite::{RewriteError, Rewriter};
use regionmig_core::{Arn, IdMap, Identifier, Region, ResourceId, Route};
use serde_json::Value;
use serde_json::value::RawValue;

/// Finds a folder of the test data: where `REGIONMIG_TESTDATA` says, else beside the workspace.
fn folder(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let root = std::env::var_os("REGIONMIG_TESTDATA").map_or_else(beside, PathBuf::from);
    let folder = root.join(name);
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let within = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.into_iter().flat_map(within).collect()
}

/// Collects every policy of a JSON text, as it is written there: objects with a Statement, and texts that hold one.
fn policies(json: &str, found: &mut BTreeSet<String>) {
    if let Ok(text) = serde_json::from_str::<String>(json) {
        let decoded =
            if text.starts_with("%7B") { urlencoding::decode(&text).map(Into::into) } else { Ok(text.clone()) };
        if decoded.is_ok_and(|decoded: String| {
            decoded.contains("\"Statement\"") && serde_json::from_str::<&RawValue>(&decoded).is_ok()
        }) {
            found.insert(text);
        }
    } else if let Ok(members) = serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(json) {
        if members.get("Statement").is_some_and(|statement| !statement.get().starts_with('"')) {
            found.insert(json.to_owned());
            return;
        }
        members.values().for_each(|member| policies(member.get(), found));
    } else if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json) {
        elements.iter().for_each(|element| policies(element.get(), found));
    }
}

fn policies_in(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files(folder) {
        if let Ok(text) = fs::read_to_string(&file) {
            policies(&text, &mut found);
        }
    }
    found
}

/// Collects every pattern, with the name of what it is from. Some are written in JSON5.
fn patterns(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in files(folder) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let Ok(value) = jsonc_parser::parse_to_serde_value::<Value>(&text, &ParseOptions::default()) else { continue };
        each_pattern(&value, &mut |pattern| found.push((name.clone(), pattern.to_string())));
    }
    found
}

/// Puts a text where a template of CloudFormation has a function, or a list of one: what stands in an account is no function.
fn deployed(value: &Value) -> Value {
    let is_function = |value: &Value| {
        let name = value.as_object().and_then(|members| members.keys().next());
        name.is_some_and(|name| name.starts_with("Fn::") || name == "Ref")
    };
    match value {
        Value::Object(members) => {
            let member = |value: &Value| if is_function(value) { vec!["deployed"].into() } else { deployed(value) };
            Value::Object(members.iter().map(|(name, value)| (name.clone(), member(value))).collect())
        }
        Value::Array(items) => {
            items.iter().map(|item| if is_function(item) { "deployed".into() } else { deployed(item) }).collect()
        }
        value => value.clone(),
    }
}

fn each_pattern(value: &Value, see: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("EventPattern" | "pattern" | "rule", Value::Object(_)) => see(&deployed(member)),
                    ("EventPattern", Value::String(text)) if text.starts_with('{') => {
                        see(&serde_json::from_str(text).unwrap());
                    }
                    _ => each_pattern(member, see),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_pattern(item, see)),
        _ => {}
    }
}

/// Ways out of every region, for an account that the texts name.
fn routes(account: &str) -> Vec<Route> {
    let regions: Vec<Region> = Region::known().collect();
    let target = |source: &Region| {
        let mut others = regions.iter().filter(|other| *other != source && other.partition() == source.partition());
        others.next().cloned()
    };
    let route = |source: &Region| {
        let end = |region: &Region| format!("{account}/{region}").parse().unwrap();
        Some(Route::new(end(source), end(&target(source)?)).unwrap())
    };
    regions.iter().filter_map(route).collect()
}

/// Returns every ARN that a text names.
fn arns(text: &str) -> impl Iterator<Item = Arn> + '_ {
    text.split('"').filter_map(|part| part.parse().ok())
}

#[test]
fn every_document_is_written_back_as_it_was() {
    let (Some(policies), Some(recorded), Some(placebo), Some(events)) =
        (folder("policies"), folder("aws-recorded"), folder("placebo"), folder("eventbridge"))
    else {
        println!("skipped: rewrite_round_trip");
        return;
    };
    let policies: BTreeSet<String> =
        [policies, recorded, placebo].iter().flat_map(|folder| policies_in(folder)).collect();
    // From one account to another in the same region, which changes no region: the identity.
    let nowhere =
        Route::new("111122223333/us-east-1".parse().unwrap(), "444455556666/us-east-1".parse().unwrap()).unwrap();
    let mut refused = 0;
    for text in &policies {
        let decoded =
            if text.starts_with("%7B") { urlencoding::decode(text).unwrap().into_owned() } else { text.clone() };
        let itself = |arn: Arn| (ResourceId::new(Arn::KIND, arn.as_str()), arn.as_str().into());
        let ids = IdMap::from_iter(arns(&decoded).map(itself));
        match Rewriter::new(&nowhere, &ids).policy(text) {
            Ok(rewritten) => assert_eq!(rewritten.document.known(), Some(decoded.as_str())),
            // Some of what was recorded is what AWS refused.
            Err(RewriteError::Malformed { .. }) => refused += 1,
            Err(error) => panic!("{}: {text}", regionmig_core::chain(&error)),
        }
    }
    let (mut read, mut wrong) = (0, BTreeSet::new());
    for (name, text) in patterns(&events) {
        let Ok(rewritten) = Rewriter::new(&nowhere, &IdMap::default()).event_pattern(&text) else {
            wrong.insert((name, text));
            continue;
        };
        assert_eq!(rewritten.document.known(), Some(text.as_str()));
        assert!(!name.contains("_EXC") || name.contains("wildcard_complex"), "AWS refuses {name}, {text}");
        read += 1;
    }
    assert!(wrong.iter().all(|(name, _)| name.contains("_EXC")), "{wrong:?}");
    println!(
        "shown: rewrite_round_trip {} policies and {read} event patterns written back as they were; {} and {} that AWS refuses were refused",
        policies.len() - refused,
        refused,
        wrong.len()
    );
    assert!(
        policies.len() - refused > 150 && read > 100 && wrong.len() >= 10 && refused < 5,
        "{} {refused} {read}",
        policies.len()
    );
}

#[test]
fn what_aws_owns_changes_under_no_map() {
    let Some(managed) = folder("policies/managed") else {
        println!("skipped: rewrite_managed");
        return;
    };
    let count = files(&managed).len();
    let texts = policies_in(&managed);
    // Two of them have one text.
    assert_eq!((count, texts.len()), (79, 78));
    let routes = routes("111122223333");
    for text in &texts {
        let elsewhere = |arn: Arn| {
            let target = format!("arn:aws:sns:eu-west-1:111122223333:{}", arn.resource().replace(['*', '?', '$'], "x"));
            (ResourceId::new(Arn::KIND, arn.as_str()), target.into())
        };
        let ids = IdMap::from_iter(arns(text).filter(|arn| arn.account().is_some()).map(elsewhere));
        for route in &routes {
            for rewriter in [Rewriter::new(route, &ids), Rewriter::new(route, &ids).adding()] {
                let rewritten = rewriter.policy(text).unwrap();
                assert_eq!(rewritten.document.known(), Some(text.as_str()), "{route}: {:?}", rewritten.replacements);
            }
        }
    }
    println!("shown: rewrite_managed {count} policies of AWS, {} routes, 0 changed", routes.len());
}
