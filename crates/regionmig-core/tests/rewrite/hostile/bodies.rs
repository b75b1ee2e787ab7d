//! What must hold of documents made of any bytes at all: the body of the property tests beside this file, and of a fuzz target in
//! `fuzz/`.

use regionmig_core::rewrite::{Replacement, RewriteError, Rewriter, Rewritten};
use regionmig_core::{IdMap, KeyArn, ResourceId, Route};
use serde_json::{Value, json};

/// A rewriter that knows what a key and a pool have become, and that another key will be made.
pub fn rewriter() -> Rewriter {
    let key = |region: &str, id: &str| format!("arn:aws:kms:{region}:111122223333:key/{id}");
    let pairs = [
        ("kms.key", key("me-central-1", "1"), key("eu-central-1", "2")),
        ("cognito.user-pool", "me-central-1_A".to_owned(), "eu-central-1_B".to_owned()),
    ];
    let ids = pairs.map(|(kind, source, target)| (ResourceId::new(kind, source), target.into()));
    let ends = ["111122223333/me-central-1", "111122223333/eu-central-1"].map(|end| end.parse().expect("an end"));
    let [source, target] = ends;
    let coming: KeyArn = key("me-central-1", "3").parse().expect("a key");
    Rewriter::new(&Route::new(source, target).expect("a route"), &IdMap::from_iter(ids))
        .coming([ResourceId::of(&coming)])
}

/// Any bytes are a document or an error; of a document only that changes which is said to, and doing it again changes nothing.
pub fn document(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    for rewriter in [rewriter(), rewriter().adding()] {
        if let Ok(rewritten) = rewriter.policy(text).or_else(with_place)
            && !text.starts_with('%')
        {
            holds(text, &rewritten, |document| rewriter.policy(document));
        }
        if let Ok(rewritten) = rewriter.event_pattern(text).or_else(with_place) {
            holds(text, &rewritten, |document| rewriter.event_pattern(document));
        }
        if let Ok(rewritten) = rewriter.json(text).or_else(with_place) {
            holds(text, &rewritten, |document| rewriter.json(document));
        }
        let rewritten = rewriter.input_template(text);
        assert_eq!(rewritten.is_unchanged(), rewritten.document.known() == Some(text));
        let rewritten = rewriter.value(text);
        assert_eq!(rewritten.is_unchanged(), rewritten.document.known() == Some(text));
    }
}

/// An error names the place, or says by what it is too long.
fn with_place(error: RewriteError) -> Result<Rewritten, ()> {
    let text = regionmig_core::chain(&error);
    assert!(["line", "bytes", "twice", "%", "utf-8"].iter().any(|place| text.contains(place)), "{text}");
    Err(())
}

/// Checks what was said against the documents before and after.
pub fn holds(text: &str, rewritten: &Rewritten, again: impl Fn(&str) -> Result<Rewritten, RewriteError>) {
    let document = rewritten.document.to_string();
    assert_eq!(rewritten.is_unchanged(), document == text, "{text}");
    let mut expected: Value = serde_json::from_str(text).expect("JSON");
    // From the end, so that what is inserted moves nothing that is still to be found.
    for replacement in rewritten.replacements.iter().rev() {
        replay(&mut expected, replacement);
    }
    let is: Value = serde_json::from_str(&document).expect("still JSON");
    assert_eq!(is, expected, "{text}");
    if let Some(document) = rewritten.document.known() {
        let again = again(document).expect("still a document");
        assert_eq!(again.document, rewritten.document, "once is enough: {text}");
    }
}

/// Does to a document what is said to have been done.
fn replay(document: &mut Value, replacement: &Replacement) {
    let Replacement { at, before, after, is_added, .. } = replacement;
    assert_eq!(document.pointer(at), Some(&json!(before)), "{at}");
    if !is_added {
        *document.pointer_mut(at).expect("a value") = json!(after);
        return;
    }
    let (within, last) = at.rsplit_once('/').expect("a member");
    let index = |last: &str| last.parse::<usize>().ok();
    match document.pointer_mut(within) {
        Some(Value::Array(list)) => list.insert(index(last).expect("an index") + 1, json!(after)),
        // A test of an event pattern that is an object gets another one beside it.
        Some(Value::Object(test))
            if test.len() == 1 && ["prefix", "wildcard", "equals-ignore-case"].contains(&last) =>
        {
            let (list, position) = within.rsplit_once('/').expect("a list");
            match document.pointer_mut(list) {
                Some(Value::Array(tests)) => {
                    tests.insert(index(position).expect("an index") + 1, json!({ last: after }));
                }
                _ => *document.pointer_mut(at).expect("a value") = json!([before, after]),
            }
        }
        _ => *document.pointer_mut(at).expect("a value") = json!([before, after]),
    }
}
