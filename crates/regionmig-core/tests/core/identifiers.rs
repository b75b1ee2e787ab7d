//! Identifiers, read back as they were written, whatever else is put in their place.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use regionmig_core::{
    AccountId, AliasName, Arn, Binding, End, IdMap, KeyArn, Partition, Region, ResourceId, StepId, Template,
};

use crate::common::cloud::{KeyName, key};

fn regions() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{2}-[a-z]{3,9}-[1-9]", "(us-gov|us-iso|eu-isoe)-(east|west)-1", "cn-(north|northwest)-1"]
}

fn accounts() -> impl Strategy<Value = String> {
    "[0-9]{12}"
}

/// What comes after the account: it may hold colons and slashes, but no white space.
fn resources() -> impl Strategy<Value = String> {
    "[!-~]{1,40}"
}

fn arns() -> impl Strategy<Value = String> {
    (regions(), prop_oneof![accounts(), proptest::strategy::Just(String::new())], "[a-z0-9-]{1,12}", resources())
        .prop_map(|(region, account, service, resource)| {
            let partition = region.parse::<Region>().unwrap().partition();
            format!("arn:{partition}:{service}:{region}:{account}:{resource}")
        })
}

/// Anything, and what nearly is something.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z:/ \\n-]{0,40}",
        (arns(), any::<usize>(), any::<char>()).prop_map(|(arn, at, c)| {
            let mut chars: Vec<char> = arn.chars().collect();
            let at = at % chars.len();
            chars[at] = c;
            chars.into_iter().collect()
        }),
        (arns(), any::<usize>()).prop_map(|(arn, at)| arn[..at % arn.len()].to_owned()),
    ]
}

