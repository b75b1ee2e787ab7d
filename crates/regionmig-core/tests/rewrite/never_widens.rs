//! The rewriter itself, held to the rules.

use regionmig_core::rewrite::Rewriter;
use regionmig_core::{IdMap, ResourceId, Route};

use super::hostile::bodies::holds;
use super::mapping::World;
use super::widening::{Mode, Rules, search};

/// Makes a rewriter that knows what the world knows.
fn rewriter(world: &World, mode: Mode) -> Rewriter {
    let end = |end: super::mapping::End| format!("{}/{}", end.account, end.region).parse().unwrap();
    let route = Route::new(end(world.source), end(world.target)).unwrap();
    let mut ids = IdMap::default();
    for (source, target) in world.ids() {
        let (kind, service) = match source.split_once(['/', ':']).unwrap().0 {
            "key" => ("kms.key", Some("kms")),
            "certificate" => ("acm.certificate", Some("acm")),
            "userpool" => ("cognito.user-pool", None),
            "detector" => ("guardduty.detector", None),
            _ => ("cognito.identity-pool", None),
        };
        let id = |end: super::mapping::End, id: &str| match service {
            Some(service) => format!("arn:aws:{service}:{}:{}:{id}", end.region, end.account),
            None => id.split_once('/').map_or(id, |(_, id)| id).to_owned(),
        };
        ids.bind_erased(ResourceId::new(kind, id(world.source, source)), id(world.target, target)).unwrap();
    }
    let rewriter = Rewriter::new(&route, &ids);
    if mode == Mode::Add { rewriter.adding() } else { rewriter }
}

#[test]
fn rewriting_never_widens() {
    let mut decided = 0;
    for mode in [Mode::Replace, Mode::Add] {
        let rewrite = |world: &World, text: &str| {
            let rewriter = rewriter(world, mode);
            let rewritten = rewriter.policy(text).unwrap();
            let document = rewritten.document.known().unwrap().to_owned();
            // All that changed is said, and once is enough.
            holds(text, &rewritten, |document| rewriter.policy(document));
            document
        };
        let (count, found) = search(mode, Rules::All, policies(), 1_000, rewrite);
        found.unwrap_or_else(|why| panic!("{mode:?}, {count:?}: {why}"));
        assert!(count.gained * 200 > count.requests, "too little was allowed to matter: {count:?}");
        decided += count.requests;
    }
    println!("shown: rewrite_never_widens {decided} cases, 0 widened");
    assert!(decided >= 100_000);
}

/// How many policies are tried a mode, each with sixty requests.
fn policies() -> u32 {
    let asked = std::env::var("REGIONMIG_POLICIES").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(1_200)
}