proptest! {
    #[test]
    fn an_arn_reads_back_as_its_parts(text in arns()) {
        let arn: Arn = text.parse().unwrap();
        prop_assert_eq!(arn.to_string(), text.as_str());
        prop_assert_eq!(arn.as_str(), text.as_str());
        let region = arn.region().map(Region::as_str).unwrap_or_default();
        let account = arn.account().map(AccountId::as_str).unwrap_or_default();
        let parts = format!("arn:{}:{}:{region}:{account}:{}", arn.partition(), arn.service(), arn.resource());
        prop_assert_eq!(parts, text);
        prop_assert!(arn.region().is_none_or(|region| region.partition() == arn.partition()));
    }

    #[test]
    fn whatever_is_read_is_written_the_same(text in hostile()) {
        if let Ok(arn) = text.parse::<Arn>() {
            prop_assert_eq!(arn.to_string(), text.as_str());
            prop_assert!(!text.chars().any(|c| c.is_control() || c.is_whitespace()));
            prop_assert!(arn.account().is_none_or(|account| account.as_str().len() == 12));
        }
        if let Ok(key) = text.parse::<KeyArn>() {
            prop_assert_eq!(key.to_string(), text.as_str());
            prop_assert!(key.end().is_some() && !key.id().is_empty());
        }
        if let Ok(alias) = text.parse::<AliasName>() {
            prop_assert_eq!(alias.to_string(), text.as_str());
        }
        if let Ok(end) = text.parse::<End>() {
            prop_assert_eq!(end.to_string(), text.as_str());
        }
        if let Ok(step) = text.parse::<StepId>() {
            prop_assert_eq!(step.to_string(), text.as_str());
            prop_assert_eq!(format!("{}/{}/{}", step.service(), step.verb(), step.subject()), text.as_str());
        }
        if let Ok(region) = text.parse::<Region>() {
            prop_assert_eq!(region.to_string(), text.as_str());
        }
        if let Ok(partition) = text.parse::<Partition>() {
            prop_assert_eq!(partition.to_string(), text.as_str());
        }
        prop_assert_eq!(text.parse::<KeyName>().is_err(), text.is_empty());
    }

    #[test]
    fn an_end_reads_back(account in accounts(), region in regions()) {
        let text = format!("{account}/{region}");
        let end: End = text.parse().unwrap();
        prop_assert_eq!(end.to_string(), text.as_str());
        prop_assert_eq!((end.account.as_str(), end.region.as_str()), (account.as_str(), region.as_str()));
        let stored = serde_json::to_string(&end).unwrap();
        prop_assert_eq!(serde_json::from_str::<End>(&stored).unwrap(), end);
    }

    #[test]
    fn a_key_is_named_by_its_end_and_id(account in accounts(), region in regions(), id in "(mrk-)?[0-9a-f]{8}") {
        let end: End = format!("{account}/{region}").parse().unwrap();
        let arn = KeyArn::new(&end, &id).unwrap();
        prop_assert_eq!((arn.id(), arn.end()), (id.as_str(), Some(end)));
        prop_assert_eq!(arn.is_multi_region(), id.starts_with("mrk-"));
        prop_assert_eq!(arn.as_str().parse::<KeyArn>().unwrap(), arn);
    }

    #[test]
    fn an_erased_identifier_reads_back(text in any::<String>()) {
        let erased = ResourceId::new("fake.key", &text);
        let stored = serde_json::to_string(&erased).unwrap();
        prop_assert_eq!(serde_json::from_str::<ResourceId>(&stored).unwrap(), erased.clone());
        prop_assert_eq!(erased.typed::<KeyName>().map(|key| key.to_string()), (!text.is_empty()).then_some(text));
    }

    #[test]
    fn a_map_reads_back_and_leads_back(pairs in proptest::collection::btree_map("[a-f]", "[u-z]", 0..6)) {
        let mut ids = IdMap::default();
        pairs.iter().for_each(|(source, target)| ids.bind(&key(source), &key(target)).unwrap());
        let stored = serde_json::to_string(&ids).unwrap();
        prop_assert_eq!(&serde_json::from_str::<IdMap>(&stored).unwrap(), &ids);
        let (back, shared) = ids.reversed();
        for (source, target) in &pairs {
            let is_shared = pairs.values().filter(|other| *other == target).count() > 1;
            prop_assert_eq!(back.target_of(&key(target)), (!is_shared).then(|| key(source)));
        }
        let counts = pairs.values().collect::<std::collections::BTreeSet<_>>().len() - back.iter().count();
        let about: std::collections::BTreeSet<_> = shared.iter().map(|finding| &finding.subject).collect();
        prop_assert_eq!(about.len(), counts);
    }

    #[test]
    fn a_template_is_its_texts_with_its_holes_filled(parts in proptest::collection::vec(("[ -~]{0,8}", "[a-c]"), 0..5)) {
        let mut ids = IdMap::default();
        ["a", "b", "c"].iter().for_each(|id| ids.bind(&key(id), &key(format!("<{id}>"))).unwrap());
        let (mut template, mut expected) = (Template::default(), String::new());
        for (text, hole) in &parts {
            template = template.text(text.as_str()).target_of(&key(hole));
            expected.push_str(&format!("{text}<{hole}>"));
        }
        prop_assert_eq!(ids.fill(&template).unwrap(), expected);
        let stored = serde_json::to_string(&template).unwrap();
        prop_assert_eq!(serde_json::from_str::<Template>(&stored).unwrap(), template);
        prop_assert_eq!(IdMap::default().fill(&Template::default()).unwrap(), "");
    }
}

#[test]
fn a_binding_is_known_or_is_what_its_source_becomes() {
    let mut ids = IdMap::default();
    let (known, later) = (Binding::Known(key("a")), Binding::target_of(&key("a")));
    assert_eq!((known.requires(), later.requires()), (None, Some(ResourceId::of(&key("a")))));
    assert_eq!(ids.resolve(&known).unwrap(), key("a"));
    let refused = ids.resolve(&later).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`fake.key:a` has no counterpart in the target yet, or the step did not say that it needs it"
    );
    ids.bind(&key("a"), &key("b")).unwrap();
    assert_eq!(ids.resolve(&later).unwrap(), key("b"));
    assert_eq!(serde_json::to_string(&later).unwrap(), r#"{"target_of":"a"}"#);
}
